#include "common/runtime/picture_uploads.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "common/nn/cuda_stream.h"
#include "common/runtime/cuda_words.h"

namespace vitral {
namespace {

bool is_pillows(ResizeRule rule) {
  return rule != ResizeRule::letterbox && rule != ResizeRule::torchvision_detector;
}

at::Tensor tensor_of(const std::uint8_t* rgb, std::int64_t height, std::int64_t width) {
  return at::from_blob(const_cast<std::uint8_t*>(rgb), {height, width, 3}, at::kByte);
}

/// Levels that stay where they are.
class Kept final : public Upload {
 public:
  explicit Kept(at::Tensor levels) : levels_(std::move(levels)) {}
  at::Tensor wait() const override { return levels_; }

 private:
  at::Tensor levels_;
};

/// What `upload` gives; nothing where the GPU's memory is too small for it.
template <class Work>
std::shared_ptr<const Upload> where_it_fits(const Work& upload) {
  try {
    return upload();
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error)) throw;
  }
  return nullptr;
}

/// Black where the input shows no picture, as on the CPU.
at::Tensor on_ground(const at::Tensor& content, const Placement& p) {
  if (content.size(0) == p.height && content.size(1) == p.width) return content;
  auto levels = at::zeros({p.height, p.width, 3}, content.options());
  levels.narrow(0, p.content_top(), content.size(0)).narrow(1, p.content_left(), content.size(1)).copy_(content);
  return levels;
}

}  // namespace

bool PictureUploads::serve(const Preprocess& preprocess, Task task) {
  if (preprocess.rule == ResizeRule::torchvision_detector) return false;
  return task == Task::detect || !pads_after_normalising(preprocess.rule);
}

PictureUploads::PictureUploads(const Preprocess& preprocess, const at::Device& device, std::shared_ptr<Gpu> gpu)
    : preprocess_(preprocess), device_(device), gpu_(std::move(gpu)) {
  resizes_ = gpu_ != nullptr && is_pillows(preprocess_.rule) &&
             nn::has_kernel_for(at::empty({0}, at::TensorOptions(device_).dtype(at::kByte)));
}

nn::ResizeAxis PictureUploads::UploadedAxis::there() const {
  auto result = axis;
  if (table) result.table = table->wait();
  return result;
}

std::shared_ptr<const PictureUploads::UploadedAxis> PictureUploads::axis(int inputs, int outputs, int begin,
                                                                         int count) const {
  return axes_.get({inputs, outputs, begin, count}, [&] {
    UploadedAxis made{nn::resize_axis(kernels::resample_axis(inputs, outputs, preprocess_.interpolation, begin, count)),
                      nullptr};
    if (made.axis.table.defined()) made.table = gpu_->upload(made.axis.table, {});
    return made;
  });
}

std::shared_ptr<const Upload> PictureUploads::resized(const std::uint8_t* rgb, const Placement& p) const {
  return where_it_fits([&] {
    const auto columns = axis(p.source_width, p.resized_width, std::max(p.left, 0), p.content_width());
    const auto rows = axis(p.source_height, p.resized_height, std::max(p.top, 0), p.content_height());
    const bool rows_first =
        kernels::rows_come_first(p.source_width, p.source_height, p.resized_width, p.resized_height);
    // Of the picture only the rows that the window needs are copied.
    const auto needed = tensor_of(rgb + rows->axis.first * p.source_width * 3, rows->axis.extent, p.source_width);
    return gpu_->upload(needed, [&](const at::Tensor& there) {
      auto from_top = rows->there();
      from_top.first = 0;
      return on_ground(nn::resized(there, columns->there(), from_top, rows_first), p);
    });
  });
}

std::shared_ptr<const Upload> PictureUploads::as_they_are(const std::uint8_t* rgb, std::int64_t height,
                                                          std::int64_t width) const {
  const auto levels = tensor_of(rgb, height, width);
  auto upload = gpu_ ? where_it_fits([&] { return gpu_->upload(levels, {}); }) : nullptr;
  if (upload == nullptr) upload = std::make_shared<const Kept>(levels.clone());
  return upload;
}

}  // namespace vitral
