/// A comparison of networks as a document: tables, and accuracy against what it costs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace vitral::apps {

/// `bench`: the object of schema vitral.bench/1, with "protocol" saying how it was measured.
/// Throws Error(usage) for a path that ends in none of .html, .md and .json.
class BenchReport {
 public:
  BenchReport(std::string path, bool overwrite);

  /// .json: the object itself. .html: one self-contained page. .md: the tables, and beside it the figures as SVG and
  /// CSV and the object as JSON, under the same name. Returns what was written.
  std::vector<std::string> write(const nlohmann::ordered_json& bench) const;

 private:
  std::string path_, stem_, ending_;
  bool overwrite_;
};

}  // namespace vitral::apps
