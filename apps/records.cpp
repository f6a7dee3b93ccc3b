#include "apps/records.h"

#include <algorithm>
#include <cmath>

namespace vitral::apps {

nlohmann::ordered_json StageTimes::json() const {
  return {{"decode", decode}, {"preprocess", preprocess}, {"forward", forward}, {"postprocess", postprocess}};
}

void Summary::succeeded(double latency_ms) {
  constexpr std::size_t kMost = 100'000;
  if (latencies_.size() < kMost) {
    latencies_.push_back(latency_ms);
  } else {
    latencies_[outputs_ % kMost] = latency_ms;
  }
  ++outputs_;
}

void Summary::failed(const std::string& source, const std::string& reason, const std::string& text) {
  constexpr std::size_t kMostNamed = 10'000;
  if (skipped_.size() < kMostNamed) skipped_.push_back({{"source", source}, {"error", text}});
  ++failures_;
  ++reasons_[reason];
}

nlohmann::ordered_json Summary::json(std::size_t sources) const {
  std::uint64_t frames_in = outputs_;
  for (const auto* counts : {&dropped_, &reasons_}) {
    for (const auto& [reason, frames] : *counts) frames_in += frames;
  }
  nlohmann::ordered_json record = {
          {"schema", "vitral.summary/1"},
          {"sources", sources},
          {"frames_in", frames_in},
          {"frames_out", outputs()},
          {"dropped", dropped_},
          {"failed", reasons_},
          {"skipped", skipped_},
          {"latency_ms",
           {{"p50", percentile(latencies_, 50)},
            {"p90", percentile(latencies_, 90)},
            {"p95", percentile(latencies_, 95)},
            {"p99", percentile(latencies_, 99)}}}};
  record.update(more_);
  return record;
}

std::string json_line(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

double percentile(std::vector<double> values, double p) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double rank = p / 100 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(rank));
  const auto above = std::min(below + 1, values.size() - 1);
  return values[below] + (values[above] - values[below]) * (rank - static_cast<double>(below));
}

}  // namespace vitral::apps
