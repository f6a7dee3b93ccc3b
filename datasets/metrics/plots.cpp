#include "datasets/metrics/plots.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <numeric>

#include "common/core/text.h"

namespace vitral {
namespace {

constexpr const char* kPalette[] = {"#2b6cb0", "#dd6b20", "#2f855a", "#c53030", "#6b46c1",
                                    "#b7791f", "#0987a0", "#b83280", "#4a5568", "#38a169"};
constexpr int kMargin = 64, kPlotSide = 520, kLegendWidth = 210;
constexpr std::size_t kMostNames = 120;

[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, pattern);
  const int size = std::vsnprintf(text, sizeof text, pattern, arguments);
  va_end(arguments);
  return {text, static_cast<std::size_t>(std::clamp(size, 0, static_cast<int>(sizeof text) - 1))};
}

std::string svg_open(int width, int height, const std::string& title) {
  return format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" ", width,
                height, width, height) +
         "font-family=\"system-ui,sans-serif\" font-size=\"12\" fill=\"#1a202c\">\n<title>" + escape_markup(title) +
         "</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n";
}

/// `attributes` may hold a place, an anchor or a rotation.
std::string svg_text(const std::string& attributes, std::string_view text) {
  return "<text " + attributes + ">" + escape_markup(text) + "</text>\n";
}

double across(double x) {
  return kMargin + std::clamp(x, 0.0, 1.0) * kPlotSide;
}
double down(double y) {
  return kMargin + (1.0 - std::clamp(y, 0.0, 1.0)) * kPlotSide;
}

std::string grid() {
  std::string svg;
  for (int i = 0; i <= 10; i += 2) {
    const double at = i / 10.0;
    svg += format("<path d=\"M%.1f %.1fV%.1fM%.1f %.1fH%.1f\" stroke=\"#e2e8f0\" fill=\"none\"/>\n", across(at),
                  down(0), down(1), across(0), down(at), across(1));
    svg +=
        svg_text(format("x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\"", across(at), down(0) + 18), format("%.1f", at));
    svg +=
        svg_text(format("x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\"", across(0) - 8, down(at) + 4), format("%.1f", at));
  }
  return svg;
}

std::string polyline(const Curve& curve, const char* color) {
  std::string svg = format("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" points=\"",
                           curve.faint ? "#cbd5e0" : color, curve.faint ? "0.8" : "2");
  for (std::size_t i = 0; i < std::min(curve.x.size(), curve.y.size()); ++i) {
    svg += format("%.1f,%.1f ", across(curve.x[i]), down(curve.y[i]));
  }
  return svg + "\"/>\n";
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
          "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"#2b6cb0\" fill-opacity=\"%.3f\"/>\n", x, y,
          cells.cell, cells.cell, 0.08 + 0.92 * share);
      if (cells.cell < 20) continue;
      svg += svg_text(
          format("x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-size=\"%.1f\" fill=\"%s\"", x + cells.cell / 2,
                 y + cells.cell / 2 + 4, std::min(12.0, cells.cell / 3), share > 0.5 ? "#fff" : "#1a202c"),
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
  svg += heading(figure.title) + grid() + axis_labels(figure.x_label, figure.y_label, kPlotSide, kPlotSide);
  for (const auto& curve : figure.curves) {
    if (curve.faint) svg += polyline(curve, "");
  }
  std::size_t shown = 0;
  for (const auto& curve : figure.curves) {
    if (curve.faint) continue;
    const char* color = kPalette[shown % std::size(kPalette)];
    svg += polyline(curve, color);
    const double y = kMargin + 14 + 20 * static_cast<double>(shown++);
    const double x = across(1) + 20;
    svg += format("<path d=\"M%.1f %.1fh22\" stroke=\"%s\" stroke-width=\"3\"/>\n", x, y - 4, color);
    svg += svg_text(format("x=\"%.1f\" y=\"%.1f\"", x + 30, y), curve.name);
  }
  return svg + "</svg>\n";
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
