/// The JSON records of the command line (docs/guide.md), one line each.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace vitral::apps {

/// Milliseconds of the stages of one picture.
struct StageTimes {
  double decode = 0, preprocess = 0, forward = 0, postprocess = 0;
  double total() const { return decode + preprocess + forward + postprocess; }
  nlohmann::ordered_json json() const;
};

/// What became of all inputs. frames_in = frames_out + the sum of dropped + the sum of failed.
class Summary {
 public:
  void succeeded(double latency_ms);
  void failed(const std::string& source, const std::string& reason, const std::string& text);
  /// Frames that were not given, and why: what has no name of its own.
  void dropped(const std::string& reason, std::uint64_t frames) { dropped_[reason] += frames; }
  void failed(const std::string& reason, std::uint64_t frames) { reasons_[reason] += frames; }
  std::size_t outputs() const { return outputs_; }
  std::size_t failures() const { return failures_; }
  /// A further field of the record.
  void add(const std::string& name, nlohmann::ordered_json value) { more_[name] = std::move(value); }
  nlohmann::ordered_json json(std::size_t sources) const;

 private:
  std::vector<double> latencies_;  ///< of the last ones only: a live run may last for months
  std::size_t outputs_ = 0, failures_ = 0;
  nlohmann::ordered_json skipped_ = nlohmann::ordered_json::array();
  std::map<std::string, std::uint64_t> dropped_, reasons_;
  nlohmann::ordered_json more_ = nlohmann::ordered_json::object();
};

/// One line of JSON; invalid UTF-8 (file names) is replaced.
std::string json_line(const nlohmann::ordered_json& json);

/// The p-th percentile (0 to 100) by linear interpolation between closest ranks; 0 of nothing.
double percentile(std::vector<double> values, double p);

}  // namespace vitral::apps
