/// Tracks as MOTChallenge text, a file a source.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apps/findings.h"
#include "apps/picture_stream.h"
#include "common/core/file.h"

namespace vitral::apps {

class MotText {
 public:
  /// `path` is the file of a single source, else a folder of <stem>.txt. Throws Error(usage) where a file exists and
  /// `overwrite` is off.
  MotText(const std::string& path, bool overwrite, const std::vector<PictureSource>& sources);
  /// Adds the tracks of a frame; its number in the file is the frame's index + 1.
  void write(const PreparedPicture& picture, const Findings& found);
  /// Makes the files appear.
  void finish();

 private:
  std::vector<std::unique_ptr<AtomicFile>> files_;  ///< one a source
};

}  // namespace vitral::apps
