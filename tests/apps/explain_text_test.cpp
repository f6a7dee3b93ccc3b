// `vitral explain --text`: which token looks at which.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/weights/state_dict.h"
#include "tests/apps/browser.h"
#include "tests/apps/raw_maps.h"
#include "tests/support/tensors.h"
#include "text/decoding.h"
#include "text/model_files.h"

namespace vitral::test {
namespace {

using nlohmann::json;

/// A small Transformer over letters, and a small BERT over five words, both with random weights.
class ExplainText : public testing::Test {
 protected:
  ExplainText() {
    at::manual_seed(5);
    const auto coder = text::SentenceCoder::build(text::Units::characters, {"abcdef"});
    const auto size = coder.vocabulary().size();
    text::Seq2Seq network(
        text::seq2seq_preset("tiny").source_tokens(size).target_tokens(size).dim(16).heads(2).hidden(32).longest(64));
    text::SentenceModel model{network, coder, coder};
    text::save_sentence_model(folder / "m.safetensors", model, false);
    text::Bert bert(text::BertOptions().tokens(8).dim(8).depth(3).heads(2).hidden(16).longest(10).dropout(0));
    std::filesystem::create_directory(folder / "bert");
    const auto state = weights::state_dict_of(*bert);
    const auto plan = weights::plan(weights::names_of(state), text::kBertMap, weights::Direction::to_theirs);
    weights::save(folder / "bert/model.safetensors", weights::apply(plan, state, 2));
    spit(folder / "bert/vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\nit\nwas\ntired\n.\n");
    spit(folder / "bert/config.json", json({{"vocab_size", 8},
                                            {"max_position_embeddings", 10},
                                            {"type_vocab_size", 2},
                                            {"hidden_size", 8},
                                            {"num_attention_heads", 2},
                                            {"intermediate_size", 16},
                                            {"num_hidden_layers", 3}})
                                          .dump());
  }
  Outcome run(std::vector<std::string> words) {
    words.insert(words.begin(), {"explain", "-o", "out", "-q"});
    return run_vitral(words, folder.path());
  }
  json explain(std::vector<std::string> words) {
    words.insert(words.end(), {"-y", "--json", "-"});
    const auto outcome = run(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.code == 0 ? json::parse(outcome.out) : json::object();
  }
  at::Tensor raw(const std::string& name) { return raw_map(folder / "out", name); }
  void expect_error(const Outcome& outcome, int code, const std::string& part) {
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
  }
  TemporaryFolder folder;
};

TEST_F(ExplainText, TheAnswerLooksAtTheSentence) {
  const auto report = explain({"--text", "abcfed", "-m", "m.safetensors"});
  EXPECT_EQ(report["read"], (std::vector<std::string>{"a", "b", "c", "f", "e", "d"}));
  EXPECT_EQ(report["layers"].size(), 4u);
  EXPECT_EQ(report["layers"][3]["name"], "decoder.layers.1.cross_attn");
  const auto written = static_cast<std::int64_t>(report["written"].size());
  const auto weights = raw("decoder.layers.1.cross_attn.weights");
  EXPECT_EQ(weights.sizes(), (std::vector<std::int64_t>{2, written, 6}));
  expect_close(weights.sum(2), at::ones({2, written}), 1e-5);
  expect_close(raw("map"), weights.mean(0), 1e-6);
}

TEST_F(ExplainText, RecordingChangesNothing) {
  auto model = text::load_sentence_model(folder / "m.safetensors");
  const auto source = at::tensor(model.source.encode("abcfed"), at::kLong).unsqueeze(0);
  const auto target = at::tensor({1, 5, 6, 4}, at::kLong).unsqueeze(0);
  const at::NoGradGuard no_grad;
  const auto plain = model.network->forward(source, {}, target);
  const RecordingScope recording(model.network->attention_layers({}));
  expect_close(model.network->forward(source, {}, target), plain, 1e-5);
}

TEST_F(ExplainText, LayersAndRolloutOfBert) {
  const auto report = explain({"--text", "It was tired.", "-m", "bert", "--method", "rollout"});
  EXPECT_EQ(report["read"], (std::vector<std::string>{"[CLS]", "it", "was", "tired", ".", "[SEP]"}));
  EXPECT_EQ(report["written"].size(), 0u);
  auto product = at::eye(6);
  for (int i = 0; i < 3; ++i) {
    const auto weights = raw("encoder.layers." + std::to_string(i) + ".self_attn.weights");
    product = at::matmul(0.5 * weights.mean(0) + 0.5 * at::eye(6), product);
  }
  expect_close(raw("map"), product, 1e-5);
  const auto one = explain({"--text", "it was", "-m", "bert", "--layer", "1", "--head", "1"});
  ASSERT_EQ(one["layers"].size(), 1u);
  expect_equal(raw("map"), raw("encoder.layers.1.self_attn.weights")[1]);
}

TEST_F(ExplainText, ThePageShowsInABrowserWhatTheFileHolds) {
  explain({"--text", "it was </script> tired", "-m", "bert"});
  const auto html = slurp(folder / "out/index.html");
  EXPECT_TRUE(is_self_contained(html));
  const auto body = browse(folder / "out/index.html", "#layer=2&head=1&token=3");
  if (body.empty()) GTEST_SKIP() << "no chromium";
  EXPECT_EQ(attribute(body, "data-ready"), "yes") << body;
  const auto row = raw("encoder.layers.1.self_attn.weights")[1][3];
  // Of numbers that a byte can't tell apart any may be the largest.
  EXPECT_NEAR(row[std::stol(attribute(body, "data-place"))].item<double>(), row.max().item<double>(), 0.01);
  EXPECT_NEAR(std::stod(attribute(body, "data-most")), row.max().item<double>(), 0.01);
  EXPECT_NEAR(std::stod(attribute(body, "data-sum")), 1, 0.01);
}

TEST_F(ExplainText, RefusalsNameWhatThereIs) {
  expect_error(run({"--text", "it", "-m", "bert", "--method", "decoder"}), 2, "it has: last, rollout");
  expect_error(run({"--text", "it", "-m", "bert", "--layer", "3"}), 2, "expected 0 to 2");
  expect_error(run({"--text", "it", "-m", "bert", "--head", "2"}), 2, "expected 0 to 1");
  expect_error(run({"--text", "it", "-m", "bert", "--class", "1"}), 2, "--class");
  expect_error(run({"--text", "it", "-m", "bert", "--box", "1"}), 2, "--box");
  expect_error(run({"--text", "it it it it it it it it it", "-m", "bert"}), 4, "10 tokens");
  expect_error(run({"--text", std::string(65, 'a'), "-m", "m.safetensors"}), 4, "65 tokens");
  expect_error(run({"--text", " ", "-m", "bert"}), 4, "is empty");
  expect_error(run({"--text", "a\xff", "-m", "bert"}), 4, "byte 1");
  expect_error(run({"--text", "it", "-m", "nowhere"}), 3, "nowhere");
  spit(folder / "bert/vocab.txt", "[PAD]\n[UNK]\n[SEP]\nit\n");
  expect_error(run({"--text", "it", "-m", "bert"}), 3, "[CLS]");
}

}  // namespace
}  // namespace vitral::test
