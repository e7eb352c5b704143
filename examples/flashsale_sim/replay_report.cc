#include "examples/flashsale_sim/replay_report.h"

#include <chrono>
#include <cstddef>
#include <string>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include "examples/flashsale_sim/text.h"

namespace flashsale::sim {
namespace {

void WriteCrowd(const ReplayReport& report, std::ostream& out) {
  const SalePlan& plan = report.plan;
  fmt::print(out, "{} on sale for {}, at most {} each, held for {}\n", Counted(plan.units, "unit"),
             FormatDuration(OpenFor(plan.hold)), Grouped(plan.limit_per_user),
             FormatDuration(plan.hold));
  fmt::print(out, "{}, {}, seed {}\n", report.crowd.description,
             Counted(report.crowd.visits.size(), "visit"), report.seed);
  if (!report.crowd.log.has_value()) return;
  const LogReading& log = *report.crowd.log;
  const Duration open = OpenFor(plan.hold);
  if (log.span > open) {
    fmt::print(out, "the log's {} are run through in {}, {:.0f} times as fast\n",
               FormatDuration(log.span), FormatDuration(open),
               static_cast<double>(log.span.count()) / static_cast<double>(open.count()));
  }
  if (log.malformed == 0) return;
  fmt::print(out, "{} of the log left out:\n", Counted(log.malformed, "malformed line"));
  for (const LogReading::MalformedLine& line : log.first_malformed) {
    fmt::print(out, "  line {}: {}\n", line.number, line.error);
  }
  if (log.malformed > log.first_malformed.size()) {
    fmt::print(out, "  and {} more\n", Grouped(log.malformed - log.first_malformed.size()));
  }
}

void WriteSuspicions(const ChainStats& suspicions, std::ostream& out) {
  const auto judged = [&suspicions](BotAction action) {
    return Grouped(suspicions.judged[static_cast<std::size_t>(action)]);
  };
  fmt::print(out,
             "bot detectors only looked on; they would have challenged {}, delayed {}, denied {}\n",
             judged(BotAction::kChallenge), judged(BotAction::kTarpit), judged(BotAction::kDeny));
}

Json SuspicionsJson(const ChainStats& suspicions) {
  Json json;
  for (std::size_t i = 0; i < kBotActions; ++i) {
    json[std::string(Name(static_cast<BotAction>(i)))] = suspicions.judged[i];
  }
  return json;
}

Json LogJson(const LogReading& log) {
  Json first = Json::array();
  for (const LogReading::MalformedLine& line : log.first_malformed) {
    first.push_back({{"line", line.number}, {"error", line.error}});
  }
  return {{"lines", log.lines},
          {"malformed", log.malformed},
          {"first_malformed", first},
          {"span_s", std::chrono::duration_cast<std::chrono::seconds>(log.span).count()}};
}

}  // namespace

void WriteText(const ReplayReport& report, std::ostream& out) {
  const std::uint64_t calls = report.result.answers.Total();
  WriteCrowd(report, out);
  out << '\n';
  WriteTimeline(report.timeline, TermsOf(report.plan).start, out);
  out << '\n';
  WriteAnswers(report.result.answers, out);
  out << '\n';
  WriteUnits(report.result.stock, report.audit, out);
  WriteSuspicions(report.result.suspicions, out);
  fmt::print(out, "\nrecomputed from {} and {}:\n", Counted(report.audit.events, "event"),
             Counted(calls, "answer"));
  WriteChecks(ChecksOf(report.audit), out);
  WriteFindings(report.audit.findings, out);
  if (!report.wall_time_s.has_value()) return;
  fmt::print(out, "\n{} in {:.2f} s\n", Counted(calls, "call"), *report.wall_time_s);
}

std::uint64_t ReplayReport::suspected() const {
  std::uint64_t calls = 0;
  for (const BotAction action : {BotAction::kChallenge, BotAction::kTarpit, BotAction::kDeny}) {
    calls += result.suspicions.judged[static_cast<std::size_t>(action)];
  }
  return calls;
}

Json ToJson(const ReplayReport& report) {
  Json json = {
      {"seed", report.seed},
      {"shoppers", report.crowd.shoppers.size()},
      {"visits", report.crowd.visits.size()},
      {"limit", report.plan.limit_per_user},
      {"hold_us", report.plan.hold.count()},
      {"units", report.plan.units},
  };
  AddStock(report.result.stock, json);
  AddChecks(ChecksOf(report.audit), json);
  AddAudit(report.audit, json);
  AddAnswers(report.result.answers, json);
  json["suspicions"] = SuspicionsJson(report.result.suspicions);
  if (report.crowd.log.has_value()) json["log"] = LogJson(*report.crowd.log);
  json["findings"] = report.audit.findings;
  json["invariants_hold"] = report.audit.ok();
  if (report.wall_time_s.has_value()) json["wall_time_s"] = *report.wall_time_s;
  return json;
}

}  // namespace flashsale::sim
