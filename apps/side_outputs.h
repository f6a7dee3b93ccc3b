/// Outputs that a run does not wait for: what was found, cut out, and records sent to an address.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/console.h"
#include "apps/findings.h"
#include "apps/picture_stream.h"
#include "common/runtime/native.h"
#include "video/sinks/crop_folder.h"
#include "video/sinks/webhook.h"

namespace vitral::apps {

/// --crops, --webhook, --webhook-token-file.
struct SideFlags {
  std::string crops, webhook, token_file;
  void add(CLI::App& app);
  /// Throws Error(usage) for an address that can't be posted to, and for a file without a token.
  void check() const;
  http::Poster poster() const;
};

class SideOutputs {
 public:
  /// `classes` gives the names of the folders; it outlives the object. Throws Error(usage) where the folder of crops
  /// holds something and `overwrite` is off.
  SideOutputs(const SideFlags& flags, bool overwrite, const std::vector<PictureSource>& sources,
              const NativeRecord& classes);
  explicit operator bool() const { return crops_ || webhook_; }
  /// The pictures as they came are needed, with nothing drawn on them.
  bool wants_pictures() const { return crops_ != nullptr; }

  /// `line` is the record. Sent are those with events, where lines and areas are watched, else those with detections.
  void write(const PreparedPicture& picture, const Findings& found, const std::string& line);

  /// Waits a moment for what is on its way and says what was lost: {"crops":{"done":…,"failed":…,"dropped":…}}.
  nlohmann::ordered_json finish(Console& console);

 private:
  void cut_out(const PreparedPicture& picture, const Findings& found);
  const NativeRecord& classes_;
  std::vector<std::string> stems_;
  std::unique_ptr<video::Spool<video::Crop>> crops_;
  std::unique_ptr<video::Spool<std::string>> webhook_;
};

}  // namespace vitral::apps
