/// What INPUT means: pictures, folders of them, globs, lists, standard input.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/core/limits.h"
#include "common/image/image.h"

namespace vitral::apps {

/// One picture to read.
struct PictureSource {
  std::string name;            ///< as the user gave it, or the path below a folder
  std::filesystem::path path;  ///< empty: standard input
  std::size_t index = 0;       ///< its place among the inputs
};

/// Expands arguments: a file, a folder (its pictures by extension, sorted by bytes), a glob, `@list.txt` (a path a line,
/// relative to the list), `-`. Throws Error(input) for what names nothing, Error(usage) for `-` given twice.
std::vector<PictureSource> expand_inputs(const std::vector<std::string>& arguments);

/// Reads and decodes. Throws Error(input).
image::Image read_picture(const PictureSource& source, const Limits& limits = {});

}  // namespace vitral::apps
