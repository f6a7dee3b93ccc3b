// The small networks of this family that travel with the program.
#include "common/runtime/bundled.h"

#include "detr/register.h"
#include "detr/rtdetr.h"
#include "detr/weights.h"

namespace vitral::detr {
namespace {

constexpr std::string_view kPaper =
    "Zhao et al. 2024, DETRs Beat YOLOs on Real-time Object Detection, arXiv:2304.08069";

/// RT-DETR with a quarter of the channels of its smallest published form.
RtDetrOptions narrow() {
  BackboneSpec backbone;
  backbone.depth = 18;
  backbone.width = 16;
  backbone.deep = true;
  backbone.project_first = true;
  backbone.frozen = false;
  backbone.levels = {2, 3, 4};
  return RtDetrOptions()
      .backbone(backbone)
      .queries(60)
      .encoder_dim(64)
      .encoder_hidden(256)
      .expansion(0.5)
      .dim(64)
      .heads(4)
      .hidden(256)
      .depth(3);
}

ModelEntry entry_of(const Bundled& row, const Preprocess& preprocess, const RtDetrOptions& options) {
  auto entry = bundled_entry(row, preprocess);
  entry.key_maps = rtdetr_key_maps(1);
  entry.build = [options](const BuildOptions& build) -> std::shared_ptr<Network> {
    auto wanted = options;
    auto backbone = options.backbone();
    backbone.in_chans = build.in_chans;
    wanted.backbone(backbone).dropout(build.dropout);
    if (build.num_classes) wanted.num_classes(*build.num_classes);
    return RtDetr(wanted).ptr();
  };
  return entry;
}

}  // namespace

void register_bundled_rtdetr(Registry& registry, const BackboneFactory& make_backbone) {
  const auto options = narrow().make_backbone(make_backbone);
  const Bundled scenes{"scenes_rtdetr", Task::detect, "detr", kPaper, "fashion_scenes", 10, 0.13, 1282400};
  registry.add(entry_of(scenes, rtdetr_preprocess(160), RtDetrOptions(options).num_classes(10)));
  const Bundled people{"pedestrians_rtdetr", Task::detect, "detr", kPaper, "pedestrians", 1, 0.513, 1279484};
  auto wide = rtdetr_preprocess(288);
  wide.width = 384;
  registry.add(entry_of(people, wide, RtDetrOptions(options).num_classes(1)));
}

}  // namespace vitral::detr
