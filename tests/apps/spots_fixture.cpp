#include "tests/apps/spots_fixture.h"

#include "common/image/draw.h"
#include "common/runtime/convert.h"
#include "tests/apps/spot_detector.h"
#include "video/media/writer.h"

namespace vitral::test {

using nlohmann::json;

image::Image scene(int width, int height, const std::vector<Spot>& spots) {
  auto picture = image::Image::uninitialized(width, height);
  std::fill(picture.pixels.begin(), picture.pixels.end(), std::uint8_t{0});
  for (const auto& spot : spots) {
    for (int y = spot.top; y < spot.top + spot.height; ++y) {
      for (int x = spot.left; x < spot.left + spot.width; ++x) picture.row(y)[3 * x + spot.channel] = spot.level;
    }
  }
  return picture;
}

json box(double xmin, double ymin, double xmax, double ymax) {
  return {{"xmin", xmin}, {"ymin", ymin}, {"xmax", xmax}, {"ymax", ymax}};
}

SpotsTest::SpotsTest() {
  Registry registry;
  register_spot_detector(registry);
  LoadRequest request;
  request.model = "spot_detector";
  request.allow_random = true;
  auto model = load_model(registry, request);
  model.record.labels = {"red", "green", "blue"};
  model.record.category_ids = {5, 9, 90};
  convert_weights(model, "native", folder / "model.safetensors", false);
  save("a.png", scene(160, 100, {{0, 20, 30, 40, 50}, {1, 100, 10, 30, 20, 200}}));
  save("b.png", scene(120, 100, {{2, 0, 0, 10, 100, 180}}));
}

void SpotsTest::save(const std::string& name, const image::Image& picture) {
  const auto bytes = image::encode_png(picture);
  spit(folder / name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void SpotsTest::save_video(const std::string& name, int frames, video::Rational rate) {
  video::Writer writer(folder / name, {160, 96, rate}, true);
  for (int i = 0; i < frames; ++i) {
    writer.write(scene(160, 96, {{0, 4 * (i % 20), 16, 48, 48}}), i * 1000 / rate.value());
  }
  writer.finish();
}

Outcome SpotsTest::run(std::vector<std::string> inputs, const std::vector<std::string>& flags,
                       const std::string& input) {
  std::vector<std::string> arguments{"detect", "-m", "./model.safetensors"};
  arguments.insert(arguments.end(), inputs.begin(), inputs.end());
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  return run_vitral(arguments, folder.path(), input, VITRAL_SPOTS);
}

Outcome SpotsTest::run_any(const std::vector<std::string>& arguments) {
  return run_vitral(arguments, folder.path(), "", VITRAL_SPOTS);
}

std::vector<json> SpotsTest::records(const Outcome& outcome, int code) {
  EXPECT_EQ(outcome.code, code) << outcome.err;
  std::vector<json> all;
  for (const auto& line : lines(outcome.out)) all.push_back(json::parse(line));
  return all;
}

}  // namespace vitral::test
