#include "common/http/metrics.h"

#include <cstdio>

#include "common/core/error.h"

namespace vitral::http {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

std::string written(const Metrics::Labels& labels) {
  std::string text;
  for (const auto& [name, value] : labels) {
    text += (text.empty() ? "{" : ",") + name + "=\"";
    for (const char c : value) {
      if (c == '\\' || c == '"') text += '\\';
      text += c == '\n' ? "\\n" : std::string(1, c);
    }
    text += '"';
  }
  return text.empty() ? text : text + "}";
}

}  // namespace

void Metrics::declare_counter(const std::string& name, const std::string& help) {
  const std::lock_guard lock(mutex_);
  families_.push_back({name, help, "counter", {}, {}, {}});
}

void Metrics::declare_gauge(const std::string& name, const std::string& help, std::function<double()> value) {
  const std::lock_guard lock(mutex_);
  families_.push_back({name, help, "gauge", {}, std::move(value), {}});
}

void Metrics::declare_histogram(const std::string& name, const std::string& help, std::vector<double> bounds) {
  const std::lock_guard lock(mutex_);
  std::vector<std::uint64_t> counts(bounds.size() + 1);
  families_.push_back({name, help, "histogram", {}, {}, {std::move(bounds), std::move(counts), 0}});
}

Metrics::Family& Metrics::family(const std::string& name) {
  for (auto& family : families_) {
    if (family.name == name) return family;
  }
  throw Error(ErrorKind::failed, name, "is no declared figure");
}

void Metrics::add(const std::string& name, const Labels& labels, std::uint64_t by) {
  const std::lock_guard lock(mutex_);
  family(name).counts[written(labels)] += by;
}

void Metrics::observe(const std::string& name, double value) {
  const std::lock_guard lock(mutex_);
  auto& histogram = family(name).histogram;
  for (std::size_t i = 0; i < histogram.bounds.size(); ++i) histogram.counts[i] += value <= histogram.bounds[i] ? 1 : 0;
  ++histogram.counts.back();
  histogram.sum += value;
}

std::string Metrics::text() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& family : families_) {
    const auto& name = family.name;
    text += "# HELP " + name + " " + family.help + "\n# TYPE " + name + " " + family.type + "\n";
    if (family.value) text += name + " " + number(family.value()) + "\n";
    if (family.type == "counter" && family.counts.empty()) text += name + " 0\n";
    for (const auto& [labels, count] : family.counts) text += name + labels + " " + std::to_string(count) + "\n";
    const auto& [bounds, counts, sum] = family.histogram;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const std::string bound = i < bounds.size() ? number(bounds[i]) : "+Inf";
      text += name + "_bucket{le=\"" + bound + "\"} " + std::to_string(counts[i]) + "\n";
    }
    if (!counts.empty())
      text += name + "_sum " + number(sum) + "\n" + name + "_count " + std::to_string(counts.back()) + "\n";
  }
  return text;
}

}  // namespace vitral::http
