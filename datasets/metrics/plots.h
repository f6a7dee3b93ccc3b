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
  bool dots = false;   ///< the points themselves, each with its name beside it where `labels` has one
  std::vector<std::string> labels;
};

/// What an axis runs over; points outside are clipped to it.
struct Axis {
  double least = 0, most = 1;
  bool logarithmic = false;  ///< both ends above 0
  /// From 0, or with a margin around the values; logarithmic where asked for.
  static Axis around(const std::vector<double>& values, bool logarithmic = false);
};

struct CurveFigure {
  std::string title, x_label, y_label;
  std::vector<Curve> curves;
  Axis x, y;
};
/// A figure with the name of its files.
struct NamedFigure {
  std::string name;
  CurveFigure figure;
};
std::string to_svg(const CurveFigure& figure);
/// A line of column names, then a line a point: curve, x, y.
std::string to_csv(const CurveFigure& figure);

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
