/// An explanation for a browser: one self-contained HTML page.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "apps/explanation.h"
#include "common/image/image.h"

namespace vitral::apps {

struct ExplainPage {
  std::string model, source;
  image::Image view;                ///< the network's input, as people see it
  std::vector<std::string> labels;  ///< of the targets
};

/// The page, less than 5 MB: where all rows of all heads would not fit, they are stored more coarsely, or as the mean
/// of the heads, the first layers first; the page says so.
std::string explain_html(const Explanation& explanation, const ExplainPage& page);

/// How the rows of weights are stored.
enum class RowStorage { bytes, nibbles, mean_bytes, left_out };

/// For layers of `values` numbers in `heads` heads each, the finest storage that `budget` bytes allow; the last layers
/// come first.
std::vector<RowStorage> plan_rows(const std::vector<std::pair<std::size_t, std::size_t>>& layers, std::size_t budget);

}  // namespace vitral::apps
