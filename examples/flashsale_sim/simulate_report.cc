#include "examples/flashsale_sim/simulate_report.h"

#include <chrono>
#include <cstddef>
#include <string>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include "examples/flashsale_sim/text.h"
#include "examples/flashsale_sim/waiting_room_report.h"

namespace flashsale::sim {
namespace {

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

double SecondsOf(std::uint64_t milliseconds) { return static_cast<double>(milliseconds) / 1'000; }

void WritePlan(const SimulateReport& report, std::ostream& out) {
  const SimulationPlan& plan = report.plan;
  fmt::print(out, "{} of {} on sale for {}, at most {} each, held for {}",
             Counted(plan.units, "unit"), Counted(plan.lines, "variant"),
             FormatDuration(plan.duration), Grouped(plan.limit_per_user),
             FormatDuration(plan.hold));
  if (plan.waves > 1) fmt::print(out, ", in {} waves", Grouped(plan.waves));
  fmt::print(out, "\n{}, {:.4g} % of them bots, seed {}, backend {}\n",
             Counted(plan.shoppers, "shopper"), plan.bots_per_million / 10'000.0, report.seed,
             report.backend);
  fmt::print(out, "queue: {}, {} let in a second, {} at once", Name(plan.allocation),
             Grouped(plan.admissions_per_second), Grouped(plan.max_in_flight));
  if (plan.pre_queue > Duration(0)) {
    fmt::print(out, ", gathering {} before the start", FormatDuration(plan.pre_queue));
  }
  out << '\n';
  WriteWaitingRoomPlan(plan, out);
}

void WriteWaits(const SimulateReport& report, std::ostream& out) {
  const Histogram& waits = report.result.waits_ms;
  fmt::print(out, "{} let in; half of them waited up to {:.1f} s, 99 of 100 up to {:.1f} s\n",
             Counted(waits.total(), "shopper"), SecondsOf(waits.AtPerMille(500)),
             SecondsOf(waits.AtPerMille(990)));
  const WaitReport& told = report.result.told_waits;
  if (told.told != 0) {
    fmt::print(
        out, "of {} who were told when, {:.1f} % were let in within that interval, {} are due\n",
        Counted(told.told, "shopper"), 100 * told.within_share(), WaitEstimate::kConfidencePercent);
  }
  if (report.result.sold_out_after.has_value()) {
    fmt::print(out,
               "{} after the opening nothing was left for newcomers: all was sold, in carts, or "
               "promised to "
               "those let in\n",
               FormatMoment(*report.result.sold_out_after));
  } else {
    fmt::print(out, "something was left for newcomers all the time\n");
  }
  WriteWaitingRoom(report.plan, report.result, Dice(report.seed), out);
}

}  // namespace

std::vector<Check> ChecksOf(const SimulateReport& report) {
  std::vector<Check> checks = ChecksOf(report.audit);
  for (const Check& check : ChecksOf(report.result.queue)) checks.push_back(check);
  for (const Check& check : WaitingRoomChecks(report.plan, report.result)) checks.push_back(check);
  if (report.durability.has_value()) {
    for (const Check& check : ChecksOf(*report.durability)) checks.push_back(check);
  }
  return checks;
}

void WriteText(const SimulateReport& report, std::ostream& out) {
  const SimulationResult& result = report.result;
  WritePlan(report, out);
  out << '\n';
  WriteTimeline(report.timeline, TermsOf(report.plan).start, out);
  out << '\n';
  WriteCrowd(result.crowd, out);
  out << '\n';
  WriteCohorts(result.cohorts, out);
  out << '\n';
  WriteWaits(report, out);
  out << '\n';
  WriteAnswers(result.answers, out);
  out << '\n';
  WriteUnits(result.stock, report.audit, out);
  fmt::print(out, "\nrecomputed from {}, {}, {} and {}:\n", Counted(report.audit.events, "event"),
             Counted(result.answers.Total(), "answer"), Counted(result.queue.tickets, "ticket"),
             Counted(result.queue.admissions, "admission"));
  WriteChecks(ChecksOf(report), out);
  WriteFindings(report.audit.findings, out);
  WriteFindings(result.queue.findings, out);
  WriteFindings(WaitingRoomFindings(result), out);
  if (report.durability.has_value()) {
    WriteFindings(report.durability->findings, out);
    out << '\n';
    WriteDurability(*report.durability, report.machine.has_value(), out);
  }
  if (!report.machine.has_value()) return;
  out << '\n';
  WriteLatencies(result.answers, result.latencies, out);
  fmt::print(
      out,
      "\n{} in {:.1f} s: {} a second on one core; {} of memory at most, {} of it the crowd's\n",
      Counted(result.answers.Total(), "call"), report.machine->wall_time_s,
      Grouped(static_cast<std::uint64_t>(report.OpsPerSecond())),
      FormatBytes(report.machine->peak_bytes), FormatBytes(result.crowd_bytes));
}

Json ToJson(const SimulateReport& report) {
  const SimulationPlan& plan = report.plan;
  const SimulationResult& result = report.result;
  Json json = {
      {"seed", report.seed},
      {"backend", report.backend},
      {"shoppers", plan.shoppers},
      {"bots_share", plan.bots_per_million / 1e6},
      {"units", plan.units},
      {"lines", plan.lines},
      {"limit", plan.limit_per_user},
      {"waves", plan.waves},
      {"hold_us", plan.hold.count()},
      {"duration_us", plan.duration.count()},
      {"pre_queue_us", plan.pre_queue.count()},
      {"allocation", Name(plan.allocation)},
      {"admit_rate", plan.admissions_per_second},
      {"max_in_flight", plan.max_in_flight},
  };
  AddWaitingRoomPlan(plan, Dice(report.seed), json);
  AddStock(result.stock, json);
  AddChecks(ChecksOf(report), json);
  AddAudit(report.audit, json);
  AddCrowd(result.crowd, json);
  AddWaitingRoom(plan, result, Dice(report.seed), json);
  json["tickets"] = result.queue.tickets;
  json["admissions"] = result.queue.admissions;
  json["wait_p50_s"] = SecondsOf(result.waits_ms.AtPerMille(500));
  json["waits_within_share"] = result.told_waits.within_share();
  json["waits_told"] = result.told_waits.told;
  json["waits_within_interval"] = result.told_waits.within;
  json["waits_before_interval"] = result.told_waits.before;
  json["waits_after_interval"] = result.told_waits.after;
  json["wait_p99_s"] = SecondsOf(result.waits_ms.AtPerMille(990));
  json["seconds_to_sell_out"] =
      result.sold_out_after.has_value() ? Json(Seconds(*result.sold_out_after)) : Json(nullptr);
  AddAnswers(result.answers, json);
  json["findings"] = report.audit.findings;
  for (const std::string& finding : result.queue.findings) json["findings"].push_back(finding);
  for (const std::string& finding : WaitingRoomFindings(result)) {
    json["findings"].push_back(finding);
  }
  json["invariants_hold"] = report.ok();
  if (report.durability.has_value()) {
    AddDurability(*report.durability, report.machine.has_value(), json);
  }
  if (!report.machine.has_value()) return json;
  json["ops_per_second"] = report.OpsPerSecond();
  json["latency_ns"] = LatencyJson(result.latencies);
  json["peak_memory_bytes"] = report.machine->peak_bytes;
  json["crowd_memory_bytes"] = result.crowd_bytes;
  json["wall_time_s"] = report.machine->wall_time_s;
  return json;
}

}  // namespace flashsale::sim
