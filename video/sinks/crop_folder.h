/// What was found, cut out: a folder a class, a file an object.
#pragma once

#include <filesystem>

#include "common/image/image.h"
#include "video/sinks/spool.h"

namespace vitral::video {

struct Crop {
  std::string label;  ///< names its folder
  std::string stem;   ///< names its file
  image::Image picture;
};

/// Writes `folder/label/stem.jpg`, each file whole or not at all. `patience`: see SpoolRules.
std::unique_ptr<Spool<Crop>> crop_folder(const std::filesystem::path& folder, bool overwrite,
                                         std::chrono::milliseconds patience);

/// A label as the name of a file: what leads elsewhere or can't be printed becomes '_'.
std::string file_name(const std::string& label);

}  // namespace vitral::video
