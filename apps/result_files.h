/// Detections in the forms that other programs read: YOLO text and COCO results.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "apps/picture_stream.h"
#include "common/core/box.h"
#include "common/core/file.h"
#include "common/runtime/native.h"

namespace vitral::apps {

/// One text file a picture or frame: "class x y width height" a line, the box's centre and size as shares of the
/// picture.
class YoloText {
 public:
  /// Throws Error(usage) where a picture's file exists and `overwrite` is off.
  YoloText(std::filesystem::path folder, bool overwrite, const std::vector<PictureSource>& sources);
  void write(const PreparedPicture& picture, std::span<const ScoredBox> boxes);

 private:
  std::filesystem::path folder_;
  bool overwrite_;
  std::vector<std::string> stems_;
};

/// The number that stands for each picture in COCO results: the last number in its file name where every name has one
/// of its own, else its place among the inputs, from 1; nothing where the inputs hold a video (frames are counted
/// then).
std::optional<std::vector<std::int64_t>> coco_image_ids(const std::vector<PictureSource>& sources);

/// [{"image_id":…,"category_id":…,"bbox":[x,y,w,h],"score":…,"file_name":…},…], a result a line.
class CocoResultsFile {
 public:
  CocoResultsFile(const std::string& path, bool overwrite, const std::vector<PictureSource>& sources);
  void write(const PreparedPicture& picture, std::span<const ScoredBox> boxes, const NativeRecord& classes);
  void finish();

 private:
  std::int64_t image_id(const PreparedPicture& picture);
  AtomicFile file_;
  std::optional<std::vector<std::int64_t>> ids_;
  bool one_video_;
  std::int64_t running_ = 0;
  bool any_ = false;
};

}  // namespace vitral::apps
