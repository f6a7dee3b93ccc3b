// What a trace sees: outermost operators of this thread, with their values.
#include "export/trace.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vitral::onnx {
namespace {

std::vector<std::string> names_of(const Trace& trace) {
  std::vector<std::string> names;
  for (const auto& call : trace.calls) names.push_back(call.name);
  return names;
}

TEST(Trace, SeesOutermostOperatorsOnly) {
  const auto weight = at::ones({3, 4}), bias = at::zeros({3});
  const auto seen = trace(at::ones({2, 4}), [&](const at::Tensor& x) -> NamedTensors {
    return {{"y", at::linear(x, weight, bias).flatten(0).softmax(-1)}};
  });
  EXPECT_THAT(names_of(seen), testing::ElementsAre("aten::linear", "aten::flatten", "aten::softmax"));
}

TEST(Trace, KeepsInputsAndOutputsById) {
  const auto seen = trace(at::ones({2, 4}), [](const at::Tensor& x) -> NamedTensors { return {{"y", (x + 1).exp()}}; });
  ASSERT_EQ(seen.calls.size(), 2u);
  EXPECT_TRUE(tensors_of(seen.calls[0].inputs)[0].is_same(seen.images));
  EXPECT_TRUE(tensors_of(seen.calls[1].inputs)[0].is_same(tensors_of(seen.calls[0].outputs)[0]));
  EXPECT_TRUE(tensors_of(seen.calls[1].outputs)[0].is_same(seen.outputs[0].second));
}

TEST(Trace, ListsOfTensorsAreFlattened) {
  const auto seen = trace(at::ones({2, 4}), [](const at::Tensor& x) -> NamedTensors {
    return {{"y", at::cat(x.chunk(2, 1))}};
  });
  ASSERT_EQ(seen.calls.size(), 2u);
  EXPECT_EQ(tensors_of(seen.calls[0].outputs).size(), 2u);
  EXPECT_EQ(tensors_of(seen.calls[1].inputs).size(), 2u);
}

TEST(Trace, NothingIsRecordedAfterwards) {
  auto seen = trace(at::ones({1}), [](const at::Tensor& x) -> NamedTensors { return {{"y", x + 1}}; });
  (void)(at::ones({1}) + 1);
  EXPECT_EQ(seen.calls.size(), 1u);
  EXPECT_THROW(trace(at::ones({1}), [](const at::Tensor&) -> NamedTensors { throw std::runtime_error("stop"); }),
               std::runtime_error);
  seen = trace(at::ones({1}), [](const at::Tensor& x) -> NamedTensors { return {{"y", x * 2}}; });
  EXPECT_EQ(seen.calls.size(), 1u);
}

}  // namespace
}  // namespace vitral::onnx
