#include "examples/flashsale_sim/report.h"

#include <array>
#include <cstddef>
#include <string>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include "examples/flashsale_sim/persona.h"
#include "examples/flashsale_sim/text.h"

namespace flashsale::sim {
namespace {

constexpr std::array<ReservationState, 4> kStates = {
    ReservationState::kActive, ReservationState::kPurchased, ReservationState::kCancelled,
    ReservationState::kExpired};

std::uint64_t CountOf(const AuditReport& audit, ReservationState state) {
  return audit.final_states[static_cast<std::size_t>(state)];
}

// Over all lines, as the store counts; the audit has compared it with its own fold.
Stock TotalOf(const SaleStock& stock) {
  Stock total;
  for (const Stock& line : stock.lines) {
    total.released += line.released;
    total.sold += line.sold;
    total.reserved += line.reserved;
  }
  return total;
}

Json PersonaJson(const PersonaTally& tally) {
  Json json;
  json["seen"] = tally.seen;
  json["admitted"] = tally.admitted;
  json["bought"] = tally.bought;
  json["units"] = tally.units;
  json["challenged"] = tally.challenged;
  json["denied"] = tally.denied;
  json["limited"] = tally.limited;
  json["abandoned"] = tally.abandoned;
  json["no_shows"] = tally.no_shows;
  return json;
}

template <typename Visit>
void ForEachOperation(Visit visit) {
  for (std::size_t i = 0; i < kOperations; ++i) visit(static_cast<Operation>(i));
}

}  // namespace

std::vector<Check> ChecksOf(const AuditReport& audit) {
  return {
      {"oversold", audit.oversold, "no unit is promised twice"},
      {"undersold", audit.undersold, "nobody is told \"sold out\" while units are free"},
      {"users_over_limit", audit.users_over_limit, "nobody gets more than the limit"},
      {"dishonest_user_limit", audit.dishonest_user_limit,
       "nobody is told \"limit reached\" who has room"},
      {"illegal_transitions", audit.illegal_transitions, "every reservation lives a lawful life"},
      {"unrecorded_answers", audit.unrecorded_answers, "every answer is on record"},
      {"sequence_gaps", audit.sequence_gaps, "the record has no gaps"},
      {"lost_events", audit.lost_events, "the record was read whole"},
      {"counter_mismatches", audit.counter_mismatches,
       "the store's counters agree with the record"}};
}

std::vector<Check> ChecksOf(const QueueReport& queue) {
  return {
      {"fifo_inversions", queue.fifo_inversions, "nobody is let in before their turn"},
      {"ticket_breaks", queue.ticket_breaks, "nobody loses their ticket"},
      {"over_max_in_flight", queue.over_max_in_flight, "the shop is never fuller than it may be"},
      {"over_pace", queue.over_pace, "nobody is let in faster than the pace"}};
}

void WriteTimeline(const Timeline& timeline, Time opening, std::ostream& out) {
  for (const Timeline::Moment& moment : timeline.moments()) {
    fmt::print(out, "  {}  {}\n", FormatMoment(moment.at - opening), moment.what);
  }
}

void WriteCrowd(const CrowdTally& crowd, std::ostream& out) {
  fmt::print(out, "{:<16} {:>11} {:>11} {:>11} {:>11} {:>11} {:>11} {:>11}\n", "who", "came",
             "let in", "bought", "challenged", "denied", "too quick", "gave up");
  for (std::size_t i = 0; i < kPersonas; ++i) {
    const PersonaTally& tally = crowd.by_persona[i];
    if (tally.seen == 0) continue;
    fmt::print(out, "{:<16} {:>11} {:>11} {:>11} {:>11} {:>11} {:>11} {:>11}\n",
               Name(static_cast<Persona>(i)), Grouped(tally.seen), Grouped(tally.admitted),
               Grouped(tally.bought), Grouped(tally.challenged), Grouped(tally.denied),
               Grouped(tally.limited), Grouped(tally.abandoned));
  }
}

void WriteAnswers(const Answers& answers, std::ostream& out) {
  fmt::print(out, "{:<18} {:<20} {:>12}\n", "asked", "answered", "times");
  ForEachOperation([&](Operation operation) {
    std::string_view asked = Name(operation);
    answers.ForEach(operation, [&](Code code, std::uint64_t count) {
      fmt::print(out, "{:<18} {:<20} {:>12}\n", asked, Name(code), Grouped(count));
      asked = "";
    });
  });
}

void WriteUnits(const SaleStock& stock, const AuditReport& audit, std::ostream& out) {
  const Stock total = TotalOf(stock);
  fmt::print(out, "{} released: {} sold, {} in carts, {} left\n", Counted(total.released, "unit"),
             Grouped(total.sold), Grouped(total.reserved), Grouped(total.available()));
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

void WriteChecks(const std::vector<Check>& checks, std::ostream& out) {
  for (const Check& check : checks) {
    fmt::print(out, "  {:<6} {:<46} {} {}\n", check.found == 0 ? "holds" : "BROKEN", check.promise,
               check.name, Grouped(check.found));
  }
}

void WriteFindings(const std::vector<std::string>& findings, std::ostream& out) {
  for (const std::string& finding : findings) fmt::print(out, "  - {}\n", finding);
}

void WriteLatencies(const Answers& answers, const Latencies& latencies, std::ostream& out) {
  fmt::print(out, "{:<18} {:>12} {:>10} {:>10} {:>10} {:>12}\n", "asked", "times", "p50", "p99",
             "p99.9", "longest");
  ForEachOperation([&](Operation operation) {
    const Histogram& histogram = latencies.Of(operation);
    if (histogram.total() == 0 || IsOperators(operation)) return;
    fmt::print(out, "{:<18} {:>12} {:>10} {:>10} {:>10} {:>12}\n", Name(operation),
               Grouped(answers.Of(operation)), FormatLatency(histogram.AtPerMille(500)),
               FormatLatency(histogram.AtPerMille(990)), FormatLatency(histogram.AtPerMille(999)),
               FormatLatency(histogram.greatest()));
  });
}

void AddStock(const SaleStock& stock, Json& json) {
  const Stock total = TotalOf(stock);
  json["released"] = total.released;
  json["sold"] = total.sold;
  json["reserved"] = total.reserved;
  json["available"] = total.available();
}

void AddChecks(const std::vector<Check>& checks, Json& json) {
  for (const Check& check : checks) json[std::string(check.name)] = check.found;
}

void AddCrowd(const CrowdTally& crowd, Json& json) {
  const PersonaTally bots = crowd.Bots();
  const PersonaTally& people = crowd.people();
  json["bots_seen"] = bots.seen;
  json["bots_bought"] = bots.bought;
  json["people_seen"] = people.seen;
  json["people_bought"] = people.bought;
  json["people_denied"] = people.denied;
  json["people_challenged"] = people.challenged;
  for (std::size_t i = 0; i < kPersonas; ++i) {
    json["personas"][std::string(Name(static_cast<Persona>(i)))] = PersonaJson(crowd.by_persona[i]);
  }
}

void AddAudit(const AuditReport& audit, Json& json) {
  json["dishonest_sold_out"] = audit.dishonest_sold_out;
  json["stranded"] = audit.stranded;
  json["revived"] = audit.revived;
  json["resold_after_expiry"] = audit.resold_after_expiry;
  json["events"] = audit.events;
  for (const ReservationState state : kStates) {
    json["final_states"][std::string(Name(state))] = CountOf(audit, state);
  }
}

void AddAnswers(const Answers& answers, Json& json) {
  json["ops"] = answers.Total();
  Answers::ForEach(answers.Totals(), [&json](Code code, std::uint64_t count) {
    json["outcomes"][std::string(Name(code))] = count;
  });
  ForEachOperation([&](Operation operation) {
    answers.ForEach(operation, [&](Code code, std::uint64_t count) {
      json["outcomes_by_verb"][std::string(Name(operation))][std::string(Name(code))] = count;
    });
  });
}

Json LatencyJson(const Latencies& latencies) {
  Json json = Json::object();
  ForEachOperation([&](Operation operation) {
    const Histogram& histogram = latencies.Of(operation);
    if (histogram.total() == 0 || IsOperators(operation)) return;
    json[std::string(Name(operation))] = {{"p50", histogram.AtPerMille(500)},
                                          {"p99", histogram.AtPerMille(990)},
                                          {"p999", histogram.AtPerMille(999)},
                                          {"max", histogram.greatest()}};
  });
  return json;
}

void WriteDocument(const Json& json, std::ostream& out) {
  out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace flashsale::sim
