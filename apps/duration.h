/// Durations as people write them.
#pragma once

#include <string>

namespace vitral::apps {

/// "1s", "1.5s", "500ms", "2min", or plain seconds -> seconds, 0 or more and at most a day. Throws Error(usage, flag).
double parse_seconds(const std::string& text, const std::string& flag);

}  // namespace vitral::apps
