// Pictures that are resized where the network runs, with a GPU that is none: the levels that the CPU makes of them.
#include "common/runtime/picture_uploads.h"

#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "common/core/error.h"
#include "common/image/preprocess.h"
#include "common/image/resize.h"
#include "tests/runtime/fake_gpu.h"

namespace vitral {
namespace {

using test::FakeGpu;

constexpr Interpolation kFilters[] = {Interpolation::nearest, Interpolation::box,     Interpolation::bilinear,
                                      Interpolation::hamming, Interpolation::bicubic, Interpolation::lanczos};

image::Image noise(int width, int height) {
  std::mt19937 random(static_cast<unsigned>(width * 1000 + height));
  auto picture = image::Image::uninitialized(width, height);
  for (auto& level : picture.pixels) level = static_cast<std::uint8_t>(random());
  return picture;
}

at::Tensor tensor_of(const image::Image& picture) {
  return at::from_blob(const_cast<std::uint8_t*>(picture.pixels.data()), {picture.height, picture.width, 3}, at::kByte);
}

TEST(Resized, EveryWindowHasTheBitsOfTheCpu) {
  for (const auto& [width, height] : {std::pair{90, 70}, {40, 29}, {40, 90}, {13, 29}, {11, 200}, {300, 8}, {1, 1}}) {
    const auto picture = noise(width, height);
    for (const auto& [to_width, to_height] : {std::pair{40, 29}, {7, 64}, {90, 5}, {1, 1}}) {
      for (const auto& window : {image::Window{0, 0, to_width, to_height},
                                 {to_width / 2, to_height / 3, 1, 1},
                                 {to_width / 3, 0, to_width - to_width / 3, to_height},
                                 {0, to_height / 2, 1, to_height - to_height / 2}}) {
        for (const auto filter : kFilters) {
          const auto columns =
              nn::resize_axis(kernels::resample_axis(width, to_width, filter, window.left, window.width));
          const auto rows =
              nn::resize_axis(kernels::resample_axis(height, to_height, filter, window.top, window.height));
          const bool rows_first = kernels::rows_come_first(width, height, to_width, to_height);
          const auto expected = image::resize(picture, to_width, to_height, filter, window);
          for (const auto& got : {nn::resized(tensor_of(picture), columns, rows, rows_first),
                                  nn::resized_plain(tensor_of(picture), columns, rows, rows_first)}) {
            ASSERT_TRUE(at::equal(got, tensor_of(expected)))
                << to_string(filter) << " " << width << "x" << height << " to " << to_width << "x" << to_height;
          }
        }
      }
    }
  }
}

TEST(Resized, OtherPicturesThanTheAxesWereMadeForAreRefused) {
  const auto axis = nn::resize_axis(kernels::resample_axis(20, 10, Interpolation::bilinear, 0, 10));
  EXPECT_THROW(nn::resized(at::zeros({19, 20, 3}, at::kByte), axis, axis, false), Error);
  EXPECT_THROW(nn::resized(at::zeros({20, 19, 3}, at::kByte), axis, axis, false), Error);
  EXPECT_THROW(nn::resized(at::zeros({20, 20, 3}), axis, axis, false), Error);
  auto other = axis;
  other.taps += 1;
  EXPECT_THROW(nn::resized(at::zeros({20, 20, 3}, at::kByte), axis, other, false), Error);
}

std::vector<Preprocess> pillows() {
  std::vector<Preprocess> all;
  for (const auto filter : kFilters) {
    all.push_back({.height = 32, .width = 48, .crop_pct = 0.9, .interpolation = filter});
    all.push_back({.height = 64, .width = 64, .crop_pct = 2, .interpolation = filter});  // padded
    for (const auto rule : {ResizeRule::torchvision, ResizeRule::convnext, ResizeRule::squash}) {
      all.push_back({.rule = rule, .height = 33, .width = 31, .resize = 40, .interpolation = filter});
    }
    for (const auto rule : {ResizeRule::detr, ResizeRule::detr_transformers}) {
      all.push_back({.rule = rule, .resize = 50, .longest = 80, .pad_multiple = 16, .interpolation = filter});
    }
  }
  return all;
}

TEST(PictureUploads, GiveTheLevelsOfTheCpuByEveryRule) {
  const auto gpu = std::make_shared<FakeGpu>();
  for (const auto& preprocess : pillows()) {
    const PictureUploads uploads(preprocess, at::kCPU, gpu);
    ASSERT_TRUE(uploads.resizes());
    const image::Preprocessor preprocessor(preprocess);
    for (const auto& [width, height] : {std::pair{61, 47}, {30, 90}, {20, 21}, {33, 31}, {150, 40}}) {
      const auto picture = noise(width, height);
      const auto placement = preprocessor.place(picture);
      EXPECT_TRUE(at::equal(uploads.resized(picture.pixels.data(), placement)->wait(),
                            tensor_of(preprocessor.view(picture, placement))))
          << explain(preprocess) << " of " << width << "x" << height;
    }
  }
}

TEST(PictureUploads, TablesTravelOnceAndPicturesAreNotWaitedFor) {
  const auto gpu = std::make_shared<FakeGpu>();
  const Preprocess preprocess{.height = 16, .width = 16};
  const PictureUploads uploads(preprocess, at::kCPU, gpu);
  const auto picture = noise(30, 40);
  const auto placement = place(preprocess, 30, 40);
  const auto first = uploads.resized(picture.pixels.data(), placement);
  const auto second = uploads.resized(picture.pixels.data(), placement);
  const auto calls = gpu->calls();
  ASSERT_EQ(calls.size(), 8U);  // two tables and two pictures; where each picture is resized, both tables
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "wait 2") + std::count(calls.begin(), calls.end(), "wait 3"), 0);
  const auto later = second->wait(), earlier = first->wait();
  EXPECT_TRUE(at::equal(later, earlier));
  EXPECT_EQ(gpu->calls().at(8), "wait 3");
  EXPECT_EQ(gpu->calls().at(9), "wait 2");
}

TEST(PictureUploads, ServeManyThreads) {
  const auto gpu = std::make_shared<FakeGpu>();
  const Preprocess preprocess{.height = 24, .width = 20};
  const PictureUploads uploads(preprocess, at::kCPU, gpu);
  const image::Preprocessor preprocessor(preprocess);
  std::atomic<int> equal = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 60; ++i) {  // more sizes than axes are kept
        const auto picture = noise(30 + (7 * i + thread) % 90, 30 + i);
        const auto placement = preprocessor.place(picture);
        const auto got = uploads.resized(picture.pixels.data(), placement)->wait();
        equal += at::equal(got, tensor_of(preprocessor.view(picture, placement))) ? 1 : 0;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(equal, 240);
}

TEST(PictureUploads, WithoutRoomPicturesStayHere) {
  const auto gpu = std::make_shared<FakeGpu>();
  gpu->is_full = true;
  const Preprocess preprocess{.height = 16, .width = 16};
  const auto picture = noise(30, 40);
  EXPECT_EQ(PictureUploads(preprocess, at::kCPU, gpu).resized(picture.pixels.data(), place(preprocess, 30, 40)),
            nullptr);
  for (const std::shared_ptr<FakeGpu>& given : {gpu, std::shared_ptr<FakeGpu>()}) {
    const PictureUploads uploads(preprocess, at::kCPU, given);
    const auto kept = uploads.as_they_are(picture.pixels.data(), 40, 30)->wait();
    EXPECT_TRUE(at::equal(kept, tensor_of(picture)));
    EXPECT_NE(kept.const_data_ptr(), static_cast<const void*>(picture.pixels.data()));
  }
  EXPECT_FALSE(PictureUploads(preprocess, at::kCPU, nullptr).resizes());
}

TEST(PictureUploads, LeaveToFloatsWhatIsNoLevels) {
  EXPECT_FALSE(PictureUploads::serve(faster_rcnn_preprocess(), Task::detect));
  EXPECT_TRUE(PictureUploads::serve(detr_preprocess(), Task::detect));
  EXPECT_FALSE(PictureUploads::serve(detr_preprocess(), Task::classify));
  EXPECT_TRUE(PictureUploads::serve(yolox_preprocess(), Task::detect));
  EXPECT_FALSE(PictureUploads(yolox_preprocess(), at::kCPU, std::make_shared<FakeGpu>()).resizes());
}

}  // namespace
}  // namespace vitral
