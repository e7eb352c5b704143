#include <algorithm>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "examples/flashsale_audit/embedded_file.h"
#include "examples/flashsale_audit/reports.h"
#include "examples/flashsale_audit/svg_chart.h"
#include "examples/flashsale_audit/wording.h"
#include "examples/flashsale_sim/text.h"

namespace flashsale::audit {

namespace {

std::string_view FileNamed(std::string_view name) {
  for (const EmbeddedFile& file : AuditPageFiles()) {
    if (file.name == name) return file.text;
  }
  return {};
}

std::string Section(const std::string& heading, const std::string& body) {
  return fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", Escaped(heading), body);
}

std::string ClaimTable(const std::vector<Claim>& claims) {
  std::string html =
      "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th>Verdict</th><th "
      "class=\"text\">Name</th><th class=\"text\">Promise</th><th>Looked "
      "at</th></tr></thead><tbody>\n";
  for (const Claim& claim : claims) {
    std::string more;
    if (claim.refuted()) {
      more += fmt::format("<br><b class=\"broken-text\">{}</b>", Escaped(claim.counterexample()));
    }
    if (!claim.missing().empty()) more += fmt::format("<br>{}", Escaped(claim.missing()));
    html += fmt::format(
        "<tr><td class=\"{}\">{}</td><td>{}</td><td>{}{}</td><td class=\"count\">{}"
        "</td></tr>\n",
        claim.refuted() ? "broken-text" : "holds-text", VerdictOf(claim),
        Escaped(std::string(claim.name())), Escaped(std::string(claim.promise())), more,
        LookedAt(claim));
  }
  return html + "</tbody></table></div>\n";
}

std::string RowTable(const Table& table) {
  std::string html = "<div class=\"scroll\" tabindex=\"0\"><table><tbody>\n";
  for (const Row& row : table.rows) {
    html += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", Escaped(row.name), Escaped(row.value));
  }
  return html + "</tbody></table></div>\n";
}

// What stands where over time: a value for each span.
struct Course {
  std::vector<double> x;
  std::vector<std::string> x_labels;
  std::vector<double> held, sold, available, waiting, inside;
};

Course CourseOf(const SaleReport& sale) {
  Course course;
  const FlowSeries& series = sale.series;
  Flow total;
  if (sale.figures.has_value()) {
    for (const SaleLine& line : sale.figures->terms.lines) {
      total.released_change += line.released_at_first.value_or(line.units);
    }
  }
  const auto at = [&series](std::size_t i) {
    return series.first() + static_cast<Duration::rep>(i) * series.width();
  };
  for (std::size_t i = 0; i < series.flows().size(); ++i) {
    total += series.flows()[i];
    course.x.push_back(static_cast<double>(i));
    course.held.push_back(static_cast<double>(total.held_change));
    course.sold.push_back(static_cast<double>(total.sold_change));
    course.available.push_back(static_cast<double>(
        std::max<std::int64_t>(0, total.released_change - total.held_change - total.sold_change)));
    course.waiting.push_back(static_cast<double>(total.waiting_change));
    course.inside.push_back(static_cast<double>(total.inside_change));
  }
  constexpr std::size_t kLabels = 4;
  for (std::size_t i = 0; i <= kLabels && !course.x.empty(); ++i) {
    course.x_labels.push_back(FormatTime(at((course.x.size() - 1) * i / kLabels)).substr(5, 14));
  }
  return course;
}

std::string WaitChart(const QueueFigures& queue) {
  Chart chart{.title = "Waits by percentile, in seconds", .x = {}, .x_labels = {}, .series = {}};
  for (std::uint32_t per_mille = 10; per_mille <= 1'000; per_mille += 10)
    chart.x.push_back(per_mille);
  chart.x_labels = {"1 %", "25 %", "50 %", "75 %", "100 %"};
  for (std::size_t tier = 0; tier < queue.tiers.size(); ++tier) {
    const sim::Histogram& waits = queue.tiers[tier].waits;
    if (waits.total() == 0) continue;
    Chart::Series& series = chart.series.emplace_back();
    series.name = fmt::format("tier {}, seconds", tier);
    for (const double per_mille : chart.x) {
      series.values.push_back(
          static_cast<double>(waits.AtPerMille(static_cast<std::uint32_t>(per_mille))) / 1'000);
    }
  }
  return chart.series.empty() ? "" : "<h3>Waits, by percentile</h3>\n" + Svg(chart);
}

std::string BuyerChart(const SaleFigures& figures) {
  Bars bars{.title = "Buyers by units", .labels = {}, .values = {}};
  constexpr std::size_t kMost = 20;
  for (const auto& [units, count] : figures.buyers_by_units) {
    if (bars.values.size() == kMost) break;
    bars.labels.push_back(sim::Counted(units, "unit"));
    bars.values.push_back(static_cast<double>(count));
  }
  return bars.values.empty() ? "" : "<h3>Buyers, by units</h3>\n" + Svg(bars);
}

std::string Pictures(const SaleReport& sale) {
  const Course course = CourseOf(sale);
  if (course.x.empty()) return {};
  std::string html;
  if (sale.figures.has_value()) {
    html += "<h3>Units over time</h3>\n" +
            Svg(Chart{.title = "Units sold, held and available over time",
                      .x = course.x,
                      .x_labels = course.x_labels,
                      .series = {{"sold", course.sold},
                                 {"held", course.held},
                                 {"available", course.available}},
                      .stacked = true});
    html += BuyerChart(*sale.figures);
  }
  if (sale.queue.has_value()) {
    html += "<h3>Queue over time</h3>\n" +
            Svg(Chart{.title = "People waiting and inside over time",
                      .x = course.x,
                      .x_labels = course.x_labels,
                      .series = {{"waiting", course.waiting}, {"let in", course.inside}}});
    html += WaitChart(*sale.queue);
  }
  return Section("Pictures", html);
}

std::string Body(const AuditReport& report) {
  std::string proofs = ClaimTable(report.claims);
  for (const std::string& remark : report.remarks) {
    proofs += fmt::format("<p>Remark: {}</p>\n", Escaped(remark));
  }
  std::string html = Section("Proofs about the journal", proofs);
  const Table journal = JournalTable(report);
  html += Section(journal.heading, RowTable(journal));
  for (const SaleReport& sale : report.sales) {
    html += fmt::format("<h2 class=\"sale\">{}</h2>\n", Escaped(Heading(sale)));
    html += Pictures(sale);
    html += Section("Proofs", ClaimTable(sale.claims));
    for (const Table& table : SaleTables(sale)) html += Section(table.heading, RowTable(table));
  }
  return html;
}

}  // namespace

void WriteHtml(const AuditReport& report, std::ostream& out) {
  constexpr std::string_view kOpen = "{{";
  constexpr std::string_view kClose = "}}";
  std::string_view rest = FileNamed("audit.html");
  for (std::size_t open; (open = rest.find(kOpen)) != rest.npos;) {
    out << rest.substr(0, open);
    rest.remove_prefix(open + kOpen.size());
    const std::size_t close = rest.find(kClose);
    const std::string_view name = rest.substr(0, close);
    if (name == "subtitle") {
      out << Escaped(fmt::format("{}: {} commits, {} to {}", report.path,
                                 sim::Grouped(report.journal.summary.commits),
                                 FormatTime(report.journal.first.value_or(kMinTime)),
                                 FormatTime(report.journal.summary.latest)));
    } else if (name == "verdict") {
      out << (report.held() ? "<p id=\"verdict\" class=\"holds\" role=\"status\">All held</p>"
                            : "<p id=\"verdict\" class=\"broken\" role=\"status\">Refuted</p>");
    } else if (name == "body") {
      out << Body(report);
    } else {
      out << FileNamed(name);
    }
    rest.remove_prefix(close + kClose.size());
  }
  out << rest;
}

}  // namespace flashsale::audit
