// The same networks on the CPU and on a GPU. Skipped, with the reason, where there is none.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "apps/registry.h"
#include "common/runtime/device.h"
#include "common/runtime/gpu.h"
#include "common/runtime/loader.h"
#include "common/runtime/prepare.h"
#include "common/runtime/registry.h"

namespace vitral {
namespace {

class OnCuda : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (const auto problem = cuda_problem(); !problem.empty()) GTEST_SKIP() << problem;
  }
};

TEST_P(OnCuda, AgreesWithTheCpu) {
  const auto device = resolve_device("cuda");
  at::globalContext().setAllowTF32CuDNN(false);
  const auto registry = apps::make_registry();
  const auto& entry = *registry->resolve(GetParam()).entry;
  const at::NoGradGuard no_grad;
  for (const auto& [precision, tolerance] : {std::pair{nn::Precision::fp32, 1e-3}, {nn::Precision::bf16, 2e-2}}) {
    at::manual_seed(5);
    const auto net = entry.build_classifier({.num_classes = 100});
    net->module().eval();
    const auto images = at::randn({2, 3, entry.preprocess().height, entry.preprocess().width});
    const auto expected = net->forward(images);
    net->module().to(device);
    prepare_for_inference(net->module(), precision);
    const auto computed = net->forward(images.to(device, nn::scalar_type(precision))).to(at::kCPU, at::kFloat);
    EXPECT_LE((computed - expected).abs().max().item<double>(), tolerance * expected.abs().max().item<double>());
  }
}

TEST_P(OnCuda, ARecordingGivesTheSameNumbers) {
  const auto device = resolve_device("cuda");
  std::string why;
  if (open_gpu(device, why) == nullptr) GTEST_SKIP() << why;
  const auto registry = apps::make_registry();
  LoadRequest request;
  request.model = GetParam();
  request.allow_random = true;
  auto plain = load_model(*registry, request), recorded = load_model(*registry, request);
  plain.prepare(device, nn::Precision::bf16);
  recorded.prepare(device, nn::Precision::bf16, {.graphs = true});
  const auto& size = plain.record;
  for (int call = 0; call < 5; ++call) {
    const auto images = at::randn({2, 3, size.height, size.width});
    EXPECT_TRUE(at::equal(plain.logits(images), recorded.logits(images))) << "call " << call;
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, OnCuda,
                         testing::Values("vit_tiny_patch16_224", "deit_tiny_distilled_patch16_224",
                                         "deit3_small_patch16_224", "tnt_s_patch16_224",
                                         "swin_tiny_patch4_window7_224", "swinv2_tiny_window8_256", "resnet18",
                                         "resnet50d", "efficientnet_lite0"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace vitral
