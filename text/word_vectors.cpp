#include "text/word_vectors.h"

#include <algorithm>
#include <cmath>

#include "common/core/error.h"
#include "common/core/text.h"

namespace vitral::text {

WordVectors::WordVectors(Vocabulary words, std::int64_t dim, std::vector<float> values)
    : words_(std::move(words)), dim_(dim), values_(std::move(values)) {
  if (dim_ < 1 || static_cast<std::int64_t>(values_.size()) != words_.size() * dim_) {
    throw Error(ErrorKind::failed, "word vectors",
                std::to_string(values_.size()) + " numbers for " + std::to_string(words_.size()) + " words of " +
                    std::to_string(dim_));
  }
  for (std::int64_t i = 0; i < words_.size(); ++i) {
    double sum = 0;
    for (std::int64_t k = 0; k < dim_; ++k) sum += static_cast<double>(row(i)[k]) * row(i)[k];
    lengths_.push_back(std::sqrt(sum));
  }
}

std::int64_t WordVectors::known(std::string_view word) const {
  if (const auto id = words_.find(word)) return *id;
  const auto near = nearest_names(std::string(word), words_.tokens());
  throw Error(ErrorKind::usage, "word '" + printable(word, 100) + "'",
              "is not in the vocabulary; nearest: " + join(near));
}

std::vector<Neighbour> WordVectors::nearest(const std::vector<double>& point, const std::vector<std::int64_t>& without,
                                            std::size_t count) const {
  double length = 0;
  for (const double x : point) length += x * x;
  length = std::sqrt(length);
  std::vector<std::pair<double, std::int64_t>> scores;
  for (std::int64_t i = 0; i < words_.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (std::find(without.begin(), without.end(), i) != without.end() || lengths_[at] == 0) continue;
    double product = 0;
    for (std::int64_t k = 0; k < dim_; ++k) product += point[static_cast<std::size_t>(k)] * row(i)[k];
    scores.emplace_back(length > 0 ? product / (length * lengths_[at]) : 0, -i);
  }
  const auto best = std::min(count, scores.size());
  std::partial_sort(scores.begin(), scores.begin() + static_cast<std::ptrdiff_t>(best), scores.end(), std::greater<>());
  std::vector<Neighbour> result;
  for (std::size_t i = 0; i < best; ++i) result.push_back({words_.token(-scores[i].second), scores[i].first});
  return result;
}

std::vector<Neighbour> WordVectors::neighbours(std::string_view word, std::size_t count) const {
  const auto id = known(word);
  return nearest({row(id), row(id) + dim_}, {id}, count);
}

std::vector<Neighbour> WordVectors::analogy(std::string_view a, std::string_view b, std::string_view c,
                                            std::size_t count) const {
  const std::vector<std::int64_t> ids{known(a), known(b), known(c)};
  std::vector<double> point(static_cast<std::size_t>(dim_));
  constexpr double kSigns[] = {-1, 1, 1};
  for (std::size_t w = 0; w < 3; ++w) {
    const double length = lengths_[static_cast<std::size_t>(ids[w])];
    for (std::size_t k = 0; k < point.size() && length > 0; ++k) point[k] += kSigns[w] * row(ids[w])[k] / length;
  }
  return nearest(point, ids, count);
}

}  // namespace vitral::text
