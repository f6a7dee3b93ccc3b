/// Figures of an evaluation as text: SVG for people, CSV for programs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vitral {

/// A line through the points (x[i], y[i]).
struct Curve {
  std::string name;  ///< in the legend; not listed where empty
  std::vector<double> x, y;
  bool faint = false;  ///< thin and grey, behind the others
};

/// Both axes run from 0 to 1; points outside are clipped to them.
struct CurveFigure {
  std::string title, x_label, y_label;
  std::vector<Curve> curves;
};
std::string to_svg(const CurveFigure& figure);

/// Counts of pairs, row by row.
struct MatrixFigure {
  std::string title, row_label, column_label;
  std::vector<std::string> rows, columns;
  std::vector<std::size_t> counts;  ///< [rows, columns]
};
/// Each row's colours are shares of its sum. Names are left out beyond 120 rows or columns.
std::string to_svg(const MatrixFigure& figure);
/// One line of column names, then a line a row.
std::string to_csv(const MatrixFigure& figure);

/// A field of a CSV line, in quotes where it has to be (RFC 4180).
std::string csv_field(std::string_view text);

/// Text inside XML or HTML, on one line.
std::string escape_markup(std::string_view text);

}  // namespace vitral
