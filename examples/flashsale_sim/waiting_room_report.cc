#include "examples/flashsale_sim/waiting_room_report.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include "examples/flashsale_sim/draw_seeds.h"
#include "examples/flashsale_sim/text.h"

namespace flashsale::sim {
namespace {

double Seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

double SecondsAt(const Histogram& histogram, std::uint32_t per_mille) {
  return static_cast<double>(histogram.AtPerMille(per_mille)) / 1'000;
}

std::string Hex(const LotterySeed& seed) {
  std::string text;
  for (const std::uint8_t byte : seed) text += fmt::format("{:02x}", byte);
  return text;
}

// "people_before_the_start" as people write it.
std::string Spaced(std::string name) {
  for (char& c : name) {
    if (c == '_') c = ' ';
  }
  return name;
}

std::string Percent(double share) { return fmt::format("{:.2f} %", share * 100); }

std::string DescribeOrder(const SimulationPlan& plan) {
  switch (OrderOf(plan)) {
    case Allocation::kLottery:
      return "a draw";
    case Allocation::kHybrid:
      return fmt::format("{:.4g} % by arrival, then a draw", plan.hybrid_per_mille / 10.0);
    case Allocation::kFifo:
    case Allocation::kPriority:
      break;
  }
  return "first come, first served";
}

std::string DescribeTest(const ChiSquare& test) {
  if (test.degrees == 0) return fmt::format("{} drawn, too few for a test", Grouped(test.entrants));
  return fmt::format("{} drawn, arrivals against ranks: chi-square {:.1f} of {} degrees, p {:.3f}",
                     Grouped(test.entrants), test.statistic, test.degrees, test.p_value);
}

// What a tier was given of all that were let in while every tier waited.
struct Turns {
  std::uint64_t all = 0;
  std::uint64_t weights = 0;
};
Turns TurnsOf(const QueueMeasures& measures) {
  Turns turns;
  for (const std::uint64_t count : measures.contended) turns.all += count;
  for (const std::uint32_t weight : measures.weights) turns.weights += weight;
  return turns;
}

double ShareOfTurns(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

Json WaitlistJson(const WaitlistReport& waitlist) {
  return {{"joined", waitlist.joined},
          {"left", waitlist.left},
          {"offered", waitlist.offered},
          {"bought", waitlist.bought},
          {"refused", waitlist.refused},
          {"lapsed", waitlist.lapsed},
          {"withdrawn", waitlist.withdrawn},
          {"waiting_at_the_end", waitlist.still_waiting},
          {"reserves_asked_later", waitlist.asked_later}};
}

Json CohortsJson(const Cohorts& cohorts) {
  Json json = Json::object();
  cohorts.ForEach([&json](const std::string& name, const Cohort& cohort) {
    json[name] = {{"came", cohort.came},
                  {"admitted", cohort.admitted},
                  {"bought", cohort.bought},
                  {"win_rate", cohort.win_rate()},
                  {"wait_p50_s", SecondsAt(cohort.waits_ms, 500)},
                  {"wait_p99_s", SecondsAt(cohort.waits_ms, 990)}};
  });
  return json;
}

Json MomentsJson(const SimulationPlan& plan, const QueueMeasures& measures) {
  Json json = Json::array();
  for (const QueueMeasures::Moment& moment : measures.moments) {
    Json admitted = Json::array();
    for (std::size_t i = 0; i < plan.tiers; ++i) admitted.push_back(moment.admitted[i]);
    json.push_back({{"t_s", Seconds(moment.since_opening)},
                    {"waiting", moment.metrics.waiting},
                    {"in_flight", moment.metrics.admitted},
                    {"wait_p50_s", Seconds(moment.metrics.wait_p50)},
                    {"wait_p90_s", Seconds(moment.metrics.wait_p90)},
                    {"wait_p99_s", Seconds(moment.metrics.wait_p99)},
                    {"admitted_by_tier", admitted}});
  }
  return json;
}

Json FairnessJson(const SimulationPlan& plan, const QueueMeasures& measures) {
  Json json = {{"flowing_s", Seconds(measures.flowing)},
               {"units_claimed_s", Seconds(measures.units_claimed)},
               {"sold_out_s", Seconds(measures.sold_out)},
               {"flow_changes", measures.flow_changes}};
  if (plan.tiers > 1) {
    for (std::size_t i = 0; i < plan.tiers; ++i) {
      json["admitted_while_all_wait"].push_back(measures.contended[i]);
    }
  }
  if (!measures.weights.empty()) {
    json["weights"] = measures.weights;
    json["jain_index_by_weight"] = measures.JainOfTiers();
  }
  json["moments"] = MomentsJson(plan, measures);
  return json;
}

Page::Table CohortTable(const Cohorts& cohorts) {
  Page::Table table{
      .title = "Who won, who waited",
      .note = "Bought of those who came; waits of those who were let in.",
      .columns =
          {{"who"}, {"came"}, {"let in"}, {"bought"}, {"win rate"}, {"median wait"}, {"99 of 100"}},
      .rows = {}};
  const auto span = [](const Histogram& waits, std::uint32_t per_mille) {
    return FormatSpan(
        std::chrono::milliseconds(static_cast<std::int64_t>(waits.AtPerMille(per_mille))));
  };
  cohorts.ForEach([&](const std::string& name, const Cohort& cohort) {
    table.rows.push_back({Spaced(name), Grouped(cohort.came), Grouped(cohort.admitted),
                          Grouped(cohort.bought), Percent(cohort.win_rate()),
                          span(cohort.waits_ms, 500), span(cohort.waits_ms, 990)});
  });
  return table;
}

}  // namespace

std::string DescribeAllocation(const SimulationPlan& plan) {
  if (plan.tiers == 1) return DescribeOrder(plan);
  std::string text = fmt::format("{} tiers", plan.tiers);
  const std::vector<std::uint32_t> weights = WeightsOf(plan);
  if (weights.empty()) {
    text += ", the lower one always first";
  } else {
    text += fmt::format(" of weights {}", fmt::join(weights, ":"));
  }
  return text + ", each " + DescribeOrder(plan);
}

std::vector<Check> WaitingRoomChecks(const SimulationPlan& plan, const SimulationResult& result) {
  std::vector<Check> checks;
  if (plan.tiers > 1) {
    checks.push_back({"out_of_turn", result.turns.out_of_turn, "every tier has its turns"});
    checks.push_back(
        {"too_early", result.turns.too_early, "nobody is let in before their line opens"});
    checks.push_back(
        {"misplaced", result.turns.misplaced, "everybody stands in the tier that is theirs"});
  }
  if (plan.waves > 1) {
    checks.push_back({"waves_astray", result.waves.astray, "every wave comes when it is due"});
  }
  if (!result.waitlist.has_value()) return checks;
  const WaitlistReport& waitlist = *result.waitlist;
  checks.push_back(
      {"waitlist_inversions", waitlist.inversions, "a unit is offered to the first in line"});
  checks.push_back(
      {"waitlist_bypassed", waitlist.bypassed, "nobody takes a unit that others wait for"});
  checks.push_back(
      {"waitlist_past_queue", waitlist.past_queue, "nobody comes past the queue by the waitlist"});
  checks.push_back(
      {"waitlist_unoffered", waitlist.unoffered, "no unit lies idle while somebody waits"});
  checks.push_back(
      {"waitlist_ticket_breaks", waitlist.ticket_breaks, "nobody loses their place in the list"});
  checks.push_back({"waitlist_wrong_positions", waitlist.wrong_positions,
                    "everybody is told their exact place"});
  checks.push_back({"dishonest_in_stock", waitlist.dishonest_in_stock,
                    "nobody is told \"in stock\" while others wait"});
  return checks;
}

std::vector<std::string> WaitingRoomFindings(const SimulationResult& result) {
  std::vector<std::string> findings = result.turns.findings;
  findings.insert(findings.end(), result.waves.findings.begin(), result.waves.findings.end());
  if (result.waitlist.has_value()) {
    const std::vector<std::string>& more = result.waitlist->findings;
    findings.insert(findings.end(), more.begin(), more.end());
  }
  return findings;
}

void WriteWaitingRoomPlan(const SimulationPlan& plan, std::ostream& out) {
  if (plan.tiers > 1) {
    fmt::print(out, "tiers: {}", DescribeAllocation(plan));
    if (plan.opens_early > Duration(0)) {
      fmt::print(out, "; the first opens {} before the others", FormatDuration(plan.opens_early));
    }
    if (plan.credits_for_first > 0) {
      fmt::print(out, "; {} lift into the first",
                 Counted(plan.credits_for_first, "referral credit"));
    }
    out << '\n';
  }
  fmt::print(out, "{:.4g} % of people let in never come", plan.no_shows_per_million / 10'000.0);
  if (plan.waitlist) {
    fmt::print(out, "; a waitlist, whose offers are held for {}",
               FormatDuration(OfferHoldOf(plan)));
  }
  out << '\n';
}

void WriteCohorts(const Cohorts& cohorts, std::ostream& out) {
  fmt::print(out, "{:<24} {:>11} {:>11} {:>11} {:>9} {:>12} {:>12}\n", "who won, who waited",
             "came", "let in", "bought", "win rate", "median wait", "99 of 100");
  cohorts.ForEach([&out](const std::string& name, const Cohort& cohort) {
    fmt::print(out, "{:<24} {:>11} {:>11} {:>11} {:>9} {:>10.1f} s {:>10.1f} s\n", Spaced(name),
               Grouped(cohort.came), Grouped(cohort.admitted), Grouped(cohort.bought),
               Percent(cohort.win_rate()), SecondsAt(cohort.waits_ms, 500),
               SecondsAt(cohort.waits_ms, 990));
  });
}

void WriteWaitingRoom(const SimulationPlan& plan, const SimulationResult& result, const Dice& dice,
                      std::ostream& out) {
  const QueueMeasures& measures = result.measures;
  fmt::print(out,
             "of the time people were let in for {}, for {} what was left was claimed, for {} "
             "nothing could come\n",
             FormatSpan(measures.flowing), FormatSpan(measures.units_claimed),
             FormatSpan(measures.sold_out));
  fmt::print(out,
             "{} lapsed unused, {} of people who never came: {:.0f} unit-seconds kept from "
             "those who waited\n",
             Counted(measures.lapsed_admissions, "admission"), Grouped(measures.no_shows),
             measures.wasted_unit_seconds);
  const Turns turns = TurnsOf(measures);
  for (std::size_t i = 0; i < plan.tiers && turns.all != 0 && plan.tiers > 1; ++i) {
    fmt::print(out, "tier {}: {} of those let in while every tier waited", i,
               Percent(ShareOfTurns(measures.contended[i], turns.all)));
    if (turns.weights != 0) {
      fmt::print(out, ", {} by its weight",
                 Percent(ShareOfTurns(measures.weights[i], turns.weights)));
    }
    out << '\n';
  }
  if (turns.all != 0 && turns.weights != 0) {
    fmt::print(out, "Jain's index of the tiers by weight: {:.4f}\n", measures.JainOfTiers());
  }
  for (std::size_t i = 0; i < result.draws.size(); ++i) {
    const auto tier = static_cast<std::uint8_t>(i);
    fmt::print(out, "draw{}: {}\n", plan.tiers > 1 ? fmt::format(" of tier {}", i) : std::string(),
               DescribeTest(result.draws[i]));
    fmt::print(out, "seed of the draw: {}\n", Hex(LotterySeedOf(dice, tier)));
  }
  if (!result.waitlist.has_value()) return;
  const WaitlistReport& waitlist = *result.waitlist;
  fmt::print(out,
             "waitlist: {} joined, {} left; {} offered, {} bought, {} refused, {} lapsed; {} "
             "waited at the end\n",
             Grouped(waitlist.joined), Grouped(waitlist.left), Counted(waitlist.offered, "unit"),
             Grouped(waitlist.bought), Grouped(waitlist.refused), Grouped(waitlist.lapsed),
             Grouped(waitlist.still_waiting));
}

void AddWaitingRoomPlan(const SimulationPlan& plan, const Dice& dice, Json& json) {
  if (OrderOf(plan) == Allocation::kHybrid) json["hybrid_share"] = plan.hybrid_per_mille / 1e3;
  json["tiers"] = plan.tiers;
  if (plan.tiers > 1) {
    if (const std::vector<std::uint32_t> weights = WeightsOf(plan); !weights.empty()) {
      json["weights"] = weights;
      json["tier_order"] = Name(plan.tier_order);
    }
    json["opens_early_us"] = plan.opens_early.count();
    json["credits"] = plan.credits_for_first;
  }
  json["waves_by"] = plan.operator_waves ? "operator" : "terms";
  json["no_shows_share"] = plan.no_shows_per_million / 1e6;
  json["waitlist"] = plan.waitlist;
  if (plan.waitlist) json["offer_hold_us"] = OfferHoldOf(plan).count();
  if (Draws(plan)) json["lottery_seed"] = Hex(LotterySeedOf(dice));
}

void AddWaitingRoom(const SimulationPlan& plan, const SimulationResult& result, const Dice& dice,
                    Json& json) {
  json["cohorts"] = CohortsJson(result.cohorts);
  json["lapsed_admissions"] = result.measures.lapsed_admissions;
  json["no_shows"] = result.measures.no_shows;
  json["wasted_unit_seconds"] = result.measures.wasted_unit_seconds;
  json["fairness"] = FairnessJson(plan, result.measures);
  for (std::size_t i = 0; i < result.draws.size(); ++i) {
    const ChiSquare& test = result.draws[i];
    json["draws"].push_back({{"tier", i},
                             {"seed", Hex(LotterySeedOf(dice, static_cast<std::uint8_t>(i)))},
                             {"entrants", test.entrants},
                             {"chi_square", test.statistic},
                             {"degrees_of_freedom", test.degrees},
                             {"p_value", test.p_value}});
  }
  if (result.waitlist.has_value()) json["waitlist_offers"] = WaitlistJson(*result.waitlist);
}

std::vector<Page::Table> WaitingRoomTables(const SimulationResult& result) {
  std::vector<Page::Table> tables = {CohortTable(result.cohorts)};
  Page::Table room{
      .title = "The waiting room", .note = {}, .columns = {{"what"}, {"how"}}, .rows = {}};
  const QueueMeasures& measures = result.measures;
  room.rows.push_back({"people were let in for", FormatSpan(measures.flowing)});
  room.rows.push_back({"what was left was claimed for", FormatSpan(measures.units_claimed)});
  room.rows.push_back({"nothing could come for", FormatSpan(measures.sold_out)});
  room.rows.push_back({"admissions that lapsed", Grouped(measures.lapsed_admissions)});
  room.rows.push_back(
      {"unit-seconds wasted on no-shows", fmt::format("{:.0f}", measures.wasted_unit_seconds)});
  if (!measures.weights.empty()) {
    room.rows.push_back(
        {"Jain's index of the tiers by weight", fmt::format("{:.4f}", measures.JainOfTiers())});
  }
  for (std::size_t i = 0; i < result.draws.size(); ++i) {
    room.rows.push_back({fmt::format("draw of tier {}", i), DescribeTest(result.draws[i])});
  }
  if (result.waitlist.has_value()) {
    const WaitlistReport& waitlist = *result.waitlist;
    room.rows.push_back({"joined the waitlist", Grouped(waitlist.joined)});
    room.rows.push_back({"units offered to it", Grouped(waitlist.offered)});
    room.rows.push_back({"of these bought", Grouped(waitlist.bought)});
  }
  room.columns[1].is_text = true;
  tables.push_back(std::move(room));
  return tables;
}

}  // namespace flashsale::sim
