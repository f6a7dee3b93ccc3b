/// Pictures and videos, as they are after drawing, into files.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apps/console.h"
#include "apps/picture_stream.h"
#include "video/media/writer.h"

namespace vitral::apps {

class AnnotatedOutput {
 public:
  /// `path` is a file where there is one input and the name has an extension of its kind, else a folder. Names follow
  /// the inputs'; JPEG stays JPEG, other pictures become PNG, videos MP4. Throws Error(usage) where an output exists
  /// and `overwrite` is off, or is an input.
  AnnotatedOutput(const std::filesystem::path& path, bool overwrite, const std::vector<PictureSource>& sources,
                  std::int64_t stride, Console& console);
  /// Writes the pixels of `picture`, in which the boxes are.
  void write(const PreparedPicture& picture);
  /// Ends the videos; a line about what was written.
  std::string finish();

 private:
  void write_frame(const PreparedPicture& picture);
  video::Writer& writer_for(const PreparedPicture& picture);
  std::vector<std::filesystem::path> targets_;  ///< one an input
  std::map<std::size_t, std::unique_ptr<video::Writer>> videos_;
  std::map<std::size_t, std::pair<int, int>> sizes_;  ///< of the videos
  std::filesystem::path path_;
  bool overwrite_;
  std::int64_t stride_;
  Console& console_;
  std::size_t pictures_ = 0;
};

}  // namespace vitral::apps
