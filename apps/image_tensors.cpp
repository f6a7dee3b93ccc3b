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

at::Tensor read_images(const std::string& path, const LoadedModel& model) {
  const auto refuse = [&](const std::string& message) { throw Error(ErrorKind::input, printable(path), message); };
  weights::StateDict state;
  std::string found;
  try {
    const auto checkpoint = weights::open(path);
    if (const auto* record = checkpoint.find("images")) found = weights::describe(*record);
    state = weights::to_state_dict(checkpoint);
  } catch (const Error& error) {
    throw Error(ErrorKind::input, "", error.what());  // the same words, but it is the input that can't be read
  }
  const at::Tensor* images = state.find("images");
  if (images == nullptr) refuse("has no tensor 'images', expected F32 [B, C, H, W]");
  if (images->dim() != 4 || images->scalar_type() != at::kFloat || images->numel() == 0) {
    refuse("images are " + found + ", expected F32 [B, C, H, W]");
  }
  if (images->size(1) != model.record.in_chans) {
    refuse("images " + shape_text(*images) + " have " + std::to_string(images->size(1)) + " channels, " +
           model.entry->name + " takes " + std::to_string(model.record.in_chans));
  }
  const auto fixed = model.net->fixed_size();
  if (fixed && (images->size(2) != (*fixed)[0] || images->size(3) != (*fixed)[1])) {
    refuse("images " + shape_text(*images) + " do not fit " + model.entry->name + ", which takes " +
           std::to_string((*fixed)[0]) + "x" + std::to_string((*fixed)[1]) + " (--imgsz " +
           std::to_string(images->size(2)) + "x" + std::to_string(images->size(3)) + " adapts it)");
  }
  return *images;
}

}  // namespace vitral::apps
