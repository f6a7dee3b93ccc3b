/// Data sets that tests write to a folder of their own.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "common/core/error.h"
#include "common/image/draw.h"
#include "datasets/dataset.h"

namespace vitral::test {

class DataFolder : public ::testing::Test {
 protected:
  DataFolder() {
    static int count = 0;
    root = std::filesystem::temp_directory_path() /
           ("vitral_data_" + std::to_string(::getpid()) + "_" + std::to_string(count++));
    std::filesystem::create_directories(root);
  }
  ~DataFolder() override { std::filesystem::remove_all(root); }

  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((root / name).parent_path());
    std::ofstream(root / name, std::ios::binary) << text;
  }
  /// A PNG of one colour.
  void write_picture(const std::string& name, int width, int height, std::uint8_t grey) const {
    auto picture = image::Image::uninitialized(width, height);
    std::fill(picture.pixels.begin(), picture.pixels.end(), grey);
    const auto bytes = image::encode_png(picture);
    write(name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }

  std::filesystem::path root;
  std::vector<std::string> problems;  ///< "kind: subject: message"
  DataProblemHandler collect = [this](const DataProblem& problem) {
    problems.push_back(problem.kind + ": " + problem.text());
  };
};

/// The message of the Error(input) that `action` throws, or "accepted".
template <class Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input) << error.what();
    return error.what();
  }
  return "accepted";
}

}  // namespace vitral::test
