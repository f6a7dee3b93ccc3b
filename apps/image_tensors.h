/// Ready-made input tensors from a file.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "common/runtime/loader.h"
#include "common/weights/state_dict.h"

namespace vitral::apps {

/// A safetensors file of `images` F32 [B, C, H, W] and, for detectors, `mask` U8 or BOOL [B, H, W], 1 = padding.
/// What is wrong with it is thrown as Error(input) in the file's name.
class InputFile {
 public:
  explicit InputFile(const std::string& path);
  /// `images`, checked against what the network takes.
  at::Tensor images(const LoadedModel& model) const;
  /// `mask` as bool [B, H, W], true = padding, or nothing where the file has none.
  at::Tensor mask(const at::Tensor& images) const;
  /// Both; the mask only for detectors.
  PictureBatch batch(const LoadedModel& model) const;

 private:
  [[noreturn]] void refuse(const std::string& message) const;

  std::string path_;
  weights::StateDict state_;
  std::map<std::string, std::string> found_;  ///< dtype and shape in words
};

}  // namespace vitral::apps
