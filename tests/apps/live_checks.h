/// What the records and the summary of a run with live sources have to keep, and a camera for it.
#pragma once

#include <nlohmann/json.hpp>

#include "tests/apps/program.h"
#include "tests/support/mjpeg_server.h"

namespace vitral::test {

/// A red square that moves right by 4 pixels each, and begins again after 20.
image::Image camera_picture(int i);
/// Pictures for as long as somebody looks, `rate` a second.
MjpegServer::Script endless(double rate);

/// The summary, which is the last record. Checks the identity of the counts, of the run and of each source.
nlohmann::json summary_of(const std::vector<nlohmann::json>& all);
/// The frame numbers of a source. Checks that they and their times rise.
std::vector<std::int64_t> frames_of(const std::vector<nlohmann::json>& all, const std::string& source);
std::size_t error_lines(const std::string& errors);

}  // namespace vitral::test
