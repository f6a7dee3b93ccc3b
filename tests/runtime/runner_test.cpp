// Where a network runs, with a GPU that is none: tensors stay on the CPU, memory runs out when it is told to.
#include "common/runtime/runner.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/core/error.h"
#include "common/nn/pictures.h"
#include "common/runtime/cuda_words.h"
#include "tests/runtime/fake_gpu.h"

namespace vitral {
namespace {

using testing::HasSubstr;

using test::FakeGpu;

struct WithGpu : testing::Test {
  std::shared_ptr<FakeGpu> gpu = std::make_shared<FakeGpu>();
  RunnerOptions options{.model = "vit_tiny", .precision = nn::Precision::fp32, .graphs = true, .side_multiple = 64};
};

void run_out() {
  TORCH_CHECK_WITH(OutOfMemoryError, false, "CUDA out of memory. Tried to allocate");
}

std::string refusal(const Runner& runner, const at::Tensor& images) {
  try {
    runner.guarded(images, run_out);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    return error.what();
  }
  return "nothing was thrown";
}

TEST_F(WithGpu, MemoryThatRunsOutIsToldAndFreed) {
  const Runner runner(options, gpu);
  const auto add = [](const Inputs& inputs) { return Outputs{{"x", inputs[0] + 1}}; };
  for (int call = 0; call < 3; ++call) runner.run("add", {at::ones({1})}, add, [](const Outputs&) {});
  ASSERT_EQ(runner.replays()->recordings(), 1u);
  EXPECT_EQ(refusal(runner, at::ones({64, 3, 8, 9})),
            "model vit_tiny: does not fit into the GPU's memory with 64 pictures of 8x9 in fp32; 1.5 of 80.0 GiB are "
            "free; try a smaller batch (-b) or smaller pictures (--imgsz) or --precision bf16 or --device cpu");
  EXPECT_EQ(gpu->freed, 1);
  EXPECT_EQ(runner.replays()->recordings(), 0u);
  int done = 0;
  runner.guarded(at::ones({32, 3, 8, 9}), [&] { ++done; });  // the next smaller batch
  EXPECT_EQ(done, 1);
}

TEST_F(WithGpu, MemoryThatRunsOutWhileRecordingIsNoReasonToStopRecording) {
  const Runner runner(options, gpu);
  int calls = 0;
  const auto work = [&](const Inputs& inputs) {
    if (++calls == 3) run_out();
    return Outputs{{"x", inputs[0] + 1}};
  };
  const auto run = [&] {
    runner.guarded(at::ones({1, 3, 8, 8}), [&] { runner.run("w", {at::ones({1})}, work, [](const Outputs&) {}); });
  };
  run();
  run();
  EXPECT_THROW(run(), Error);
  for (int again = 0; again < 3; ++again) run();
  EXPECT_EQ(runner.replays()->recordings(), 1u);
}

TEST_F(WithGpu, OtherErrorsStayWhatTheyAre) {
  const Runner runner(options, gpu);
  EXPECT_THROW(runner.guarded({}, [] { throw std::runtime_error("shape"); }), std::runtime_error);
  EXPECT_EQ(gpu->freed, 0);
}

TEST_F(WithGpu, PaddedBatchesComeInFewShapes) {
  const Runner runner(options, gpu);
  auto mask = at::zeros({2, 100, 129}, at::kBool);
  mask[0].narrow(0, 90, 10).fill_(true);
  const PictureBatch batch{at::rand({2, 3, 100, 129}), mask};
  const auto placed = runner.place(batch);
  EXPECT_EQ(placed.images.sizes(), (at::IntArrayRef{2, 3, 128, 192}));
  EXPECT_EQ(placed.mask.sizes(), (at::IntArrayRef{2, 128, 192}));
  EXPECT_TRUE(at::equal(placed.images.narrow(2, 0, 100).narrow(3, 0, 129), batch.images));
  EXPECT_TRUE(at::equal(placed.mask.narrow(1, 0, 100).narrow(2, 0, 129), mask));
  EXPECT_FALSE(placed.images.narrow(2, 100, 28).any().item<bool>());
  EXPECT_FALSE(placed.images.narrow(3, 129, 63).any().item<bool>());
  EXPECT_EQ(placed.mask.logical_not().sum().item<std::int64_t>(), mask.logical_not().sum().item<std::int64_t>());
  // Pictures alone keep their size, and so do networks of one size.
  const auto alone = runner.place(PictureBatch{batch.images, at::zeros({2, 100, 129}, at::kBool)});
  EXPECT_EQ(alone.images.sizes(), batch.images.sizes());
  EXPECT_FALSE(alone.mask.defined());
  options.side_multiple = 0;
  EXPECT_EQ(Runner(options, gpu).place(batch).images.sizes(), batch.images.sizes());
}

TEST_F(WithGpu, PicturesGoThroughPinnedMemory) {
  options.precision = nn::Precision::bf16;
  const Runner runner(options, gpu);
  const auto images = at::rand({2, 8, 9, 3}).permute({0, 3, 1, 2});
  const auto placed = runner.place(images);
  EXPECT_EQ(gpu->uploads, 1);
  EXPECT_TRUE(at::equal(placed, images.to(at::kBFloat16)));
}

TEST_F(WithGpu, LevelsTravelAndBecomeImagesThere) {
  options.preprocess = yolox_preprocess(64);
  const auto levels = at::randint(256, {2, 8, 9, 3}, at::kByte);
  for (const auto precision : {nn::Precision::fp32, nn::Precision::bf16}) {
    options.precision = precision;
    const Runner runner(options, gpu);
    const int before = gpu->uploads;
    const auto placed = runner.place(levels);
    EXPECT_EQ(gpu->uploads, before + 1);
    EXPECT_TRUE(
        at::equal(placed, levels.flip(3).permute({0, 3, 1, 2}).to(nn::scalar_type(precision))));  // BGR, 0 to 255
  }
}

TEST_F(WithGpu, LevelsStayWhatTheyAreOnlyWhereAKernelReadsThem) {
  options.takes_levels = true;
  const Runner runner(options, gpu);
  EXPECT_EQ(runner.place(at::zeros({1, 8, 8, 3}, at::kByte)).sizes(), (at::IntArrayRef{1, 3, 8, 8}));
}

TEST_F(WithGpu, PaddingIsZeroOnlyWhereItComesBehindNormalising) {
  const auto levels = at::randint(256, {2, 64, 64, 3}, at::kByte);
  auto mask = at::zeros({2, 64, 64}, at::kBool);
  mask[1].narrow(1, 50, 14).fill_(true);
  for (const auto& [preprocess, is_zero] :
       {std::pair{detr_preprocess(), true}, {yolox_preprocess(64), false}, {rtdetr_preprocess(64), false}}) {
    options.preprocess = preprocess;
    const auto placed = Runner(options, gpu).place(PictureBatch{levels, mask});
    auto expected = nn::normalized_plain(levels, kernels::normalization_of(preprocess), at::kFloat);
    if (is_zero) expected[1].narrow(2, 50, 14).zero_();
    EXPECT_TRUE(at::equal(placed.images, expected)) << to_string(preprocess.rule);
    EXPECT_TRUE(at::equal(placed.mask, mask));
  }
}

TEST_F(WithGpu, MemoryThatRunsOutWithLevelsIsToldInTheirSizes) {
  EXPECT_THAT(refusal(Runner(options, gpu), at::zeros({5, 8, 9, 3}, at::kByte)),
              HasSubstr("with 5 pictures of 8x9 in"));
}

TEST(Runner, OnACpuEverythingIsAsItIs) {
  const Runner runner({.model = "m", .graphs = true, .side_multiple = 64}, nullptr);
  EXPECT_EQ(runner.replays(), nullptr);
  auto mask = at::zeros({1, 10, 10}, at::kBool);
  mask[0][9].fill_(true);
  const PictureBatch batch{at::rand({1, 3, 10, 10}), mask};
  EXPECT_EQ(runner.place(batch).images.const_data_ptr(), batch.images.const_data_ptr());
  EXPECT_EQ(runner.place(batch).mask.sizes(), mask.sizes());
  EXPECT_THROW(runner.guarded({}, run_out), c10::OutOfMemoryError);
}

TEST(CudaWords, DriversServeEveryMinorVersion) {
  EXPECT_EQ(driver_problem(13000, 13000), "");
  EXPECT_EQ(driver_problem(13000, 13020), "");
  EXPECT_EQ(driver_problem(13010, 12080), "");
  EXPECT_EQ(driver_problem(12080, 13000),
            "the CUDA driver is too old: it knows CUDA 12.8, this LibTorch was built for 13.0");
}

TEST(CudaWords, FailuresAreOneLine) {
  EXPECT_THAT(
      device_failure("CUDA error: no kernel image is available for execution on the device\nCUDA kernel errors"),
      HasSubstr("no code for the architecture"));
  EXPECT_EQ(device_failure("CUDA error: unknown error\nmore"), "the GPU can't be used: CUDA error: unknown error");
}

TEST(CudaWords, MemoryRunsOutInManyWords) {
  EXPECT_TRUE(
      is_out_of_memory(std::runtime_error("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`")));
  EXPECT_TRUE(is_out_of_memory(std::runtime_error("CUDA error: out of memory")));
  EXPECT_FALSE(is_out_of_memory(std::runtime_error("CUDA error: an illegal memory access was encountered")));
}

TEST(CudaWords, WhatToChangeIsWhatCanBeChanged) {
  EXPECT_EQ(out_of_memory_text({1, 800, 1066, "bf16"}, nullptr),
            "does not fit into the GPU's memory with 1 picture of 800x1066 in bf16; try smaller pictures (--imgsz) or "
            "--device cpu");
  EXPECT_EQ(out_of_memory_text({.precision = "fp32"}, nullptr),
            "does not fit into the GPU's memory; try --precision bf16 or --device cpu");
}

}  // namespace
}  // namespace vitral
