/// The published sizes, numbers only.
#pragma once

#include <span>
#include <string_view>

#include "detr/deformable_detr.h"
#include "detr/detr.h"
#include "detr/rtdetr.h"

namespace vitral::detr {

struct DetrPreset {
  std::string_view name;
  std::int64_t depth;  ///< of the ResNet
  bool dilated;        ///< DC5
  double gmacs;  ///< mean over the first 100 pictures of COCO val2017 (the paper's table 1, where they are "GFLOPS");
                 ///< the R18's is the R50's times the quotient of both at 800x1066
  std::int64_t params;
  std::string_view file;                 ///< at the authors', empty: a size that they did not publish; the hub's
                                         ///< repository is made from the name
  double ap, ap50;                       ///< box AP of that file on COCO val2017, one picture at a time
  std::string_view panoptic_file;        ///< empty: none published
  double panoptic_ap;                    ///< its box AP
  double mebibytes, panoptic_mebibytes;  ///< of the two files, as the authors' tables state them; 0: they don't
};

std::span<const DetrPreset> detr_presets();

/// One checkpoint of RT-DETR's authors, and where the hub has the same weights.
struct RtDetrFile {
  std::string_view tag, release, file;
  double ap, ap50;       ///< on COCO val2017
  std::string_view hub;  ///< empty: not there
};

struct RtDetrPreset {
  std::string_view name;
  int version;
  std::int64_t resnet, depth, eval_depth;
  double expansion;
  std::int64_t encoder_dim, encoder_hidden;
  nn::Sampling sampling;
  double gmacs;  ///< at 640x640, half of the authors' "FLOPs"
  std::int64_t params;
  std::span<const RtDetrFile> files;
};

std::span<const RtDetrPreset> rtdetr_presets();
/// Without a backbone factory.
RtDetrOptions options_of(const RtDetrPreset& preset);

struct DeformableDetrPreset {
  std::string_view name;
  std::int64_t levels;
  bool dilated, refine, two_stage;
  double gmacs;
  std::int64_t params;
  std::string_view hub;
  double ap;  ///< on COCO val2017
};

std::span<const DeformableDetrPreset> deformable_detr_presets();
/// Without a backbone factory.
DeformableDetrOptions options_of(const DeformableDetrPreset& preset);

/// A few thousand parameters, for tests.
DeformableDetrOptions tiny_deformable_detr(BackboneFactory make_backbone);
RtDetrOptions tiny_rtdetr(BackboneFactory make_backbone);
DetrOptions tiny_detr(BackboneFactory make_backbone);

}  // namespace vitral::detr
