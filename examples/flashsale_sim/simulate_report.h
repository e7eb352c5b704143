#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_SIMULATE_REPORT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_SIMULATE_REPORT_H_

#include <cstdint>
#include <optional>
#include <ostream>
#include <string_view>
#include <vector>

#include "examples/flashsale_sim/audit.h"
#include "examples/flashsale_sim/durability.h"
#include "examples/flashsale_sim/page.h"
#include "examples/flashsale_sim/report.h"
#include "examples/flashsale_sim/simulation.h"
#include "examples/flashsale_sim/timeline.h"

namespace flashsale::sim {

// Everything that is told of one simulation.
struct SimulateReport {
  const SimulationPlan& plan;
  std::uint64_t seed = 0;
  std::string_view backend;
  const Timeline& timeline;
  const SimulationResult& result;
  const AuditReport& audit;
  // Where the backend is a durable one.
  std::optional<DurabilityReport> durability = std::nullopt;

  // What depends on the machine; not set: left out, latencies too.
  struct Machine {
    double wall_time_s = 0;
    std::uint64_t peak_bytes = 0;
  };
  std::optional<Machine> machine = std::nullopt;

  // 0 where what depends on the machine is left out.
  double OpsPerSecond() const {
    return machine.has_value() && machine->wall_time_s > 0
               ? static_cast<double>(result.answers.Total()) / machine->wall_time_s
               : 0;
  }
  bool ok() const {
    return audit.ok() && result.ok() && (!durability.has_value() || durability->ok());
  }
};

// Everything that must be 0.
std::vector<Check> ChecksOf(const SimulateReport& report);

// The story of the sale, for people.
void WriteText(const SimulateReport& report, std::ostream& out);

// The same for programs.
Json ToJson(const SimulateReport& report);

// The same with plots; of the report, which must outlive it.
Page PageOf(const SimulateReport& report);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_SIMULATE_REPORT_H_
