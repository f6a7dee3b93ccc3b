// What stands behind a product on a GPU: what the kernel is told, run by its twin on the host.
#include "common/nn/tail.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "common/core/error.h"
#include "tests/support/tensors.h"

namespace vitral::nn {
namespace {

constexpr Activation kActivations[] = {Activation::none, Activation::relu, Activation::relu6, Activation::gelu,
                                       Activation::silu};

TEST(Tail, TheKernelDoesWhatTheOperatorsDo) {
  at::manual_seed(8);
  for (const auto& [type, tolerance] : {std::pair{at::kFloat, 1e-6}, {at::kBFloat16, 2e-2}, {at::kHalf, 2e-3}}) {
    for (const auto activation : kActivations) {
      for (const bool with_residual : {false, true}) {
        for (const bool with_bias : {false, true}) {
          const auto y = at::randn({7, 36}).to(type);
          const auto bias = with_bias ? at::randn({36}).to(type) : at::Tensor();
          const auto residual = with_residual ? at::randn({7, 36}).to(type) : at::Tensor();
          auto expected = y.to(at::kFloat).clone();  // y is overwritten
          if (with_bias) expected = expected + bias;
          if (with_residual) expected = expected + residual;
          kernels::cuda::bias_activation_on_host(tail_args({y, bias, residual, activation}));
          test::expect_close(y, activate(expected, activation), tolerance);
        }
      }
    }
  }
}

TEST(Tail, PixelsAreRowsWithoutACopy) {
  const auto maps = at::randn({2, 5, 3, 4}).contiguous(at::MemoryFormat::ChannelsLast);
  const auto rows = pixel_rows(maps);
  EXPECT_EQ(rows.const_data_ptr(), maps.const_data_ptr());
  test::expect_equal(rows.view({2, 3, 4, 5}), maps.permute({0, 2, 3, 1}));
  EXPECT_NO_THROW(tail_args({rows}));
  for (const auto& shape : {std::vector<std::int64_t>{1, 5, 3, 4}, {3, 1, 2, 2}, {2, 6, 1, 1}, {1, 4, 1, 7}}) {
    const auto odd = at::randn(shape).contiguous(at::MemoryFormat::ChannelsLast);
    EXPECT_EQ(pixel_rows(odd).const_data_ptr(), odd.const_data_ptr()) << shape;
  }
  test::expect_equal(pixel_rows(maps.contiguous()), rows);
}

TEST(Tail, WhatDoesNotGoTogetherIsRefused) {
  const auto y = at::zeros({4, 6});
  EXPECT_THROW(tail_args({at::zeros({6, 4}).t()}), Error);
  EXPECT_THROW(tail_args({at::zeros({4, 6}, at::kDouble)}), Error);
  EXPECT_THROW(tail_args({y, {}, {}, Activation::tanh}), Error);
  EXPECT_THROW(tail_args({y, at::zeros({4})}), Error);
  EXPECT_THROW(tail_args({y, at::zeros({6}, at::kHalf)}), Error);
  EXPECT_THROW(tail_args({y, {}, at::zeros({4, 1}).expand({4, 6})}), Error);
  EXPECT_THROW(tail_args({y, {}, at::zeros({4, 6}, at::kHalf)}), Error);
}

TEST(Tail, OnlyAGpuAsksForIt) {
  EXPECT_FALSE(tail_usable(at::zeros({4, 6}), Activation::gelu));
}

/// The same function as it is where our kernel is not there.
TEST(Tail, ProductsAreThoseOfTheOperators) {
  const auto x = at::randn({2, 5, 12}), weight = at::randn({8, 12}), bias = at::randn({8}),
             residual = at::randn({2, 5, 8});
  for (const auto activation : {Activation::none, Activation::relu, Activation::gelu, Activation::tanh}) {
    test::expect_close(linear_on_gpu(x, weight, bias, activation, {}),
                       activate(at::linear(x, weight, bias), activation), 1e-6);
    test::expect_close(linear_on_gpu(x.transpose(0, 1), weight, {}, activation, residual.transpose(0, 1)),
                       activate(at::linear(x, weight) + residual, activation).transpose(0, 1), 1e-6);
  }
}

}  // namespace
}  // namespace vitral::nn
