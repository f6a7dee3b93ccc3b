/// What can be watched live: addresses, cameras and pipelines.
#pragma once

#include <string>

#include "video/live/live_source.h"

namespace vitral::video {

/// True for an address, a camera and a pipeline.
bool names_live(const std::string& text);

/// The opener of an address (network_opener), a camera (camera_opener) or a pipeline (pipeline_opener), with its
/// errors.
LiveOpener live_opener(const std::string& source);

}  // namespace vitral::video
