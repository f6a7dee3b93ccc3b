// Transforms against what Pillow, timm and torchvision make (tests/golden/transforms.py), and their own rules.
#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "datasets/geometry.h"
#include "datasets/transforms/colors.h"
#include "datasets/transforms/mix.h"
#include "datasets/transforms/transform.h"
#include "datasets/transforms/warp.h"
#include "tests/datasets/support.h"
#include "tests/image/support.h"
#include "tests/support/source_dir.h"

namespace vitral::test {
namespace {

using image::Image;
using nlohmann::json;
using testing::ElementsAre;

const json& transforms_golden() {
  static const json golden = [] {
    std::ifstream file(test::source_dir() + "/tests/golden/transforms.json");
    return json::parse(file);
  }();
  return golden;
}

/// The pictures of the golden data, in their order.
std::vector<Image> pictures() {
  std::vector<Image> pictures;
  for (const auto& size : transforms_golden().at("sizes")) {
    pictures.push_back(pattern(size[0], size[1], static_cast<std::uint32_t>(pictures.size())));
  }
  return pictures;
}

Sample sample_of(Image picture, const std::vector<Box>& boxes = {}) {
  Sample sample;
  sample.width = picture.width;
  sample.height = picture.height;
  sample.picture = std::move(picture);
  for (const auto& box : boxes) sample.objects.push_back({box, sample.objects.size(), false, box.area()});
  return sample;
}

std::vector<Box> boxes_of(const json& list) {
  std::vector<Box> boxes;
  for (const auto& box : list) boxes.push_back({box[0], box[1], box[2], box[3]});
  return boxes;
}

void expect_near(const std::vector<Box>& got, const std::vector<Box>& expected, double tolerance) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_NEAR(got[i].xmin, expected[i].xmin, tolerance);
    EXPECT_NEAR(got[i].ymin, expected[i].ymin, tolerance);
    EXPECT_NEAR(got[i].xmax, expected[i].xmax, tolerance);
    EXPECT_NEAR(got[i].ymax, expected[i].ymax, tolerance);
  }
}

std::vector<Box> boxes_of(const Sample& sample) {
  std::vector<Box> boxes;
  for (const auto& object : sample.objects) boxes.push_back(object.box);
  return boxes;
}

template <class Value, class Change>
void expect_equal(const Image& picture, const json& expected, const std::string& name, const std::vector<Value>& values,
                  Change change) {
  ASSERT_EQ(expected.at(name).size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(checksum(change(picture, values[i])), expected.at(name)[i].get<std::uint32_t>())
        << name << "(" << values[i] << ") of " << picture.width << "x" << picture.height;
  }
}

void expect_colors(const Image& picture, const json& expected) {
  const std::vector<double> factors{0.0, 0.1, 0.37, 0.9, 1.0, 1.3, 1.9, 2.7};
  expect_equal(picture, expected, "brightness", factors, brightness);
  expect_equal(picture, expected, "contrast", factors, contrast);
  expect_equal(picture, expected, "saturation", factors, saturation);
  expect_equal(picture, expected, "sharpness", factors, sharpness);
  expect_equal(picture, expected, "hue", std::vector<double>{-0.5, -0.31, -0.002, 0.0, 0.1, 0.499, 0.5}, hue);
  expect_equal(picture, expected, "posterize", std::vector<int>{1, 2, 3, 4, 5, 6, 7, 8}, posterize);
  expect_equal(picture, expected, "solarize", std::vector<int>{0, 1, 100, 128, 255, 256}, solarize);
  expect_equal(picture, expected, "solarize_add", std::vector<int>{0, 33, 110, 128}, solarize_add);
  EXPECT_EQ(checksum(autocontrast(picture)), expected.at("autocontrast")[0].get<std::uint32_t>());
  EXPECT_EQ(checksum(equalize(picture)), expected.at("equalize")[0].get<std::uint32_t>());
  EXPECT_EQ(checksum(invert(picture)), expected.at("invert")[0].get<std::uint32_t>());
}

TEST(Colors, EqualPillows) {
  const auto all = pictures();
  for (std::size_t i = 0; i < all.size(); ++i) {
    expect_colors(all[i], transforms_golden().at("colors")[i]);
    Image dull = all[i];
    for (auto& sample : dull.pixels) sample = static_cast<std::uint8_t>(sample / 16 + 40);
    expect_colors(dull, transforms_golden().at("dull")[i]);
  }
}

TEST(Warp, EqualsPillows) {
  const auto all = pictures();
  constexpr image::Color kFill{124, 116, 104};
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const auto& expected : transforms_golden().at("warps")[i]) {
      const auto filter = expected.at("filter") == "bilinear" ? Interpolation::bilinear : Interpolation::bicubic;
      const double width = all[i].width, height = all[i].height;
      const auto warped = [&](const Affine& matrix) { return warp(all[i], matrix, filter, kFill); };
      const std::vector<double> angles{-30, -7.5, 0.3, 12, 29.9}, shears{-0.3, 0.01, 0.27}, shifts{-0.45, 0.1, 0.33};
      expect_equal(all[i], expected, "rotate", angles,
                   [&](const Image& p, double d) { return warped(rotation(d, p.width, p.height)); });
      expect_equal(all[i], expected, "shear_x", shears, [&](const Image&, double f) {
        return warped({1, f, 0, 0, 1, 0});
      });
      expect_equal(all[i], expected, "shear_y", shears, [&](const Image&, double f) {
        return warped({1, 0, 0, f, 1, 0});
      });
      expect_equal(all[i], expected, "translate_x", shifts, [&](const Image&, double p) {
        return warped({1, 0, p * width, 0, 1, 0});
      });
      expect_equal(all[i], expected, "translate_y", shifts, [&](const Image&, double p) {
        return warped({1, 0, 0, 0, 1, p * height});
      });
    }
  }
}

TEST(Geometry, CropResizeFlipEqualTorchvision) {
  for (const auto& expected : transforms_golden().at("geometry")) {
    const auto window = expected.at("window").get<std::array<int, 4>>();
    const auto to = expected.at("to").get<std::array<int, 2>>();
    Sample sample = sample_of(pictures()[0], boxes_of(transforms_golden().at("boxes")));
    sample = cropped(std::move(sample), {window[0], window[1], window[2], window[3]});
    sample = flipped(resized(std::move(sample), to[0], to[1], Interpolation::bilinear));
    EXPECT_EQ(checksum(sample.picture), expected.at("crc").get<std::uint32_t>());
    // torchvision scales boxes by single-precision ratios.
    expect_near(boxes_of(sample), boxes_of(expected.at("boxes")), 5e-6);
    for (const auto& object : sample.objects) EXPECT_NEAR(object.area, object.box.area(), 1e-9);
  }
}

TEST(Geometry, RotatedBoxesEqualTorchvision) {
  for (const auto& expected : transforms_golden().at("rotated_boxes")) {
    Sample sample = sample_of(pictures()[0], boxes_of(transforms_golden().at("boxes")));
    move_objects(sample, inverse(rotation(expected.at("degrees"), sample.width, sample.height)));
    auto boxes = boxes_of(sample);
    for (auto& box : boxes) {  // torchvision keeps what lies outside as a line at the edge
      box = {std::clamp(box.xmin, 0.0, 40.0), std::clamp(box.ymin, 0.0, 29.0), std::clamp(box.xmax, 0.0, 40.0),
             std::clamp(box.ymax, 0.0, 29.0)};
    }
    expect_near(boxes, boxes_of(expected.at("boxes")), 1e-9);
  }
}

TEST(RandomResizedCrop, WindowsKeepTheirBounds) {
  RandomResizedCropOptions options;
  double least = 1, most = 0;
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    Rng rng(5, RandomPurpose::augmentation, 0, i);
    const auto window = random_window(200, 150, options, rng);
    EXPECT_TRUE(window.left >= 0 && window.top >= 0 && window.left + window.width <= 200 &&
                window.top + window.height <= 150);
    const double share = window.width * window.height / 30'000.0,
                 ratio = static_cast<double>(window.width) / window.height;
    least = std::min(least, share), most = std::max(most, share);
    EXPECT_TRUE(ratio > 0.72 && ratio < 1.39) << ratio;
  }
  EXPECT_LT(least, 0.1);
  EXPECT_GT(most, 0.9);
  // Where no window of the wanted shape fits, the middle is taken: torchvision's fallback.
  options.scale = {1.0, 1.0};
  Rng rng(1);
  const auto window = random_window(1000, 10, options, rng);
  EXPECT_EQ(window.width, 13);
  EXPECT_EQ(window.left, 493);
}

TEST(Detr, SidesAndBoxes) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    Rng rng(seed);
    DetrTransformOptions options{{64, 80}, 133, {50, 60}, 48, 75};
    const Sample sample = detr_transform(options)(sample_of(pattern(120, 90), {{10, 10, 80, 70}}), rng);
    const int side = std::min(sample.picture.width, sample.picture.height);
    EXPECT_TRUE(side == 64 || side == 80 || std::max(sample.picture.width, sample.picture.height) >= 130) << side;
    for (const auto& object : sample.objects) {
      EXPECT_TRUE(object.box.xmin >= 0 && object.box.xmax <= sample.width && object.box.ymax <= sample.height);
    }
  }
}

TEST(RandomErasing, ErasesOneRectangleOfTheMean) {
  RandomErasingOptions options;
  options.probability = 1;
  Sample before = sample_of(Image::uninitialized(50, 40), {{1, 1, 9, 9}});
  std::fill(before.picture.pixels.begin(), before.picture.pixels.end(), std::uint8_t{9});
  Rng rng(4);
  const Sample after = random_erasing(options)(before, rng);
  int erased = 0;
  for (std::size_t i = 0; i < after.picture.pixels.size(); i += 3) {
    if (after.picture.pixels[i] == 9) continue;
    EXPECT_EQ(after.picture.pixels[i], 124);
    EXPECT_EQ(after.picture.pixels[i + 2], 104);
    ++erased;
  }
  EXPECT_TRUE(erased > 30 && erased < 700) << erased;
  EXPECT_EQ(boxes_of(after), boxes_of(before));
}

TEST(Mix, MixupAndCutmixShareTheirClasses) {
  Sample a = sample_of(Image::uninitialized(4, 2)), b = a;
  std::fill(a.picture.pixels.begin(), a.picture.pixels.end(), std::uint8_t{100});
  std::fill(b.picture.pixels.begin(), b.picture.pixels.end(), std::uint8_t{200});
  a.classes = {{1, 1.0}};
  b.classes = {{2, 1.0}};
  const Sample mixed = mixup(a, b, 0.75);
  EXPECT_EQ(mixed.picture.pixels[5], 125);
  EXPECT_THAT(mixed.classes, ElementsAre(ClassShare{1, 0.75}, ClassShare{2, 0.25}));
  const Sample cut = cutmix(a, b, {2, 0, 2, 1});
  EXPECT_EQ(cut.picture.pixels[5], 100);
  EXPECT_EQ(cut.picture.pixels[6], 200);
  EXPECT_THAT(cut.classes, ElementsAre(ClassShare{1, 0.75}, ClassShare{2, 0.25}));
  EXPECT_THAT(mixup(a, a, 0.3).classes, ElementsAre(ClassShare{1, 1.0}));
  EXPECT_THROW(mixup(a, sample_of(pattern(3, 2)), 0.5), Error);
}

TEST(Mix, BatchesPairFromBothEnds) {
  MixOptions options;
  options.cutmix_alpha = 0;
  std::vector<Sample> batch;
  for (std::size_t i = 0; i < 5; ++i) {
    batch.push_back(sample_of(pattern(8, 8, static_cast<std::uint32_t>(i))));
    batch.back().classes = {{i, 1.0}};
  }
  const auto originals = batch;
  Rng rng(2, RandomPurpose::batch);
  mix_batch(options)(batch, rng);
  const double share = batch[0].classes[0].share;
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(batch[i], mixup(originals[i], originals[4 - i], share)) << i;
    double sum = 0;
    for (const auto& entry : batch[i].classes) sum += entry.share;
    EXPECT_NEAR(sum, 1, 1e-12);
  }
}

/// Pictures of one colour each, with a box around all of it.
class Plain final : public Dataset {
 public:
  Plain() : Dataset(Task::detect, Classes::numbered({"thing"})) {}
  std::size_t size() const override { return 9; }
  Sample describe(std::size_t index) const override {
    Sample sample = sample_of(picture(index), {{0, 0, 30, 20}});
    sample.picture = {};
    return sample;
  }
  Image picture(std::size_t index) const override {
    Image picture = Image::uninitialized(30, 20);
    std::fill(picture.pixels.begin(), picture.pixels.end(), static_cast<std::uint8_t>(10 * index + 10));
    return picture;
  }
  StoredPicture stored(std::size_t) const override { return {}; }
};

TEST(Mosaic, BoxesStayAroundTheirPixels) {
  const auto dataset = std::make_shared<Plain>();
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed);
    const Sample sample = mosaic(dataset, {60, 60, {0, 0, 0}})(dataset->get(0), rng);
    ASSERT_EQ(sample.objects.size(), 4u);
    Image covered = sample.picture;
    for (const auto& object : sample.objects) {
      const int left = static_cast<int>(object.box.xmin), top = static_cast<int>(object.box.ymin);
      EXPECT_EQ(object.box.xmin, left);
      const int width = static_cast<int>(object.box.width()), height = static_cast<int>(object.box.height());
      const std::uint8_t color = sample.picture.row(top)[3 * left];
      EXPECT_GT(color, 0);
      for (int y = top; y < top + height; ++y) {
        for (int x = left; x < left + width; ++x) EXPECT_EQ(sample.picture.row(y)[3 * x], color);
      }
      image::Canvas(covered).fill({left, top, width, height}, {0, 0, 0});
    }
    EXPECT_EQ(covered.pixels, image::Pixels(covered.pixels.size(), 0));  // nothing but the boxes is painted
  }
}

TEST(Transforms, TheSamePlaceGivesTheSameBytes) {
  const auto all = chain({random_resized_crop({48, 32}), horizontal_flip(), color_jitter({0.4, 0.4, 0.4, 0.1}),
                          rand_augment({}), random_erasing({}), scale_jitter({40, 40})});
  const auto apply = [&](std::uint64_t seed, std::uint64_t index) {
    Rng rng(seed, RandomPurpose::augmentation, 1, index);
    return all(sample_of(pattern(90, 70), {{10, 10, 80, 60}}), rng);
  };
  std::size_t different = 0;
  for (std::uint64_t i = 0; i < 30; ++i) {
    EXPECT_EQ(apply(1, i), apply(1, i));
    different += !(apply(1, i) == apply(2, i));
  }
  EXPECT_GE(different, 29u);
}

TEST(RandAugment, EveryMagnitudeKeepsSizeAndBoxesInside) {
  for (const double magnitude : {0.0, 9.0, 10.0}) {
    RandAugmentOptions options{4, magnitude, 0.5, 1.0};
    for (std::uint64_t i = 0; i < 60; ++i) {
      options.increasing = i % 2 == 0;
      Rng rng(8, RandomPurpose::augmentation, 0, i);
      const Sample sample = rand_augment(options)(sample_of(pattern(40, 30), {{5, 5, 35, 25}}), rng);
      EXPECT_EQ(sample.picture.width, 40);
      for (const auto& object : sample.objects) {
        EXPECT_TRUE(object.box.xmin >= 0 && object.box.xmax <= 40 && object.box.ymin >= 0 && object.box.ymax <= 30);
      }
    }
  }
}

}  // namespace
}  // namespace vitral::test
