#include "datasets/metrics/plots.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>

#include "common/core/format.h"
#include "common/core/text.h"

namespace vitral {
namespace {

// The colours of Okabe and Ito, which people who see red and green alike can tell apart; black is grey here, for dark
// screens.
constexpr const char* kPalette[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                    "#56b4e9", "#e69f00", "#7f7f7f", "#d0c020"};
constexpr int kMargin = 64, kPlotSide = 520, kLegendWidth = 210;
constexpr std::size_t kMostNames = 120;

std::string svg_open(int width, int height, const std::string& title) {
  return format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" ", width,
                height, width, height) +
         "font-family=\"system-ui,sans-serif\" font-size=\"12\" fill=\"#1a202c\">\n<title>" + escape_markup(title) +
         "</title>\n"
         "<style>@media(prefers-color-scheme:dark){svg{fill:#e2e8f0}.ground{fill:#171923}"
         ".grid{stroke:#2d3748}}</style>\n"
         "<rect class=\"ground\" width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
}

/// `attributes` may hold a place, an anchor or a rotation.
std::string svg_text(const std::string& attributes, std::string_view text) {
  return "<text " + attributes + ">" + escape_markup(text) + "</text>\n";
}

/// Where values lie on the picture.
class Frame {
 public:
  explicit Frame(const CurveFigure& figure) : x_(figure.x), y_(figure.y) {}
  double across(double x) const { return kMargin + share(x_, x) * kPlotSide; }
  double down(double y) const { return kMargin + (1.0 - share(y_, y)) * kPlotSide; }
  static constexpr double left() { return kMargin; }
  static constexpr double right() { return kMargin + kPlotSide; }
  static constexpr double bottom() { return kMargin + kPlotSide; }

  std::string grid() const {
    std::string svg;
    for (const double at : ticks(x_)) {
      svg += format("<path d=\"M%.1f %dV%.1f\" class=\"grid\" stroke=\"#e2e8f0\" fill=\"none\"/>\n", across(at),
                    kMargin, bottom());
      svg += svg_text(format("x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\"", across(at), bottom() + 18),
                      format("%.4g", at));
    }
    for (const double at : ticks(y_)) {
      svg += format("<path d=\"M%.1f %.1fH%.1f\" class=\"grid\" stroke=\"#e2e8f0\" fill=\"none\"/>\n", left(), down(at),
                    right());
      svg +=
          svg_text(format("x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\"", left() - 8, down(at) + 4), format("%.4g", at));
    }
    return svg;
  }

 private:
  static double share(const Axis& axis, double value) {
    if (!axis.logarithmic) return std::clamp((value - axis.least) / (axis.most - axis.least), 0.0, 1.0);
    const double at = std::max(value, axis.least);
    return std::clamp(std::log(at / axis.least) / std::log(axis.most / axis.least), 0.0, 1.0);
  }

  /// Round numbers, about six: 1, 2 or 5 times a power of ten apart; of many decades 1, 2 and 5 of each.
  static std::vector<double> ticks(const Axis& axis) {
    std::vector<double> result;
    if (axis.logarithmic) {
      for (double decade = std::pow(10, std::floor(std::log10(axis.least))); decade <= axis.most; decade *= 10) {
        for (const double digit : {1.0, 2.0, 5.0}) {
          if (decade * digit >= axis.least && decade * digit <= axis.most) result.push_back(decade * digit);
        }
      }
      if (result.size() > 2) return result;
      result.clear();
    }
    const double rough = (axis.most - axis.least) / 5, power = std::pow(10, std::floor(std::log10(rough)));
    const double step = power * (rough / power < 1.5 ? 1 : rough / power < 3.5 ? 2 : rough / power < 7.5 ? 5 : 10);
    const auto first = static_cast<std::int64_t>(std::ceil(axis.least / step - 1e-9));
    const auto last = static_cast<std::int64_t>(std::floor(axis.most / step + 1e-9));
    for (std::int64_t i = first; i <= last; ++i) result.push_back(static_cast<double>(i) * step);
    return result;
  }

  Axis x_, y_;
};

std::string polyline(const Frame& frame, const Curve& curve, const char* color) {
  std::string svg = format("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" points=\"",
                           curve.faint ? "#cbd5e0" : color, curve.faint ? "0.8" : "2");
  for (std::size_t i = 0; i < std::min(curve.x.size(), curve.y.size()); ++i) {
    svg += format("%.1f,%.1f ", frame.across(curve.x[i]), frame.down(curve.y[i]));
  }
  return svg + "\"/>\n";
}

std::string dots(const Frame& frame, const Curve& curve, const char* color) {
  std::string svg;
  for (std::size_t i = 0; i < std::min(curve.x.size(), curve.y.size()); ++i) {
    const double x = frame.across(curve.x[i]), y = frame.down(curve.y[i]);
    svg += format("<circle cx=\"%.1f\" cy=\"%.1f\" r=\"5\" fill=\"%s\"/>\n", x, y, color);
    if (i < curve.labels.size()) svg += svg_text(format("x=\"%.1f\" y=\"%.1f\"", x + 8, y + 4), curve.labels[i]);
  }
  return svg;
}

std::string drawn(const Frame& frame, const Curve& curve, const char* color) {
  return curve.dots ? dots(frame, curve, color) : polyline(frame, curve, color);
}

std::string axis_labels(const std::string& horizontal, const std::string& vertical, double width, double height) {
  const double x = kMargin + width / 2, y = kMargin + height / 2;
  return svg_text(format("x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-weight=\"600\"", x, kMargin + height + 42),
                  horizontal) +
         svg_text(format("transform=\"translate(18 %.1f) rotate(-90)\" text-anchor=\"middle\" font-weight=\"600\"", y),
                  vertical);
}

std::string heading(const std::string& title) {
  return svg_text("x=\"24\" y=\"34\" font-size=\"17\" font-weight=\"600\"", title);
}

/// Where the cells of a matrix lie: more room for names and for few rows.
struct Cells {
  explicit Cells(const MatrixFigure& figure) {
    const std::size_t side = std::max(figure.rows.size(), figure.columns.size());
    named = side <= kMostNames;
    cell = side == 0 ? 1.0 : std::clamp(720.0 / static_cast<double>(side), 0.72, 44.0);
    left = named ? 170 : kMargin;
    top = named ? 170 : kMargin;
  }
  double cell = 1;
  int left = 0, top = 0;
  bool named = true;
};

std::string matrix_names(const MatrixFigure& figure, const Cells& cells) {
  std::string svg;
  const double size = std::min(12.0, cells.cell);
  for (std::size_t i = 0; i < figure.rows.size(); ++i) {
    const double y = cells.top + (static_cast<double>(i) + 0.5) * cells.cell + size * 0.35;
    svg += svg_text(format("x=\"%d\" y=\"%.1f\" text-anchor=\"end\" font-size=\"%.1f\"", cells.left - 6, y, size),
                    figure.rows[i].substr(0, 24));
  }
  for (std::size_t i = 0; i < figure.columns.size(); ++i) {
    const double x = cells.left + (static_cast<double>(i) + 0.5) * cells.cell + size * 0.35;
    svg += svg_text(format("transform=\"translate(%.1f %d) rotate(-90)\" font-size=\"%.1f\"", x, cells.top - 6, size),
                    figure.columns[i].substr(0, 24));
  }
  return svg;
}

std::string matrix_cells(const MatrixFigure& figure, const Cells& cells) {
  std::string svg;
  const std::size_t columns = figure.columns.size();
  for (std::size_t row = 0; row < figure.rows.size(); ++row) {
    const auto begin = figure.counts.begin() + static_cast<std::ptrdiff_t>(row * columns);
    const auto sum = std::accumulate(begin, begin + static_cast<std::ptrdiff_t>(columns), std::size_t{0});
    for (std::size_t column = 0; column < columns; ++column) {
      const std::size_t count = figure.counts[row * columns + column];
      if (count == 0) continue;
      const double share = static_cast<double>(count) / static_cast<double>(sum);
      const double x = cells.left + static_cast<double>(column) * cells.cell;
      const double y = cells.top + static_cast<double>(row) * cells.cell;
      svg += format(
          "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"#0072b2\" fill-opacity=\"%.3f\"/>\n", x, y,
          cells.cell, cells.cell, 0.08 + 0.92 * share);
      if (cells.cell < 20) continue;
      svg += svg_text(
          format("x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-size=\"%.1f\" fill=\"%s\"", x + cells.cell / 2,
                 y + cells.cell / 2 + 4, std::min(12.0, cells.cell / 3), share > 0.5 ? "#fff" : "inherit"),
          std::to_string(count));
    }
  }
  return svg;
}

}  // namespace

std::string escape_markup(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string to_svg(const CurveFigure& figure) {
  std::string svg = svg_open(2 * kMargin + kPlotSide + kLegendWidth, 2 * kMargin + kPlotSide, figure.title);
  const Frame frame(figure);
  svg += heading(figure.title) + frame.grid() + axis_labels(figure.x_label, figure.y_label, kPlotSide, kPlotSide);
  for (const auto& curve : figure.curves) {
    if (curve.faint) svg += drawn(frame, curve, "#cbd5e0");
  }
  std::size_t used = 0, shown = 0;  // colours, lines of the legend
  for (const auto& curve : figure.curves) {
    if (curve.faint) continue;
    const char* color = kPalette[used++ % std::size(kPalette)];
    svg += drawn(frame, curve, color);
    if (curve.name.empty()) continue;
    const double y = kMargin + 14 + 20 * static_cast<double>(shown++);
    const double x = Frame::right() + 20;
    svg += format("<path d=\"M%.1f %.1fh22\" stroke=\"%s\" stroke-width=\"3\"/>\n", x, y - 4, color);
    svg += svg_text(format("x=\"%.1f\" y=\"%.1f\"", x + 30, y), curve.name);
  }
  return svg + "</svg>\n";
}

Axis Axis::around(const std::vector<double>& values, bool logarithmic) {
  Axis axis{0, 1, logarithmic};
  bool first = true;
  for (const double value : values) {
    if (!std::isfinite(value) || (logarithmic && value <= 0)) continue;
    axis.least = first ? value : std::min(axis.least, value);
    axis.most = first ? value : std::max(axis.most, value);
    first = false;
  }
  if (first) return {logarithmic ? 0.1 : 0.0, 1, logarithmic};
  if (logarithmic) return {axis.least / 1.3, axis.most * 1.3, true};
  const double room =
      axis.most > axis.least ? (axis.most - axis.least) * 0.06 : std::max(std::abs(axis.most), 1e-9) * 0.5;
  const double below = axis.least >= 0 && axis.least - room < 0 ? 0 : axis.least - room;
  return {below, axis.most + room, false};
}

std::string to_csv(const CurveFigure& figure) {
  std::string csv = "curve," + csv_field(figure.x_label) + "," + csv_field(figure.y_label) + "\n";
  for (const auto& curve : figure.curves) {
    for (std::size_t i = 0; i < std::min(curve.x.size(), curve.y.size()); ++i) {
      const auto& name = i < curve.labels.size() ? curve.labels[i] : curve.name;
      csv += csv_field(name) + format(",%.9g,%.9g\n", curve.x[i], curve.y[i]);
    }
  }
  return csv;
}

std::string to_svg(const MatrixFigure& figure) {
  const Cells cells(figure);
  const double width = cells.cell * static_cast<double>(figure.columns.size());
  const double height = cells.cell * static_cast<double>(figure.rows.size());
  std::string svg = svg_open(cells.left + static_cast<int>(width) + kMargin,
                             cells.top + static_cast<int>(height) + kMargin, figure.title);
  svg += heading(figure.title);
  svg += format("<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%.1f\" fill=\"none\" stroke=\"#cbd5e0\"/>\n",
                cells.left, cells.top, width, height);
  svg += matrix_cells(figure, cells);
  if (cells.named) svg += matrix_names(figure, cells);
  svg += svg_text(format("x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-weight=\"600\"", cells.left + width / 2,
                         cells.top + height + 32),
                  figure.column_label);
  svg += svg_text(format("transform=\"translate(18 %.1f) rotate(-90)\" text-anchor=\"middle\" font-weight=\"600\"",
                         cells.top + height / 2),
                  figure.row_label);
  return svg + "</svg>\n";
}

std::string to_csv(const MatrixFigure& figure) {
  std::string csv = csv_field(figure.row_label + " \\ " + figure.column_label);
  for (const auto& column : figure.columns) csv += "," + csv_field(column);
  csv += "\n";
  for (std::size_t row = 0; row < figure.rows.size(); ++row) {
    csv += csv_field(figure.rows[row]);
    for (std::size_t column = 0; column < figure.columns.size(); ++column) {
      csv += "," + std::to_string(figure.counts[row * figure.columns.size() + column]);
    }
    csv += "\n";
  }
  return csv;
}

}  // namespace vitral
