#include "common/runtime/advice.h"

#include <gtest/gtest.h>

#include "apps/registry.h"
#include "common/nn/init.h"

namespace vitral {
namespace {

/// A file's network and the name that it is loaded under.
struct Mismatch {
  std::string of;  ///< whose weights the file holds
  std::optional<std::int64_t> classes, size;
  std::int64_t channels;
  std::string as;  ///< what the user named
  std::string advice;
};

class Advice : public testing::TestWithParam<Mismatch> {};

TEST_P(Advice, NamesTheFlagsOrTheModel) {
  const auto& mismatch = GetParam();
  const auto registry = apps::make_registry();
  const auto build_options = [&](const ModelEntry& entry) {
    BuildOptions options;
    options.num_classes = entry.pretrained.front().num_classes;
    options.image_size = {entry.preprocess().height, entry.preprocess().width};
    return options;
  };
  const nn::SkipInit skip;
  const auto& file_entry = *registry->resolve(mismatch.of).entry;
  auto of_file = build_options(file_entry);
  if (mismatch.classes) of_file.num_classes = mismatch.classes;
  if (mismatch.size) of_file.image_size = {*mismatch.size, *mismatch.size};
  of_file.in_chans = mismatch.channels;
  const auto file = file_entry.build(of_file);

  const auto& entry = *registry->resolve(mismatch.as).entry;
  const auto asked = build_options(entry);
  NativeRecord record;
  record.num_classes = *asked.num_classes;
  record.height = (*asked.image_size)[0];
  record.width = (*asked.image_size)[1];
  EXPECT_EQ(advice(*registry, entry, record, weights::state_dict_of(file->module())), mismatch.advice);
}

INSTANTIATE_TEST_SUITE_P(
    Files, Advice,
    testing::Values(
        Mismatch{"vit_tiny_patch16_224", 10, {}, 3, "vit_tiny_patch16_224", "--num-classes 10"},
        Mismatch{"vit_tiny_patch16_224", {}, {}, 1, "vit_tiny_patch16_224", "--in-chans 1"},
        Mismatch{"vit_tiny_patch16_224", 10, {}, 4, "vit_tiny_patch16_224", "--num-classes 10 --in-chans 4"},
        Mismatch{"vit_tiny_patch16_224", {}, 320, 3, "vit_tiny_patch16_224", "--imgsz 320"},
        Mismatch{"vit_tiny_patch16_384", {}, {}, 3, "vit_tiny_patch16_224", "--imgsz 384 or -m vit_tiny_patch16_384"},
        Mismatch{"vit_small_patch16_224", 7, {}, 3, "vit_tiny_patch16_224", "-m vit_small_patch16_224 --num-classes 7"},
        Mismatch{"deit_tiny_distilled_patch16_224",
                 {},
                 {},
                 3,
                 "deit_tiny_patch16_224",
                 "-m deit_tiny_distilled_patch16_224"},
        Mismatch{"swin_small_patch4_window7_224",
                 {},
                 {},
                 3,
                 "swin_tiny_patch4_window7_224",
                 "-m swin_small_patch4_window7_224"},
        Mismatch{"swin_base_patch4_window12_384",
                 {},
                 {},
                 3,
                 "swin_base_patch4_window7_224",
                 "-m swin_base_patch4_window12_384"},
        Mismatch{"resnet34", {}, {}, 3, "resnet18", "-m resnet34"},
        Mismatch{"resnet50d", {}, {}, 3, "resnet50", "-m resnet50d"},
        Mismatch{"tnt_b_patch16_224", {}, {}, 3, "tnt_s_patch16_224", "-m tnt_b_patch16_224"},
        Mismatch{"resnet18", {}, {}, 3, "vit_tiny_patch16_224", ""}));

}  // namespace
}  // namespace vitral
