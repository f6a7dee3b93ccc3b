#include "apps/run_report.h"

#include <algorithm>

#include "common/core/error.h"

namespace vitral::apps {
namespace {

const char* reason_of(const PreparedPicture& picture) {
  switch (picture.failure) {
    case Failure::lost:
      return "lost";
    case Failure::damaged:
      return "damaged";
    default:
      return "unreadable";
  }
}

double latency_ms(const PreparedPicture& picture) {
  if (!picture.frame || !picture.frame->captured) return picture.times.total();
  const auto age = std::chrono::steady_clock::now() - *picture.frame->captured;
  return std::chrono::duration<double, std::milli>(age).count();
}

std::uint64_t sum(const std::map<std::string, std::uint64_t>& counts) {
  std::uint64_t all = 0;
  for (const auto& [reason, count] : counts) all += count;
  return all;
}

}  // namespace

void RunReport::skip(const PreparedPicture& picture) {
  const bool is_lost = picture.failure == Failure::lost;
  if (strict_ && !is_lost) throw Error(ErrorKind::input, "", picture.error);
  (is_lost ? last_lost_ : last_error_) = picture.error;
  if (is_lost) ++lost_;
  ++failures_[picture.source.index];
  summary_.failed(picture.source.name, reason_of(picture), picture.error);
  // The only input that fails is the run's one error line, not a warning before it.
  if (!is_lost && (sources_ > 1 || summary_.outputs() > 0)) console_.warning("skipped: " + picture.error);
}

double RunReport::succeeded(const PreparedPicture& picture) {
  const double latency = latency_ms(picture);
  summary_.succeeded(latency);
  if (picture.frame) ++outputs_[picture.source.index];
  return latency;
}

void RunReport::add(const std::vector<std::pair<PictureSource, FeederCounts>>& sources) {
  auto rows = nlohmann::ordered_json::array();
  bool any_live = false;
  for (const auto& [source, counts] : sources) {
    for (const auto& [reason, frames] : counts.dropped) summary_.dropped(reason, frames);
    for (const auto& [reason, frames] : counts.failed) summary_.failed(reason, frames);
    any_live = any_live || source.live;
    const auto out = outputs_[source.index], failed = failures_[source.index];
    rows.push_back({{"source", source.name},
                    {"frames_in", out + failed + sum(counts.dropped) + sum(counts.failed)},
                    {"frames_out", out},
                    {"dropped", counts.dropped},
                    {"failed", failed + sum(counts.failed)},
                    {"reconnects", counts.reconnects}});
  }
  if (any_live) summary_.add("per_source", std::move(rows));
}

void RunReport::finish(bool interrupted) {
  const auto failures = summary_.failures();
  if (summary_.outputs() == 0 && failures > lost_ && !interrupted) {
    throw Error(ErrorKind::input, "",
                failures == 1
                    ? last_error_
                    : "none of " + std::to_string(failures) + " inputs is readable; the last: " + last_error_);
  }
  if (json_) json_.write(json_line(summary_.json(sources_)));
  json_.finish();
  if (failures > lost_)
    console_.warning(std::to_string(failures - lost_) + " of " + std::to_string(summary_.outputs() + failures) +
                     " inputs skipped");
}

void RunReport::check_lost() const {
  if (lost_ == 0) return;
  throw Error(ErrorKind::lost, "",
              lost_ == 1 ? last_lost_ : std::to_string(lost_) + " live sources were lost; the last: " + last_lost_);
}

}  // namespace vitral::apps
