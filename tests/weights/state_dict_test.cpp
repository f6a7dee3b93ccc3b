#include "common/weights/state_dict.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

#include "tests/weights/files.h"

namespace vitral::weights {
namespace {

using build::Files;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class StateDicts : public Files {
 protected:
  /// Saves `state` and opens it again.
  Checkpoint saved(const StateDict& state, const std::map<std::string, std::string>& notes = {}) {
    save(folder_ / "state.safetensors", state, notes, true);
    return open(folder_ / "state.safetensors");
  }
};

StateDict dict_of(std::initializer_list<std::pair<const char*, at::Tensor>> items) {
  StateDict state;
  for (const auto& [name, tensor] : items) state.insert(name, tensor);
  return state;
}

constexpr at::ScalarType kScalarTypes[] = {
    at::kBool,           at::kByte,          at::kChar,        at::kShort,           at::kInt,
    at::kLong,           at::kHalf,          at::kBFloat16,    at::kFloat,           at::kDouble,
    at::kComplexFloat,   at::kFloat8_e4m3fn, at::kFloat8_e5m2, at::kFloat8_e4m3fnuz, at::kFloat8_e5m2fnuz,
    at::kFloat8_e8m0fnu, at::kUInt16,        at::kUInt32,      at::kUInt64};

/// Bytes as they lie, so that NaNs and 8-bit floats compare too.
at::Tensor raw(const at::Tensor& tensor) {
  return tensor.contiguous().view({-1}).view(at::kByte);
}

TEST_F(StateDicts, EveryTypeComesBack) {
  StateDict state;
  for (const auto type : kScalarTypes) {
    state.insert(toString(type), at::arange(48, at::kByte)
                                     .view({-1})
                                     .slice(0, 0, 6 * at::elementSize(type) <= 48 ? 6 * at::elementSize(type) : 48)
                                     .clone()
                                     .view(type)
                                     .view({2, 3}));
    EXPECT_EQ(scalar_type(dtype_of(type)), type);
  }
  const Checkpoint checkpoint = saved(state, {{"format", "pt"}});
  for (const auto storage : {Storage::mapped, Storage::copied}) {
    const StateDict back = to_state_dict(checkpoint, storage);
    ASSERT_EQ(back.size(), state.size());
    for (const auto& item : state) {
      EXPECT_EQ(back[item.key()].scalar_type(), item.value().scalar_type()) << item.key();
      EXPECT_EQ(back[item.key()].sizes(), item.value().sizes()) << item.key();
      EXPECT_TRUE(at::equal(raw(back[item.key()]), raw(item.value()))) << item.key();
    }
  }
  EXPECT_EQ(checkpoint.metadata.at("format"), "pt");
}

TEST_F(StateDicts, MappedTensorsLieInTheFile) {
  const Checkpoint checkpoint = saved(dict_of({{"w", at::randn({64, 64})}}));
  const auto file = checkpoint.files.front()->bytes();
  const auto inside = [&](const at::Tensor& tensor) {
    const auto* data = static_cast<const std::byte*>(tensor.const_data_ptr());
    return data >= file.data() && data < file.data() + file.size();
  };
  EXPECT_TRUE(inside(to_state_dict(checkpoint)["w"]));
  EXPECT_FALSE(inside(to_state_dict(checkpoint, Storage::copied)["w"]));
}

TEST_F(StateDicts, TensorsOutliveTheCheckpoint) {
  const at::Tensor original = at::randn({128});
  at::Tensor kept;
  {
    const Checkpoint checkpoint = saved(dict_of({{"w", original}}));
    kept = to_state_dict(checkpoint)["w"];
  }
  EXPECT_TRUE(at::equal(kept, original));
}

TEST(Tensors, UnalignedOnesAreCopied) {
  const Checkpoint checkpoint = build::open_copy(
      build::torch_zip(build::dict({{build::text("w"), build::pair_tensor()}}), build::pair_storage()));
  const at::Tensor tensor = to_state_dict(checkpoint)["w"];
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.const_data_ptr()) % 4, 0u);
  EXPECT_EQ(tensor[0].item<float>(), 1.5f);
  EXPECT_EQ(tensor[1].item<float>(), -2.0f);
}

TEST_F(StateDicts, ViewsAndScalarsAreSavedByValue) {
  const at::Tensor whole = at::arange(12, at::kFloat).view({3, 4});
  const StateDict state = dict_of({{"t", whole.t()},
                                   {"column", whole.select(1, 2)},
                                   {"expanded", at::ones({1, 3}).expand({2, 3})},
                                   {"scalar", whole[1][1]},
                                   {"empty", at::zeros({0, 5})},
                                   {"conj", at::ones({2}, at::kComplexFloat).conj()}});
  const StateDict back = to_state_dict(saved(state));
  for (const auto& item : state) EXPECT_TRUE(at::equal(back[item.key()], item.value())) << item.key();
}

TEST(Tensors, TypesThatAreNotTensorsAreRefused) {
  EXPECT_THROW(scalar_type(Dtype::f4), Error);
  EXPECT_THROW(scalar_type(Dtype::f6_e3m2), Error);
  EXPECT_THROW(dtype_of(at::kComplexDouble), Error);
  try {
    to_state_dict(build::open_copy(build::one_tensor("\"F4\"", "[4]", "[0,2]", "xy")));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::weights);
    EXPECT_THAT(error.what(), HasSubstr("tensor 't'"));
  }
}

// Plans -------------------------------------------------------------------------------------------------------------

/// A plan of one step.
Plan single(Step step) {
  Plan plan;
  plan.steps.push_back(std::move(step));
  return plan;
}

struct TransformCase {
  Transform transform;
  std::vector<std::int64_t> theirs, ours;
};

class Transforms : public ::testing::TestWithParam<TransformCase> {};

TEST_P(Transforms, HaveTheRightShapeAndComeBack) {
  const auto& [transform, theirs, ours] = GetParam();
  const at::Tensor original = at::randn(theirs);
  const StateDict forth = weights::apply(single({{"a"}, {"b"}, transform, false}), dict_of({{"a", original}}), 2);
  EXPECT_THAT(forth["b"].sizes().vec(), ::testing::ElementsAreArray(ours));
  EXPECT_TRUE(forth["b"].is_contiguous());
  const StateDict back = weights::apply(single({{"b"}, {"a"}, transform, true}), forth, 2);
  EXPECT_TRUE(at::equal(back["a"], original));
}

INSTANTIATE_TEST_SUITE_P(All, Transforms,
                         ::testing::Values(TransformCase{Transform::none, {2, 3}, {2, 3}},
                                           TransformCase{Transform::transpose, {2, 3}, {3, 2}},
                                           TransformCase{Transform::conv_hwio, {5, 4, 3, 2}, {2, 3, 5, 4}},
                                           TransformCase{Transform::heads_in, {6, 2, 3}, {6, 6}},
                                           TransformCase{Transform::heads_in, {5, 2, 3}, {6, 5}},
                                           TransformCase{Transform::heads_out, {2, 3, 5}, {5, 6}},
                                           TransformCase{Transform::heads_bias, {2, 3}, {6}},
                                           TransformCase{Transform::lead_one, {4, 5}, {1, 4, 5}},
                                           TransformCase{Transform::patch_conv, {7, 12}, {7, 3, 2, 2}},
                                           TransformCase{Transform::token_grid, {1, 9, 4}, {1, 4, 3, 3}},
                                           TransformCase{Transform::negate, {3}, {3}},
                                           TransformCase{Transform::flip_in, {2, 3, 4, 4}, {2, 3, 4, 4}}));

TEST(Transforms, MoveTheElementsThatTheTableSays) {
  const at::Tensor x = at::arange(24, at::kFloat);
  const auto moved = [&](Transform transform, at::IntArrayRef shape) {
    return weights::apply(single({{"a"}, {"b"}, transform}), dict_of({{"a", x.view(shape)}}))["b"];
  };
  // [D=2, H=3, Dh=4]: row h·Dh+d, column D.
  EXPECT_EQ(moved(Transform::heads_in, {2, 3, 4})[2 * 4 + 3][1].item<float>(), 1 * 12 + 2 * 4 + 3);
  // [H=2, Dh=3, D=4]: row D, column h·Dh+d.
  EXPECT_EQ(moved(Transform::heads_out, {2, 3, 4})[3][1 * 3 + 2].item<float>(), 1 * 12 + 2 * 4 + 3);
  // [h, w, in, out].
  EXPECT_EQ(moved(Transform::conv_hwio, {2, 2, 3, 2})[1][2][0][1].item<float>(), 0 * 12 + 1 * 6 + 2 * 2 + 1);
  // [1, n·n, C]: token y·n+x, channel c.
  EXPECT_EQ(moved(Transform::token_grid, {1, 4, 6})[0][5][1][0].item<float>(), 2 * 6 + 5);
  EXPECT_EQ(moved(Transform::flip_in, {2, 3, 4})[1][0][3].item<float>(), 1 * 12 + 2 * 4 + 3);
}

TEST(Transforms, RefuseOtherShapes) {
  const auto refuse = [](Transform transform, at::IntArrayRef shape, bool undo = false, std::int64_t heads = 0) {
    EXPECT_THROW(weights::apply(single({{"a"}, {"b"}, transform, undo}), dict_of({{"a", at::zeros(shape)}}), heads),
                 Error)
        << static_cast<int>(transform);
  };
  refuse(Transform::transpose, {2});
  refuse(Transform::conv_hwio, {2, 2});
  refuse(Transform::heads_in, {2, 2});
  refuse(Transform::heads_out, {2});
  refuse(Transform::heads_bias, {2});
  refuse(Transform::patch_conv, {2, 13});
  refuse(Transform::token_grid, {1, 10, 2});
  refuse(Transform::flip_in, {4});
  refuse(Transform::lead_one, {2, 3}, true);
  refuse(Transform::heads_in, {6, 6}, true);
  refuse(Transform::heads_in, {6, 6}, true, 4);
}

TEST(Plans, PackAndUnpack) {
  const at::Tensor q = at::randn({2, 3}), k = at::randn({2, 3}), v = at::randn({2, 3});
  const StateDict parts = dict_of({{"q", q}, {"k", k}, {"v", v}});
  const StateDict packed = weights::apply(single({{"q", "k", "v"}, {"qkv"}}), parts);
  EXPECT_TRUE(at::equal(packed["qkv"], at::cat({q, k, v})));
  const StateDict again = weights::apply(single({{"qkv"}, {"q", "k", "v"}}), packed);
  EXPECT_TRUE(at::equal(again["q"], q) && at::equal(again["k"], k) && at::equal(again["v"], v));
  EXPECT_EQ(again["k"].const_data_ptr(), static_cast<const float*>(packed["qkv"].const_data_ptr()) + 6)
      << "parts are views";
}

TEST(Plans, MissingPartsAreZerosAndUnwantedOnesAreLeftOut) {
  const StateDict halves =
      weights::apply(single({{"bias"}, {"q", "", "v"}}), dict_of({{"bias", at::arange(6, at::kFloat)}}));
  EXPECT_THAT(names_of(halves), ElementsAre("q", "v"));
  const StateDict whole = weights::apply(single({{"q", "", "v"}, {"bias"}, Transform::none, true}), halves);
  EXPECT_TRUE(at::equal(whole["bias"], at::tensor({0.f, 1.f, 0.f, 0.f, 4.f, 5.f})));
}

TEST(Plans, PartsThatDoNotFitAreRefused) {
  EXPECT_THROW(
      weights::apply(single({{"a", "b"}, {"c"}}), dict_of({{"a", at::zeros({2, 3})}, {"b", at::zeros({2, 4})}})),
      Error);
  EXPECT_THROW(
      weights::apply(single({{"a", "b"}, {"c"}}), dict_of({{"a", at::zeros({2})}, {"b", at::zeros({2}, at::kHalf)}})),
      Error);
  EXPECT_THROW(weights::apply(single({{"a"}, {"b", "c", "d"}}), dict_of({{"a", at::zeros({4})}})), Error);
  EXPECT_THROW(weights::apply(single({{"a"}, {"b", "c"}}), dict_of({{"a", at::zeros({})}})), Error);
}

// Modules -----------------------------------------------------------------------------------------------------------

torch::nn::Sequential small_net() {
  return torch::nn::Sequential(torch::nn::Conv2d(torch::nn::Conv2dOptions(3, 4, 3)), torch::nn::BatchNorm2d(4),
                               torch::nn::Linear(4, 5));
}

void expect_same(const torch::nn::Module& a, const torch::nn::Module& b) {
  const StateDict left = state_dict_of(a), right = state_dict_of(b);
  for (const auto& item : left) EXPECT_TRUE(at::equal(item.value(), right[item.key()])) << item.key();
}

TEST_F(StateDicts, ModulesRoundTrip) {
  auto net = small_net(), other = small_net();
  for (const auto storage : {Storage::mapped, Storage::copied}) {
    const Checkpoint checkpoint = saved(state_dict_of(*net));
    const LoadReport report =
        load_into(*other, to_state_dict(checkpoint, storage), {false, storage}, begin_report(checkpoint, {}));
    EXPECT_TRUE(report.is_complete());
    EXPECT_EQ(report.loaded.size(), 9u);
    expect_same(*net, *other);
    other = small_net();
  }
}

TEST_F(StateDicts, MappedParametersCostNoMemoryAndForwardAgrees) {
  auto net = small_net(), other = small_net();
  const Checkpoint checkpoint = saved(state_dict_of(*net));
  load_into(*other, to_state_dict(checkpoint));
  const auto file = checkpoint.files.front()->bytes();
  const auto* data = static_cast<const std::byte*>(other->named_parameters()["0.weight"].const_data_ptr());
  EXPECT_TRUE(data >= file.data() && data < file.data() + file.size());
  net->eval();
  other->eval();
  const auto input = at::randn({1, 3, 6, 6});
  const auto forward = [&](torch::nn::Sequential& model) { return model[0]->as<torch::nn::Conv2d>()->forward(input); };
  EXPECT_TRUE(at::equal(forward(net), forward(other)));
  EXPECT_TRUE(other->named_parameters()["0.weight"].requires_grad());
}

TEST_F(StateDicts, CopiedParametersMayBeTrained) {
  auto net = small_net();
  load_into(*net, to_state_dict(saved(state_dict_of(*small_net()))), {false, Storage::copied});
  for (auto& parameter : net->parameters()) {
    torch::NoGradGuard no_grad;
    EXPECT_NO_THROW(parameter.add_(1));
  }
}

TEST(Loading, IsStrictAndLeavesTheModuleAlone) {
  auto net = small_net();
  const at::Tensor before = net->named_parameters()["2.bias"].detach().clone();
  StateDict state = state_dict_of(*small_net());
  StateDict changed;
  for (const auto& item : state) {
    if (item.key() == "0.bias") continue;
    changed.insert(item.key(), item.key() == "2.weight" ? at::zeros({5, 9}) : item.value());
  }
  changed.insert("2.extra", at::zeros({1}));
  try {
    load_into(*net, changed);
    FAIL();
  } catch (const LoadError& error) {
    EXPECT_THAT(error.report().missing, ElementsAre("0.bias"));
    EXPECT_THAT(error.report().unexpected, ElementsAre("2.extra"));
    ASSERT_EQ(error.report().mismatched.size(), 1u);
    EXPECT_THAT(error.report().mismatched[0].found, ElementsAre(5, 9));
    EXPECT_THAT(error.report().mismatched[0].expected, ElementsAre(5, 4));
  }
  EXPECT_TRUE(at::equal(net->named_parameters()["2.bias"], before));
  const LoadReport report = load_into(*net, changed, {.allow_partial = true});
  EXPECT_FALSE(report.is_complete());
  EXPECT_FALSE(at::equal(net->named_parameters()["2.bias"], before));
}

TEST(Loading, CountersOfBatchNormNeverCount) {
  auto net = small_net();
  StateDict without, with_more = state_dict_of(*small_net());
  for (const auto& item : state_dict_of(*small_net())) {
    if (item.key() != "1.num_batches_tracked") without.insert(item.key(), item.value());
  }
  EXPECT_TRUE(load_into(*net, without).is_complete());
  with_more.insert("0.relative_position_index", at::zeros({4}, at::kLong));
  const LoadReport report = load_into(*net, with_more);
  EXPECT_TRUE(report.is_complete());
  EXPECT_THAT(report.dropped, ElementsAre("0.relative_position_index"));
}

TEST(Loading, ConvertsFloatingTypesOnly) {
  torch::nn::Linear net(2, 1);
  StateDict state = dict_of({{"weight", at::ones({1, 2}, at::kHalf)}, {"bias", at::ones({1}, at::kDouble)}});
  load_into(*net, state);
  EXPECT_EQ(net->weight.scalar_type(), at::kFloat);
  EXPECT_EQ(net->weight[0][1].item<float>(), 1.0f);
  net->to(at::kBFloat16);
  load_into(*net, state);
  EXPECT_EQ(net->weight.scalar_type(), at::kBFloat16);
  state["bias"] = at::ones({1}, at::kLong);
  EXPECT_THROW(load_into(*net, state), Error);
}

TEST(Loading, StridedTensorsBecomeContiguousParameters) {
  torch::nn::Linear net(2, 3);
  const at::Tensor turned = at::randn({2, 3}).t();
  load_into(*net, dict_of({{"weight", turned}, {"bias", at::zeros({3})}}));
  EXPECT_TRUE(net->weight.is_contiguous());
  EXPECT_TRUE(at::equal(net->weight, turned));
}

TEST(Loading, EndToEndThroughATable) {
  static constexpr Rule kRules[] = {pack("q.{p}", "k.{p}", "v.{p}", "{p}")};
  static constexpr RuleGroup kGroups[] = {{"attention.", "", kRules}};
  static constexpr KeyMap kMap{"test", {}, kGroups};
  torch::nn::Linear net(4, 6);
  StateDict theirs;
  for (const char* part : {"q", "k", "v"}) {
    theirs.insert(std::string("attention.") + part + ".weight", at::randn({2, 4}));
    theirs.insert(std::string("attention.") + part + ".bias", at::randn({2}));
  }
  const Plan to_ours = plan(names_of(theirs), kMap, Direction::to_ours);
  load_into(*net, weights::apply(to_ours, theirs));
  EXPECT_TRUE(at::equal(net->weight.slice(0, 2, 4), theirs["attention.k.weight"]));
  const StateDict own = state_dict_of(*net);
  const StateDict back = weights::apply(plan(names_of(own), kMap, Direction::to_theirs), own);
  EXPECT_THAT(names_of(back), ::testing::UnorderedElementsAreArray(names_of(theirs)));
  for (const auto& item : theirs) EXPECT_TRUE(at::equal(back[item.key()], item.value())) << item.key();
}

}  // namespace
}  // namespace vitral::weights
