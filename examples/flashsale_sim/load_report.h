#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_REPORT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_REPORT_H_

#include <cstdint>
#include <optional>
#include <ostream>
#include <vector>

#include "examples/flashsale_sim/answers.h"
#include "examples/flashsale_sim/audit.h"
#include "examples/flashsale_sim/crowd_tally.h"
#include "examples/flashsale_sim/durability.h"
#include "examples/flashsale_sim/histogram.h"
#include "examples/flashsale_sim/latencies.h"
#include "examples/flashsale_sim/load.h"
#include "examples/flashsale_sim/page.h"
#include "examples/flashsale_sim/report.h"
#include "examples/flashsale_sim/series.h"

namespace flashsale::sim {

// Everything that is told of one load.
struct LoadReport {
  const LoadOptions& options;
  std::uint32_t threads = 0;
  Answers answers;
  Latencies latencies;
  // Calls that an open loop did not get round to.
  std::uint64_t missed = 0;
  double wall_time_s = 0;
  std::uint64_t sales = 0;
  // Every visit counts.
  CrowdTally crowd;
  // From their tickets until people were let in, in microseconds.
  Histogram waits_us;
  // Of the sale that sells at each instant.
  Series series;
  std::vector<Page::Moment> story;
  // Summed up over all sales.
  AuditReport audit;
  // Where the backend is a durable one.
  std::optional<DurabilityReport> durability;
  // What the process had of the machine's memory: once the first tenth was over, half-way, at the
  // end of the calls.
  std::uint64_t memory_start = 0;
  std::uint64_t memory_middle = 0;
  std::uint64_t memory_end = 0;

  bool ok() const { return audit.ok() && (!durability.has_value() || durability->ok()); }
  double OpsPerSecond() const {
    return wall_time_s > 0 ? static_cast<double>(answers.Total()) / wall_time_s : 0;
  }
  std::int64_t MemoryDrift() const {
    return static_cast<std::int64_t>(memory_end) - static_cast<std::int64_t>(memory_start);
  }
};

// Everything that must be 0.
std::vector<Check> ChecksOf(const LoadReport& report);
void WriteText(const LoadReport& report, std::ostream& out);
Json ToJson(const LoadReport& report);
// Of the report, which must outlive it.
Page PageOf(const LoadReport& report);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_REPORT_H_
