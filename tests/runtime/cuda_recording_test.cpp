// What only a real GPU can tell: recordings, and what its memory holds. Skipped, with the reason, where there is none.
#include <ATen/ATen.h>
#include <c10/core/CachingDeviceAllocator.h>

#include <thread>

#include "common/nn/pictures.h"
#include "common/runtime/gpu.h"
#include "common/runtime/loader.h"
#include "common/runtime/prepare.h"
#include "tests/runtime/cuda_support.h"

namespace vitral {
namespace {

using RecordingOnCuda = test::NeedsGpu<testing::TestWithParam<const char*>>;

TEST_P(RecordingOnCuda, GivesTheSameNumbers) {
  std::string why;
  if (open_gpu(device, why) == nullptr) GTEST_SKIP() << why;
  const auto registry = apps::make_registry();
  LoadRequest request;
  request.model = GetParam();
  request.allow_random = true;
  auto plain = load_model(*registry, request), recorded = load_model(*registry, request);
  plain.prepare(device, nn::Precision::bf16);
  recorded.prepare(device, nn::Precision::bf16, {.graphs = true});
  for (int call = 0; call < 5; ++call) {
    const auto images = at::randn({2, 3, plain.record.height, plain.record.width});
    EXPECT_TRUE(at::equal(plain.logits(images), recorded.logits(images))) << "call " << call;
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, RecordingOnCuda,
                         testing::Values("vit_tiny_patch16_224", "deit_tiny_distilled_patch16_224",
                                         "deit3_small_patch16_224", "tnt_s_patch16_224", "swin_tiny_patch4_window7_224",
                                         "swinv2_tiny_window8_256", "resnet18", "resnet50d", "efficientnet_lite0"),
                         [](const auto& info) { return std::string(info.param); });

/// Bytes that tensors hold on the GPU, and that were taken from it.
struct Held {
  std::int64_t used, taken;
};

Held held(const at::Device& device) {
  constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  const auto stats = c10::getDeviceAllocator(at::kCUDA)->getDeviceStats(device.index());
  return {stats.allocated_bytes[kAll].current, stats.reserved_bytes[kAll].current};
}

using UploadsOnCuda = test::NeedsGpu<testing::Test>;

/// More than there are slots, from several threads, each made into something else where it arrives.
TEST_F(UploadsOnCuda, ArriveWholeWhileOthersTravel) {
  std::string why;
  const auto gpu = open_gpu(device, why);
  if (gpu == nullptr) GTEST_SKIP() << why;
  constexpr int kThreads = 4, kEach = 25;
  std::vector<std::shared_ptr<const Upload>> uploads(kThreads * kEach);
  std::vector<at::Tensor> sent(uploads.size());
  for (auto& each : sent)
    each = at::randint(256, {64 + static_cast<std::int64_t>(&each - sent.data()), 97, 3}, at::kByte);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (std::size_t i = static_cast<std::size_t>(thread); i < sent.size(); i += kThreads) {
        auto copy = sent[i].clone();
        uploads[i] = gpu->upload(copy, [](const at::Tensor& there) { return there.bitwise_not(); });
        copy.zero_();  // the host's tensor is free
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_TRUE(at::equal(uploads[i]->wait().cpu(), sent[i].bitwise_not())) << i;
  }
}

using MemoryOnCuda = test::NeedsGpu<testing::Test>;

/// A hundred different shapes, ten times each: what the first rounds took is enough for all that follow.
TEST_F(MemoryOnCuda, AThousandShapesInARowHoldNoMore) {
  const auto net = test::entry_of("resnet18").build_classifier({.num_classes = 10});
  net->module().to(device);
  prepare_for_inference(net->module(), nn::Precision::bf16);
  const at::NoGradGuard no_grad;
  const auto run = [&](std::int64_t number) {
    const auto images = at::zeros({1 + number % 4, 3, 64 + 16 * (number % 10), 64 + 16 * (number % 50 / 10)},
                                  at::TensorOptions(device).dtype(at::kBFloat16));
    net->forward(images).to(at::kCPU);
  };
  constexpr std::int64_t kShapes = 100, kRuns = 1000;  // 4, 10 and 5 repeat together after 100
  for (std::int64_t i = 0; i < 2 * kShapes; ++i) run(i);
  const auto before = held(device);
  for (std::int64_t i = 0; i < kRuns; ++i) run(i);
  const auto after = held(device);
  EXPECT_EQ(after.used, before.used);
  EXPECT_LE(after.taken, before.taken + (64 << 20)) << "one segment for fragments";
}

}  // namespace
}  // namespace vitral
