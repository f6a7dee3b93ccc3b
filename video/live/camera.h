/// Cameras of this machine, by FFmpeg's libavdevice and Video4Linux.
#pragma once

#include <string>

#include "common/core/error.h"
#include "video/live/live_source.h"

struct AVInputFormat;

namespace vitral::video {

/// True for "/dev/videoN", for what is below "/dev/v4l/", and for a number of up to three digits that names no file.
bool names_camera(const std::string& text);

/// "0" -> "/dev/video0"; anything else as it is.
std::string camera_device(const std::string& camera);

/// The opener of a camera, with the size, format and rate that its driver has. Throws Error(unavailable) where
/// libavdevice is not installed. What it opens throws Error(input) for no such device, no access and what is no camera,
/// Error(lost) for a camera that another program uses.
LiveOpener camera_opener(const std::string& camera);

/// One of libavdevice's inputs ("v4l2"). The library is looked for when it is asked for, and not before: it brings two
/// hundred others along. Throws Error(unavailable, `subject`) where it is not there or does not have it.
const AVInputFormat& input_device(const char* name, const std::string& subject);

/// What FFmpeg's code `error` means when the camera `name` is opened, and what to do about it.
Error camera_refusal(const std::string& name, int error);

}  // namespace vitral::video
