/// What was found in a picture, for programs and for people.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "apps/findings.h"
#include "apps/picture_stream.h"
#include "common/runtime/native.h"

namespace vitral::apps {

/// The record vitral.detections/1. `classes` says what the class numbers mean.
nlohmann::ordered_json detection_record(const PreparedPicture& picture, const Findings& found,
                                        const NativeRecord& classes);

/// A line for the picture and one for each detection.
std::string detection_text(const PreparedPicture& picture, const Findings& found,
                           const NativeRecord& classes);

}  // namespace vitral::apps
