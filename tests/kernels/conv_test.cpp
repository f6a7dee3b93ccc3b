#include "common/kernels/conv.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <tuple>

#include "common/core/error.h"
#include "tests/kernels/support.h"

namespace vitral::kernels {
namespace {

/// Against a twin that sums in double precision and rounds once.
double tolerance(DType dtype) {
  return dtype == DType::f32 ? 4e-6 : 8e-3;
}

struct Format {
  DType dtype;
  ConvAlgorithm algorithm;
};

std::string name(const Format& format) {
  const char* const names[] = {"_direct", "_few_channels", "_winograd"};
  return dtype_name(format.dtype) + names[static_cast<int>(format.algorithm)];
}

/// Operands of one convolution, all of exactly their size.
struct Operands {
  Operands(const ConvShape& s, std::mt19937& random)
      : shape(s),
        input(Buffer::random(s.dtype, s.batch * s.height * s.width * s.in_channels, random)),
        weight(Buffer::random(DType::f32, s.out_channels * s.in_channels * s.kernel * s.kernel, random, 0.2F)),
        bias(DType::f32, conv_bias_floats(s)),
        residual(Buffer::random(s.dtype, s.out_pixels() * s.out_channels, random)) {
    for (std::int64_t i = 0; i < s.out_channels; ++i) bias.set(i, static_cast<float>(i % 7) * 0.1F - 0.3F);
  }
  ConvShape shape;
  Buffer input, weight, bias, residual;
};

class Convolution : public testing::TestWithParam<std::tuple<CpuCase, Format>> {
 protected:
  const CpuFeatures& cpu() const { return std::get<0>(GetParam()).features; }
  const Format& format() const { return std::get<1>(GetParam()); }
  std::mt19937 random_{11};

  ConvShape shape(std::int64_t in, std::int64_t out, std::int64_t kernel) const {
    ConvShape s;
    s.dtype = format().dtype;
    s.height = 9;
    s.width = 7;
    s.in_channels = in;
    s.out_channels = out;
    s.kernel = kernel;
    s.padding = kernel / 2;
    return s;
  }

  Buffer run(const Operands& o, Activation activation, bool residual, std::int64_t parts) const {
    ConvArgs args = arguments(o, activation, residual);
    Buffer words(DType::f32, conv_weight_words(o.shape, format().algorithm));
    pack_conv(o.shape, format().algorithm, o.weight.floats(), words.data());
    args.weights = words.data();
    Buffer out(o.shape.dtype, o.residual.count());
    args.out = out.data();
    check_conv(args);
    const std::int64_t bytes = (conv_scratch_bytes(o.shape, format().algorithm) + 63) / 64 * 64;
    const std::unique_ptr<void, decltype(&std::free)> scratch(std::aligned_alloc(64, static_cast<std::size_t>(bytes)),
                                                              std::free);
    const std::int64_t tasks = conv_tasks(o.shape, format().algorithm);
    for (std::int64_t part = parts - 1; part >= 0; --part) {
      conv(args, tasks * part / parts, tasks * (part + 1) / parts, scratch.get(), cpu());
    }
    return out;
  }

  void expect_equals_twin(const ConvShape& s, Activation activation = Activation::none, bool residual = false,
                          std::int64_t parts = 1) {
    if (!conv_supported(s, format().algorithm, cpu())) return;
    const Operands o(s, random_);
    const Buffer got = run(o, activation, residual, parts);
    Buffer expected(s.dtype, got.count());
    ConvArgs args = arguments(o, activation, residual);
    args.out = expected.data();
    conv_reference(args, o.weight.floats());
    EXPECT_LE(relative_error(got, expected), tolerance(s.dtype))
        << s.batch << "x" << s.height << "x" << s.width << " " << s.in_channels << "->" << s.out_channels << " kernel "
        << s.kernel << " stride " << s.stride << " padding " << s.padding << " dilation " << s.dilation;
  }

 private:
  ConvArgs arguments(const Operands& o, Activation activation, bool residual) const {
    ConvArgs args;
    args.algorithm = format().algorithm;
    args.shape = o.shape;
    args.input = o.input.data();
    args.bias = o.bias.floats();
    args.activation = activation;
    if (residual) args.residual = o.residual.data();
    return args;
  }
};

TEST_P(Convolution, EqualsTwinForOddChannels) {
  for (const std::int64_t in : {1, 2, 3, 4, 6, 10, 16, 22, 64, 130, 144}) {
    for (const std::int64_t out : {1, 8, 15, 16, 17, 31, 32, 33, 48, 50, 64, 100}) {
      for (const std::int64_t kernel : {1, 3}) expect_equals_twin(shape(in, out, kernel));
    }
  }
}

TEST_P(Convolution, EqualsTwinForEveryGeometry) {
  for (const std::int64_t kernel : {1, 2, 3, 5, 7}) {
    for (const std::int64_t stride : {1, 2, 3}) {
      for (const std::int64_t dilation : {1, 2}) {
        for (const std::int64_t padding : {0, 1, 3}) {
          ConvShape s = shape(16, 40, kernel);
          s.stride = stride;
          s.dilation = dilation;
          s.padding = padding;
          s.height = 15;
          s.width = 13;
          expect_equals_twin(s);
        }
      }
    }
  }
}

TEST_P(Convolution, EqualsTwinForEveryNumberOfPixels) {
  for (std::int64_t width = 1; width <= 45; ++width) {
    ConvShape s = shape(8, 24, 1);
    s.height = 1;
    s.width = width;
    expect_equals_twin(s);
    s = shape(16, 24, 3);
    s.height = width % 5 + 1;
    s.width = width;
    expect_equals_twin(s);
  }
}

TEST_P(Convolution, EqualsTwinForEveryTailAndAnyDivisionOfTheWork) {
  for (const Activation activation :
       {Activation::none, Activation::relu, Activation::relu6, Activation::gelu, Activation::silu}) {
    for (const bool residual : {false, true}) {
      for (const std::int64_t parts : {1, 2, 3, 7}) {
        ConvShape s = shape(format().algorithm == ConvAlgorithm::winograd ? 48 : 18, 72, 3);
        s.batch = 3;
        expect_equals_twin(s, activation, residual, parts);
      }
    }
  }
}

TEST_P(Convolution, EqualsTwinWhereTheWorkHasManyChunks) {
  ConvShape s = shape(256, 40, 3);
  s.height = s.width = 40;
  s.in_channels = 64;
  expect_equals_twin(s, Activation::relu, true, 2);
  s = shape(1024, 36, 1);
  s.height = s.width = 20;
  expect_equals_twin(s, Activation::relu, true, 3);
}

// The stem of YOLOX: tiles begin and end in the middle of rows, whose pixels at the border see padding.
TEST_P(Convolution, EqualsTwinForAStemOfEvenSize) {
  ConvShape s = shape(3, 32, 6);
  s.stride = s.padding = 2;
  for (const std::int64_t width : {4, 38, 122}) {
    s.height = 34;
    s.width = width;
    expect_equals_twin(s, Activation::silu, false, 2);
  }
}

TEST_P(Convolution, WhatIsNoNumberStaysNone) {
  const ConvShape s = shape(16, 16, 3);
  if (!conv_supported(s, format().algorithm, cpu())) return;
  Operands o(s, random_);
  o.input.set(0, std::nanf(""));
  for (const Activation activation : {Activation::none, Activation::relu, Activation::relu6}) {
    EXPECT_TRUE(std::isnan(run(o, activation, false, 1).get(0)));
  }
}

TEST_P(Convolution, ResidualMayBeTheOutput) {
  const ConvShape s = shape(16, 48, 3);
  if (!conv_supported(s, format().algorithm, cpu())) return;
  const Operands o(s, random_);
  const Buffer expected = run(o, Activation::relu, true, 1);
  Buffer words(DType::f32, conv_weight_words(s, format().algorithm));
  pack_conv(s, format().algorithm, o.weight.floats(), words.data());
  ConvArgs args;
  args.shape = s;
  args.algorithm = format().algorithm;
  args.input = o.input.data();
  args.weights = words.data();
  args.bias = o.bias.floats();
  args.activation = Activation::relu;
  args.residual = args.out = o.residual.data();
  const std::int64_t bytes = (conv_scratch_bytes(s, format().algorithm) + 63) / 64 * 64;
  const std::unique_ptr<void, decltype(&std::free)> scratch(std::aligned_alloc(64, static_cast<std::size_t>(bytes)),
                                                            std::free);
  conv(args, 0, conv_tasks(s, format().algorithm), scratch.get(), cpu());
  for (std::int64_t i = 0; i < expected.count(); ++i) ASSERT_EQ(o.residual.get(i), expected.get(i));
}

INSTANTIATE_TEST_SUITE_P(Everywhere, Convolution,
                         testing::Combine(testing::ValuesIn(runnable_cpus()),
                                          testing::Values(Format{DType::f32, ConvAlgorithm::direct},
                                                          Format{DType::bf16, ConvAlgorithm::direct},
                                                          Format{DType::f32, ConvAlgorithm::few_channels},
                                                          Format{DType::bf16, ConvAlgorithm::few_channels},
                                                          Format{DType::f32, ConvAlgorithm::winograd})),
                         [](const testing::TestParamInfo<std::tuple<CpuCase, Format>>& info) {
                           return std::get<0>(info.param).name + "_" + name(std::get<1>(info.param));
                         });

TEST(ConvolutionSupport, FollowsTheProcessor) {
  const CpuFeatures wide = {.avx2 = true, .avx512 = true};
  const CpuFeatures wider = {.avx2 = true, .avx512 = true, .avx512_bf16 = true};
  ConvShape s;
  s.height = s.width = 8;
  s.in_channels = 64;
  s.out_channels = 64;
  EXPECT_TRUE(conv_supported(s, ConvAlgorithm::direct, wide));
  EXPECT_FALSE(conv_supported(s, ConvAlgorithm::direct, {}));
  s.dtype = DType::bf16;
  EXPECT_FALSE(conv_supported(s, ConvAlgorithm::direct, wide));
  EXPECT_TRUE(conv_supported(s, ConvAlgorithm::direct, wider));
  s.in_channels = 3;  // no pairs
  EXPECT_FALSE(conv_supported(s, ConvAlgorithm::direct, wider));
  EXPECT_TRUE(conv_supported(s, ConvAlgorithm::few_channels, wider));
}

TEST(ConvolutionCheck, RefusesWhatDoesNotGoTogether) {
  if (!this_cpu().features.avx512) GTEST_SKIP() << "no kernel for this processor";
  float x[64] = {};
  ConvArgs good;
  good.shape.height = good.shape.width = 1;
  good.shape.in_channels = good.shape.out_channels = 1;
  good.input = good.weights = good.bias = x;
  good.out = x;
  EXPECT_NO_THROW(check_conv(good));
  const auto refused = [&](auto change) {
    ConvArgs args = good;
    change(args);
    EXPECT_THROW(check_conv(args), Error);
  };
  refused([](auto& a) { a.shape.batch = 0; });
  refused([](auto& a) { a.shape.in_channels = 0; });
  refused([](auto& a) { a.shape.stride = 0; });
  refused([](auto& a) { a.shape.padding = -1; });
  refused([](auto& a) { a.shape.kernel = 3; });
  refused([](auto& a) { a.out = nullptr; });
  refused([](auto& a) { a.shape.dtype = DType::f16; });
}

}  // namespace
}  // namespace vitral::kernels
