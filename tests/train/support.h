/// Golden numbers and folders that the tests of this folder share.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/source_dir.h"

namespace vitral::test {

inline const nlohmann::json& train_golden() {
  static const nlohmann::json golden = [] {
    std::ifstream file(test::source_dir() + "/tests/golden/train.json");
    return nlohmann::json::parse(file);
  }();
  return golden;
}

/// An empty folder for one test.
inline std::filesystem::path fresh_folder(const std::string& name) {
  const auto folder =
      std::filesystem::path(testing::TempDir()) / ("vitral_train_" + name + "_" + std::to_string(getpid()));
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

}  // namespace vitral::test
