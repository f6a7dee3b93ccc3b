/// The program with the spot detector, and pictures and videos of spots.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/image/image.h"
#include "tests/apps/program.h"
#include "video/media/rational.h"

namespace vitral::test {

struct Spot {
  int channel, left, top, width, height;
  std::uint8_t level = 255;
};

/// Spots of one colour each on black.
image::Image scene(int width, int height, const std::vector<Spot>& spots);

nlohmann::json box(double xmin, double ymin, double xmax, double ymax);

class SpotsTest : public testing::Test {
 protected:
  /// model.safetensors (the spot detector: red, green, blue with the category ids 5, 9, 90), a.png and b.png.
  SpotsTest();
  void save(const std::string& name, const image::Image& picture);
  /// `frames` pictures of a red square that moves right by 4 pixels each, and begins again after 20.
  void save_video(const std::string& name, int frames, video::Rational rate = {25, 1});
  /// `vitral detect -m ./model.safetensors inputs… flags…`
  Outcome run(std::vector<std::string> inputs, const std::vector<std::string>& flags = {},
              const std::string& input = "");
  /// `vitral arguments…`
  Outcome run_any(const std::vector<std::string>& arguments);
  std::vector<nlohmann::json> records(const Outcome& outcome, int code = 0);
  TemporaryFolder folder;
};

}  // namespace vitral::test
