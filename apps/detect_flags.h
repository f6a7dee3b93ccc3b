/// The flags of finding objects, which `detect` and `track` share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/flags.h"
#include "apps/live_view.h"
#include "apps/picture_stream.h"
#include "apps/video_options.h"

namespace vitral::apps {

struct DetectFlags {
  ConsoleFlags console;
  ModelFlags model;
  ComputeFlags compute;
  OutputFlags output;
  std::vector<std::string> inputs, classes;
  std::string confidence = "0.5", tile, save_txt, coco_json;
  std::int64_t max_detections = 300;
  std::optional<double> nms;
  double overlap = 0.2;
  VideoOptions video;
  bool show = false;
  LiveViewFlags view;

  /// `needs_model` false: INPUT and -m may be left out as far as CLI11 is concerned.
  void add(CLI::App& app, bool needs_model = true);
  /// Throws Error(usage) for values that can be judged before any file is opened.
  void check() const;
  std::optional<Tiling> tiling() const;
};

}  // namespace vitral::apps
