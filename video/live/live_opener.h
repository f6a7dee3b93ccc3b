/// What can be watched live: addresses and cameras.
#pragma once

#include <string>

#include "video/live/live_source.h"

namespace vitral::video {

/// The opener of an address (network_opener) or of a camera (camera_opener), with their errors.
LiveOpener live_opener(const std::string& source);

}  // namespace vitral::video
