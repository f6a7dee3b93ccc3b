#include "apps/page_stats.h"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "apps/records.h"
#include "video/live/protocols.h"

namespace vitral::apps {
namespace {

constexpr std::chrono::seconds kRateSpan{5};
constexpr std::size_t kMostGiven = 5'000, kMostLatencies = 200, kMostEvents = 100;

std::uint64_t sum(const std::map<std::string, std::uint64_t>& counts) {
  std::uint64_t all = 0;
  for (const auto& [reason, count] : counts) all += count;
  return all;
}

std::string time_of_day() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[16];
  std::strftime(text, sizeof text, "%H:%M:%S", &local);
  return text;
}

}  // namespace

PageStats::PageStats(const std::vector<PictureSource>& sources) : sources_(sources.size()) {
  for (const auto& source : sources) sources_[source.index].name = video::without_password(source.name);
}

void PageStats::succeeded(const PreparedPicture& picture, const Findings& found, double latency_ms,
                          Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  Source& source = sources_[picture.source.index];
  ++source.frames_out;
  source.given.push_back(now);
  while (source.given.size() > kMostGiven || now - source.given.front() > kRateSpan) source.given.pop_front();
  source.latencies.push_back(latency_ms);
  if (source.latencies.size() > kMostLatencies) source.latencies.pop_front();
  if (found.is_tracked) source.tracks = found.track_ids.size();
}

void PageStats::failed(const PictureSource& source) {
  const std::lock_guard lock(mutex_);
  ++sources_[source.index].failures;
}

void PageStats::set(const std::vector<std::pair<PictureSource, FeederCounts>>& counts) {
  const std::lock_guard lock(mutex_);
  for (const auto& [source, row] : counts) sources_[source.index].counts = row;
}

void PageStats::event(const std::string& text) {
  const std::lock_guard lock(mutex_);
  events_.emplace_back(time_of_day(), text);
  if (events_.size() > kMostEvents) events_.pop_front();
}

std::string PageStats::json(Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  double fps = 0;
  std::uint64_t out = 0, dropped = 0, failed = 0;
  auto rows = nlohmann::ordered_json::array();
  for (const auto& source : sources_) {
    const auto recent = std::count_if(source.given.begin(), source.given.end(),
                                      [&](Clock::time_point at) { return now - at <= kRateSpan; });
    const double rate = static_cast<double>(recent) / static_cast<double>(kRateSpan.count());
    const std::vector<double> latencies(source.latencies.begin(), source.latencies.end());
    nlohmann::ordered_json row = {
        {"source", source.name},
        {"fps", rate},
        {"latency_ms", {{"p50", percentile(latencies, 50)}, {"p99", percentile(latencies, 99)}}},
        {"frames_out", source.frames_out},
        {"dropped", sum(source.counts.dropped)},
        {"failed", source.failures + sum(source.counts.failed)},
        {"reconnects", source.counts.reconnects}};
    if (source.tracks) row["tracks"] = *source.tracks;
    fps += rate;
    out += source.frames_out;
    dropped += row["dropped"].get<std::uint64_t>();
    failed += row["failed"].get<std::uint64_t>();
    rows.push_back(std::move(row));
  }
  auto events = nlohmann::ordered_json::array();
  for (const auto& [at, text] : events_) events.push_back({{"at", at}, {"text", text}});
  return json_line({{"state", "running"},
                    {"fps", fps},
                    {"frames_out", out},
                    {"dropped", dropped},
                    {"failed", failed},
                    {"sources", std::move(rows)},
                    {"events", std::move(events)}});
}

}  // namespace vitral::apps
