// The record of preprocessing as JSON, and the arithmetic of sizes. Whole pictures are compared in tests/image.
#include "common/core/preprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/core/error.h"

namespace vitral {
namespace {

using nlohmann::json;

std::vector<Preprocess> some() {
  return {{},
          {.rule = ResizeRule::torchvision, .resize = 232, .interpolation = Interpolation::bilinear},
          {.rule = ResizeRule::convnext, .resize = 256},
          {.height = 192,
           .width = 256,
           .crop_pct = 0.95,
           .interpolation = Interpolation::lanczos,
           .mean = {0.1F, 0.2F, 1.0F / 3}},
          detr_preprocess(),
          rtdetr_preprocess(),
          yolox_preprocess(416),
          faster_rcnn_preprocess()};
}

TEST(PreprocessRecord, SurvivesJson) {
  for (const Preprocess& p : some()) EXPECT_EQ(preprocess_from_json(json::parse(to_json(p).dump()), "file"), p);
  EXPECT_EQ(to_json(Preprocess{})["mean"].dump(), "[0.485,0.456,0.406]");
}

std::string refusal(const json& record) {
  try {
    preprocess_from_json(record, "model.safetensors");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::weights);
    EXPECT_EQ(error.subject(), "model.safetensors");
    return error.what();
  }
  return "accepted";
}

TEST(PreprocessRecord, RefusesWhatIsNone) {
  const json good = to_json(Preprocess{});
  for (const auto& [field, value] : good.items()) {
    json missing = good, other = good;
    missing.erase(field);
    other[field] = nullptr;
    EXPECT_THAT(refusal(missing), testing::HasSubstr("has no field \"" + field + "\""));
    EXPECT_THAT(refusal(other), testing::HasSubstr("field \"" + field + "\" is null"));
  }
  const std::pair<const char*, json> faults[] = {
      {"rule", "stretch"},   {"interpolation", 3},  {"height", 0},         {"height", -1},
      {"width", 1.5},        {"width", 1ULL << 40}, {"width", UINT64_MAX}, {"resize", -3},
      {"pad_multiple", 0},   {"crop_pct", 0},       {"crop_pct", "0.9"},   {"mean", {1, 2}},
      {"mean", {1, 2, "3"}}, {"std", {1, 0, 1}},    {"std", {1, 1e60, 1}}, {"rescale", 1}};
  for (const auto& [field, value] : faults) {
    json record = good;
    record[field] = value;
    EXPECT_NE(refusal(record), "accepted") << field << " " << value;
  }
  json more = good;
  more["unknown"] = 1;
  EXPECT_THAT(refusal(more), testing::HasSubstr("fields"));
  EXPECT_NE(refusal(json::array()), "accepted");
  EXPECT_NE(refusal(nullptr), "accepted");
}

TEST(Place, RoundsAsTheOriginDoes) {
  const auto resized = [](const Preprocess& p, int width, int height) {
    const Placement placement = place(p, width, height);
    return std::pair(placement.resized_width, placement.resized_height);
  };
  // facebookresearch/detr, and where transformers differs.
  EXPECT_EQ(resized(detr_preprocess(), 2666, 801), std::pair(1331, 400));
  EXPECT_EQ(resized(detr_preprocess(), 200, 347), std::pair(768, 1332));
  EXPECT_EQ(resized(detr_preprocess(), 2000, 100), std::pair(1340, 67));
  EXPECT_EQ(resized(detr_preprocess(), 2048, 1024), std::pair(1332, 666));
  EXPECT_EQ(resized(detr_preprocess(), 800, 900), std::pair(800, 900));
  Preprocess transformers = detr_preprocess();
  transformers.rule = ResizeRule::detr_transformers;
  EXPECT_EQ(resized(transformers, 2048, 1024), std::pair(1333, 666));
  EXPECT_EQ(resized(transformers, 200, 347), std::pair(768, 1333));
  EXPECT_EQ(resized(faster_rcnn_preprocess(), 640, 480), std::pair(1066, 800));
  EXPECT_EQ(place(faster_rcnn_preprocess(), 640, 480).width, 1088);
  EXPECT_EQ(resized(Preprocess{.crop_pct = 0.9}, 640, 480), std::pair(330, 248));
}

TEST(Place, CropsHalfToEven) {
  const Preprocess p{.rule = ResizeRule::squash, .height = 10, .width = 10, .resize = 13};
  EXPECT_EQ(place(p, 50, 50).left, 2);  // 1.5
  Preprocess q = p;
  q.resize = 15;
  EXPECT_EQ(place(q, 50, 50).left, 2);  // 2.5
}

TEST(Place, CropsOfConvNextRoundDown) {
  const Preprocess p{.rule = ResizeRule::convnext, .height = 10, .width = 10, .resize = 13};
  EXPECT_EQ(place(p, 50, 50).left, 1);  // 1.5, which torchvision makes 2
  Preprocess q = p;
  q.rule = ResizeRule::torchvision;
  EXPECT_EQ(place(q, 50, 50).left, 2);
}

TEST(Place, PadsWhatIsSmallerThanTheCrop) {
  const Placement placement = place({.rule = ResizeRule::torchvision, .height = 21, .width = 10, .resize = 10}, 40, 30);
  EXPECT_EQ(placement.resized_width, 13);
  EXPECT_EQ(placement.left, 2);
  EXPECT_EQ(placement.top, -5);
  EXPECT_EQ(placement.content_top(), 5);
  EXPECT_EQ(placement.content_height(), 10);
  EXPECT_EQ(placement.content_width(), 10);
}

TEST(Place, RefusesPicturesThatVanish) {
  EXPECT_THROW(place(detr_preprocess(), 1, 100'000), Error);
  EXPECT_THROW(place(yolox_preprocess(), 2000, 1), Error);
  EXPECT_THROW(place(Preprocess{}, 0, 5), Error);
  EXPECT_THROW(place({.rule = ResizeRule::torchvision, .resize = 1 << 20}, 1, 1 << 20), Error);
  EXPECT_NO_THROW(place(Preprocess{}, 1, 1 << 20));
}

TEST(Explain, IsOneLineForEveryRule) {
  EXPECT_EQ(
      explain(Preprocess{.crop_pct = 0.9}),
      "timm: short side to 248 (224x224 / 0.9), bicubic, centre crop 224x224, RGB, / 255, mean 0.485 0.456 0.406, "
      "std 0.229 0.224 0.225");
  EXPECT_EQ(explain(yolox_preprocess()),
            "letterbox: to fit into 640x640, OpenCV's bilinear, top left, padded with 114, BGR, 0 to 255");
  for (const Preprocess& p : some())
    EXPECT_THAT(explain(p), testing::StartsWith(std::string(to_string(p.rule)) + ": "));
}

}  // namespace
}  // namespace vitral
