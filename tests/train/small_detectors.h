/// DETR and Deformable DETR of a few ten thousand parameters: their published forms are too large to be trained by a
/// test.
#pragma once

#include "cnn/resnet.h"
#include "detr/deformable_detr.h"
#include "detr/detr.h"

namespace vitral::test {

/// Sixteen channels and one block a stage, whatever depth is asked for; its norms learn.
inline std::shared_ptr<Backbone> small_backbone(const detr::BackboneSpec& spec) {
  return cnn::ResNet(cnn::ResNetOptions()
                         .block(cnn::BlockKind::basic)
                         .depths({1, 1, 1, 1})
                         .width(16)
                         .norm(spec.frozen ? nn::NormKind::frozen : nn::NormKind::batch)
                         .levels(spec.levels)
                         .num_classes(0))
      .ptr();
}

inline detr::BackboneSpec levels(std::vector<std::int64_t> levels) {
  detr::BackboneSpec spec;
  spec.levels = std::move(levels);
  spec.frozen = false;
  return spec;
}

inline detr::DetrOptions small_detr() {
  return detr::DetrOptions()
      .backbone(levels({4}))
      .make_backbone(small_backbone)
      .num_classes(2)
      .queries(12)
      .dim(64)
      .heads(4)
      .hidden(128)
      .encoder_depth(2)
      .decoder_depth(2);
}

inline detr::DeformableDetrOptions small_deformable_detr() {
  return detr::DeformableDetrOptions()
      .backbone(levels({2, 3, 4}))
      .make_backbone(small_backbone)
      .num_classes(2)
      .queries(12)
      .layer(detr::DeformableOptions().dim(64).heads(4).levels(4).points(4).hidden(128))
      .groups(8)
      .encoder_depth(2)
      .decoder_depth(2)
      .refine(true);
}

}  // namespace vitral::test
