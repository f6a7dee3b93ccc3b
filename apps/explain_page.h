/// An explanation for a browser: one self-contained HTML page.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "apps/explanation.h"
#include "common/image/image.h"

namespace vitral::apps {

/// What one network looked at.
struct ExplainPanel {
  std::string model, source;
  image::Image view;                ///< the network's input, as people see it
  std::vector<std::string> labels;  ///< of the targets
  Explanation explanation;
};

/// A page of panels side by side, less than 5 MB: where all rows of all heads would not fit, they are stored more
/// coarsely, or as the mean of the heads, the first layers first; the page says so.
std::string explain_html(const std::vector<ExplainPanel>& panels);

/// `json` inside a page's script element, in the place of its template's %DATA%.
std::string fill_page(std::string_view page, const nlohmann::ordered_json& json);

/// `rows` [H, Q, K] for pages/page.js: square roots in parts of each row's largest number, in 8 bits or 4.
void store_rows(nlohmann::ordered_json& json, const at::Tensor& rows, bool nibbles);

/// How the rows of weights are stored.
enum class RowStorage { bytes, nibbles, mean_bytes, left_out };

/// For layers of `values` numbers in `heads` heads each, the finest storage that `budget` bytes allow; the last layers
/// come first.
std::vector<RowStorage> plan_rows(const std::vector<std::pair<std::size_t, std::size_t>>& layers, std::size_t budget);

}  // namespace vitral::apps
