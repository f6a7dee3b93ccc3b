#include "common/runtime/runner.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/full.h>

#include <exception>
#include <optional>

#include "common/core/error.h"
#include "common/nn/cuda_stream.h"
#include "common/nn/pictures.h"
#include "common/runtime/cuda_words.h"
#include "common/runtime/device.h"

namespace vitral {
namespace {

std::int64_t rounded_up(std::int64_t side, std::int64_t multiple) {
  return (side + multiple - 1) / multiple * multiple;
}

/// Zeros to the right and below, where the mask says that no picture is.
PictureBatch padded_on(const PictureBatch& batch, std::int64_t multiple) {
  const std::int64_t height = batch.images.size(2), width = batch.images.size(3);
  const std::int64_t rows = rounded_up(height, multiple), columns = rounded_up(width, multiple);
  if (rows == height && columns == width) return batch;
  auto mask = at::full({batch.mask.size(0), rows, columns}, true, batch.mask.options());
  mask.narrow(1, 0, height).narrow(2, 0, width).copy_(batch.mask);
  return {at::constant_pad_nd(batch.images, {0, columns - width, 0, rows - height}, 0), std::move(mask)};
}

}  // namespace

Runner::Runner(RunnerOptions options, std::shared_ptr<Gpu> gpu)
    : options_(std::move(options)),
      normalization_(kernels::normalization_of(options_.preprocess)),
      gpu_(std::move(gpu)) {
  if (gpu_ && options_.graphs) replays_ = std::make_unique<ReplayCache>(gpu_->recorder());
}

at::Tensor Runner::place(const at::Tensor& images) const {
  const bool travels = gpu_ != nullptr && images.is_cpu();
  const auto there = travels ? gpu_->upload(images.contiguous(), {})->wait() : images;
  const auto dtype = nn::scalar_type(options_.precision);
  if (!nn::are_levels(images)) return there.to(options_.device, dtype);
  const auto levels = there.to(options_.device);
  if (options_.takes_levels && nn::has_cuda_kernels(levels)) return levels;
  return nn::normalized(levels, normalization_, dtype);
}

PictureBatch Runner::place(const PictureBatch& batch) const {
  // Without a single padded pixel there is nothing to mask.
  const bool padded = batch.mask.defined() && batch.mask.any().item<bool>();
  const PictureBatch placed{place(batch.images), padded ? batch.mask.to(options_.device) : at::Tensor()};
  if (padded && nn::are_levels(batch.images) && pads_after_normalising(options_.preprocess.rule)) {
    placed.images.masked_fill_(placed.mask.unsqueeze(1), 0);
  }
  return padded && on_gpu() && options_.side_multiple > 0 ? padded_on(placed, options_.side_multiple) : placed;
}

void Runner::run(const std::string& tag, const Inputs& inputs, const ReplayCache::Work& work,
                 const ReplayCache::Use& use) const {
  if (replays_) {
    replays_->run(tag, inputs, work, use);
  } else {
    use(work(inputs));
  }
}

void Runner::guarded(const at::Tensor& images, const std::function<void()>& work) const {
  if (!on_gpu()) return work();
  try {
    return work();
  } catch (const std::exception& error) {
    if (!is_out_of_memory(error)) throw;
  }
  // What the work held is free by now; recordings hold memory of their own.
  if (replays_) replays_->clear();
  std::optional<GpuMemory> memory;
  if (gpu_) {
    gpu_->free_cache();
    memory = gpu_->memory();
  }
  Demand demand{.precision = to_string(options_.precision)};
  if (images.defined()) {
    const std::int64_t first = nn::are_levels(images) ? 1 : 2;  // of the sides
    demand = {images.size(0), images.size(first), images.size(first + 1), demand.precision};
  }
  throw Error(ErrorKind::unavailable, "model " + options_.model,
              out_of_memory_text(demand, memory ? &*memory : nullptr));
}

}  // namespace vitral
