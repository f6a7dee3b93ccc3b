// The parsers of foreign formats, on good files and on hostile ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "common/core/error.h"
#include "datasets/formats/cifar.h"
#include "datasets/formats/idx.h"
#include "datasets/formats/voc.h"
#include "datasets/formats/yaml.h"
#include "datasets/formats/yolo.h"

namespace vitral {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

template <class Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::input);
    EXPECT_TRUE(error.subject().starts_with("file")) << error.what();
    return error.what();
  }
  return "accepted";
}

std::string gzipped(const std::string& bytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

std::string idx(std::vector<std::uint32_t> shape, const std::string& bytes, int type = 8, int rank = -1) {
  std::string file{'\0', '\0', static_cast<char>(type), static_cast<char>(rank < 0 ? shape.size() : rank)};
  for (const auto size : shape) {
    for (int shift = 24; shift >= 0; shift -= 8) file += static_cast<char>(size >> shift);
  }
  return file + bytes;
}

TEST(Idx, ReadsPlainAndGzippedArrays) {
  const std::string file = idx({2, 3}, "abcdef");
  for (const auto& text : {file, gzipped(file)}) {
    const auto array = parse_idx(text, "file");
    EXPECT_THAT(array.shape, ElementsAre(2, 3));
    EXPECT_EQ(array.bytes, "abcdef");
  }
  EXPECT_THAT(parse_idx(idx({0, 28, 28}, ""), "file").shape, ElementsAre(0, 28, 28));
}

TEST(Idx, RefusesWhatItsHeaderDoesNotPromise) {
  const auto of = [](const std::string& text) { return refusal([&] { parse_idx(text, "file"); }); };
  EXPECT_THAT(of(""), HasSubstr("two zero bytes"));
  EXPECT_THAT(of("PK\3\4aaaaaaaa"), HasSubstr("two zero bytes"));
  EXPECT_THAT(of(idx({2}, "ab", 0x0D)), HasSubstr("type 13"));
  EXPECT_THAT(of(idx({2}, "ab", 8, 0)), HasSubstr("0 dimensions"));
  EXPECT_THAT(of(idx({2}, "ab", 8, 255)), HasSubstr("255 dimensions"));
  EXPECT_THAT(of(idx({2}, "", 8, 3)), HasSubstr("inside its header"));
  EXPECT_THAT(of(idx({5}, "abcd")), HasSubstr("has 4 bytes of data, its header says 5"));
  EXPECT_THAT(of(idx({5}, "abcdef")), HasSubstr("goes on behind the 5 bytes"));
  EXPECT_THAT(of(idx({0x02000000}, "ab")), HasSubstr("has 2 bytes"));  // 2 in the other byte order
  EXPECT_THAT(of(idx({~0u, ~0u, ~0u, ~0u}, "ab")), HasSubstr("more than 4 GiB"));
  EXPECT_THAT(of(idx({0x80000000, 0x80000000, 4}, "ab")), HasSubstr("more than 4 GiB"));
  EXPECT_THAT(of(idx({0, ~0u, ~0u, ~0u}, "")), HasSubstr("more than 4 GiB"));
}

TEST(Idx, RefusesBrokenGzip) {
  const auto of = [](const std::string& text) { return refusal([&] { parse_idx(text, "file"); }); };
  const std::string good = gzipped(idx({4000}, std::string(4000, 'x')));
  for (const std::size_t size : {3u, 9u, 12u, 20u}) EXPECT_THAT(of(good.substr(0, size)), HasSubstr("cut off")) << size;
  EXPECT_THAT(of(good.substr(0, good.size() - 1)), HasSubstr("cut off"));
  std::string bad_sum = good;
  bad_sum[good.size() - 6] ^= 1;
  EXPECT_THAT(of(bad_sum), HasSubstr("broken"));
  EXPECT_THAT(of(gzipped(idx({100}, std::string(50'000'000, 'x')))), HasSubstr("goes on behind the 100 bytes"));
  EXPECT_THAT(of(gzipped(idx({0xF0000000}, "few"))), HasSubstr("has 3 bytes of data"));
}

TEST(Cifar, ReadsBothKinds) {
  const std::string pixels(kCifarPixels, 'p');
  const auto ten = parse_cifar('\7' + pixels + '\0' + pixels, CifarKind::ten, "file");
  EXPECT_THAT(ten.labels, ElementsAre(7, 0));
  EXPECT_EQ(ten.pixels, pixels + pixels);
  EXPECT_THAT(parse_cifar(std::string("\x13\x63") + pixels, CifarKind::hundred, "file").labels, ElementsAre(99));
}

TEST(Cifar, RefusesOtherSizesAndLabels) {
  const std::string pixels(kCifarPixels, 'p');
  const auto of = [](const std::string& text, CifarKind kind) {
    return refusal([&] { parse_cifar(text, kind, "file"); });
  };
  EXPECT_THAT(of("", CifarKind::ten), HasSubstr("0 bytes, expected records of 3073"));
  EXPECT_THAT(of(pixels, CifarKind::ten), HasSubstr("3072 bytes"));
  EXPECT_THAT(of('\7' + pixels + 'x', CifarKind::ten), HasSubstr("3074 bytes"));
  EXPECT_THAT(of('\7' + pixels, CifarKind::hundred), HasSubstr("records of 3074"));
  EXPECT_THAT(of('\1' + pixels + '\12' + pixels, CifarKind::ten), HasSubstr("record 1 has the label 10"));
  EXPECT_THAT(of("\x13\x64" + pixels, CifarKind::hundred), HasSubstr("label 100"));
  EXPECT_THAT(refusal([] { parse_cifar_names("a\nb\n", 3, "file"); }), HasSubstr("fewer than 3"));
  EXPECT_THAT(refusal([] { parse_cifar_names("a\nb\nc\nd", 3, "file"); }), HasSubstr("more than 3"));
  EXPECT_THAT(parse_cifar_names("a\r\nb\n\nc", 3, "file"), ElementsAre("a", "b", "c"));
}

TEST(Yaml, ReadsTheFormsOfDataFiles) {
  const YamlMapping yaml(
      "# by hand\n---\npath: ../x # home\nnc:   3\nflow: ['a, b', \"it's\", c # d\n  ]\nblock:\n- one\n- \"t\\\"wo\"\n"
      "map:\n  0: person\n  1: 'traffic light: red'\n  2: a#b\nspread: {0: x, 1: 'y'}\ndownload: |\n  import os\n  a: "
      "[\n"
      "empty:\nquoted: 'don''t'\n",
      "file");
  EXPECT_EQ(yaml.word("path"), "../x");
  EXPECT_EQ(yaml.word("nc"), "3");
  EXPECT_EQ(yaml.word("empty"), std::nullopt);
  EXPECT_EQ(yaml.word("absent"), std::nullopt);
  EXPECT_EQ(yaml.word("quoted"), "don't");
  EXPECT_THAT(yaml.list("flow"), ElementsAre("a, b", "it's", "c"));
  EXPECT_THAT(yaml.list("block"), ElementsAre("one", "t\"wo"));
  EXPECT_THAT(yaml.list("nc"), ElementsAre("3"));
  EXPECT_THAT(yaml.pairs("map"), ElementsAre(Pair("0", "person"), Pair("1", "traffic light: red"), Pair("2", "a#b")));
  EXPECT_THAT(yaml.pairs("spread"), ElementsAre(Pair("0", "x"), Pair("1", "y")));
  EXPECT_THAT(yaml.pairs("block"), ElementsAre(Pair("0", "one"), Pair("1", "t\"wo")));
}

TEST(Yaml, NamesTheLineThatItCantRead) {
  const auto of = [](const std::string& text) {
    return refusal([&] {
      const YamlMapping yaml(text, "file");
      yaml.word("w");
      yaml.list("l");
      yaml.pairs("m");
    });
  };
  EXPECT_THAT(of("a: 1\nnonsense\n"), HasSubstr("line 2: is 'nonsense'"));
  EXPECT_THAT(of("  a: 1\n"), HasSubstr("line 1: is indented"));
  EXPECT_THAT(of("a: 1\n\na: 2\n"), HasSubstr("line 3: the key 'a' is there twice"));
  EXPECT_THAT(of("w: [a, b]\n"), HasSubstr("expected one word"));
  EXPECT_THAT(of("l: [a, b\n"), HasSubstr("expected ']'"));
  EXPECT_THAT(of("l: [a, [b]]\n"), HasSubstr("list inside a list"));
  EXPECT_THAT(of("l:\n  0: a\n"), HasSubstr("expected a list"));
  EXPECT_THAT(of("m: {a, b}\n"), HasSubstr("expected 'key: word'"));
  EXPECT_THAT(of(std::string("m: a\0b\n", 7)), HasSubstr("NUL"));
}

TEST(Yolo, ReadsBoxesAndPolygons) {
  std::vector<std::string> problems;
  const auto boxes =
      parse_yolo_labels("0 0.5 0.5 0.2 0.4\r\n\n2.0 .1 .2 .5 .2 .5 .6\n", 3,
                        [&](const auto& kind, const auto& message) { problems.push_back(kind + message); });
  EXPECT_THAT(problems, ElementsAre());
  ASSERT_EQ(boxes.size(), 2u);
  EXPECT_EQ(boxes[0].height, 0.4);
  EXPECT_EQ(boxes[1].class_index, 2u);
  EXPECT_NEAR(boxes[1].x, 0.3, 1e-12);
  EXPECT_NEAR(boxes[1].width, 0.4, 1e-12);
  EXPECT_NEAR(boxes[1].height, 0.4, 1e-12);
}

TEST(Yolo, LeavesBadLinesOut) {
  std::vector<std::string> problems;
  const auto boxes = parse_yolo_labels(
      "0 .5 .5 .1\n3 .5 .5 .1 .1\n-1 .5 .5 .1 .1\n0.5 .5 .5 .1 .1\n0 nan .5 .1 .1\n0 .5 .5 1.1 .1\n0 320 240 64 48\n"
      "x .5 .5 .1 .1\n0 .5 .5 .1 .1x\n1e300 .5 .5 .1 .1\n0 .5 .5 .1 .1 .9\n1 .5 .5 .1 .1\n",
      3, [&](const auto& kind, const auto& message) { problems.push_back(kind + ": " + message); });
  EXPECT_EQ(boxes.size(), 1u);
  EXPECT_THAT(
      problems,
      ElementsAre(HasSubstr("line 1: has 4 fields"), HasSubstr("line 2: the class is 3, expected one of 0 to 2"),
                  HasSubstr("class is -1"), HasSubstr("whole number"), HasSubstr("outside: line 5: nan"),
                  HasSubstr("outside: line 6: 1.1"),
                  HasSubstr("format: line 7: 320 is not between 0 and 1; are these pixels"), HasSubstr("class is 'x'"),
                  HasSubstr("'.1x' is no number"), HasSubstr("class is 1e300"), HasSubstr("line 11: has 6 fields")));
}

TEST(Yolo, ReadsDataYaml) {
  const auto data = parse_yolo_data(
      "path: here\ntrain: images/train\nval: [a.txt, b]\ntest: # none\nnc: 2\nnames: {1: dog, 0: cat}\n", "file");
  EXPECT_EQ(data.path, "here");
  EXPECT_THAT(data.names, ElementsAre("cat", "dog"));
  EXPECT_THAT(data.splits,
              ElementsAre(Pair("train", ElementsAre("images/train")), Pair("val", ElementsAre("a.txt", "b"))));
  const auto of = [](const std::string& text) { return refusal([&] { parse_yolo_data(text, "file"); }); };
  EXPECT_THAT(of("train: a\n"), HasSubstr("no 'names'"));
  EXPECT_THAT(of("names: {0: a, 2: c}\n"), HasSubstr("lacks the class 1"));
  EXPECT_THAT(of("names: {0: a, 00: c}\n"), HasSubstr("class 0 twice"));
  EXPECT_THAT(of("names: {cat: a}\n"), HasSubstr("expected class numbers"));
  EXPECT_THAT(of("names: {99999999999: a}\n"), HasSubstr("expected class numbers"));
  EXPECT_THAT(of("nc: 3\nnames: [a, b]\n"), HasSubstr("'nc' is 3, but there are 2 names"));
}

constexpr const char* kVoc = R"(<?xml version="1.0"?><annotation><folder>x</folder><filename>2007_01.jpg</filename>
<size><width>500</width><height> 375 </height><depth>3</depth></size>
<object><name>dog</name><pose>Left</pose><difficult>1</difficult>
  <bndbox><xmin>1</xmin><ymin>2.5</ymin><xmax>500</xmax><ymax>375</ymax></bndbox>
  <part><name>head</name><bndbox><xmin>9</xmin></bndbox></part></object>
<object><name>c &amp; t</name><bndbox><xmin>10</xmin><ymin>20</ymin><xmax>30</xmax><ymax>40</ymax></bndbox></object>
</annotation>)";

TEST(Voc, ReadsObjects) {
  const auto annotation = parse_voc(kVoc, "file");
  EXPECT_EQ(annotation.file_name, "2007_01.jpg");
  EXPECT_EQ(annotation.width, 500);
  EXPECT_EQ(annotation.height, 375);
  ASSERT_EQ(annotation.objects.size(), 2u);
  EXPECT_EQ(annotation.objects[0].box, (Box{0, 1.5, 500, 375}));
  EXPECT_TRUE(annotation.objects[0].difficult);
  EXPECT_EQ(annotation.objects[1].name, "c & t");
  EXPECT_FALSE(annotation.objects[1].difficult);
}

TEST(Voc, RefusesWhatIsNoAnnotation) {
  const auto of = [](const std::string& text) { return refusal([&] { parse_voc(text, "file"); }); };
  EXPECT_THAT(of(""), HasSubstr("is no XML"));
  EXPECT_THAT(of("{}"), HasSubstr("no"));
  EXPECT_THAT(of("<html></html>"), HasSubstr("no <annotation>"));
  EXPECT_THAT(of(std::string(kVoc).substr(0, 300)), HasSubstr("is no XML"));
  EXPECT_THAT(of("<annotation><size><width>1e99</width></size></annotation>"), HasSubstr("<width> is '1e99'"));
  EXPECT_THAT(of("<annotation><size><height>-4</height></size></annotation>"), HasSubstr("<height>"));
  // An entity of a document type is text, not a file's content and not a billion laughs.
  const auto entity = parse_voc(
      "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><annotation><filename>&x;</filename></annotation>",
      "file");
  EXPECT_EQ(entity.file_name, "&x;");
}

TEST(Voc, LeavesBadObjectsOut) {
  const auto annotation = parse_voc(
      "<annotation><object/><object><name>a</name></object>"
      "<object><name>a</name><bndbox><xmin>5</xmin><ymin>1</ymin><xmax>3</xmax><ymax>9</ymax></bndbox></object>"
      "<object><name>a</name><bndbox><xmin>nan</xmin><ymin>1</ymin><xmax>3</xmax><ymax>9</ymax></bndbox></object>"
      "</annotation>",
      "file");
  EXPECT_TRUE(annotation.objects.empty());
  EXPECT_THAT(annotation.problems,
              ElementsAre(HasSubstr("object 0: has no <name>"), HasSubstr("object 1: <xmin> is ''"),
                          HasSubstr("ends before it begins"), HasSubstr("<xmin> is 'nan'")));
}

TEST(Voc, DeepNestingDoesNotOverflow) {
  std::string deep = "<annotation>";
  for (int i = 0; i < 400'000; ++i) deep += "<a>";
  EXPECT_THAT(refusal([&] { parse_voc(deep, "file"); }), HasSubstr("is no XML"));
  for (int i = 0; i < 400'000; ++i) deep += "</a>";
  EXPECT_TRUE(parse_voc(deep + "</annotation>", "file").objects.empty());
}

}  // namespace
}  // namespace vitral
