#include "examples/flashsale_sim/report.h"

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include "examples/flashsale_sim/text.h"
#include "flashsale/base/outcome.h"
#include "flashsale/domain/verb.h"

namespace flashsale::sim {
namespace {

struct Check {
  std::string_view name;
  std::uint64_t found;
  std::string_view promise;
};

// Every number that must be 0, with the promise that it counts the breaches of.
std::array<Check, 9> ChecksOf(const AuditReport& audit) {
  return {
      {{"oversold", audit.oversold, "no unit is promised twice"},
       {"undersold", audit.undersold, "nobody is told \"sold out\" while units are free"},
       {"users_over_limit", audit.users_over_limit, "nobody gets more than the limit"},
       {"dishonest_user_limit", audit.dishonest_user_limit,
        "nobody is told \"limit reached\" who has room"},
       {"illegal_transitions", audit.illegal_transitions, "every reservation lives a lawful life"},
       {"unrecorded_answers", audit.unrecorded_answers, "every answer is on record"},
       {"sequence_gaps", audit.sequence_gaps, "the record has no gaps"},
       {"lost_events", audit.lost_events, "the record was read whole"},
       {"counter_mismatches", audit.counter_mismatches,
        "the store's counters agree with the record"}}};
}

constexpr std::array<ReservationState, 4> kStates = {
    ReservationState::kActive, ReservationState::kPurchased, ReservationState::kCancelled,
    ReservationState::kExpired};

std::uint64_t CountOf(const AuditReport& audit, ReservationState state) {
  return audit.final_states[static_cast<std::size_t>(state)];
}

std::map<Code, std::uint64_t> AllAnswers(const SaleResult& result) {
  std::map<Code, std::uint64_t> all;
  for (const auto& [verb, answers] : result.answers) {
    for (const auto& [code, count] : answers) all[code] += count;
  }
  return all;
}

std::uint64_t CallsOf(const SaleResult& result) {
  std::uint64_t calls = 0;
  for (const auto& [code, count] : AllAnswers(result)) calls += count;
  return calls;
}

// Over all lines, as the store counts; the audit has compared it with its own fold.
Stock TotalStock(const SaleResult& result) {
  Stock total;
  for (const Stock& line : result.stock.lines) {
    total.released += line.released;
    total.sold += line.sold;
    total.reserved += line.reserved;
  }
  return total;
}

void WriteCrowd(const RunReport& report, std::ostream& out) {
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

void WriteTimeline(const RunReport& report, std::ostream& out) {
  const Time opening = TermsOf(report.plan).start;
  for (const Timeline::Moment& moment : report.timeline.moments()) {
    fmt::print(out, "  {}  {}\n", FormatMoment(moment.at - opening), moment.what);
  }
}

void WriteAnswers(const RunReport& report, std::ostream& out) {
  fmt::print(out, "{:<10} {:<20} {:>12}\n", "asked", "answered", "times");
  for (const auto& [verb, answers] : report.result.answers) {
    if (IsOperatorAct(verb)) continue;
    std::string_view asked = Name(verb);
    for (const auto& [code, count] : answers) {
      fmt::print(out, "{:<10} {:<20} {:>12}\n", asked, Name(code), Grouped(count));
      asked = "";
    }
  }
}

void WriteUnits(const RunReport& report, std::ostream& out) {
  const AuditReport& audit = report.audit;
  const Stock stock = TotalStock(report.result);
  fmt::print(out, "{} released: {} sold, {} in carts, {} left\n", Counted(stock.released, "unit"),
             Grouped(stock.sold), Grouped(stock.reserved), Grouped(stock.available()));
  fmt::print(out,
             "{} of those sold had lapsed in another cart; {} after the deadline went through\n",
             Grouped(audit.resold_after_expiry), Counted(audit.revived, "payment"));
  fmt::print(out, "carts:");
  for (const ReservationState state : kStates) {
    fmt::print(out, "{} {} {}", state == kStates.front() ? "" : ",", Grouped(CountOf(audit, state)),
               Name(state));
  }
  fmt::print(out, "\n");
}

void WriteChecks(const RunReport& report, std::ostream& out) {
  const AuditReport& audit = report.audit;
  fmt::print(out, "recomputed from {} and {}:\n", Counted(audit.events, "event"),
             Counted(CallsOf(report.result), "answer"));
  for (const Check& check : ChecksOf(audit)) {
    fmt::print(out, "  {:<6} {:<46} {} {}\n", check.found == 0 ? "holds" : "BROKEN", check.promise,
               check.name, Grouped(check.found));
  }
  for (const std::string& finding : audit.findings) fmt::print(out, "  - {}\n", finding);
}

nlohmann::ordered_json LogJson(const LogReading& log) {
  nlohmann::ordered_json first = nlohmann::ordered_json::array();
  for (const LogReading::MalformedLine& line : log.first_malformed) {
    first.push_back({{"line", line.number}, {"error", line.error}});
  }
  return {{"lines", log.lines},
          {"malformed", log.malformed},
          {"first_malformed", first},
          {"span_s", std::chrono::duration_cast<std::chrono::seconds>(log.span).count()}};
}

}  // namespace

void WriteText(const RunReport& report, std::ostream& out) {
  WriteCrowd(report, out);
  out << '\n';
  WriteTimeline(report, out);
  out << '\n';
  WriteAnswers(report, out);
  out << '\n';
  WriteUnits(report, out);
  out << '\n';
  WriteChecks(report, out);
  const std::uint64_t calls = CallsOf(report.result);
  fmt::print(out, "\n{} in {:.2f} s\n", Counted(calls, "call"), report.wall_time_s);
}

void WriteJson(const RunReport& report, std::ostream& out) {
  const AuditReport& audit = report.audit;
  nlohmann::ordered_json json = {
      {"seed", report.seed},
      {"shoppers", report.crowd.shoppers.size()},
      {"visits", report.crowd.visits.size()},
      {"limit", report.plan.limit_per_user},
      {"hold_us", report.plan.hold.count()},
      {"units", report.plan.units},
  };
  const Stock total = TotalStock(report.result);
  json["released"] = total.released;
  json["sold"] = total.sold;
  json["reserved"] = total.reserved;
  json["available"] = total.available();
  for (const Check& check : ChecksOf(audit)) json[std::string(check.name)] = check.found;
  json["dishonest_sold_out"] = audit.dishonest_sold_out;
  json["stranded"] = audit.stranded;
  json["revived"] = audit.revived;
  json["resold_after_expiry"] = audit.resold_after_expiry;
  json["events"] = audit.events;
  for (const auto& [code, count] : AllAnswers(report.result)) {
    json["outcomes"][std::string(Name(code))] = count;
  }
  for (const auto& [verb, answers] : report.result.answers) {
    for (const auto& [code, count] : answers) {
      json["outcomes_by_verb"][std::string(Name(verb))][std::string(Name(code))] = count;
    }
  }
  for (const ReservationState state : kStates) {
    json["final_states"][std::string(Name(state))] = CountOf(audit, state);
  }
  if (report.crowd.log.has_value()) json["log"] = LogJson(*report.crowd.log);
  json["findings"] = audit.findings;
  json["invariants_hold"] = audit.ok();
  json["wall_time_s"] = report.wall_time_s;
  out << json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) << '\n';
}

}  // namespace flashsale::sim
