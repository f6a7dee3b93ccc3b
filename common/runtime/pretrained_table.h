/// Published checkpoints as rows of a table, so that a family's catalogue reads like the page it was taken from.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/runtime/registry.h"

namespace vitral {

/// Where a file lies. `hub`: only on the Hugging Face hub, under timm/<name>.<tag>.
enum class Host {
  hub,
  vit_augreg,   ///< storage.googleapis.com/vit_models/augreg
  vit_sam,      ///< storage.googleapis.com/vit_models/sam
  deit,         ///< dl.fbaipublicfiles.com/deit
  dino,         ///< dl.fbaipublicfiles.com/dino/<stem without _pretrain>
  mae,          ///< dl.fbaipublicfiles.com/mae/pretrain
  semi_weak,    ///< dl.fbaipublicfiles.com/semiweaksupervision/model_files
  torchvision,  ///< download.pytorch.org/models
  swin_1_0_0,   ///< github.com/SwinTransformer/storage, by release
  swin_1_0_8,
  swin_2_0_0,
  timm_vitjx,  ///< github.com/huggingface/pytorch-image-models, by release
  timm_weights,
  timm_rsb,
  timm_tresnet,
  gluon,  ///< github.com/rwightman/pytorch-pretrained-gluonresnet
  tnt,    ///< github.com/huawei-noah/Efficient-AI-Backbones
};

enum class Licence { apache2, mit, bsd3, cc_by_nc4 };

/// Channel statistics that pictures are normalised with.
enum class Statistics {
  imagenet,  ///< mean 0.485 0.456 0.406, std 0.229 0.224 0.225
  half,      ///< 0.5, 0.5
  unit,      ///< 0, 1
};

/// One row: a checkpoint with timm's preprocessing (crop_pct, centre crop) at a square size.
struct PretrainedRow {
  std::string_view model, tag, file;
  Host host;
  int size;
  double crop_pct;
  Interpolation interpolation;
  Statistics statistics;
  std::int64_t num_classes;
  Licence licence;
  double top1, top5;
};

/// One row of torchvision's table: short side to `resize`, centre crop to `size`.
struct TorchvisionRow {
  std::string_view model, alias, file;
  int resize, size;
  Interpolation interpolation;
  Licence licence;
  double top1, top5;
  double mebibytes;  ///< the file's length as torchvision states it ("_file_size", in units of 2^20 bytes)
};

/// One repository on the Hugging Face hub in transformers' layout: both sides to `resize`, centre crop to `size`.
struct HubRow {
  std::string_view model, repository;
  int resize, size;
  Interpolation interpolation;
  Statistics statistics;
  Licence licence;
  std::int64_t num_classes;
  ResizeRule rule = ResizeRule::squash;
};

/// transformers' file of a repository ("facebook/detr-resnet-50") on the hub.
std::string hub_url(std::string_view repository);
std::string url(Host host, std::string_view file, std::string_view hub_name);
std::string_view to_string(Licence licence);

/// The eight hex digits of SHA-256 that torchvision and Facebook put at the end of a file's name ("…-1a2b3c4d.pth").
std::string hash_in_name(std::string_view file);

/// The layout of a file at that host: npz files are JAX's, and the authors' own files differ from timm's.
std::string_view origin_of(Host host, std::string_view file);

/// All rows of `model`, in the order of the tables: timm's first. A file that stands in several has one size.
std::vector<Pretrained> pretrained_of(std::string_view model, std::span<const PretrainedRow> rows,
                                      std::span<const TorchvisionRow> torchvision = {},
                                      std::span<const HubRow> hub = {});

/// The torchvision names of `model`.
std::vector<std::string> aliases_of(std::string_view model, std::span<const TorchvisionRow> torchvision);

}  // namespace vitral
