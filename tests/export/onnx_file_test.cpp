// Bytes of ONNX files: what protobuf's wire format has to be, and files that are damaged.
#include "export/onnx_file.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/core/error.h"

namespace vitral::onnx {
namespace {

Graph small_graph() {
  Graph graph;
  graph.name = "net";
  graph.description = "d";
  graph.nodes.push_back({"Add",
                         {"images", "w"},
                         {"y"},
                         {{"axis", std::int64_t{-1}},
                          {"scale", 0.5F},
                          {"mode", "linear"},
                          {"pads", std::vector<std::int64_t>{1, 300}},
                          {"value", at::ones({1})}}});
  graph.constants.emplace_back("w", at::tensor({1.0F, 2.0F}));
  graph.inputs.push_back({"images", at::kFloat, {-1, 2}});
  graph.outputs.push_back({"y", at::kFloat, {-1, 2}});
  graph.metadata["key"] = "value";
  return graph;
}

Graph decode_text(const std::string& bytes) {
  return decode(std::as_bytes(std::span(bytes)), "model.onnx");
}

TEST(OnnxFile, BeginsAsProtobufWritesIt) {
  const auto bytes = encode(small_graph(), "1.2");
  // ir_version (field 1) = 8, producer_name (2) = "vitral", producer_version (3) = "1.2", doc_string (6) = "d".
  EXPECT_TRUE(
      bytes.starts_with(std::string("\x08\x08\x12\x06vitral\x1a\x03"
                                    "1.2\x32\x01"
                                    "d\x3a")));
  // opset_import (8) {domain "", version 17}, metadata_props (14) {key, value}.
  EXPECT_TRUE(bytes.ends_with(std::string("\x42\x04\x0a\x00\x10\x11\x72\x0c\x0a\x03key\x12\x05value", 20)));
}

TEST(OnnxFile, WritesTensorsAttributesAndPortsByTheirNumbers) {
  const auto bytes = encode(small_graph(), "1");
  const auto has = [&](const std::string& part) { return bytes.find(part) != std::string::npos; };
  // TensorProto: dims (1) = 2, data_type (2) = FLOAT, name (8), raw_data (9) of 8 bytes, little endian.
  EXPECT_TRUE(has(std::string("\x08\x02\x10\x01\x42\x01w\x4a\x08\x00\x00\x80\x3f\x00\x00\x00\x40", 17)));
  // A negative number takes ten bytes; its kind is INT (type, field 20, = 2).
  EXPECT_TRUE(
      has("\x0a\x04"
          "axis\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\xa0\x01\x02"));
  // FLOAT in four bytes, STRING, INTS (one key a number).
  EXPECT_TRUE(has(std::string("\x0a\x05scale\x15\x00\x00\x00\x3f\xa0\x01\x01", 15)));
  EXPECT_TRUE(has("\x0a\x04mode\x22\x06linear\xa0\x01\x03"));
  EXPECT_TRUE(has("\x0a\x04pads\x40\x01\x40\xac\x02\xa0\x01\x07"));
  // ValueInfoProto: an open dimension is dim_param (2) "batch", a known one dim_value (1).
  EXPECT_TRUE(
      has("\x0a\x06images\x12\x13\x0a\x11\x08\x01\x12\x0d\x0a\x07\x12\x05"
          "batch\x0a\x02\x08\x02"));
}

TEST(OnnxFile, ReadsWhatItWrites) {
  const auto graph = decode_text(encode(small_graph(), "1"));
  EXPECT_EQ(graph.name, "net");
  ASSERT_EQ(graph.nodes.size(), 1u);
  const auto& node = graph.nodes[0];
  EXPECT_EQ(node.op, "Add");
  EXPECT_THAT(node.inputs, testing::ElementsAre("images", "w"));
  EXPECT_EQ(std::get<std::int64_t>(node.attributes.at("axis")), -1);
  EXPECT_EQ(std::get<float>(node.attributes.at("scale")), 0.5F);
  EXPECT_EQ(std::get<std::string>(node.attributes.at("mode")), "linear");
  EXPECT_THAT(std::get<std::vector<std::int64_t>>(node.attributes.at("pads")), testing::ElementsAre(1, 300));
  ASSERT_EQ(graph.constants.size(), 1u);
  EXPECT_TRUE(at::equal(graph.constants[0].second, at::tensor({1.0F, 2.0F})));
  EXPECT_THAT(graph.inputs.at(0).shape, testing::ElementsAre(-1, 2));
  EXPECT_EQ(graph.metadata.at("key"), "value");
}

TEST(OnnxFile, EveryTruncationIsOneErrorOrAShorterGraph) {
  const auto whole = encode(small_graph(), "1");
  std::size_t refused = 0;
  for (std::size_t length = 0; length < whole.size(); ++length) {
    try {
      decode_text(whole.substr(0, length));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::weights);
      EXPECT_EQ(error.subject(), "model.onnx");
      ++refused;
    }
  }
  // Fields behind the graph (the opset, the metadata) end at byte borders of their own: what is left is whole.
  EXPECT_GT(refused, whole.size() - 6);
}

TEST(OnnxFile, EveryChangedByteIsReadOrRefused) {
  const auto whole = encode(small_graph(), "1");
  std::size_t refused = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int flip : {0x01, 0x80, 0xff}) {
      auto damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      try {
        decode_text(damaged);
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::weights);
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 0u);
}

TEST(OnnxFile, SizesThatTheBytesDoNotHoldAreRefused) {
  // A model (7) with a graph whose tensor (5) has 2^40 numbers in four bytes.
  const std::string bytes("\x3a\x11\x2a\x0f\x08\x80\x80\x80\x80\x80\x20\x10\x01\x4a\x04\x00\x00\x00\x00", 19);
  EXPECT_THROW(decode_text(bytes), Error);
  EXPECT_THROW(decode_text("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), Error);  // a key of too many bits
  EXPECT_THROW(decode_text(""), Error);                                              // no graph
}

}  // namespace
}  // namespace vitral::onnx
