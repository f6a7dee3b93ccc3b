// The networks with hashed weights give what torch.nn.Transformer and transformers give (golden/text.py).
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "common/runtime/prepare.h"
#include "common/weights/state_dict.h"
#include "tests/support/hashed.h"
#include "tests/support/source_dir.h"
#include "tests/text/support.h"
#include "text/bert.h"

namespace vitral::text {
namespace {

using test::expect_close;

const nlohmann::json& golden() {
  static const nlohmann::json read = [] {
    std::ifstream file(test::source_dir() + "/tests/golden/text.json");
    return nlohmann::json::parse(file);
  }();
  return read;
}

at::Tensor ids_of(const nlohmann::json& rows) {
  std::vector<std::int64_t> flat;
  for (const auto& row : rows) flat.insert(flat.end(), row.begin(), row.end());
  return at::tensor(flat, at::kLong).view({static_cast<std::int64_t>(rows.size()), -1});
}

at::Tensor numbers(const nlohmann::json& flat, at::IntArrayRef shape) {
  return at::tensor(flat.get<std::vector<double>>()).to(at::kFloat).view(shape);
}

TEST(TextGolden, TheTransformerEqualsTorchs) {
  ASSERT_EQ(golden()["transformers"].size(), 2u);
  for (const auto& each : golden()["transformers"]) {
    Seq2Seq network(test::tiny_options().norm_first(each["norm_first"]));
    test::fill_hashed(*network);
    network->eval();
    for (const bool prepared : {false, true}) {
      if (prepared) prepare_for_inference(*network, nn::Precision::fp32);
      const at::NoGradGuard no_grad;
      const auto source = ids_of(golden()["source"]);
      const auto logits = network->forward(source, source.eq(0), ids_of(golden()["target"]));
      expect_close(logits, numbers(each["logits"], {2, 5, 9}), 1e-5);
    }
  }
}

Bert small_bert() {
  Bert bert(BertOptions().tokens(9).dim(16).depth(2).heads(2).hidden(32).longest(12).masked_head(true));
  test::fill_hashed(*bert);
  bert->eval();
  return bert;
}

TEST(TextGolden, BertEqualsTransformers) {
  auto bert = small_bert();
  const auto& expected = golden()["bert"];
  const auto ids = ids_of(golden()["source"]), types = ids_of(expected["types"]);
  const auto padding = ids.eq(0), real = padding.logical_not();
  for (const bool recording : {false, true}) {
    const at::NoGradGuard no_grad;
    const auto layers = bert->attention_layers({});
    ASSERT_EQ(layers.size(), 2u);
    for (const auto& layer : layers) layer.attention->record(recording);
    const auto states = bert->forward(ids, padding, types);
    // What padding itself becomes is of no interest to anybody.
    expect_close(states.index({real}), numbers(expected["states"], {2, 6, 16}).index({real}), 1e-5);
    expect_close(bert->pool(states), numbers(expected["pooled"], {2, 16}), 1e-5);
    expect_close(bert->masked_logits(states).index({real}), numbers(expected["logits"], {2, 6, 9}).index({real}), 1e-5);
    if (!recording) continue;
    const auto weights = layers[1].attention->recorded().weights.transpose(1, 2).index({real});
    expect_close(weights, numbers(expected["attention"], {2, 2, 6, 6}).transpose(1, 2).index({real}), 1e-5);
  }
}

TEST(BertWeights, EveryNameOfTransformersIsKnown) {
  const auto names = golden()["bert"]["names"].get<std::vector<std::string>>();
  ASSERT_TRUE(weights::detect(names, kBertMap));
  weights::validate(kBertMap);
  const auto plan = weights::plan(names, kBertMap, weights::Direction::to_ours);
  EXPECT_TRUE(plan.is_clean());
  std::set<std::string> given, wanted;
  for (const auto& step : plan.steps) given.insert(step.targets.begin(), step.targets.end());
  for (const auto& parameter : small_bert()->named_parameters()) wanted.insert(parameter.key());
  EXPECT_EQ(given, wanted);
}

TEST(SentenceVectors, LeavePaddingOutAndHaveLengthOne) {
  at::manual_seed(1);
  auto states = at::randn({2, 4, 3});
  auto padding = at::zeros({2, 4}, at::kBool);
  padding[1].slice(0, 2).fill_(true);
  const auto vectors = sentence_vectors(states, padding);
  expect_close(at::linalg_vector_norm(vectors, 2, {-1}), at::ones({2}), 1e-6);
  expect_close(vectors.slice(0, 1, 2), sentence_vectors(states.slice(0, 1, 2).slice(1, 0, 2), {}), 1e-6);
}

}  // namespace
}  // namespace vitral::text
