/// GStreamer pipelines as sources, where this machine's OpenCV has GStreamer.
#pragma once

#include <string>

#include "video/live/live_source.h"

namespace vitral::video {

/// True for elements with " ! " between them, "v4l2src ! image/jpeg ! jpegdec", that are no file's name.
bool names_pipeline(const std::string& text);

/// The opener of a pipeline; one that does not end in an appsink gets one, behind what brings its pictures to RGB.
/// Throws Error(unavailable) where OpenCV or the program was built without GStreamer, and Error(input) with GStreamer's
/// words for a description that it does not understand. What it opens throws Error(lost) where no picture comes. A
/// pipeline's end is a loss: OpenCV does not tell it from a failure. Pictures have the time of their arrival.
LiveOpener pipeline_opener(const std::string& description);

}  // namespace vitral::video
