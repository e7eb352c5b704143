#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_REPLAY_REPORT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_REPLAY_REPORT_H_

#include <cstdint>
#include <ostream>

#include "examples/flashsale_sim/audit.h"
#include "examples/flashsale_sim/crowd.h"
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
  // Of selling, without the making of the crowd.
  double wall_time_s = 0;
};

// The story of the sale, for people.
void WriteText(const ReplayReport& report, std::ostream& out);

// The same for programs: one JSON object.  The same run gives the same bytes but for "wall_time_s".
void WriteJson(const ReplayReport& report, std::ostream& out);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_REPLAY_REPORT_H_
