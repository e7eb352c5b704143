// A replay as a page.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "examples/flashsale_sim/replay_report.h"
#include "examples/flashsale_sim/text.h"

namespace flashsale::sim {
namespace {

constexpr std::array<std::string_view, 5> kOptions = {"seed", "shoppers", "visits", "units",
                                                      "limit"};

std::vector<Page::Figure> FiguresOf(const ReplayReport& report, const Json& summary) {
  const Answers& answers = report.result.answers;
  const std::uint64_t suspected = report.suspected();
  const std::uint64_t judged =
      suspected + report.result.suspicions.judged[static_cast<std::size_t>(BotAction::kAllow)];
  return {
      {.name = "Sold",
       .value = Grouped(summary.at("sold").get<std::uint64_t>()),
       .note = fmt::format("of {} released", Grouped(summary.at("released").get<std::uint64_t>()))},
      {.name = "\"Sold out\"",
       .value = Compact(answers.Of(Operation::kReserve, Code::kSoldOut)),
       .note = "times it was answered"},
      {.name = "Sold again",
       .value = Grouped(report.audit.resold_after_expiry),
       .note = "units that had lapsed in a cart"},
      {.name = "Paid late", .value = Grouped(report.audit.revived), .note = "and still got it"},
      {.name = "Suspected", .value = Grouped(suspected), .note = ShareOf(suspected, judged)},
      {.name = "Calls",
       .value = Compact(answers.Total()),
       .note = report.wall_time_s.has_value() ? fmt::format("in {:.2f} s", *report.wall_time_s)
                                              : std::string("in all")}};
}

Page::Table SuspicionsTable(const ChainStats& suspicions) {
  Page::Table table{.title = "Suspicions",
                    .note =
                        "What the bot detectors would have done with the calls. They only looked "
                        "on: a log tells too little of its people to turn anybody away.",
                    .columns = {{"they would have"}, {"calls"}},
                    .rows = {}};
  static constexpr std::array<std::string_view, kBotActions> kWords = {
      "let pass", "asked for a challenge", "answered late", "denied"};
  for (std::size_t i = 0; i < kBotActions; ++i) {
    table.rows.push_back({std::string(kWords[i]), Grouped(suspicions.judged[i])});
  }
  return table;
}

Page::Table LeftOutTable(const LogReading& log) {
  Page::Table table{
      .title = "Left out of the log",
      .note =
          fmt::format("{} of {}{}", Counted(log.malformed, "malformed line"), Grouped(log.lines),
                      log.malformed > log.first_malformed.size() ? "; the first of them:" : ""),
      .columns = {{.name = "line"}, {.name = "what is wrong with it", .is_text = true}},
      .rows = {}};
  for (const LogReading::MalformedLine& line : log.first_malformed) {
    table.rows.push_back({Grouped(line.number), line.error});
  }
  return table;
}

}  // namespace

Page PageOf(const ReplayReport& report) {
  const SalePlan& plan = report.plan;
  Json summary = ToJson(report);
  Page page{
      .title = "A flash sale, replayed",
      .heading = fmt::format("{}, {}", Counted(plan.units, "unit"),
                             Counted(report.crowd.shoppers.size(), "shopper")),
      .subtitle = fmt::format(
          "{}: {} in {} of sale in virtual time, carts held for {}, at most {} each, half of the "
          "units released half-way. Seed {}.",
          report.crowd.description, Counted(report.crowd.visits.size(), "visit"),
          FormatSpan(OpenFor(plan.hold)), FormatSpan(plan.hold), Grouped(plan.limit_per_user),
          report.seed),
      .figures = FiguresOf(report, summary),
      .checks = ChecksOf(report.audit),
      .proof = "Each was recomputed from the event stream and the answers alone.",
      .origin = "the opening",
      .series = &report.result.series,
      .has_queue = false,
      .latencies = report.wall_time_s.has_value() ? &report.result.latencies : nullptr,
      .tables = {SuspicionsTable(report.result.suspicions)},
      .story = StoryOf(report.timeline.moments(), TermsOf(plan).start),
      .options = OptionsTable(summary, kOptions),
      .summary = summary};
  if (report.crowd.log.has_value()) page.tables.push_back(LeftOutTable(*report.crowd.log));
  return page;
}

}  // namespace flashsale::sim
