#include "apps/backbones.h"

#include <map>

#include "cnn/resnet.h"
#include "common/core/error.h"

namespace vitral::apps {
namespace {

const std::map<std::int64_t, cnn::ResNetOptions::Depths> kDepths = {
    {18, {2, 2, 2, 2}}, {34, {3, 4, 6, 3}}, {50, {3, 4, 6, 3}}, {101, {3, 4, 23, 3}}};

std::shared_ptr<Backbone> resnet(const detr::BackboneSpec& spec) {
  const auto depths = kDepths.find(spec.depth);
  if (depths == kDepths.end()) {
    throw Error(ErrorKind::failed, "backbone", "ResNet-" + std::to_string(spec.depth) + " is none of 18, 34, 50, 101");
  }
  const auto options = cnn::ResNetOptions()
                           .block(spec.depth < 50 ? cnn::BlockKind::basic : cnn::BlockKind::bottleneck)
                           .depths(depths->second)
                           .width(spec.width)
                           .deep(spec.deep)
                           .project_first(spec.project_first)
                           .norm(spec.frozen ? nn::NormKind::frozen : nn::NormKind::batch)
                           .dilate_last(spec.dilate_last)
                           .levels(spec.levels)
                           .in_chans(spec.in_chans)
                           .num_classes(0);
  return cnn::ResNet(options).ptr();
}

}  // namespace

detr::BackboneFactory resnet_backbones() {
  return resnet;
}

}  // namespace vitral::apps
