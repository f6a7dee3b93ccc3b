#include "tests/apps/fixture.h"

#include <ATen/ATen.h>

#include "apps/registry.h"
#include "common/image/draw.h"
#include "common/runtime/convert.h"

namespace vitral::test {
namespace {

image::Image gradient(int width, int height, int phase) {
  auto picture = image::Image::uninitialized(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      auto* pixel = picture.row(y) + 3 * x;
      pixel[0] = static_cast<std::uint8_t>(x * 5 + phase);
      pixel[1] = static_cast<std::uint8_t>(y * 3 + phase);
      pixel[2] = static_cast<std::uint8_t>((x + y) * 2);
    }
  }
  return picture;
}

std::string png(const image::Image& picture) {
  const auto bytes = image::encode_png(picture);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

ProgramTest::ProgramTest() {
  const auto registry = apps::make_registry();
  LoadRequest request;
  request.model = "vit_tiny_patch16_224";
  request.allow_random = true;
  request.num_classes = 2;
  request.image_size = {32, 32};
  auto model = load_model(*registry, request);
  model.record.labels = {"cat", "dog"};
  convert_weights(model, "native", folder / "model.safetensors", false);
  spit(folder / "a.png", png(gradient(60, 40, 0)));
  spit(folder / "b.png", png(gradient(33, 70, 90)));
}

void ProgramTest::expect_error(const Outcome& outcome, int code, const std::string& part) {
  EXPECT_EQ(outcome.code, code) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  const auto said = lines(outcome.err);
  std::size_t errors = 0;
  for (const auto& line : said) errors += line.starts_with("vitral: error: ") ? 1 : 0;
  EXPECT_EQ(errors, 1u) << outcome.err;
  EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
  for (const auto& line : said) EXPECT_LE(line.size(), 2'000u);
}

}  // namespace vitral::test
