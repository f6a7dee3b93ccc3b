#include "common/core/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vitral {
namespace {

using ::testing::ElementsAre;

TEST(Utf8, WellFormed) {
  for (const char* text : {"", "abc",
                           "K\xC3\xA4"
                           "fer",
                           "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF", "\xEF\xBF\xBD"})
    EXPECT_TRUE(is_utf8(text)) << text;
  EXPECT_TRUE(is_utf8(std::string_view("a\0b", 3)));
}

TEST(Utf8, Malformed) {
  for (const char* text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x9F\xBF", "\xE2\x82", "\xED\xA0\x80",
        "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF",
        "a\xFE"
        "b"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(Printable, EscapesWhatWouldDisturbATerminal) {
  EXPECT_EQ(printable("plain K\xC3\xA4"
                      "fer"),
            "plain K\xC3\xA4"
            "fer");
  EXPECT_EQ(printable("a\nb\tc\x1b[31m"), "a\\x0ab\\x09c\\x1b[31m");
  EXPECT_EQ(printable("\xC2\x85"), "\\x85");
  EXPECT_EQ(printable("a\xE2\x80\xAE"
                      "b"),
            "a\\u{202e}b");
  EXPECT_EQ(printable("\xEF\xBB\xBF"), "\\u{feff}");
  EXPECT_EQ(printable("\xFF\xC3"), "\\xff\\xc3");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Printable, CutsAtACharacterWithAMark) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdefg", 6), "abc…");
  for (std::size_t limit = 3; limit < 40; ++limit) {
    const std::string text = printable(
        "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\n\xFF"
        "abcdefghijklmnopqrstuvwxyz0123456789",
        limit);
    EXPECT_LE(text.size(), limit);
    EXPECT_TRUE(is_utf8(text)) << limit;
  }
}

TEST(Printable, ResultIsAlwaysPrintableUtf8) {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string text = printable(std::string{static_cast<char>(a), static_cast<char>(b), 'x'});
      EXPECT_TRUE(is_utf8(text));
      for (const char c : text) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
    }
  }
}

TEST(EditDistance, CountsEdits) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("abc", ""), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
  EXPECT_EQ(edit_distance("resnet50", "resnet50d"), 1u);
}

TEST(NearestNames, SubstringsFirstThenDistance) {
  const std::vector<std::string> names{"resnet18", "resnet50", "vit_base_patch16_224", "vit_tiny_patch16_224",
                                       "swin_tiny"};
  EXPECT_THAT(nearest_names("resnt50", names, 2), ElementsAre("resnet50", "resnet18"));
  EXPECT_THAT(nearest_names("vit_tiny", names, 1), ElementsAre("vit_tiny_patch16_224"));
  EXPECT_EQ(nearest_names("x", names, 9).size(), 5u);
  EXPECT_TRUE(nearest_names("x", {}).empty());
  EXPECT_EQ(nearest_names(std::string(10'000'000, 'a'), names).size(), 3u) << "a word of megabytes costs nothing";
}

TEST(GlobMatch, StarsAndMarks) {
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("vit_*_224", "vit_base_patch16_224"));
  EXPECT_TRUE(glob_match("a?c", "abc"));
  EXPECT_TRUE(glob_match("*a*b*", "xxaxxbxx"));
  EXPECT_FALSE(glob_match("a?c", "ac"));
  EXPECT_FALSE(glob_match("vit", "vit_base"));
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_TRUE(glob_match("a[b", "a[b")) << "other characters are themselves";
  EXPECT_FALSE(glob_match("*a*a*a*a*a*a*a*a*a*b", std::string(5'000, 'a'))) << "no exponential search";
}

TEST(Join, Separates) {
  EXPECT_EQ(join({}), "");
  EXPECT_EQ(join({"a"}), "a");
  EXPECT_EQ(join({"a", "b", "c"}, " + "), "a + b + c");
}

TEST(HumanBytes, Units) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(1023), "1023 B");
  EXPECT_EQ(human_bytes(12'345'678), "11.8 MiB");
  EXPECT_EQ(human_bytes(std::uint64_t{5} << 40), "5.0 TiB");
  EXPECT_EQ(human_bytes(UINT64_MAX), "16777216.0 TiB");
}

}  // namespace
}  // namespace vitral
