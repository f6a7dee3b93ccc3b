#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <span>

#include "common/core/error.h"
#include "common/core/sha256.h"
#include "datasets/rng.h"
#include "datasets/tools/write.h"

namespace vitral {
namespace {

using Group = std::vector<std::size_t>;

/// Samples whose bytes are the same, class by class (one class for detection). Detection has no class of its own.
std::map<std::size_t, std::vector<Group>> groups_of(const Dataset& dataset, const DataProblemHandler& on_problem) {
  std::map<std::string, std::pair<std::size_t, std::size_t>> first;  // hash -> class, place among its groups
  std::map<std::size_t, std::vector<Group>> groups;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    try {
      const auto stored = dataset.stored(i);
      Sha256 hash;
      hash.update(std::as_bytes(std::span(stored.bytes)));
      const auto classes = dataset.describe(i).classes;
      const std::size_t own = classes.empty() ? 0 : classes.front().class_index;
      const auto [place, is_new] = first.try_emplace(hash.hex(), own, groups[own].size());
      if (is_new) {
        groups[own].push_back({i});
      } else {
        groups[place->second.first][place->second.second].push_back(i);
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::input) throw;
      report(on_problem, {"unreadable", dataset.describe(i).name, error.what()});
    }
  }
  return groups;
}

}  // namespace

std::vector<std::shared_ptr<const Dataset>> split_dataset(const std::shared_ptr<const Dataset>& dataset,
                                                          const std::vector<double>& shares, std::uint64_t seed,
                                                          const DataProblemHandler& on_problem) {
  const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
  const bool all_positive = std::all_of(shares.begin(), shares.end(), [](double share) { return share > 0; });
  if (shares.empty() || !all_positive || std::abs(sum - 1) > 1e-6) {
    throw Error(ErrorKind::usage, "shares", "do not sum to 1, each above 0");
  }
  std::vector<std::vector<std::size_t>> parts(shares.size());
  for (auto& [class_index, groups] : groups_of(*dataset, on_problem)) {
    Rng(seed, RandomPurpose::split, 0, class_index).shuffle(groups);
    double end = 0;
    std::size_t at = 0;
    for (std::size_t part = 0; part < shares.size(); ++part) {
      end += shares[part];
      const bool is_last = part + 1 == shares.size();
      const auto until =
          is_last ? groups.size() : static_cast<std::size_t>(std::llround(end * static_cast<double>(groups.size())));
      for (; at < until; ++at) parts[part].insert(parts[part].end(), groups[at].begin(), groups[at].end());
    }
  }
  std::vector<std::shared_ptr<const Dataset>> subsets;
  for (auto& part : parts) {
    std::sort(part.begin(), part.end());
    subsets.push_back(std::make_shared<Subset>(dataset, std::move(part)));
  }
  return subsets;
}

}  // namespace vitral
