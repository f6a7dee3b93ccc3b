/// What FFmpeg takes pictures out of while they come: streams of the network, devices. Inside this folder only.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/core/error.h"
#include "video/live/live_source.h"
#include "video/media/stream.h"

namespace vitral::video {

struct Demuxed {
  std::string name;                       ///< for messages
  std::string url;                        ///< as FFmpeg calls it
  const AVInputFormat* device = nullptr;  ///< nothing for a stream, whose format is found by looking at it
  std::vector<std::pair<std::string, std::string>> options;
  /// FFmpeg's code of why it can't be opened as an Error: input where trying again does not help, else lost.
  Error (*refusal)(const std::string& name, int error);
};

/// Opens until `deadline` has passed. Throws the refusal, and Error(input) where no video is in it.
std::unique_ptr<LiveSource> open_demuxed(const Demuxed& what, const Deadline& deadline);

}  // namespace vitral::video
