#include "apps/track_flags.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

#include "apps/duration.h"
#include "common/core/error.h"
#include "common/core/file.h"
#include "common/core/text.h"
#include "video/tracking/zones_file.h"

namespace vitral::apps {
namespace {

constexpr std::uint64_t kLargestFile = 1u << 20;
constexpr double kNewTrackMargin = 0.1;  ///< the authors' distance between a sure detection and one that starts a track

double share_of(const std::string& text, const std::string& subject) {
  double value = -1;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && rest == text.data() + text.size() && value >= 0 && value <= 1) return value;
  throw Error(ErrorKind::usage, subject, "is '" + printable(text, 100) + "', expected a number from 0 to 1");
}

bool switch_of(const std::string& text, const std::string& subject) {
  if (text == "true" || text == "false") return text == "true";
  throw Error(ErrorKind::usage, subject, "is '" + printable(text, 100) + "', expected true or false");
}

/// The keys and values of a flat TOML file.
std::map<std::string, std::string> read_toml(const std::string& path) {
  const std::string text = read_file(path, ErrorKind::usage, kLargestFile);
  if (!is_utf8(text)) throw Error(ErrorKind::usage, printable(path), "is not UTF-8");
  std::map<std::string, std::string> values;
  try {
    std::istringstream stream(text);
    for (const auto& item : CLI::ConfigTOML().from_config(stream)) {
      if (!item.parents.empty() || item.inputs.size() != 1)
        throw Error(ErrorKind::usage, printable(path), "expected lines KEY = VALUE without tables or lists");
      values[item.name] = item.inputs.front();
    }
  } catch (const CLI::Error& error) {
    throw Error(ErrorKind::usage, printable(path),
                std::string("is no TOML that can be read: ") + printable(error.what(), 300));
  }
  return values;
}

}  // namespace

void TrackFlags::add(CLI::App& app) {
  app.add_option("--tracker", tracker, "the tracker's numbers: track, weak, new_track, match, fuse_score, buffer")
      ->type_name("F.toml");
  app.add_option("--track-buffer", buffer, "how long an object that is not seen is remembered (default 1s)")
      ->type_name("DURATION");
  app.add_option("--mot", mot, "MOTChallenge text; for several inputs a folder")->type_name("FILE");
  app.add_option("--zones", zones, "lines and areas whose crossings are counted")->type_name("F.json");
}

TrackSettings TrackFlags::settings() const {
  TrackSettings result;
  if (!tracker.empty()) result.tracker = read_tracker_options(tracker);
  if (!buffer.empty()) result.tracker.buffer_seconds = parse_seconds(buffer, "--track-buffer");
  if (!zones.empty()) result.scene = read_scene(zones);
  return result;
}

TrackerOptions read_tracker_options(const std::string& path) {
  TrackerOptions options;
  bool names_new_track = false;
  for (const auto& [key, value] : read_toml(path)) {
    const std::string subject = printable(path) + ": " + printable(key, 100);
    if (key == "track") {
      options.track_threshold = share_of(value, subject);
    } else if (key == "weak") {
      options.weak_threshold = share_of(value, subject);
    } else if (key == "new_track") {
      options.new_track_threshold = share_of(value, subject);
      names_new_track = true;
    } else if (key == "match") {
      options.match_threshold = share_of(value, subject);
    } else if (key == "fuse_score") {
      options.fuse_score = switch_of(value, subject);
    } else if (key == "buffer") {
      options.buffer_seconds = parse_seconds(value, subject);
    } else {
      const auto nearest = nearest_names(key, {"track", "weak", "new_track", "match", "fuse_score", "buffer"}, 1);
      throw Error(ErrorKind::usage, subject, "is no number of the tracker; nearest: " + nearest.front());
    }
  }
  if (!names_new_track) options.new_track_threshold = std::min(options.track_threshold + kNewTrackMargin, 1.0);
  return options;
}

}  // namespace vitral::apps
