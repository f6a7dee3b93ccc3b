#include "common/core/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace vitral {
namespace {

using ::testing::HasSubstr;

nlohmann::json parse(std::string_view text, const Limits& limits = {}) {
  return parse_json(text, ErrorKind::input, "file.json", limits);
}

/// The error of `text`, or "accepted".
std::string error_of(std::string_view text, const Limits& limits = {}) {
  try {
    parse(text, limits);
    return "accepted";
  } catch (const JsonError& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
    EXPECT_EQ(error.subject(), "file.json");
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return error.what();
  }
}

std::string repeat(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(Json, ReadsWhatNlohmannReads) {
  for (const char* text : {"null", "true", "false", "0", "-1", "1.5e3", "18446744073709551615", "-9223372036854775808",
                           "\"a\\u00e9\\n\"", "[]", "{}", " [ 1 , [ 2 , { \"a\" : [ ] } ] , \"x\" ] ",
                           "{\"b\":{\"c\":null},\"a\":[true,{}]}", "\"\\ud83d\\ude00\""}) {
    EXPECT_EQ(parse(text), nlohmann::json::parse(text)) << text;
  }
}

TEST(Json, NumbersKeepTheirKind) {
  const auto json = parse("[1,-1,1.0,18446744073709551615,18446744073709551616]");
  EXPECT_TRUE(json[0].is_number_unsigned());
  EXPECT_TRUE(json[1].is_number_integer() && !json[1].is_number_unsigned());
  EXPECT_TRUE(json[2].is_number_float());
  EXPECT_TRUE(json[3].is_number_unsigned());
  EXPECT_TRUE(json[4].is_number_float());
}

TEST(Json, Refuses) {
  for (const char* text :
       {"",       " ",       "{",           "}",    "[1,]", "{\"a\":1,}", "{a:1}", "{'a':1}",  "[1 2]", "{\"a\" 1}",
        "01",     "+1",      ".5",          "1.",   "1e",   "nul",        "NaN",   "Infinity", "-",     "\"a",
        "\"\t\"", "\"\\x\"", "\"\\ud800\"", "[1]x", "{}{}", "/**/1",      "1//x",  "1e999"}) {
    EXPECT_NE(error_of(text), "accepted") << text;
  }
  for (const std::string& text :
       {std::string("\xEF\xBB\xBF{}"), std::string("{}\0", 3), std::string("\0", 1), std::string("[1\0]", 4),
        std::string("\"\xFF\""), std::string("\"\xC0\xAF\""), std::string("\"\xED\xA0\x80\"")}) {
    EXPECT_NE(error_of(text), "accepted");
  }
}

TEST(Json, ErrorsSayWhere) {
  EXPECT_THAT(error_of("{\n  \"a\": 1,\n  \"b\": x\n}"), HasSubstr("file.json: line 3, column 8: "));
  EXPECT_THAT(error_of("{\"a\":1,\"a\":2}"), HasSubstr("duplicate key 'a'"));
  EXPECT_THAT(error_of("{\"a\":1,\"a\":2}"), HasSubstr("line 1, column 11"));
  EXPECT_THAT(error_of(std::string("[1,\n\0]", 6)), HasSubstr("line 2, column 1: a NUL byte"));
}

TEST(Json, DuplicateKeysAreRefusedOnEveryLevel) {
  EXPECT_THAT(error_of("{\"x\":[{\"a\":1,\"b\":2,\"a\":3}]}"), HasSubstr("duplicate key 'a'"));
  EXPECT_THAT(error_of("{\"a\":1,\"\\u0061\":2}"), HasSubstr("duplicate key 'a'"));
  EXPECT_EQ(error_of("{\"a\":{\"a\":{\"a\":1}}}"), "accepted");
  EXPECT_EQ(error_of("[{\"a\":1},{\"a\":1}]"), "accepted");
}

TEST(Json, DepthIsLimitedWithoutRecursion) {
  EXPECT_EQ(error_of(repeat("[", 64) + repeat("]", 64)), "accepted");
  EXPECT_THAT(error_of(repeat("[", 65) + repeat("]", 65)), HasSubstr("nested deeper than 64"));
  EXPECT_THAT(error_of(repeat("[", 1'000'000)), HasSubstr("nested deeper than 64"));
  EXPECT_THAT(error_of(repeat("{\"a\":", 1'000'000)), HasSubstr("nested deeper than 64"));
  try {
    parse(repeat("[", 65));
    FAIL();
  } catch (const JsonError& error) {
    EXPECT_TRUE(error.over_limit());
    EXPECT_EQ(error.position(), 65u);
  }
}

TEST(Json, ValuesAreCounted) {
  Limits limits;
  limits.objects = 1'000;
  EXPECT_EQ(error_of("[" + repeat("1,", 998) + "1]", limits), "accepted");
  EXPECT_THAT(error_of("[" + repeat("1,", 999) + "1]", limits), HasSubstr("more than 1000 values"));
  EXPECT_THAT(error_of("[" + repeat("{},", 1'000) + "{}]", limits), HasSubstr("more than 1000 values"));
}

TEST(Json, MillionsOfKeysEndInAnError) {
  std::string text = "{";
  for (int i = 0; i < 1'100'000; ++i) text += "\"" + std::to_string(i) + "\":0,";
  text.back() = '}';
  EXPECT_THAT(error_of(text), HasSubstr("more than 1000000 values"));
}

/// Writes down what it is told.
class Recorder final : public JsonVisitor {
 public:
  void null() override { add("null"); }
  void boolean(bool value) override { add(value ? "true" : "false"); }
  void integer(std::int64_t value) override { add("i" + std::to_string(value)); }
  void unsigned_integer(std::uint64_t value) override { add("u" + std::to_string(value)); }
  void real(double value) override { add("r" + std::to_string(value)); }
  void string(std::string& value) override { add("'" + value + "'"); }
  void key(std::string& name) override { add(name + ":"); }
  void begin_object() override { add("{"); }
  void end_object() override { add("}"); }
  void begin_array() override { add("["); }
  void end_array() override { add("]"); }
  std::string log;
  std::vector<std::size_t> positions;

 private:
  void add(const std::string& text) {
    log += text + " ";
    positions.push_back(position);
  }
};

TEST(JsonVisitor, HearsEveryValueInOrder) {
  Recorder recorder;
  visit_json("{\"a\":[1,-2,0.5,null,true],\"b\":{},\"a\":\"x\"}", recorder, ErrorKind::input, "f");
  EXPECT_EQ(recorder.log, "{ a: [ u1 i-2 r0.500000 null true ] b: { } a: 'x' } ");
  EXPECT_EQ(recorder.positions.front(), 1u);
  EXPECT_EQ(recorder.positions.back(), 41u);
}

TEST(JsonVisitor, MayRefuseByThrowing) {
  class Refusing final : public JsonVisitor {
   public:
    void null() override {}
    void boolean(bool) override {}
    void integer(std::int64_t) override {}
    void unsigned_integer(std::uint64_t) override {
      throw Error(ErrorKind::input, "f", "no numbers at " + std::to_string(position));
    }
    void real(double) override {}
    void string(std::string&) override {}
    void key(std::string&) override {}
    void begin_object() override {}
    void end_object() override {}
    void begin_array() override {}
    void end_array() override {}
  } refusing;
  EXPECT_THROW(visit_json("[1]", refusing, ErrorKind::input, "f"), Error);
}

}  // namespace
}  // namespace vitral
