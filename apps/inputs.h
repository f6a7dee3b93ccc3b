/// What INPUT means: pictures, folders of them, globs, lists, standard input.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/core/limits.h"
#include "common/image/image.h"
#include "video/media/source.h"

namespace vitral::apps {

/// One picture to read.
struct PictureSource {
  std::string name;            ///< as the user gave it, or the path below a folder
  std::filesystem::path path;  ///< empty: standard input
  std::size_t index = 0;       ///< its place among the inputs
  bool live = false;           ///< `name` is an address or a camera; `path` only names its outputs

  /// A file of frames, or a live source.
  bool is_video() const { return live || video::names_video(path); }
};

/// What counts of a folder's files, by their extensions. Addresses (rtsp://…) and cameras (0, /dev/video0) are
/// inputs where videos are.
enum class FolderHolds { pictures, videos, pictures_and_videos };

/// Expands arguments: a file, a folder (what counts of it, sorted by bytes), a glob, `@list.txt` (a path a line,
/// relative to the list, or where videos are inputs an address or a camera), `-`. Throws Error(input) for what names nothing, Error(usage) for `-` given twice and
/// for an address of a protocol that is not read, Error(unavailable) for a camera where none can be read.
std::vector<PictureSource> expand_inputs(const std::vector<std::string>& arguments,
                                         FolderHolds holds = FolderHolds::pictures);

/// Every n-th source from the i-th on of "i/n" (1/4 … 4/4), all of them where `shard` is empty: n machines with the
/// same arguments do each source once. Throws Error(usage).
std::vector<PictureSource> take_shard(std::vector<PictureSource> sources, const std::string& shard);

/// Reads and decodes. Throws Error(input).
image::Image read_picture(const PictureSource& source, const Limits& limits = {});

}  // namespace vitral::apps
