#include "examples/flashsale_sim/simulate.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <memory>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include "examples/flashsale_sim/html_report.h"
#include "examples/flashsale_sim/memory_use.h"
#include "examples/flashsale_sim/simulate_report.h"
#include "flashsale/backend/memory.h"

namespace flashsale::sim {
namespace {

// One call can at most expire every hold there is and add an event of its own; a ring as large as
// that never overwrites what the audit, which reads after each call, has not read.
std::size_t RingSizeFor(const SimulationPlan& plan) {
  return std::bit_ceil(std::max<std::size_t>(std::size_t{plan.units} + 16, 1'024));
}

}  // namespace

int Simulate(const SimulateOptions& options, const Output& output) {
  OutputFile json("--json", options.json_file);
  OutputFile html("--html", options.html_file);
  if (!json.Open(output) || !html.Open(output)) return kExitBadInput;

  const SimulationPlan& plan = options.plan;
  const Dice dice(options.seed);
  Result<std::unique_ptr<Storage>> storage = OpenMemoryStorage(
      {.events_per_sale = RingSizeFor(plan),
       .rate_keys = std::max<std::uint64_t>(plan.shoppers, MemoryOptions{}.rate_keys),
       .hash_seed = dice.Roll(Dice::Purpose::kHashSeed, 0) | 1});
  if (!storage.ok()) {
    fmt::print(output.errors, "the store cannot be opened: {}\n", storage.status().ToString());
    return kExitStoreFailed;
  }
  Audit audit(TermsOf(plan));
  Timeline timeline;
  const auto started = std::chrono::steady_clock::now();
  const Result<SimulationResult> result =
      RunSimulation({.plan = plan,
                     .dice = dice,
                     .storage = **storage,
                     .audit = audit,
                     .timeline = timeline,
                     .on_progress = ProgressLine(output, plan.duration)});
  const std::chrono::duration<double> wall_time = std::chrono::steady_clock::now() - started;
  ClearProgressLine(output);
  if (!result.ok()) {
    fmt::print(output.errors, "the sale broke off: {}\n", result.status().ToString());
    return kExitStoreFailed;
  }

  const AuditReport findings = audit.Report();
  SimulateReport report{.plan = plan,
                        .seed = options.seed,
                        .backend = options.backend,
                        .timeline = timeline,
                        .result = *result,
                        .audit = findings};
  if (!options.reproducible) {
    report.machine = {.wall_time_s = wall_time.count(), .peak_bytes = PeakResidentBytes()};
  }
  WriteText(report, output.report);
  if (json.wanted()) WriteDocument(ToJson(report), json.stream());
  if (html.wanted()) WriteHtml(PageOf(report), html.stream());
  if (!json.Close(output) || !html.Close(output)) return kExitBadInput;
  return report.ok() ? kExitOk : kExitInvariantBroken;
}

}  // namespace flashsale::sim
