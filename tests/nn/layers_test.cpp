#include <gtest/gtest.h>

#include "common/nn/conv.h"
#include "common/nn/init.h"
#include "common/nn/linear.h"
#include "common/nn/mlp.h"
#include "common/nn/onednn.h"
#include "common/nn/residual.h"
#include "common/nn/transformer.h"
#include "common/runtime/prepare.h"
#include "tests/support/tensors.h"

namespace vitral::nn {
namespace {

using test::expect_close;
using test::expect_equal;

constexpr Activation kActivations[] = {Activation::none, Activation::relu, Activation::relu6,
                                       Activation::gelu, Activation::silu, Activation::tanh};

std::vector<Precision> precisions_here() {
  std::vector<Precision> here{Precision::fp32};
  for (const auto each : {Precision::bf16, Precision::fp16}) {
    if (onednn::usable(scalar_type(each))) here.push_back(each);
  }
  return here;
}

double tolerance(Precision precision) { return precision == Precision::fp32 ? 2e-5 : precision == Precision::bf16 ? 3e-2 : 4e-3; }

TEST(Linear, BothFacesAgreeForEveryActivationAndResidual) {
  at::manual_seed(1);
  for (const auto precision : precisions_here()) {
    for (const auto activation : kActivations) {
      for (const bool with_residual : {false, true}) {
        for (const bool bias : {false, true}) {
          Linear layer(24, 40, bias);
          layer->weight.detach().normal_(0, 0.3);
          if (bias) layer->bias.detach().normal_();
          const auto x = at::randn({2, 7, 24});
          const auto residual = with_residual ? at::randn({2, 7, 40}) : at::Tensor();
          const at::NoGradGuard no_grad;
          const auto plain = layer->forward(x, activation, residual);
          prepare_for_inference(*layer, precision);
          const auto type = scalar_type(precision);
          const auto fused = layer->forward(x.to(type), activation, with_residual ? residual.to(type) : residual);
          expect_close(fused.to(at::kFloat), plain, tolerance(precision));
        }
      }
    }
  }
}

TEST(Linear, RowsAreRowsOfTheWhole) {
  const at::NoGradGuard no_grad;
  Linear layer(16, 48);
  layer->bias.normal_();
  const auto x = at::randn({3, 16});
  const auto whole = layer->forward(x);
  expect_close(layer->forward_rows(x, 16, 8), whole.slice(1, 16, 24), 1e-6);
  layer->set_inference(std::make_shared<const InferenceOptions>());
  expect_close(layer->forward_rows(x, 16, 8), whole.slice(1, 16, 24), 1e-5);
}

TEST(Linear, TrainingAgainUnpacksAndSeesNewWeights) {
  Linear layer(8, 8);
  prepare_for_inference(*layer, Precision::fp32);
  const auto x = at::randn({2, 8});
  {
    const at::NoGradGuard no_grad;
    layer->forward(x);
    layer->weight.zero_();
  }
  layer->train();
  EXPECT_EQ(layer->inference(), nullptr);
  const at::NoGradGuard no_grad;
  EXPECT_EQ(layer->forward(x).abs().max().item<float>(), 0.0f);
}

TEST(Linear, ClonesComputePlainlyAndAlike) {
  Linear layer(8, 4);
  layer->set_inference(std::make_shared<const InferenceOptions>());
  const auto copy = std::dynamic_pointer_cast<LinearImpl>(layer->clone());
  const at::NoGradGuard no_grad;
  const auto x = at::randn({5, 8});
  EXPECT_EQ(copy->inference(), nullptr);
  expect_close(copy->forward(x), layer->forward(x), 1e-5);
}

struct ConvCase {
  std::int64_t in, out, kernel, stride, padding, dilation, groups;
  bool same;
};

class ConvFaces : public testing::TestWithParam<ConvCase> {};

TEST_P(ConvFaces, AgreeWithFoldedNormForEveryActivationAndResidual) {
  const auto c = GetParam();
  at::manual_seed(2);
  for (const auto precision : precisions_here()) {
    for (const auto activation : {Activation::none, Activation::relu, Activation::relu6, Activation::silu}) {
      for (const bool with_residual : {false, true}) {
        Conv2d conv(Conv2dOptions(c.in, c.out, c.kernel).stride(c.stride).padding(c.padding).dilation(c.dilation).groups(c.groups).same(c.same));
        BatchNorm2d norm(c.out);
        conv->set_norm(norm.ptr());
        const at::NoGradGuard no_grad;
        norm->weight.uniform_(0.5, 1.5);
        norm->bias.normal_();
        norm->running_mean.normal_();
        norm->running_var.uniform_(0.5, 2.0);
        conv->eval();
        norm->eval();
        const auto x = at::randn({2, c.in, 11, 14});
        const auto shape = conv->forward(x).sizes().vec();
        const auto residual = with_residual ? at::randn(shape) : at::Tensor();
        const auto plain = conv->forward(x, activation, residual);
        conv->set_inference(std::make_shared<const InferenceOptions>(InferenceOptions{precision, {}}));
        const auto type = scalar_type(precision);
        const auto input = x.to(type).contiguous(at::MemoryFormat::ChannelsLast);
        const auto fused = conv->forward(input, activation, with_residual ? residual.to(type).contiguous(at::MemoryFormat::ChannelsLast) : residual);
        expect_close(fused.to(at::kFloat), plain, 2 * tolerance(precision));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Geometries, ConvFaces,
                         testing::Values(ConvCase{3, 8, 3, 1, 1, 1, 1, false}, ConvCase{4, 6, 7, 2, 3, 1, 1, false},
                                         ConvCase{8, 8, 3, 2, 1, 1, 8, false}, ConvCase{4, 4, 3, 1, 2, 2, 1, false},
                                         ConvCase{8, 8, 3, 2, 0, 1, 8, true}, ConvCase{8, 16, 1, 1, 0, 1, 1, false},
                                         ConvCase{6, 6, 5, 2, 0, 1, 6, true}, ConvCase{3, 10, 4, 4, 0, 1, 1, false},
                                         ConvCase{32, 40, 3, 1, 1, 1, 1, false}, ConvCase{64, 48, 1, 2, 0, 1, 1, false},
                                         ConvCase{3, 32, 7, 2, 3, 1, 1, false}, ConvCase{3, 20, 3, 2, 0, 1, 1, true},
                                         ConvCase{18, 24, 3, 1, 2, 2, 1, false}, ConvCase{16, 24, 3, 2, 0, 1, 1, true}));

TEST(ConvFaces, TakeOtherSizesThanTheyWerePackedForAndRefuseOtherChannels) {
  at::manual_seed(4);
  const at::NoGradGuard no_grad;
  Conv2d conv(Conv2dOptions(32, 32, 3).padding(1).bias(true));
  conv->eval();
  const std::vector<at::Tensor> inputs = {at::randn({1, 32, 12, 12}), at::randn({2, 32, 40, 9}), at::randn({3, 32, 1, 2}),
                                          at::randn({0, 32, 5, 5})};
  std::vector<at::Tensor> plain;
  for (const auto& x : inputs) plain.push_back(conv->forward(x));
  conv->set_inference(std::make_shared<const InferenceOptions>());
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto y = conv->forward(inputs[i]);
    ASSERT_EQ(y.sizes(), plain[i].sizes());
    if (y.numel() > 0) expect_close(y, plain[i], 2 * tolerance(Precision::fp32));
  }
  EXPECT_ANY_THROW(conv->forward(at::randn({1, 16, 12, 12})));
}

TEST(Residual, DropPathKeepsTheExpectationAndIsOffInEvaluation) {
  at::manual_seed(3);
  DropPath drop(0.25);
  const auto x = at::ones({20000, 1});
  const auto y = drop->forward(x);
  EXPECT_NEAR(y.mean().item<float>(), 1.0, 0.02);
  EXPECT_NEAR(y.eq(0).to(at::kFloat).mean().item<float>(), 0.25, 0.02);
  drop->eval();
  expect_equal(drop->forward(x), x);
  const auto rates = drop_path_rates(0.3, 4);
  ASSERT_EQ(rates.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_DOUBLE_EQ(rates[i], 0.1 * static_cast<double>(i));
  EXPECT_EQ(drop_path_rates(0.3, 1), std::vector<double>{0.0});
}

TEST(Transformer, PreparedEqualsPlainPreAndPostNorm) {
  for (const bool norm_first : {false, true}) {
    const auto options = TransformerLayerOptions(32, 4, 64).norm_first(norm_first);
    TransformerEncoder encoder(options, 2, norm_first);
    TransformerDecoder decoder(options, 2);
    encoder->eval();
    decoder->eval();
    const at::NoGradGuard no_grad;
    const auto x = at::randn({2, 9, 32}), positions = at::randn({1, 9, 32}), queries = at::randn({1, 5, 32});
    const auto run = [&] {
      DecoderInputs inputs;
      inputs.memory = encoder->forward(x, positions);
      inputs.memory_positions = positions;
      inputs.query_positions = queries;
      return decoder->forward(at::zeros({2, 5, 32}), inputs);
    };
    const auto plain = run();
    prepare_for_inference(*encoder, Precision::fp32);
    prepare_for_inference(*decoder, Precision::fp32);
    expect_close(run(), plain, 1e-4);
  }
}

TEST(Init, TruncatedNormalHasItsDeviationAndCanBeSkipped) {
  at::manual_seed(4);
  auto tensor = at::empty({100000});
  trunc_normal_(tensor, 0.02);
  EXPECT_NEAR(tensor.std().item<float>(), 0.02, 0.001);
  auto kept = at::ones({10});
  {
    const SkipInit skip;
    trunc_normal_(kept, 0.02);
  }
  expect_equal(kept, at::ones({10}));
}

}  // namespace
}  // namespace vitral::nn
