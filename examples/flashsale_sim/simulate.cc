#include "examples/flashsale_sim/simulate.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <memory>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include "examples/flashsale_sim/backend.h"
#include "examples/flashsale_sim/durability.h"
#include "examples/flashsale_sim/html_report.h"
#include "examples/flashsale_sim/memory_use.h"
#include "examples/flashsale_sim/simulate_report.h"

namespace flashsale::sim {
namespace {

// One call can at most expire every hold there is and add an event of its own; a ring as large as
// that never overwrites what the audit, which reads after each call, has not read.
std::size_t RingSizeFor(const SimulationPlan& plan) {
  return std::bit_ceil(std::max<std::size_t>(std::size_t{plan.units} + 16, 1'024));
}

Result<DurabilityReport> Reopen(Backend& backend, const SimulationPlan& plan,
                                const AuditReport& audit) {
  DurabilityCheck check(backend);
  const Status status = check.Remember(TermsOf(plan).id, ClosingOf(plan));
  if (!status.ok()) return status;
  return check.Reopen(audit.reservations());
}

}  // namespace

int Simulate(const SimulateOptions& options, const Output& output) {
  OutputFile json("--json", options.json_file);
  OutputFile html("--html", options.html_file);
  // Before a report that is there is written over.
  if (const Status status = Backend::CheckIsNew(options.backend); !status.ok()) {
    return RefuseBackend(options.backend, status, output);
  }
  if (!json.Open(output) || !html.Open(output)) return kExitBadInput;

  const SimulationPlan& plan = options.plan;
  const Dice dice(options.seed);
  const Result<std::unique_ptr<Backend>> opened =
      Backend::Open(options.backend,
                    {.events_per_sale = RingSizeFor(plan),
                     .rate_keys = std::max<std::uint64_t>(plan.shoppers, MemoryOptions{}.rate_keys),
                     .hash_seed = dice.Roll(Dice::Purpose::kHashSeed, 0) | 1});
  if (!opened.ok()) return RefuseBackend(options.backend, opened.status(), output);
  Backend& backend = **opened;
  Audit audit(TermsOf(plan));
  Timeline timeline;
  const auto started = std::chrono::steady_clock::now();
  const Result<SimulationResult> result =
      RunSimulation({.plan = plan,
                     .dice = dice,
                     .storage = backend.storage(),
                     .audit = audit,
                     .timeline = timeline,
                     .on_progress = ProgressLine(
                         output, plan.duration,
                         backend.is_durable() ? "(each change waits for the disk) " : "")});
  const std::chrono::duration<double> wall_time = std::chrono::steady_clock::now() - started;
  ClearProgressLine(output);
  if (!result.ok()) {
    fmt::print(output.errors, "the sale broke off: {}\n", result.status().ToString());
    return kExitStoreFailed;
  }

  const AuditReport findings = audit.Report();
  SimulateReport report{.plan = plan,
                        .seed = options.seed,
                        .backend = Name(options.backend.kind),
                        .timeline = timeline,
                        .result = *result,
                        .audit = findings};
  if (backend.is_durable()) {
    Result<DurabilityReport> durability = Reopen(backend, plan, findings);
    if (!durability.ok()) {
      fmt::print(output.errors, "the store cannot be opened again: {}\n",
                 durability.status().ToString());
      return kExitStoreFailed;
    }
    report.durability = *std::move(durability);
  }
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
