// The same classifiers on the CPU and on a GPU. Skipped, with the reason, where there is none.
#include <ATen/ATen.h>

#include "common/kernels/normalization.h"
#include "common/nn/pictures.h"
#include "common/runtime/loader.h"
#include "common/runtime/prepare.h"
#include "tests/runtime/cuda_support.h"

namespace vitral {
namespace {

/// A network and the side of its pictures: small ones, for the processor computes them too.
struct Subject {
  const char* name;
  std::int64_t side;
};
void PrintTo(const Subject& subject, std::ostream* out) {
  *out << subject.name;
}

using OnCuda = test::NeedsGpu<testing::TestWithParam<Subject>>;

TEST_P(OnCuda, AgreesWithTheCpu) {
  const auto& [name, side] = GetParam();
  const test::ExactFloats exact;
  const at::NoGradGuard no_grad;
  for (const auto& [precision, tolerance] : {std::pair{nn::Precision::fp32, 1e-4}, {nn::Precision::bf16, 2e-2}}) {
    at::manual_seed(5);
    const auto net = test::entry_of(name).build_classifier({.num_classes = 100, .image_size = {{side, side}}});
    net->module().eval();
    const auto images = at::randn({2, 3, side, side});
    const auto expected = net->forward(images);
    net->module().to(device);
    prepare_for_inference(net->module(), precision);
    const auto computed = test::on_gpu([&] { return net->forward(images.to(device, nn::scalar_type(precision))); });
    ASSERT_EQ(computed.device(), device);
    EXPECT_LE(test::apart(computed, expected), tolerance) << to_string(precision);
  }
}

TEST_P(OnCuda, LevelsGiveWhatFloatsGive) {
  const auto& [name, side] = GetParam();
  const auto registry = apps::make_registry();
  LoadRequest request;
  request.model = name;
  request.image_size = {{side, side}};
  request.allow_random = true;
  const test::ExactFloats exact;
  auto model = load_model(*registry, request);
  model.prepare(device, nn::Precision::fp32);
  const auto levels = at::randint(256, {2, model.record.height, model.record.width, 3}, at::kByte);
  const auto floats = nn::normalized(levels, kernels::normalization_of(model.record.preprocess), at::kFloat);
  const auto of_levels = test::on_gpu([&] { return model.logits(levels); });
  EXPECT_LE(test::apart(of_levels, test::on_gpu([&] { return model.logits(floats); })), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Networks, OnCuda,
                         testing::Values(Subject{"vit_tiny_patch16_224", 224},
                                         Subject{"deit_tiny_distilled_patch16_224", 128},
                                         Subject{"deit3_small_patch16_224", 128}, Subject{"tnt_s_patch16_224", 80},
                                         Subject{"swin_tiny_patch4_window7_224", 112},
                                         Subject{"swinv2_tiny_window8_256", 128}, Subject{"resnet18", 128},
                                         Subject{"resnet50d", 96}, Subject{"efficientnet_lite0", 96}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace vitral
