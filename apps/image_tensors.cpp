#include "apps/image_tensors.h"

#include "common/core/text.h"

namespace vitral::apps {
namespace {

std::string shape_text(const at::Tensor& tensor) {
  std::vector<std::string> sizes;
  for (const auto size : tensor.sizes()) sizes.push_back(std::to_string(size));
  return "[" + join(sizes) + "]";
}

}  // namespace

InputFile::InputFile(const std::string& path) : path_(path) {
  try {
    const auto checkpoint = weights::open(path);
    for (const char* name : {"images", "mask"}) {
      if (const auto* record = checkpoint.find(name)) found_[name] = weights::describe(*record);
    }
    state_ = weights::to_state_dict(checkpoint);
  } catch (const Error& error) {
    throw Error(ErrorKind::input, "", error.what());  // the same words, but it is the input that can't be read
  }
}

at::Tensor InputFile::images(const LoadedModel& model) const {
  const at::Tensor* images = state_.find("images");
  if (images == nullptr) refuse("has no tensor 'images', expected F32 [B, C, H, W]");
  if (images->dim() != 4 || images->scalar_type() != at::kFloat || images->numel() == 0) {
    refuse("images are " + found_.at("images") + ", expected F32 [B, C, H, W]");
  }
  const auto shape = "images " + shape_text(*images);
  if (images->size(1) != model.record.in_chans) {
    refuse(shape + " have " + std::to_string(images->size(1)) + " channels, " + model.entry->name + " takes " +
           std::to_string(model.record.in_chans));
  }
  const auto fixed = model.net->fixed_size();
  if (fixed && (images->size(2) != (*fixed)[0] || images->size(3) != (*fixed)[1])) {
    refuse(shape + " do not fit " + model.entry->name + ", which takes " + std::to_string((*fixed)[0]) + "x" +
           std::to_string((*fixed)[1]) + " (--imgsz " + std::to_string(images->size(2)) + "x" +
           std::to_string(images->size(3)) + " adapts it)");
  }
  return *images;
}

at::Tensor InputFile::mask(const at::Tensor& images) const {
  const at::Tensor* mask = state_.find("mask");
  if (mask == nullptr) return {};
  const bool type_fits = mask->scalar_type() == at::kByte || mask->scalar_type() == at::kBool;
  if (!type_fits || mask->sizes() != at::IntArrayRef{images.size(0), images.size(2), images.size(3)}) {
    refuse("mask is " + found_.at("mask") + ", expected U8 or BOOL " + shape_text(images.select(1, 0)) +
           " as the images are");
  }
  const auto padding = mask->view(at::kByte).ne(0);
  const auto hidden = padding.flatten(1).all(1);
  for (std::int64_t i = 0; i < hidden.size(0); ++i) {
    if (hidden[i].item<bool>()) refuse("mask takes the whole of picture " + std::to_string(i) + " for padding");
  }
  return padding;
}

PictureBatch InputFile::batch(const LoadedModel& model) const {
  auto all = images(model);
  auto padding = model.entry->task == Task::detect ? mask(all) : at::Tensor();
  return {std::move(all), std::move(padding)};
}

void InputFile::refuse(const std::string& message) const {
  throw Error(ErrorKind::input, printable(path_), message);
}

}  // namespace vitral::apps
