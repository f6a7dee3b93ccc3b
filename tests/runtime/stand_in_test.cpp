// Which of the GPU's kernels networks ask for, and how often: a layer that went past its kernel would still be right.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "common/runtime/prepare.h"
#include "tests/kernels/cuda_on_host/kernels.h"
#include "tests/runtime/cuda_support.h"

namespace vitral {
namespace {

namespace cuda = kernels::cuda;

struct Calls {
  int attention = 0, bias_activation = 0, layer_norm = 0;
  bool operator==(const Calls&) const = default;
};
void PrintTo(const Calls& calls, std::ostream* out) {
  *out << calls.attention << " attention, " << calls.bias_activation << " tails, " << calls.layer_norm << " norms";
}

Calls calls;

cuda::Table counting() {
  auto table = test::kernels_on_host();
  table.attention = [](const kernels::AttentionArgs& args, cuda::Stream stream) {
    ++calls.attention;
    test::kernels_on_host().attention(args, stream);
  };
  table.bias_activation = [](const cuda::BiasActivationArgs& args, cuda::Stream stream) {
    ++calls.bias_activation;
    test::kernels_on_host().bias_activation(args, stream);
  };
  table.layer_norm = [](const kernels::LayerNormArgs& args, const cuda::RowPlaces& places, cuda::Stream stream) {
    ++calls.layer_norm;
    test::kernels_on_host().layer_norm(args, places, stream);
  };
  return table;
}

Calls calls_of(const std::string& name, std::int64_t side) {
  const at::NoGradGuard no_grad;
  const auto net = test::entry_of(name).build_classifier({.num_classes = 10, .image_size = {{side, side}}});
  prepare_for_inference(net->module(), nn::Precision::fp32);
  const auto table = counting();
  const cuda::StandIn gpu(table);
  calls = {};
  net->forward(at::zeros({1, 3, side, side}));
  return calls;
}

TEST(StandIn, BlocksTakeTheResidualWithTheNormAndTheActivationWithTheProduct) {
  // Of a block GELU behind fc1, and both sums with the norms behind them, the last one with the network's. Heads of 64
  // are LibTorch's, those of windows and of pixels ours.
  EXPECT_EQ(calls_of("vit_tiny_patch16_224", 64), (Calls{0, 12, 24}));
  // The last sum of each of four stages goes to a merging.
  EXPECT_EQ(calls_of("swin_tiny_patch4_window7_224", 112), (Calls{12, 12, 20}));
  // A block inside each block, whose second sums are added behind fc2: sentences are made of them.
  EXPECT_EQ(calls_of("tnt_s_patch16_224", 64), (Calls{12, 48, 24}));
}

TEST(StandIn, ConvolutionsTakeTheirTailInOnePass) {
  // The stem, and the two of each of eight blocks; the second adds the way past it. A convolution on that way has none.
  EXPECT_EQ(calls_of("resnet18", 64), (Calls{0, 17, 0}));
}

TEST(StandIn, EndsWithItsScope) {
  EXPECT_FALSE(cuda::StandIn::present());
  {
    const cuda::StandIn gpu(test::kernels_on_host());
    EXPECT_TRUE(cuda::StandIn::present());
    EXPECT_EQ(cuda::table(), &test::kernels_on_host());
  }
  EXPECT_FALSE(cuda::StandIn::present());
  EXPECT_NE(cuda::table(), &test::kernels_on_host());
}

}  // namespace
}  // namespace vitral
