// `vitral export`: what is written and reported, and what is refused before any work.
#include <nlohmann/json.hpp>

#include "tests/apps/fixture.h"

namespace vitral::test {
namespace {

using nlohmann::json;

class Export : public ProgramTest {};

TEST_F(Export, WritesOnnxAndReportsItsParity) {
  const auto outcome =
      run({"export", "-m", "./model.safetensors", "-o", "net.onnx", "--dynamic", "--verify", "2", "--json", "-", "-q"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto report = json::parse(outcome.out);
  EXPECT_EQ(report["schema"], "vitral.export/1");
  EXPECT_EQ(report["model"], "vit_tiny_patch16_224");
  EXPECT_EQ(report["bytes"], std::filesystem::file_size(folder / "net.onnx"));
  EXPECT_EQ(report["inputs"], json::parse(R"([{"name":"images","shape":["batch",3,32,32]}])"));
  EXPECT_EQ(report["outputs"], json::parse(R"([{"name":"logits","shape":["batch",2]}])"));
  EXPECT_TRUE(report["verify"]["passed"].get<bool>());
  EXPECT_LT(report["verify"]["outputs"][0]["relative"].get<double>(), 1e-4);
  EXPECT_NE(slurp(folder / "net.onnx").find(R"("labels":["cat","dog"])"), std::string::npos);
}

TEST_F(Export, HalfIsAboutHalfAsLarge) {
  ASSERT_EQ(run({"export", "-m", "./model.safetensors", "-o", "a.onnx"}).code, 0);
  const auto outcome = run({"export", "-m", "./model.safetensors", "-o", "b.onnx", "--half", "--verify", "1"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out.substr(0, 6), "logits");
  EXPECT_LT(std::filesystem::file_size(folder / "b.onnx"), std::filesystem::file_size(folder / "a.onnx") * 6 / 10);
}

TEST_F(Export, SafetensorsAreTheNativeCheckpoint) {
  ASSERT_EQ(run({"export", "-m", "./model.safetensors", "-o", "copy.safetensors", "--format", "safetensors"}).code, 0);
  EXPECT_EQ(slurp(folder / "copy.safetensors"), slurp(folder / "model.safetensors"));
}

TEST_F(Export, WhatCannotBeDoneIsSaid) {
  expect_error(run({"export", "-m", "./model.safetensors", "-o", "a.png"}), 2, "a.png");
  expect_error(run({"export", "-m", "./model.safetensors", "-o", "model.safetensors", "-y"}), 2, "is an input");
  expect_error(run({"export", "-m", "./model.safetensors", "-o", "x", "--format", "safetensors", "--dynamic"}), 2,
               "--dynamic");
  expect_error(run({"export", "-m", "./model.safetensors", "-o", "x", "--format", "safetensors", "--verify", "1"}), 2,
               "--verify");
  expect_error(run({"export", "-m", "resnet18", "-o", "x"}), 3, "resnet18");
  EXPECT_FALSE(std::filesystem::exists(folder / "x"));
}

}  // namespace
}  // namespace vitral::test
