/// A run as pictures: its curves, and one page of them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/metrics/plots.h"

namespace vitral::train {

/// A figure with the name of its files.
struct NamedFigure {
  std::string name;
  CurveFigure figure;
};

/// Loss, its parts, learning rate and the validation's metrics over the epochs of `history` (lines of metrics.jsonl);
/// what no epoch has is left out.
std::vector<NamedFigure> curves_of(const std::vector<std::string>& history);

/// A self-contained HTML page: the figures and a table of the epochs.
std::string page_of(const std::string& title, const std::vector<std::string>& history);

/// Figures as SVG and CSV, and the page index.html.
void write_curves(const std::filesystem::path& folder, const std::string& title,
                  const std::vector<std::string>& history);

}  // namespace vitral::train
