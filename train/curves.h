/// A run as pictures: its curves, and one page of them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/metrics/plots.h"

namespace vitral::train {

/// Loss, its parts, learning rate and the validation's metrics over the epochs of `history` (lines of metrics.jsonl);
/// what no epoch has is left out.
std::vector<NamedFigure> curves_of(const std::vector<std::string>& history);

/// An HTML page: the figures, a table of the epochs, and the picture `samples` beside the page, unless empty.
std::string page_of(const std::string& title, const std::vector<std::string>& history, const std::string& samples = "");

/// Figures as SVG and CSV, and the page index.html.
void write_curves(const std::filesystem::path& folder, const std::string& title,
                  const std::vector<std::string>& history, const std::string& samples = "");

}  // namespace vitral::train
