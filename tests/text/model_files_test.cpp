#include "text/model_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/core/error.h"
#include "common/weights/state_dict.h"
#include "tests/text/support.h"

namespace vitral::text {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ModelFiles : public testing::Test {
 protected:
  ModelFiles()
      : folder(fs::temp_directory_path() / ("vitral-text-" + std::to_string(reinterpret_cast<std::uintptr_t>(this)) +
                                            "-" + std::to_string(::getpid()))) {
    fs::create_directories(folder);
  }
  ~ModelFiles() override { fs::remove_all(folder); }
  fs::path folder;
};

SentenceModel small() {
  auto source = SentenceCoder::build(Units::characters, {"abc"}),
       target = SentenceCoder::build(Units::words, {"x y z w"});
  Seq2Seq network(
      test::tiny_options().source_tokens(source.vocabulary().size()).target_tokens(target.vocabulary().size()));
  network->eval();
  return {network, source, target};
}

TEST_F(ModelFiles, ATransformerGoesThereAndBack) {
  auto model = small();
  save_sentence_model(folder / "m.safetensors", model, false);
  auto read = load_sentence_model(folder / "m.safetensors");
  EXPECT_EQ(read.source.vocabulary().tokens(), model.source.vocabulary().tokens());
  EXPECT_EQ(read.target.units(), Units::words);
  const at::NoGradGuard no_grad;
  const auto [ids, padding] = padded({read.source.encode("abc"), read.source.encode("c")});
  test::expect_equal(read.network->forward(ids, padding, ids), model.network->forward(ids, padding, ids));
}

TEST_F(ModelFiles, RecordsThatLieAreRefused) {
  auto model = small();
  const auto path = folder / "m.safetensors";
  save_sentence_model(path, model, false);
  const auto checkpoint = weights::open(path.string());
  const auto record = nlohmann::json::parse(checkpoint.metadata.at("vitral.text"));
  const auto state = weights::to_state_dict(checkpoint, weights::Storage::copied);
  const auto refusal = [&](const std::string& field, const nlohmann::json& value) -> std::string {
    auto changed = record;
    value.is_null() ? (void)changed.erase(field) : (void)(changed[field] = value);
    weights::save(folder / "bad.safetensors", state, {{"vitral.text", changed.dump()}}, true);
    try {
      load_sentence_model(folder / "bad.safetensors");
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("bad.safetensors"));
      return error.what();
    }
    return "nothing was thrown";
  };
  EXPECT_THAT(refusal("dim", 65'536), HasSubstr("numbers"));
  EXPECT_THAT(refusal("hidden", 10'000'000), HasSubstr("numbers"));
  EXPECT_THAT(refusal("dim", -3), HasSubstr("'dim'"));
  EXPECT_THAT(refusal("dim", "16"), HasSubstr("'dim'"));
  EXPECT_THAT(refusal("dim", 1e300), HasSubstr("'dim'"));
  EXPECT_THAT(refusal("longest", nullptr), HasSubstr("'longest' is missing"));
  EXPECT_THAT(refusal("dropout", 1.0), HasSubstr("'dropout'"));
  EXPECT_THAT(refusal("schema", "other"), HasSubstr("schema"));
  EXPECT_THAT(refusal("source", nlohmann::json{{"units", "bytes"}, {"tokens", {"a"}}}), HasSubstr("units"));
  EXPECT_THAT(refusal("source", nlohmann::json{{"units", "words"}, {"tokens", nlohmann::json::array()}}),
              HasSubstr("is empty"));
  EXPECT_THAT(refusal("source", nlohmann::json{{"units", "words"}, {"tokens", {"<pad>", "<sos>", "<eos>"}}}),
              HasSubstr("<unk>"));
  EXPECT_THAT(
      refusal("target", nlohmann::json{{"units", "words"}, {"tokens", {"<pad>", "<sos>", "<eos>", "<unk>", "a"}}}),
      HasSubstr("target_embed.weight"));
}

TEST_F(ModelFiles, ABertFolderIsRead) {
  at::manual_seed(1);
  Bert bert(BertOptions().tokens(7).dim(8).depth(1).heads(2).hidden(16).longest(10).dropout(0));
  bert->eval();
  // Written with transformers' names, by the table run backwards.
  const auto state = weights::state_dict_of(*bert);
  const auto plan = weights::plan(weights::names_of(state), kBertMap, weights::Direction::to_theirs);
  weights::save(folder / "model.safetensors", weights::apply(plan, state, 2));
  const auto write = [&](const char* name, const std::string& text) { std::ofstream(folder / name) << text; };
  nlohmann::json config{{"vocab_size", 7},          {"hidden_size", 8},        {"num_hidden_layers", 1},
                        {"num_attention_heads", 2}, {"intermediate_size", 16}, {"max_position_embeddings", 10},
                        {"type_vocab_size", 2},     {"hidden_act", "gelu"}};
  write("config.json", config.dump());
  write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\n##b\n");
  auto encoder = load_sentence_encoder(folder);
  EXPECT_FALSE(encoder.network->pooler.is_empty());
  std::size_t cut = 0;
  const auto both = embed_sentences(encoder, {"a bb", "A"}, &cut), one = embed_sentences(encoder, {"a"}, &cut);
  test::expect_close(both.slice(0, 1, 2), one, 1e-5);
  EXPECT_EQ(cut, 0u);
  embed_sentences(encoder, {"a a a a a a a a a a a a"}, &cut);
  EXPECT_EQ(cut, 1u);

  const auto refuses = [&](const std::string& part) {
    try {
      load_sentence_encoder(folder);
      ADD_FAILURE() << part;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::weights);
      EXPECT_THAT(error.what(), HasSubstr(part));
    }
  };
  write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\na\n");
  refuses("[SEP]");
  write("vocab.txt", "");
  refuses("is empty");
  write("vocab.txt", "[PAD]\n\xff\n");
  refuses("byte 6");
  write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\n##b\nc\n");
  refuses("vocab_size");
  write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\nb\n##b\n");
  config["intermediate_size"] = 9'000'000;
  write("config.json", config.dump());
  refuses("numbers");
  write("config.json", "[1]");
  refuses("no JSON object");
}

}  // namespace
}  // namespace vitral::text
