#include <cstddef>
#include <cstdint>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "examples/flashsale_audit/reports.h"

namespace flashsale::audit {

void WriteCsv(const AuditReport& report, std::ostream& out) {
  out << "sale,time_us,seconds,reserved,sold,back,held_units,sold_units,available_units,joined,"
         "admitted,waiting,inside\n";
  for (const SaleReport& sale : report.sales) {
    std::int64_t released = 0;
    if (sale.figures.has_value()) {
      for (const SaleLine& line : sale.figures->terms.lines) {
        released += line.released_at_first.value_or(line.units);
      }
    }
    Flow total{.released_change = released};
    const FlowSeries& series = sale.series;
    for (std::size_t i = 0; i < series.flows().size(); ++i) {
      const Flow& flow = series.flows()[i];
      total += flow;
      const Time at = series.first() + static_cast<Duration::rep>(i) * series.width();
      fmt::print(out, "{},{},{},{},{},{},{},{},{},{},{},{},{}\n", sale.sale.view(),
                 at.time_since_epoch().count(),
                 std::chrono::duration_cast<std::chrono::seconds>(series.width()).count(),
                 flow.reserved, flow.sold, flow.back, total.held_change, total.sold_change,
                 total.released_change - total.held_change - total.sold_change, flow.joined,
                 flow.admitted, total.waiting_change, total.inside_change);
    }
  }
}

}  // namespace flashsale::audit
