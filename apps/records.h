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
  void succeeded(double latency_ms) { latencies_.push_back(latency_ms); }
  void failed(const std::string& source, const std::string& reason, const std::string& text);
  std::size_t outputs() const { return latencies_.size(); }
  std::size_t failures() const { return skipped_.size(); }
  nlohmann::ordered_json json(std::size_t sources) const;

 private:
  std::vector<double> latencies_;
  nlohmann::ordered_json skipped_ = nlohmann::ordered_json::array();
  std::map<std::string, std::size_t> reasons_;
};

/// One line of JSON; invalid UTF-8 (file names) is replaced.
std::string json_line(const nlohmann::ordered_json& json);

/// The p-th percentile (0 to 100) by linear interpolation between closest ranks; 0 of nothing.
double percentile(std::vector<double> values, double p);

}  // namespace vitral::apps
