#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_SVG_CHART_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_SVG_CHART_H_

#include <string>
#include <vector>

namespace flashsale::audit {

// A picture of numbers over another, as one SVG element; its colours are those of audit.css, by
// class, so that it fits a dark page, too.
struct Chart {
  struct Series {
    std::string name;
    std::vector<double> values;  // one for each of `x`
  };
  std::string title;  // for who cannot see it
  std::vector<double> x;
  std::vector<std::string> x_labels;  // spread evenly from the first of `x` to the last
  std::vector<Series> series;
  bool stacked = false;  // areas one on the other; else lines
};
std::string Svg(const Chart& chart);

// Bars with their counts.
struct Bars {
  std::string title;
  std::vector<std::string> labels;
  std::vector<double> values;
};
std::string Svg(const Bars& bars);

// Text as it may stand in a page.
std::string Escaped(const std::string& text);

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_SVG_CHART_H_
