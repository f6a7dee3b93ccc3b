#include <cmath>
#include <limits>
#include <vector>

#include "common/kernels/attention.h"
#include "common/kernels/element.h"

namespace vitral::kernels {
namespace {

/// One head of one batch entry.
struct Head {
  const AttentionArgs& args;
  std::int64_t batch;
  std::int64_t head;

  std::int64_t window() const { return batch % args.windows.count; }
  bool windowed() const { return args.windows.tokens != nullptr; }
  std::int64_t image() const { return windowed() ? batch / args.windows.count : batch; }
  std::int64_t row(std::int64_t token) const {
    return windowed() ? args.windows.tokens[window() * args.keys + token] : token;
  }

  std::vector<double> read(const ConstTokens& operand, const void* padding, std::int64_t token) const {
    const TokenStrides& s = operand.strides;
    std::vector<double> values(static_cast<std::size_t>(args.head_dim));
    for (std::int64_t d = 0; d < args.head_dim; ++d) {
      const std::int64_t in_row = head * s.head + d;
      double& value = values[static_cast<std::size_t>(d)];
      if (row(token) >= 0) {
        value = element(operand.data, args.dtype, image() * s.batch + row(token) * s.token + in_row);
      } else if (padding != nullptr) {
        value = element(padding, args.dtype, in_row);
      }
    }
    return values;
  }

  double bias(std::int64_t query, std::int64_t key) const {
    const AttentionBias& b = args.bias;
    if (b.data == nullptr) return 0;
    std::int64_t entry = batch;
    if (windowed()) entry = args.windows.bias_group != nullptr ? args.windows.bias_group[window()] : window();
    return b.data[entry * b.batch + head * b.head + query * b.row + key * b.column];
  }
};

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

std::vector<std::vector<double>> read_all(const Head& at, const ConstTokens& operand, const void* padding,
                                          std::int64_t count) {
  std::vector<std::vector<double>> rows;
  for (std::int64_t t = 0; t < count; ++t) rows.push_back(at.read(operand, padding, t));
  return rows;
}

void normalise(std::vector<std::vector<double>>& rows) {
  for (auto& row : rows) {
    const double norm = std::fmax(std::sqrt(dot(row, row)), 1e-12);
    for (double& x : row) x /= norm;
  }
}

std::vector<double> softmax(std::vector<double> scores) {
  double best = -std::numeric_limits<double>::infinity();
  for (const double s : scores) best = std::fmax(best, s);
  double sum = 0;
  for (double& s : scores) sum += s = std::isinf(best) && best < 0 ? 0.0 : std::exp(s - best);
  for (double& s : scores) s = sum == 0 ? 0.0 : s / sum;
  return scores;
}

void attend_head(const Head& at) {
  const AttentionArgs& args = at.args;
  auto queries = read_all(at, args.q, args.windows.q_padding, args.queries);
  auto keys = read_all(at, args.k, args.windows.k_padding, args.keys);
  const auto values = read_all(at, args.v, args.windows.v_padding, args.keys);
  if (args.cosine) {
    normalise(queries);
    normalise(keys);
  }
  const double scale = args.scale * (args.head_scale != nullptr ? static_cast<double>(args.head_scale[at.head]) : 1.0);
  const TokenStrides& to = args.out.strides;
  for (std::int64_t i = 0; i < args.queries; ++i) {
    if (at.row(i) < 0) continue;
    std::vector<double> scores;
    for (std::int64_t j = 0; j < args.keys; ++j) {
      scores.push_back(scale * dot(queries[static_cast<std::size_t>(i)], keys[static_cast<std::size_t>(j)]) +
                       at.bias(i, j));
    }
    const std::vector<double> weights = softmax(scores);
    for (std::int64_t d = 0; d < args.head_dim; ++d) {
      double sum = 0;
      for (std::size_t j = 0; j < weights.size(); ++j) sum += weights[j] * values[j][static_cast<std::size_t>(d)];
      set_element(args.out.data, args.dtype, at.image() * to.batch + at.head * to.head + at.row(i) * to.token + d, sum);
    }
  }
}

}  // namespace

void attention_reference(const AttentionArgs& args) {
  for (std::int64_t b = 0; b < args.batch; ++b) {
    for (std::int64_t h = 0; h < args.heads; ++h) attend_head({args, b, h});
  }
}

}  // namespace vitral::kernels
