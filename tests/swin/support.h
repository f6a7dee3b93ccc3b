/// Small networks and golden numbers that the tests of this folder share.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "swin/swin.h"
#include "tests/support/hashed.h"
#include "tests/support/source_dir.h"
#include "tests/support/tensors.h"

namespace vitral::test {

/// Two blocks a stage and eight channels: a few thousand parameters.
inline swin::SwinTransformerOptions small_swin(swin::Version version, std::int64_t window = 4) {
  return swin::SwinTransformerOptions()
      .image_height(64)
      .image_width(64)
      .dim(8)
      .depths({2, 2, 2, 2})
      .heads({1, 2, 2, 4})
      .windows({window, window, window, window})
      .num_classes(5)
      .version(version);
}

inline const nlohmann::json& swin_golden() {
  static const nlohmann::json golden = [] {
    std::ifstream file(test::source_dir() + "/tests/golden/swin.json");
    return nlohmann::json::parse(file);
  }();
  return golden;
}

inline at::Tensor tensor_of(const nlohmann::json& rows) {
  const auto columns = static_cast<std::int64_t>(rows.at(0).size());
  std::vector<double> flat;
  for (const auto& row : rows) flat.insert(flat.end(), row.begin(), row.end());
  return at::tensor(flat).to(at::kFloat).view({-1, columns});
}

}  // namespace vitral::test
