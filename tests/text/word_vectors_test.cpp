#include "text/word_vectors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>

#include "common/core/error.h"
#include "common/kernels/vector.h"
#include "text/word2vec.h"

namespace vitral::text {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class Files : public testing::Test {
 protected:
  Files()
      : folder(fs::temp_directory_path() /
               ("vitral-vectors-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) + "-" +
                std::to_string(reinterpret_cast<std::uintptr_t>(this)))) {
    fs::create_directories(folder);
  }
  ~Files() override { fs::remove_all(folder); }
  std::string write(const std::string& bytes) {
    std::ofstream(folder / "v", std::ios::binary) << bytes;
    return (folder / "v").string();
  }
  std::string refusal(const std::string& bytes) {
    const auto path = write(bytes);
    try {
      read_word_vectors(path);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::weights);
      EXPECT_THAT(error.what(), HasSubstr(path));
      return error.what();
    }
    return "nothing was thrown";
  }
  fs::path folder;
};

std::string floats(std::initializer_list<float> values) {
  std::string bytes;
  for (const float value : values) bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  return bytes;
}

WordVectors three() {
  return WordVectors(Vocabulary({"a", "b\u00e9", "c"}), 2, {1, 0, 0.1F, -2.5e-7F, 0, 3});
}

TEST_F(Files, BothFormatsGoThereAndBack) {
  for (const auto format : {VectorFormat::text, VectorFormat::binary}) {
    const auto path = folder / "out";
    write_word_vectors(path, three(), format, true);
    const auto read = read_word_vectors(path);
    EXPECT_EQ(read.words().tokens(), three().words().tokens());
    ASSERT_EQ(read.dim(), 2);
    for (int i = 0; i < 3; ++i) {
      for (int k = 0; k < 2; ++k) EXPECT_EQ(read.row(i)[k], three().row(i)[k]);
    }
    EXPECT_THROW(write_word_vectors(path, three(), format, false), Error);
  }
}

TEST_F(Files, ReadsWhatOtherWritersWrite) {
  // The original's text has a blank behind the last number, its binary a line end behind each vector, gensim's has
  // none.
  for (const auto& bytes :
       {std::string("2 2\na 1 2 \nbb -0.5 1e-3 \n"),
        "2 2\na " + floats({1, 2}) + "\nbb " + floats({-0.5F, 1e-3F}) + "\n",
        "2 2\na " + floats({1, 2}) + "bb " + floats({-0.5F, 1e-3F}), std::string("2 2\r\na 1 2\r\nbb -0.5 1e-3")}) {
    const auto read = read_word_vectors(write(bytes));
    EXPECT_THAT(read.words().tokens(), ElementsAre("a", "bb"));
    EXPECT_FLOAT_EQ(read.row(1)[0], -0.5F);
    EXPECT_FLOAT_EQ(read.row(1)[1], 1e-3F);
  }
}

TEST_F(Files, RefusesWhatIsNone) {
  EXPECT_THAT(refusal(""), HasSubstr("number of words"));
  EXPECT_THAT(refusal("words 3\n"), HasSubstr("number of words"));
  EXPECT_THAT(refusal("-1 3\na 1 2 3\n"), HasSubstr("number of words"));
  EXPECT_THAT(refusal("1\na 1\n"), HasSubstr("number of numbers"));
  EXPECT_THAT(refusal("4000000000 100000\na 1 2\n"), HasSubstr("promises"));
  EXPECT_THAT(refusal("1 99999999999999999999\na 1\n"), HasSubstr("number of numbers"));
  EXPECT_THAT(refusal("0 2\n"), HasSubstr("promises"));
  EXPECT_THAT(refusal("1 0\na\n"), HasSubstr("promises"));
  EXPECT_THAT(refusal("2 2\na 1 2\nb 1\n"), HasSubstr("expected a number"));
  EXPECT_THAT(refusal("2 2\na 1 2\nb 1 nan\n"), HasSubstr("expected a number"));
  EXPECT_THAT(refusal("2 2\na 1 2\nb 1 2 3\n"), HasSubstr("more numbers"));
  EXPECT_THAT(refusal("2 2\na 1 2\na 1 2\n"), HasSubstr("twice"));
  EXPECT_THAT(refusal("2 2\na 1 2\n\xff 1 2\n"), HasSubstr("no UTF-8"));
  EXPECT_THAT(refusal("1 2\na 1 2\nb 1 2\n"), HasSubstr("left behind"));
  EXPECT_THAT(refusal("1 2\na " + floats({1, std::numeric_limits<float>::infinity()}) + "\n"), HasSubstr("not finite"));
  EXPECT_THAT(refusal("2 2\na " + floats({1, 2}) + "\nb " + floats({1})), HasSubstr("byte"));
  EXPECT_THROW(read_word_vectors(folder / "nowhere"), Error);
  EXPECT_THROW(read_word_vectors(folder), Error);
}

TEST(WordVectors, FindsNeighboursAndAnalogies) {
  // Two directions: royal and female.
  const WordVectors vectors(Vocabulary({"man", "woman", "king", "queen", "apple", "zero"}), 3,
                            {0, 0, 1, 0, 2, 2, 3, 0, 3, 4, 4, 4, -1, -1, -1, 0, 0, 0});
  const auto near = vectors.neighbours("king", 2);
  ASSERT_EQ(near.size(), 2u);
  EXPECT_EQ(near[0].word, "queen");
  EXPECT_NEAR(near[0].similarity, 2 / std::sqrt(6), 1e-6);
  EXPECT_EQ(vectors.analogy("man", "king", "woman", 1)[0].word, "queen");
  EXPECT_EQ(vectors.neighbours("man", 100).size(), 4u);  // neither itself nor the word without a direction
  try {
    vectors.neighbours("quee", 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_THAT(error.what(), HasSubstr("queen"));
  }
}

TEST(VectorKernels, EqualTheirPlainTwins) {
  kernels::CpuFeatures none;
  const auto& plain = kernels::vector_functions(none);
  const auto& fast = kernels::vector_functions();
  for (std::int64_t n = 0; n < 70; ++n) {
    std::vector<float> a, b;
    for (std::int64_t i = 0; i < n; ++i) {
      a.push_back(std::sin(static_cast<float>(i * 7 + 1)));
      b.push_back(std::cos(static_cast<float>(i * 3)));
    }
    EXPECT_NEAR(fast.dot(a.data(), b.data(), n), plain.dot(a.data(), b.data(), n), 1e-4);
    auto c = b;
    fast.add_scaled(0.3F, a.data(), b.data(), n);
    plain.add_scaled(0.3F, a.data(), c.data(), n);
    for (std::size_t i = 0; i < b.size(); ++i) EXPECT_NEAR(b[i], c[i], 1e-6);
  }
}

/// Words of two topics that never meet, and a word that stands everywhere.
std::vector<std::string> two_topics() {
  std::vector<std::string> lines;
  std::uint64_t state = 1;
  const auto draw = [&](std::uint64_t n) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (state >> 33) % n;
  };
  for (int i = 0; i < 3000; ++i) {
    const std::string topic = i % 2 == 0 ? "x" : "y";
    std::string line;
    for (int k = 0; k < 10; ++k) line += (draw(5) == 0 ? "the" : topic + std::to_string(draw(12))) + " ";
    lines.push_back(line);
  }
  return lines;
}

class Word2Vec : public testing::TestWithParam<Word2VecModel> {};

TEST_P(Word2Vec, WordsOfATopicLieTogether) {
  const auto corpus = read_corpus(two_topics(), 5);
  EXPECT_EQ(corpus.words.size(), 25);
  EXPECT_EQ(corpus.words.token(0), "the");
  Word2VecOptions options;
  options.model = GetParam();
  options.dim = 24;
  options.epochs = 10;
  options.threads = 2;
  double last = 0;
  const auto vectors = train_word2vec(corpus, options, [&](double share) {
    EXPECT_GE(share, last);
    last = share;
  });
  EXPECT_EQ(last, 1.0);
  for (const std::string word : {"x3", "y7"}) {
    for (const auto& near : vectors.neighbours(word, 8)) EXPECT_EQ(near.word[0], word[0]) << word << " " << near.word;
  }
}

TEST_P(Word2Vec, OneThreadAndOneSeedGiveTheSame) {
  const auto corpus = read_corpus(two_topics(), 5);
  Word2VecOptions options;
  options.model = GetParam();
  options.dim = 8;
  options.epochs = 1;
  const auto a = train_word2vec(corpus, options), b = train_word2vec(corpus, options);
  options.seed = 2;
  const auto c = train_word2vec(corpus, options);
  const auto bytes = static_cast<std::size_t>(a.words().size() * a.dim()) * sizeof(float);
  EXPECT_EQ(std::memcmp(a.row(0), b.row(0), bytes), 0);
  EXPECT_NE(std::memcmp(a.row(0), c.row(0), bytes), 0);
}

INSTANTIATE_TEST_SUITE_P(Models, Word2Vec, testing::Values(Word2VecModel::cbow, Word2VecModel::skip_gram));

TEST(Corpus, CountsCutsOffAndRefuses) {
  const auto corpus = read_corpus({"b a b", "", "c b a"}, 2);
  EXPECT_THAT(corpus.words.tokens(), ElementsAre("b", "a"));
  EXPECT_THAT(corpus.counts, ElementsAre(3, 2));
  EXPECT_THAT(corpus.tokens, ElementsAre(0, 1, 0, -1, 0, 1, -1));
  EXPECT_EQ(corpus.running_words, 5);
  EXPECT_THROW(read_corpus({"a b c"}, 2), Error);
  EXPECT_THROW(read_corpus({"a\xff a"}, 1), Error);
  Word2VecOptions options;
  options.window = 0;
  EXPECT_THROW(train_word2vec(corpus, options), Error);
}

}  // namespace
}  // namespace vitral::text
