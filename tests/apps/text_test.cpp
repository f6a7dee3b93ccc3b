// `vitral text`: word vectors, sentence vectors and generated sentences from the command line.
#include <ATen/ATen.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "common/weights/state_dict.h"
#include "tests/apps/fixture.h"
#include "text/model_files.h"

namespace vitral::test {
namespace {

using nlohmann::json;

class Text : public testing::Test {
 protected:
  Outcome run(const std::vector<std::string>& arguments, const std::string& input = "") {
    return run_vitral(arguments, folder.path(), input);
  }
  void expect_error(const Outcome& outcome, int code, const std::string& part) {
    EXPECT_EQ(outcome.code, code) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
  }
  TemporaryFolder folder;
};

/// Lines of two topics.
std::string corpus() {
  std::string text;
  for (int i = 0; i < 600; ++i) {
    for (int k = 0; k < 8; ++k) text += (i % 2 == 0 ? "cat" : "car") + std::to_string((i * 7 + k * k * 3) % 9) + " ";
    text += "\n";
  }
  return text;
}

TEST_F(Text, WordVectorsAreTrainedAndAsked) {
  spit(folder / "corpus.txt", corpus());
  for (const std::string format : {"text", "binary"}) {
    const auto trained = run({"text", "train", "corpus.txt", "-o", "v." + format, "--to", format, "--dim", "16",
                              "--epochs", "20", "--threads", "1", "--json", "-", "-q"});
    ASSERT_EQ(trained.code, 0) << trained.err;
    EXPECT_EQ(json::parse(trained.out)["words"], 18);
    const auto asked = run({"text", "neighbours", "cat3", "-m", "v." + format, "--topk", "4", "--json", "-"});
    ASSERT_EQ(asked.code, 0) << asked.err;
    for (const auto& each : json::parse(asked.out)["neighbours"])
      EXPECT_EQ(each["word"].get<std::string>().substr(0, 3), "cat");
  }
  EXPECT_EQ(run({"text", "neighbours", "cat3", "-m", "v.text", "--json", "-"}).out,
            run({"text", "neighbours", "cat3", "-m", "v.binary", "--json", "-"}).out);
  EXPECT_EQ(run({"text", "neighbours", "--analogy", "cat1", "cat2", "car1", "-m", "v.text"}).code, 0);
  expect_error(run({"text", "neighbours", "--analogy", "cat1", "-m", "v.text"}), 2, "three words");
  expect_error(run({"text", "neighbours", "cats", "-m", "v.text"}), 2, "nearest");
  expect_error(run({"text", "train", "corpus.txt", "-o", "v.text"}), 2, "exists");
  expect_error(run({"text", "train", "corpus.txt", "-o", "corpus.txt", "-y"}), 2, "corpus.txt");
  expect_error(run({"text", "train", "corpus.txt", "-o", "w", "--min-count", "100000"}), 4, "no word occurs");
}

TEST_F(Text, BadInputIsNamedWithFileAndByte) {
  spit(folder / "bad.txt", std::string("good line\nbad \xff line\n"));
  spit(folder / "empty.txt", "");
  expect_error(run({"text", "train", "bad.txt", "-o", "v"}), 4, "bad.txt: byte 14");
  expect_error(run({"text", "train", "empty.txt", "-o", "v"}), 4, "empty.txt: is empty");
  expect_error(run({"text", "train", "nowhere.txt", "-o", "v"}), 4, "nowhere.txt");
  expect_error(run({"text", "neighbours", "a", "-m", "bad.txt"}), 3, "bad.txt");
  expect_error(run({"text", "generate", "bad.txt", "-m", "nowhere.safetensors"}), 3, "nowhere.safetensors");
  expect_error(run({"text", "embed", "bad.txt", "-m", "nowhere"}), 3, "config.json");
  expect_error(run({"text", "sing"}), 2, "sing");
}

TEST_F(Text, SentencesAreGenerated) {
  auto source = text::SentenceCoder::build(text::Units::characters, {"abcdef"});
  auto target = text::SentenceCoder::build(text::Units::characters, {"uvwxyz"});
  at::manual_seed(1);
  text::Seq2Seq network(text::seq2seq_preset("tiny")
                            .source_tokens(source.vocabulary().size())
                            .target_tokens(target.vocabulary().size())
                            .dim(16)
                            .heads(2)
                            .hidden(32)
                            .longest(64));
  text::SentenceModel model{network, source, target};
  text::save_sentence_model(folder / "m.safetensors", model, false);
  for (const std::string search : {"greedy", "beam", "sample"}) {
    const auto outcome =
        run({"text", "generate", "-", "-m", "m.safetensors", "--search", search, "--max-tokens", "12", "--json", "-"},
            "abc\n\nfed\n");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    auto records = lines(outcome.out);
    ASSERT_EQ(records.size(), 4u);
    EXPECT_EQ(json::parse(records[3])["schema"], "vitral.text-summary/1");
    records.pop_back();
    EXPECT_EQ(json::parse(records[2])["source"], "fed");
    for (const auto& record : records) EXPECT_LE(json::parse(record)["text"].get<std::string>().size(), 12u);
  }
  const auto plain = run({"text", "generate", "-", "-m", "m.safetensors", "--max-tokens", "5"}, "abc\nfed\n");
  EXPECT_EQ(lines(plain.out).size(), 2u);
  expect_error(run({"text", "generate", "-", "-m", "m.safetensors"}, std::string(65, 'a') + "\n"), 4, "65 tokens");
  expect_error(run({"text", "generate", "-", "-m", "m.safetensors"}, "a\xff\n"), 4, "byte 1");
  expect_error(run({"text", "generate", "-", "-m", "m.safetensors", "--search", "wide"}, "a\n"), 2, "wide");
}

/// Pairs of letters and the same letters backwards.
std::string reversals(int count, int first) {
  std::string text;
  for (int i = first; i < first + count; ++i) {
    std::string word;
    for (int k = 0, n = i; k < 3; ++k, n /= 4) word += static_cast<char>('a' + n % 4);
    text += word + "\t" + std::string(word.rbegin(), word.rend()) + "\n";
  }
  return text;
}

TEST_F(Text, ATransformerIsTrainedOnPairs) {
  spit(folder / "train.tsv", reversals(64, 0));
  const std::vector<std::string> train{
      "text",      "train", "train.tsv", "--task",    "seq2seq", "--val",  "train.tsv",   "--preset", "tiny",
      "--dropout", "0",     "--epochs",  "80",        "--lr",    "0.3",    "--smoothing", "0",        "--warmup",
      "100",       "-b",    "16",        "--threads", "1",       "--seed", "3",           "--half",   "-q"};
  const auto in = [&](const std::string& name) {
    auto words = train;
    words.insert(words.end(), {"-o", name, "--json", "-"});
    return words;
  };
  const auto trained = run(in("run"));
  ASSERT_EQ(trained.code, 0) << trained.err;
  const auto epochs = lines(trained.out);
  ASSERT_EQ(epochs.size(), 80u);
  EXPECT_LT(json::parse(epochs[79])["train"]["loss"].get<double>(),
            json::parse(epochs[0])["train"]["loss"].get<double>());
  EXPECT_GE(json::parse(epochs[79])["val"]["exact"].get<double>(), 0.95);
  for (const auto* name : {"run.json", "metrics.jsonl", "loss.svg", "loss.csv", "last.safetensors"})
    EXPECT_TRUE(std::filesystem::exists(folder / "run" / name)) << name;

  const auto written = run({"text", "generate", "train.tsv", "-m", "run/best.safetensors", "--json", "-"});
  ASSERT_EQ(written.code, 0) << written.err;
  const auto records = lines(written.out);
  ASSERT_EQ(records.size(), 65u);
  EXPECT_EQ(json::parse(records[1])["expected"], "aab");
  EXPECT_GE(json::parse(records[64])["exact"].get<double>(), 0.95);

  ASSERT_EQ(run(in("again")).code, 0);
  EXPECT_EQ(slurp(folder / "run/last.safetensors"), slurp(folder / "again/last.safetensors"));
  expect_error(run(in("run")), 2, "-y");
}

TEST_F(Text, TrainingSaysWhatItCannotUse) {
  spit(folder / "pairs.tsv", "a\tb\nno tab\n");
  spit(folder / "good.tsv", "a\tb\n");
  spit(folder / "long.tsv", std::string(300, 'a') + "\tb\n");
  const auto train = [&](const std::string& file, const std::vector<std::string>& more) {
    std::vector<std::string> words{"text", "train", file, "--task", "seq2seq", "-o", "run", "--preset", "tiny"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  };
  expect_error(train("pairs.tsv", {}), 4, "pairs.tsv: line 2");
  expect_error(train("long.tsv", {}), 4, "300 tokens");
  expect_error(train("good.tsv", {"--window", "3"}), 2, "--window: means nothing to --task seq2seq");
  expect_error(train("good.tsv", {"--preset", "vast"}), 2, "base, big, small or tiny");
  expect_error(train("good.tsv", {"--min-count", "2"}), 4, "no token occurs often enough");
  expect_error(run({"text", "train", "good.tsv", "-o", "v", "--smoothing", "0.2"}), 2, "--smoothing");
}

TEST_F(Text, DatesAreMade) {
  ASSERT_EQ(run({"data", "make", "dates", "-o", "dates", "--train", "50", "--val", "20", "-q"}).code, 0);
  EXPECT_EQ(lines(slurp(folder / "dates/train.tsv")).size(), 50u);
  EXPECT_EQ(lines(slurp(folder / "dates/val.tsv")).size(), 20u);
  expect_error(run({"data", "make", "dates", "-o", "dates"}), 2, "exists");
}

}  // namespace
}  // namespace vitral::test
