#include "text/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/core/error.h"
#include "text/utf8.h"

namespace vitral::text {
namespace {

using testing::ElementsAre;

std::string message(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Utf8, GoesThereAndBack) {
  const std::string text = "a\u00e9\u6f22\U0001F600\u007f";
  const auto points = decode_utf8(text);
  EXPECT_THAT(points, ElementsAre(U'a', U'\u00e9', U'\u6f22', U'\U0001F600', U'\u007f'));
  EXPECT_EQ(encode_utf8(points), text);
}

TEST(Utf8, NamesTheByteThatIsNone) {
  for (const auto& [bytes, at] : std::vector<std::pair<std::string, int>>{{"ab\xff", 2},
                                                                          {"\xc0\x80", 0},
                                                                          {"x\xc3", 1},
                                                                          {"\xed\xa0\x80", 0},
                                                                          {"\xf4\x90\x80\x80", 0},
                                                                          {"a\x80", 1},
                                                                          {"\xe2\x82", 0},
                                                                          {"\xe0\x80\x80", 0},
                                                                          {"abc\xf5", 3}}) {
    const auto said = message([&, &b = bytes] { decode_utf8(b, "notes.txt"); });
    EXPECT_NE(said.find("notes.txt: byte " + std::to_string(at)), std::string::npos) << said;
  }
}

TEST(SentenceCoder, CountsAndCutsOff) {
  const auto coder = SentenceCoder::build(Units::words, {"b a b", "c b a\t\td"}, 2);
  EXPECT_THAT(coder.vocabulary().tokens(), ElementsAre("<pad>", "<sos>", "<eos>", "<unk>", "b", "a"));
  EXPECT_THAT(coder.encode(" a b\tzz <eos>"), ElementsAre(5, 4, 3, 3));
  EXPECT_EQ(coder.decode({1, 5, 4, 3, 2}), "a b");
  const auto letters = SentenceCoder::build(Units::characters, {"\u00e9a a"}, 1, 6);
  EXPECT_THAT(letters.vocabulary().tokens(), ElementsAre("<pad>", "<sos>", "<eos>", "<unk>", "a", " "));
  EXPECT_EQ(letters.decode(letters.encode("a a\u00e9")), "a a");
}

TEST(Vocabulary, RefusesEmptyDoubledAndIncompleteOnes) {
  EXPECT_NE(message([] { Vocabulary({}, "v.txt"); }).find("v.txt: is empty"), std::string::npos);
  EXPECT_NE(message([] { Vocabulary({"a", "b", "a"}); }).find("'a' twice"), std::string::npos);
  EXPECT_NE(message([] { SentenceCoder(Units::words, Vocabulary({"a", "b"})); }).find("<pad>"), std::string::npos);
  EXPECT_NE(message([] { SentenceCoder::build(Units::words, {" "}); }).find("empty"), std::string::npos);
  EXPECT_NE(message([] { SentenceCoder::build(Units::words, {"a\xff"}); }).find("byte 1"), std::string::npos);
}

}  // namespace
}  // namespace vitral::text
