// Every family exports, and what was written computes what the network does.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "apps/registry.h"
#include "common/core/error.h"
#include "export/half.h"
#include "export/onnx_file.h"
#include "export/verify.h"

namespace vitral::onnx {
namespace {

/// One network a family, in a size that takes a moment.
struct Subject {
  std::string name;
  std::optional<std::array<std::int64_t, 2>> size;  ///< none: the network's own
};

std::ostream& operator<<(std::ostream& out, const Subject& subject) {
  return out << subject.name;
}

LoadedModel model_of(const Subject& subject) {
  static const auto registry = apps::make_registry();
  LoadRequest request;
  request.model = subject.name;
  request.allow_random = true;
  request.image_size = subject.size;
  return load_model(*registry, request);
}

class EveryFamily : public testing::TestWithParam<Subject> {};
class EveryClassifier : public EveryFamily {};

TEST_P(EveryFamily, IsWrittenAndComputesTheSame) {
  const auto model = model_of(GetParam());
  for (const bool dynamic : {false, true}) {
    ExportOptions options;
    options.dynamic = dynamic;
    options.size = input_size(model, GetParam().size);
    const auto file = std::filesystem::temp_directory_path() / ("export_" + GetParam().name + ".onnx");
    write(graph_of(model, options), file, "test", true);
    const auto errors = verify(model, file, options, 2);
    EXPECT_FALSE(errors.empty());
    for (const auto& error : errors)
      EXPECT_LE(error.relative, kTolerance) << error.output << (dynamic ? ", dynamic" : "");
    const auto graph = read(file);
    EXPECT_EQ(graph.inputs.at(0).name, "images");
    EXPECT_EQ(graph.inputs.at(0).shape.at(0), dynamic ? -1 : 1);
    EXPECT_THAT(graph.metadata.at("vitral"), testing::HasSubstr(GetParam().name));
    std::filesystem::remove(file);
  }
}

TEST_P(EveryClassifier, InHalfPrecisionIsCloseAndHalfAsLarge) {
  const auto model = model_of(GetParam());
  ExportOptions options;
  options.size = input_size(model, GetParam().size);
  const auto file = std::filesystem::temp_directory_path() / ("export_half_" + GetParam().name + ".onnx");
  const auto whole = graph_of(model, options);
  write(halved(whole), file, "test", true);
  for (const auto& error : verify(model, file, options, 2)) EXPECT_LE(error.relative, kHalfTolerance) << error.output;
  EXPECT_LT(std::filesystem::file_size(file), encode(whole, "test").size() * 3 / 4);
  EXPECT_EQ(read(file).outputs.at(0).dtype, at::kFloat);
  std::filesystem::remove(file);
}

std::string name_of(const testing::TestParamInfo<Subject>& info) {
  return info.param.name;
}

const std::vector<Subject> kClassifiers{{"vit_tiny_patch16_224", {{64, 64}}},
                                        {"deit_tiny_distilled_patch16_224", {{64, 64}}},
                                        {"fashion_vit", {}},
                                        {"fashion_tnt", {}},
                                        {"fashion_swin", {}},
                                        {"fashion_resnet", {}},
                                        {"resnet18", {{64, 64}}},
                                        {"efficientnet_lite0", {{64, 64}}},
                                        {"swin_tiny_patch4_window7_224", {{64, 96}}},
                                        {"swinv2_tiny_window8_256", {{64, 96}}}};
const std::vector<Subject> kDetectors{
    {"scenes_rtdetr", {}}, {"detr_resnet50", {{64, 96}}}, {"deformable_detr_resnet50", {{64, 96}}}};

INSTANTIATE_TEST_SUITE_P(Classifiers, EveryFamily, testing::ValuesIn(kClassifiers), name_of);
INSTANTIATE_TEST_SUITE_P(Detectors, EveryFamily, testing::ValuesIn(kDetectors), name_of);
INSTANTIATE_TEST_SUITE_P(Half, EveryClassifier, testing::ValuesIn(kClassifiers), name_of);

TEST(Export, RoundedScoresMustNotChooseQueries) {
  const auto model = model_of({"scenes_rtdetr", {}});
  ExportOptions options;
  options.size = input_size(model, {});
  try {
    halved(graph_of(model, options));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_THAT(error.what(), testing::HasSubstr("scenes_rtdetr"));
  }
}

TEST(Export, NetworksOfFinalDetectionsAreRefused) {
  const auto model = model_of({"yolox_nano", {{64, 64}}});
  ExportOptions options;
  options.size = {64, 64};
  try {
    graph_of(model, options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_THAT(error.what(), testing::HasSubstr("yolox_nano"));
  }
}

}  // namespace
}  // namespace vitral::onnx
