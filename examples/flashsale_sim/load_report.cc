#include "examples/flashsale_sim/load_report.h"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include "examples/flashsale_sim/text.h"

namespace flashsale::sim {
namespace {

double SecondsAt(const Histogram& waits_us, std::uint32_t per_mille) {
  return static_cast<double>(waits_us.AtPerMille(per_mille)) / 1e6;
}

void WriteSales(const SimulationPlan& plan, std::ostream& out) {
  fmt::print(out, "each sale");
  if (plan.waves > 1) fmt::print(out, " in {} waves", Grouped(plan.waves));
  if (plan.pre_queue > Duration(0)) {
    fmt::print(
        out, "{} may be joined {} before its start, where {}", plan.waves > 1 ? "," : "",
        FormatDuration(plan.pre_queue),
        plan.allocation == Allocation::kLottery ? "lots are drawn" : "who came first goes first");
  }
  out << '\n';
}

void WriteWaits(const Histogram& waits_us, std::ostream& out) {
  if (waits_us.total() == 0) return;
  fmt::print(out, "{} let in; half of them waited up to {:.3f} s, 99 of 100 up to {:.3f} s\n",
             Counted(waits_us.total(), "visitor"), SecondsAt(waits_us, 500),
             SecondsAt(waits_us, 990));
}

}  // namespace

std::vector<Check> ChecksOf(const LoadReport& report) {
  std::vector<Check> checks = ChecksOf(report.audit);
  if (report.durability.has_value()) {
    for (const Check& check : ChecksOf(*report.durability)) checks.push_back(check);
  }
  return checks;
}

void WriteText(const LoadReport& report, std::ostream& out) {
  const SimulationPlan& plan = report.options.plan;
  fmt::print(out, "{} a sale of {}, one after the other: {} in {:.1f} s\n",
             Counted(plan.units, "unit"), FormatDuration(report.options.sale_length),
             Counted(report.sales, "sale"), report.wall_time_s);
  fmt::print(out, "{}, backend {}, {}\n", Counted(report.threads, "thread"),
             Name(report.options.backend.kind),
             report.options.rate == 0
                 ? std::string("as fast as it goes; latencies count from each call")
                 : fmt::format("{} calls a second; latencies count from when each was meant for",
                               Grouped(report.options.rate)));
  if (plan.waves > 1 || plan.pre_queue > Duration(0)) WriteSales(plan, out);
  out << '\n';
  if (plan.bots_per_million > 0) {
    WriteCrowd(report.crowd, out);
    out << '\n';
  }
  WriteAnswers(report.answers, out);
  WriteWaits(report.waits_us, out);
  out << '\n';
  WriteLatencies(report.answers, report.latencies, out);
  fmt::print(out, "\n{}: {} a second", Counted(report.answers.Total(), "call"),
             Grouped(static_cast<std::uint64_t>(report.OpsPerSecond())));
  if (report.missed > 0) fmt::print(out, "; {} were not made in time", Grouped(report.missed));
  const std::int64_t drift = report.MemoryDrift();
  fmt::print(out, "\nmemory: {} at the start, {} half-way, {} at the end: {}{}\n",
             FormatBytes(report.memory_start), FormatBytes(report.memory_middle),
             FormatBytes(report.memory_end), drift < 0 ? "-" : "+",
             FormatBytes(static_cast<std::uint64_t>(drift < 0 ? -drift : drift)));
  fmt::print(out, "\nrecomputed from {}:\n", Counted(report.audit.events, "event"));
  WriteChecks(ChecksOf(report), out);
  WriteFindings(report.audit.findings, out);
  if (!report.durability.has_value()) return;
  WriteFindings(report.durability->findings, out);
  out << '\n';
  WriteDurability(*report.durability, true, out);
}

Json ToJson(const LoadReport& report) {
  const LoadOptions& options = report.options;
  Json json = {
      {"seed", options.seed},
      {"backend", Name(options.backend.kind)},
      {"threads", report.threads},
      {"rate", options.rate == 0 ? Json(nullptr) : Json(options.rate)},
      {"duration_us", options.plan.duration.count()},
      {"sale_length_us", options.sale_length.count()},
      {"shoppers", options.plan.shoppers},
      {"units", options.plan.units},
      {"lines", options.plan.lines},
      {"limit", options.plan.limit_per_user},
      {"bots_share", options.plan.bots_per_million / 1e6},
      {"waves", options.plan.waves},
      {"hold_us", options.plan.hold.count()},
      {"pre_queue_us", options.plan.pre_queue.count()},
      {"allocation", Name(options.plan.allocation)},
      {"admit_rate", options.plan.admissions_per_second},
      {"max_in_flight", options.plan.max_in_flight},
      {"sales", report.sales},
  };
  json["released"] = report.audit.released;
  json["sold"] = report.audit.sold;
  AddChecks(ChecksOf(report), json);
  AddAudit(report.audit, json);
  AddCrowd(report.crowd, json);
  json["admissions"] = report.waits_us.total();
  json["wait_p50_s"] = SecondsAt(report.waits_us, 500);
  json["wait_p99_s"] = SecondsAt(report.waits_us, 990);
  AddAnswers(report.answers, json);
  json["findings"] = report.audit.findings;
  json["invariants_hold"] = report.ok();
  if (report.durability.has_value()) AddDurability(*report.durability, true, json);
  json["missed"] = report.missed;
  json["ops_per_second"] = report.OpsPerSecond();
  json["latency_ns"] = LatencyJson(report.latencies);
  json["memory_bytes"] = {{"start", report.memory_start},
                          {"middle", report.memory_middle},
                          {"end", report.memory_end},
                          {"drift", report.MemoryDrift()}};
  json["wall_time_s"] = report.wall_time_s;
  return json;
}

}  // namespace flashsale::sim
