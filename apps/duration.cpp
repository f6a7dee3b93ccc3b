#include "apps/duration.h"

#include <charconv>

#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral::apps {

double parse_seconds(const std::string& text, const std::string& flag) {
  double value = -1;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  const std::string unit(rest, end);
  const double scale = unit.empty() || unit == "s" ? 1 : unit == "ms" ? 1e-3 : unit == "min" ? 60 : -1;
  const double seconds = value * scale;
  if (error == std::errc() && scale > 0 && seconds >= 0 && seconds <= 86'400) return seconds;
  throw Error(ErrorKind::usage, flag,
              "'" + printable(text, 100) + "' is no duration, expected such as 1.5s, 500ms or 2min (at most a day)");
}

}  // namespace vitral::apps
