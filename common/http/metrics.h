/// Figures of a running server as Prometheus reads them (text format 0.0.4).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace vitral::http {

/// Thread-safe. Families appear in the order in which they were declared, from the start on.
class Metrics {
 public:
  /// {{"path","/v1/detect"},{"code","200"}}: label names are those of Prometheus, values any text.
  using Labels = std::vector<std::pair<std::string, std::string>>;

  void declare_counter(const std::string& name, const std::string& help);
  /// A value that is asked for when the figures are read.
  void declare_gauge(const std::string& name, const std::string& help, std::function<double()> value);
  /// `bounds`: upper bounds of the buckets, rising.
  void declare_histogram(const std::string& name, const std::string& help, std::vector<double> bounds);

  /// Of a declared counter; a family without labels stands at 0 from the start on.
  void add(const std::string& name, const Labels& labels = {}, std::uint64_t by = 1);
  /// Of a declared histogram.
  void observe(const std::string& name, double value);

  std::string text() const;

 private:
  struct Histogram {
    std::vector<double> bounds;
    std::vector<std::uint64_t> counts;  ///< of values up to each bound, and of all
    double sum = 0;
  };
  struct Family {
    std::string name, help, type;
    std::map<std::string, std::uint64_t> counts;  ///< by the labels as they are written
    std::function<double()> value;
    Histogram histogram;
  };
  Family& family(const std::string& name);
  mutable std::mutex mutex_;
  std::vector<Family> families_;
};

}  // namespace vitral::http
