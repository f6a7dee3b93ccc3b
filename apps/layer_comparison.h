/// Two runs of one architecture, layer by layer.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace vitral::apps {

/// How far the second run is from the first at one layer.
struct LayerError {
  std::string layer;  ///< registered name; "name #2" for the second time that a layer computes
  std::vector<std::int64_t> shape;
  double relative = 0;  ///< |a - b| / |a|, Euclidean norms over the whole tensor; infinite where b is not finite
  double max_abs = 0;   ///< the largest |a - b|
  double cosine = 1;    ///< a.b / (|a| |b|)
};

/// a and b of one shape, any floating types.
LayerError layer_error(std::string layer, const at::Tensor& a, const at::Tensor& b);

/// Hears what the layers give: first those of A, which it keeps, then those of B, which it compares and lets go.
class LayerComparison {
 public:
  /// Only layers whose name matches one of the patterns (* and ?); no patterns: all.
  explicit LayerComparison(std::vector<std::string> patterns) : patterns_(std::move(patterns)) {}

  void hear_a(const std::string& layer, const at::Tensor& output);
  void hear_b(const std::string& layer, const at::Tensor& output);

  /// In the order of computing; layers that only one run has are left out.
  const std::vector<LayerError>& errors() const { return errors_; }
  /// Layers of one run without a counterpart of the same shape in the other.
  std::vector<std::string> unmatched() const;
  /// The first whose relative error exceeds `tol`; null where none does.
  const LayerError* first_beyond(double tol) const;

 private:
  bool wanted(const std::string& layer) const;
  static std::string numbered(const std::string& layer, std::map<std::string, int>& times);

  std::vector<std::string> patterns_;
  std::map<std::string, int> times_a_, times_b_;
  std::map<std::string, at::Tensor> kept_;
  std::vector<LayerError> errors_;
  std::vector<std::string> only_b_;
};

nlohmann::ordered_json to_json(const LayerError& error);

}  // namespace vitral::apps
