// A simulation as a page.

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "examples/flashsale_sim/simulate_report.h"
#include "examples/flashsale_sim/text.h"
#include "examples/flashsale_sim/waiting_room_report.h"

namespace flashsale::sim {
namespace {

constexpr std::array<std::string_view, 21> kOptions = {
    "seed",         "backend",        "backend_file", "shoppers", "bots_share", "units",
    "lines",        "limit",          "waves",        "waves_by", "allocation", "admit_rate",
    "hybrid_share", "max_in_flight",  "tiers",        "weights",  "tier_order", "credits",
    "waitlist",     "no_shows_share", "lottery_seed"};

std::string WaitAt(const Histogram& waits_ms, std::uint32_t per_mille) {
  return FormatSpan(
      std::chrono::milliseconds(static_cast<std::int64_t>(waits_ms.AtPerMille(per_mille))));
}

std::vector<Page::Figure> FiguresOf(const SimulateReport& report, const Json& summary) {
  const SimulationResult& result = report.result;
  const PersonaTally bots = result.crowd.Bots();
  const PersonaTally& people = result.crowd.people();
  std::vector<Page::Figure> figures = {
      {.name = "Sold",
       .value = Grouped(summary.at("sold").get<std::uint64_t>()),
       .note = fmt::format("of {} released", Grouped(summary.at("released").get<std::uint64_t>()))},
      {.name = "Gone after",
       .value = result.sold_out_after.has_value() ? FormatSpan(*result.sold_out_after)
                                                  : std::string("never"),
       .note = "nothing left for newcomers"},
      {.name = "Median wait",
       .value = WaitAt(result.waits_ms, 500),
       .note = fmt::format("99 of 100: {}", WaitAt(result.waits_ms, 990))},
      {.name = "People served",
       .value = Grouped(people.bought),
       .note = fmt::format("of {} who came", Grouped(people.seen))},
      {.name = "Bots served",
       .value = Grouped(bots.bought),
       .note = ShareOf(bots.bought, bots.seen)},
      {.name = "Calls",
       .value = Compact(result.answers.Total()),
       .note = report.machine.has_value()
                   ? fmt::format("{} a second on one core",
                                 Compact(static_cast<std::uint64_t>(report.OpsPerSecond())))
                   : std::string("in all")}};
  if (report.durability.has_value()) figures.push_back(FigureOf(*report.durability));
  return figures;
}

std::vector<Page::Table> TablesOf(const SimulationResult& result) {
  std::vector<Page::Table> tables = {CrowdTable(result.crowd)};
  for (Page::Table& table : WaitingRoomTables(result)) tables.push_back(std::move(table));
  return tables;
}

}  // namespace

Page PageOf(const SimulateReport& report) {
  const SimulationPlan& plan = report.plan;
  Json summary = ToJson(report);
  return {.title = "A flash sale, simulated",
          .heading =
              fmt::format("{}, {}", Counted(plan.units, "unit"), Counted(plan.shoppers, "shopper")),
          .subtitle = fmt::format(
              "{} of sale in virtual time, carts held for {}, at most {} each, {}, {} let in a "
              "second. Seed {}.",
              FormatSpan(plan.duration), FormatSpan(plan.hold), Grouped(plan.limit_per_user),
              DescribeAllocation(plan), Grouped(plan.admissions_per_second), report.seed),
          .figures = FiguresOf(report, summary),
          .checks = ChecksOf(report),
          .proof =
              "Each was recomputed from the event stream, the answers, the tickets and the "
              "admissions alone.",
          .origin = "the opening",
          .series = &report.result.series,
          .waits = Page::Waits{.histogram = report.result.waits_ms, .per_second = 1'000},
          .latencies = report.machine.has_value() ? &report.result.latencies : nullptr,
          .tables = TablesOf(report.result),
          .story = StoryOf(report.timeline.moments(), TermsOf(plan).start),
          .options = OptionsTable(summary, kOptions),
          .summary = summary};
}

}  // namespace flashsale::sim
