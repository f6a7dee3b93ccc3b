/// Which classes a user wants, and how sure the network has to be of each.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace vitral::apps {

/// "0.5" or "0.5,person=0.3,7=0.8": one score for all classes, then those of single ones.
struct Confidence {
  double all = 0.5;
  std::vector<std::pair<std::string, double>> single;
};

/// Throws Error(usage) for what is no score from 0 to 1.
Confidence parse_confidence(const std::string& text);

class ClassRules {
 public:
  /// `wanted` are names or class numbers, none: all. `labels` are the network's, one a class. Throws Error(usage)
  /// naming the nearest names.
  ClassRules(const Confidence& confidence, const std::vector<std::string>& wanted,
             const std::vector<std::string>& labels, std::int64_t classes);
  /// What a detection of this class and score is to the user; no for a NaN.
  bool keeps(std::int64_t class_id, double score) const;
  /// No detection below it is kept.
  double least_score() const { return least_; }
  bool filters() const { return !wanted_.empty(); }

 private:
  double all_, least_;
  std::map<std::int64_t, double> single_;
  std::set<std::int64_t> wanted_;
};

}  // namespace vitral::apps
