#include "examples/flashsale_audit/svg_chart.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include <fmt/format.h>

#include "examples/flashsale_sim/text.h"

namespace flashsale::audit {
namespace {

constexpr double kWidth = 960;
constexpr double kHeight = 280;
constexpr double kLeft = 64;
constexpr double kRight = 12;
constexpr double kTop = 10;
constexpr double kBottom = 28;
constexpr int kColours = 8;  // in report.css

// 1, 2 or 5 times a power of ten, so that four to ten of them reach `most`.
double StepOf(double most) {
  if (most <= 5) return 1;
  const double power = std::pow(10, std::floor(std::log10(most / 4)));
  for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
    if (most / (factor * power) <= 6) return factor * power;
  }
  return 10 * power;
}

std::string Label(double value) {
  return sim::Compact(static_cast<std::uint64_t>(std::llround(std::max(value, 0.0))));
}

struct Frame {
  double x_first = 0;
  double x_last = 1;
  double y_last = 1;

  double X(double x) const {
    return kLeft + (x - x_first) / std::max(x_last - x_first, 1e-9) * (kWidth - kLeft - kRight);
  }
  double Y(double y) const { return kHeight - kBottom - y / y_last * (kHeight - kTop - kBottom); }
};

std::string Open(const std::string& title) {
  return fmt::format(
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n<title>{}</title>\n", kWidth,
      kHeight, Escaped(title), Escaped(title));
}

std::string Grid(const Frame& frame, double step) {
  std::string svg;
  for (double y = 0; y <= frame.y_last * 1.0001; y += step) {
    svg += fmt::format(
        "<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>"
        "<text x=\"{}\" y=\"{:.1f}\" class=\"y\">{}</text>\n",
        kLeft, kWidth - kRight, frame.Y(y), frame.Y(y), kLeft - 8, frame.Y(y) + 4, Label(y));
  }
  return svg;
}

}  // namespace

std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return escaped;
}

std::string Svg(const Chart& chart) {
  const std::size_t count = chart.x.size();
  if (count == 0) return {};
  double most = 1;
  std::vector<std::vector<double>> tops;
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    std::vector<double> top = chart.series[s].values;
    for (std::size_t i = 0; i < count; ++i) {
      if (chart.stacked && s != 0) top[i] += tops[s - 1][i];
      most = std::max(most, top[i]);
    }
    tops.push_back(std::move(top));
  }
  const double step = StepOf(most);
  const Frame frame{.x_first = chart.x.front(),
                    .x_last = chart.x.back(),
                    .y_last = std::ceil(most / step) * step};
  std::string svg = Open(chart.title) + Grid(frame, step);
  // The lowest last, so that each area hides what lies under it.
  for (std::size_t s = tops.size(); s-- > 0;) {
    std::string path;
    for (std::size_t i = 0; i < count; ++i) {
      const double x = frame.X(chart.x[i]);
      const double y = frame.Y(tops[s][i]);
      path += fmt::format("{}{:.1f} {:.1f}", i == 0 ? "M" : "L", x, y);
    }
    if (chart.stacked) {
      path += fmt::format("L{:.1f} {:.1f}L{:.1f} {:.1f}Z", frame.X(chart.x.back()), frame.Y(0),
                          frame.X(chart.x.front()), frame.Y(0));
    }
    svg += fmt::format("<path class=\"{} c{}\" d=\"{}\"/>\n", chart.stacked ? "area" : "line",
                       s % kColours, path);
  }
  for (std::size_t i = 0; i < chart.x_labels.size(); ++i) {
    const double part =
        chart.x_labels.size() == 1
            ? 0
            : static_cast<double>(i) / static_cast<double>(chart.x_labels.size() - 1);
    const char* const anchor = i == 0 ? "start" : part == 1 ? "end" : "middle";
    svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"{}\">{}</text>\n",
                       kLeft + part * (kWidth - kLeft - kRight), kHeight - 8, anchor,
                       Escaped(chart.x_labels[i]));
  }
  svg += "</svg>\n<p class=\"legend\">";
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    svg += fmt::format("<span><i class=\"c{}\"></i>{}</span>", s % kColours,
                       Escaped(chart.series[s].name));
  }
  return svg + "</p>\n";
}

std::string Svg(const Bars& bars) {
  if (bars.values.empty()) return {};
  const double most = std::max(1.0, *std::max_element(bars.values.begin(), bars.values.end()));
  const double step = StepOf(most);
  const Frame frame{.y_last = std::ceil(most / step) * step};
  std::string svg = Open(bars.title) + Grid(frame, step);
  const double slot = (kWidth - kLeft - kRight) / static_cast<double>(bars.values.size());
  const double width = std::min(slot * 0.7, 60.0);
  for (std::size_t i = 0; i < bars.values.size(); ++i) {
    const double middle = kLeft + (static_cast<double>(i) + 0.5) * slot;
    const double y = frame.Y(bars.values[i]);
    svg += fmt::format(
        "<rect class=\"area c0\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
        "height=\"{:.1f}\"/><text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}"
        "</text>\n",
        middle - width / 2, y, width, frame.Y(0) - y, middle, kHeight - 8, Escaped(bars.labels[i]));
  }
  return svg + "</svg>\n";
}

}  // namespace flashsale::audit
