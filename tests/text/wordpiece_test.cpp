#include "text/wordpiece.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/core/error.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace vitral::text {
namespace {

using testing::ElementsAre;

WordPiece small(bool lower = true) {
  return WordPiece(Vocabulary({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##aff", "##able", "runn", "##ing", ",",
                               "hello", "resume", "\u6f22", "Hello", "!", "a"}),
                   {.lower = lower});
}

TEST(WordPiece, TakesTheLongestPieces) {
  EXPECT_THAT(small().pieces("UNaffable, running"), ElementsAre("un", "##aff", "##able", ",", "runn", "##ing"));
  EXPECT_THAT(small().pieces("unaffected hello"), ElementsAre("[UNK]", "hello"));
  EXPECT_THAT(small().pieces("R\u00e9sum\u00e9 hello\u6f22a!"), ElementsAre("resume", "hello", "\u6f22", "a", "!"));
  EXPECT_THAT(small(false).pieces("Hello R\u00e9sum\u00e9"), ElementsAre("Hello", "[UNK]"));
  EXPECT_THAT(small().pieces(std::string(101, 'a')), ElementsAre("[UNK]"));
  EXPECT_TRUE(small().pieces(" \t\n\u00a0").empty());
  EXPECT_THAT(small().pieces(std::string("he\0l\x7flo", 7) + "\u200b"), ElementsAre("hello"));
}

TEST(WordPiece, EncodesOneAndTwoTexts) {
  const auto one = small().encode("hello, a", 16);
  EXPECT_THAT(one.ids, ElementsAre(2, 10, 9, 15, 3));
  EXPECT_THAT(one.types, ElementsAre(0, 0, 0, 0, 0));
  EXPECT_FALSE(one.cut);
  const auto two = small().encode("hello", "a a", 16);
  EXPECT_THAT(two.ids, ElementsAre(2, 10, 3, 15, 15, 3));
  EXPECT_THAT(two.types, ElementsAre(0, 0, 0, 1, 1, 1));
  const auto cut = small().encode("hello, a", 4);
  EXPECT_THAT(cut.ids, ElementsAre(2, 10, 9, 3));
  EXPECT_TRUE(cut.cut);
  EXPECT_THAT(small().encode("hello , a", "a", 5).ids, ElementsAre(2, 10, 3, 15, 3));
  EXPECT_THROW(small().encode("a", 1), Error);
  EXPECT_THROW(small().encode("a\xff", 10), Error);
}

TEST(WordPiece, NamesTheMissingSpecialToken) {
  try {
    WordPiece(Vocabulary({"[PAD]", "[UNK]", "[CLS]"}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("[SEP]"), std::string::npos);
  }
}

TEST(Unicode, KnowsItsProperties) {
  EXPECT_TRUE(is_punctuation(U'$') && is_punctuation(U'\u3002') && is_punctuation(U'\u2014'));
  EXPECT_FALSE(is_punctuation(U'a') || is_punctuation(U'\u20ac'));
  EXPECT_TRUE(is_mark(U'\u0301') && !is_mark(U'a'));
  EXPECT_TRUE(is_control(U'\u200b') && is_control(1) && !is_control(U'\n'));
  EXPECT_TRUE(is_white_space(U'\u00a0') && is_white_space(U'\u3000') && !is_white_space(U'\u200b'));
  EXPECT_EQ(lower(U"\u00c9A\u0416\U00010400"), U"\u00e9a\u0436\U00010428");
  EXPECT_EQ(decompose(U"\u00e9\ud55c\u1e69"), U"e\u0301\u1112\u1161\u11abs\u0323\u0307");
}

}  // namespace
}  // namespace vitral::text
