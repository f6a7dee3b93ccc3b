/// vitral's own checkpoints: safetensors whose metadata say which network it is, how pictures are prepared for it and what
/// its classes are called (docs/formats.md).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/core/preprocess.h"
#include "common/weights/checkpoint.h"

namespace vitral {

/// The record under the metadata key `vitral`.
struct NativeRecord {
  std::string architecture;  ///< a registered name
  std::string origin = "timm";  ///< whose numerics
  std::int64_t num_classes = 1000;
  std::int64_t height = 224, width = 224;  ///< 0: the picture's shape decides
  std::int64_t in_chans = 3;
  Preprocess preprocess;
  std::vector<std::string> labels;  ///< one a class (empty where the class does not occur), or none
  /// Of detectors: the data set's own id of each class; none: the class numbers are the ids.
  std::vector<std::int64_t> category_ids;
  std::string licence;
};

/// What a detector's class is called and numbered outside: "class 7" and 7 where the record says nothing else.
std::string class_label(const NativeRecord& record, std::int64_t class_id);
std::int64_t category_id(const NativeRecord& record, std::int64_t class_id);

/// Metadata to store beside the tensors.
std::map<std::string, std::string> to_metadata(const NativeRecord& record);

/// The record of `checkpoint`, or nothing where it is somebody else's file. Throws Error(weights) where the record is
/// malformed.
std::optional<NativeRecord> native_record(const weights::Checkpoint& checkpoint);

}  // namespace vitral
