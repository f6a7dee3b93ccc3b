#include "common/runtime/pretrained_table.h"

#include <algorithm>

namespace vitral {
namespace {

struct MeanStd {
  std::array<float, 3> mean, std;
};

MeanStd values(Statistics statistics) {
  switch (statistics) {
    case Statistics::half:
      return {{0.5f, 0.5f, 0.5f}, {0.5f, 0.5f, 0.5f}};
    case Statistics::unit:
      return {{0, 0, 0}, {1, 1, 1}};
    case Statistics::imagenet:
      break;
  }
  return {{0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
}

Preprocess preprocess(ResizeRule rule, int resize, int size, Interpolation interpolation, Statistics statistics) {
  const auto [mean, std] = values(statistics);
  Preprocess result;
  result.rule = rule;
  result.resize = resize;
  result.height = result.width = size;
  result.interpolation = interpolation;
  result.mean = mean;
  result.std = std;
  return result;
}

std::string github(std::string_view project, std::string_view release, std::string_view file) {
  return "https://github.com/" + std::string(project) + "/releases/download/" + std::string(release) + "/" +
         std::string(file);
}

Pretrained from_row(const PretrainedRow& row) {
  Pretrained result;
  result.tag = row.tag;
  result.origin = origin_of(row.host, row.file);
  result.file = row.file;
  result.url = url(row.host, row.file, std::string(row.model) + "." + std::string(row.tag));
  result.hash = hash_in_name(row.file);
  result.licence = to_string(row.licence);
  result.preprocess = preprocess(ResizeRule::timm, 0, row.size, row.interpolation, row.statistics);
  result.preprocess.crop_pct = row.crop_pct;
  result.num_classes = row.num_classes;
  result.top1 = row.top1;
  result.top5 = row.top5;
  return result;
}

Pretrained from_row(const TorchvisionRow& row) {
  Pretrained result;
  result.tag = row.alias;
  result.origin = "torchvision";
  result.file = row.file;
  result.url = url(Host::torchvision, row.file, {});
  result.hash = hash_in_name(row.file);
  result.licence = to_string(row.licence);
  result.preprocess =
      preprocess(ResizeRule::torchvision, row.resize, row.size, row.interpolation, Statistics::imagenet);
  result.top1 = row.top1;
  result.top5 = row.top5;
  result.size = stated_mebibytes(row.mebibytes);
  return result;
}

Pretrained from_row(const HubRow& row) {
  Pretrained result;
  result.tag = row.repository;
  result.origin = "hf";
  result.file = "model.safetensors";
  result.url = hub_url(row.repository);
  result.licence = to_string(row.licence);
  result.preprocess = preprocess(row.rule, row.resize, row.size, row.interpolation, row.statistics);
  result.num_classes = row.num_classes;
  return result;
}

}  // namespace

std::string hub_url(std::string_view repository) {
  return "https://huggingface.co/" + std::string(repository) + "/resolve/main/model.safetensors";
}

std::string url(Host host, std::string_view file_view, std::string_view hub_name) {
  const std::string file(file_view);
  switch (host) {
    case Host::hub:
      return hub_url("timm/" + std::string(hub_name));
    case Host::vit_augreg:
      return "https://storage.googleapis.com/vit_models/augreg/" + file;
    case Host::vit_sam:
      return "https://storage.googleapis.com/vit_models/sam/" + file;
    case Host::deit:
      return "https://dl.fbaipublicfiles.com/deit/" + file;
    case Host::dino:
      return "https://dl.fbaipublicfiles.com/dino/" + file.substr(0, file.find('.')) + "/" + file;
    case Host::mae:
      return "https://dl.fbaipublicfiles.com/mae/pretrain/" + file;
    case Host::semi_weak:
      return "https://dl.fbaipublicfiles.com/semiweaksupervision/model_files/" + file;
    case Host::torchvision:
      return "https://download.pytorch.org/models/" + file;
    case Host::swin_1_0_0:
      return github("SwinTransformer/storage", "v1.0.0", file);
    case Host::swin_1_0_8:
      return github("SwinTransformer/storage", "v1.0.8", file);
    case Host::swin_2_0_0:
      return github("SwinTransformer/storage", "v2.0.0", file);
    case Host::timm_vitjx:
      return github("huggingface/pytorch-image-models", "v0.1-vitjx", file);
    case Host::timm_weights:
      return github("huggingface/pytorch-image-models", "v0.1-weights", file);
    case Host::timm_rsb:
      return github("huggingface/pytorch-image-models", "v0.1-rsb-weights", file);
    case Host::timm_tresnet:
      return github("huggingface/pytorch-image-models", "v0.1-tresnet", file);
    case Host::gluon:
      return github("rwightman/pytorch-pretrained-gluonresnet", "v0.1", file);
    case Host::tnt:
      return github("huawei-noah/Efficient-AI-Backbones", "tnt", file);
  }
  return {};
}

std::string_view to_string(Licence licence) {
  switch (licence) {
    case Licence::mit:
      return "MIT";
    case Licence::bsd3:
      return "BSD-3-Clause";
    case Licence::cc_by_nc4:
      return "CC-BY-NC-4.0";
    case Licence::apache2:
      break;
  }
  return "Apache-2.0";
}

std::string hash_in_name(std::string_view file) {
  const auto dot = file.rfind(".pth");
  if (dot == std::string_view::npos || dot < 9 || file[dot - 9] != '-') return {};
  const auto digits = file.substr(dot - 8, 8);
  const bool hex = std::all_of(digits.begin(), digits.end(),
                               [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  return hex ? std::string(digits) : std::string();
}

std::string_view origin_of(Host host, std::string_view file) {
  if (file.ends_with(".npz")) return "jax";
  switch (host) {
    case Host::deit:
    case Host::dino:
    case Host::mae:
    case Host::swin_1_0_0:
    case Host::swin_1_0_8:
    case Host::swin_2_0_0:
    case Host::tnt:
      return "original";
    case Host::torchvision:
      return "torchvision";
    default:
      return "timm";
  }
}

std::vector<Pretrained> pretrained_of(std::string_view model, std::span<const PretrainedRow> rows,
                                      std::span<const TorchvisionRow> torchvision, std::span<const HubRow> hub) {
  std::vector<Pretrained> result;
  const auto collect = [&](const auto& table) {
    for (const auto& row : table) {
      if (row.model == model) result.push_back(from_row(row));
    }
  };
  collect(rows);
  collect(torchvision);
  collect(hub);
  for (const auto& stated : torchvision) {
    for (auto& each : result) {
      if (each.file == stated.file) each.size = stated_mebibytes(stated.mebibytes);
    }
  }
  return result;
}

std::vector<std::string> aliases_of(std::string_view model, std::span<const TorchvisionRow> torchvision) {
  std::vector<std::string> result;
  for (const auto& row : torchvision) {
    if (row.model == model) result.emplace_back(row.alias);
  }
  return result;
}

}  // namespace vitral
