#include "examples/flashsale_sim/replay.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <fstream>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include "examples/flashsale_sim/audit.h"
#include "examples/flashsale_sim/crowd.h"
#include "examples/flashsale_sim/dice.h"
#include "examples/flashsale_sim/html_report.h"
#include "examples/flashsale_sim/replay_report.h"
#include "examples/flashsale_sim/shop.h"
#include "examples/flashsale_sim/timeline.h"
#include "flashsale/backend/memory.h"

namespace flashsale::sim {
namespace {

Result<Crowd> GatherCrowd(const ReplayOptions& options, const Dice& dice) {
  const Duration span = OpenFor(options.hold);
  if (options.log_file.empty()) return SyntheticCrowd(options.synthetic_shoppers, span, dice);
  std::ifstream stream(options.log_file, std::ios::binary);
  if (!stream) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("expected a file that can be read: {}", LastSystemError()));
  }
  return CrowdFromLog(stream, span);
}

SalePlan PlanSale(const ReplayOptions& options, const Crowd& crowd) {
  const std::size_t twentieth = std::max<std::size_t>(crowd.shoppers.size() / 20, 1);
  return {.units = options.units.value_or(static_cast<Units>(twentieth)),
          .limit_per_user = options.limit_per_user,
          .hold = options.hold};
}

// One call can at most expire every hold there is and add an event of its own; a ring as large as
// that never overwrites what the audit, which reads after each call, has not read.
std::size_t RingSizeFor(const SalePlan& plan) {
  return std::bit_ceil(std::max<std::size_t>(std::size_t{plan.units} + 16, 1'024));
}

}  // namespace

int Replay(const ReplayOptions& options, const Output& output) {
  const Dice dice(options.seed);
  Result<Crowd> crowd = GatherCrowd(options, dice);
  if (!crowd.ok()) {
    fmt::print(output.errors, "FILE '{}': {}\n", options.log_file, crowd.status().message());
    return kExitBadInput;
  }
  OutputFile json("--json", options.json_file);
  OutputFile html("--html", options.html_file);
  if (!json.Open(output) || !html.Open(output)) return kExitBadInput;

  const SalePlan plan = PlanSale(options, *crowd);
  Result<std::unique_ptr<Storage>> storage =
      OpenMemoryStorage({.events_per_sale = RingSizeFor(plan),
                         .hash_seed = dice.Roll(Dice::Purpose::kHashSeed, 0) | 1});
  if (!storage.ok()) {
    fmt::print(output.errors, "the store cannot be opened: {}\n", storage.status().ToString());
    return kExitStoreFailed;
  }
  Audit audit(TermsOf(plan));
  Timeline timeline;
  const auto started = std::chrono::steady_clock::now();
  const Result<SaleResult> result =
      RunSale({.plan = plan,
               .crowd = *crowd,
               .dice = dice,
               .storage = **storage,
               .limits = options.default_rates ? RateLimits{} : GenerousLimits(),
               .audit = audit,
               .timeline = timeline,
               .on_progress = ProgressLine(output, OpenFor(plan.hold))});
  const std::chrono::duration<double> wall_time = std::chrono::steady_clock::now() - started;
  ClearProgressLine(output);
  if (!result.ok()) {
    fmt::print(output.errors, "the sale broke off: {}\n", result.status().ToString());
    return kExitStoreFailed;
  }

  const AuditReport findings = audit.Report();
  ReplayReport report{.plan = plan,
                      .crowd = *crowd,
                      .timeline = timeline,
                      .result = *result,
                      .audit = findings,
                      .seed = options.seed};
  if (!options.reproducible) report.wall_time_s = wall_time.count();
  WriteText(report, output.report);
  if (json.wanted()) WriteDocument(ToJson(report), json.stream());
  if (html.wanted()) WriteHtml(PageOf(report), html.stream());
  if (!json.Close(output) || !html.Close(output)) return kExitBadInput;
  return findings.ok() ? kExitOk : kExitInvariantBroken;
}

}  // namespace flashsale::sim
