#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_REPLAY_REPORT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_REPLAY_REPORT_H_

#include <cstdint>
#include <optional>
#include <ostream>

#include "examples/flashsale_sim/audit.h"
#include "examples/flashsale_sim/crowd.h"
#include "examples/flashsale_sim/page.h"
#include "examples/flashsale_sim/report.h"
#include "examples/flashsale_sim/shop.h"
#include "examples/flashsale_sim/timeline.h"

namespace flashsale::sim {

// Everything that is told of one replay.
struct ReplayReport {
  const SalePlan& plan;
  const Crowd& crowd;
  const Timeline& timeline;
  const SaleResult& result;
  const AuditReport& audit;
  std::uint64_t seed = 0;
  // Of selling, without the making of the crowd.  Not set: what depends on the machine is left out.
  std::optional<double> wall_time_s = std::nullopt;

  // Calls that the detectors would have met with anything.
  std::uint64_t suspected() const;
};

// The story of the sale, for people.
void WriteText(const ReplayReport& report, std::ostream& out);

// The same for programs.  The same run gives the same but for "wall_time_s".
Json ToJson(const ReplayReport& report);

// The same with plots; of the report, which must outlive it.
Page PageOf(const ReplayReport& report);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_REPLAY_REPORT_H_
