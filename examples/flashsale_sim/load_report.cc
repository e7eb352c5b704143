#include "examples/flashsale_sim/load_report.h"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include "examples/flashsale_sim/text.h"

namespace flashsale::sim {

void WriteText(const LoadReport& report, std::ostream& out) {
  const SimulationPlan& plan = report.options.plan;
  fmt::print(out, "{} a sale of {}, one after the other: {} in {:.1f} s\n",
             Counted(plan.units, "unit"), FormatDuration(report.options.sale_length),
             Counted(report.sales, "sale"), report.wall_time_s);
  fmt::print(out, "{}, {}\n\n", Counted(report.threads, "thread"),
             report.options.rate == 0
                 ? std::string("as fast as it goes; latencies count from each call")
                 : fmt::format("{} calls a second; latencies count from when each was meant for",
                               Grouped(report.options.rate)));
  WriteAnswers(report.answers, out);
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
  WriteChecks(ChecksOf(report.audit), out);
  WriteFindings(report.audit.findings, out);
}

Json ToJson(const LoadReport& report) {
  const LoadOptions& options = report.options;
  Json json = {
      {"seed", options.seed},
      {"backend", options.backend},
      {"threads", report.threads},
      {"rate", options.rate == 0 ? Json(nullptr) : Json(options.rate)},
      {"duration_us", options.plan.duration.count()},
      {"sale_length_us", options.sale_length.count()},
      {"shoppers", options.plan.shoppers},
      {"units", options.plan.units},
      {"lines", options.plan.lines},
      {"limit", options.plan.limit_per_user},
      {"sales", report.sales},
  };
  AddChecks(ChecksOf(report.audit), json);
  AddAudit(report.audit, json);
  AddAnswers(report.answers, json);
  json["findings"] = report.audit.findings;
  json["invariants_hold"] = report.audit.ok();
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
