// A load as a page.

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include "examples/flashsale_sim/load_report.h"
#include "examples/flashsale_sim/text.h"

namespace flashsale::sim {
namespace {

constexpr std::array<std::string_view, 15> kOptions = {
    "seed",     "backend",    "backend_file", "threads",    "rate",
    "shoppers", "bots_share", "units",        "lines",      "limit",
    "waves",    "sales",      "allocation",   "admit_rate", "max_in_flight"};

std::string Signed(std::int64_t bytes) {
  return fmt::format("{}{}", bytes < 0 ? "-" : "+",
                     FormatBytes(static_cast<std::uint64_t>(bytes < 0 ? -bytes : bytes)));
}

std::string LatencyAt(const Histogram& latencies, std::uint32_t per_mille) {
  return FormatLatency(latencies.AtPerMille(per_mille));
}

std::vector<Page::Figure> FiguresOf(const LoadReport& report) {
  const Histogram& reserves = report.latencies.Of(Operation::kReserve);
  std::vector<Page::Figure> figures = {
      {.name = "Calls",
       .value = Compact(report.answers.Total()),
       .note = fmt::format("in {:.1f} s", report.wall_time_s)},
      {.name = "Calls a second",
       .value = Compact(static_cast<std::uint64_t>(report.OpsPerSecond())),
       .note = report.options.rate == 0
                   ? std::string("as fast as it goes")
                   : fmt::format("{} not made in time", Grouped(report.missed))},
      {.name = "A reserve, 99 of 100",
       .value = LatencyAt(reserves, 990),
       .note = fmt::format("half: {}, longest: {}", LatencyAt(reserves, 500),
                           FormatLatency(reserves.greatest()))},
      {.name = "Sold",
       .value = Compact(static_cast<std::uint64_t>(report.audit.sold)),
       .note = fmt::format("in {}", Counted(report.sales, "sale"))},
      {.name = "Memory",
       .value = FormatBytes(report.memory_end),
       .note = fmt::format("{} since the start", Signed(report.MemoryDrift()))}};
  if (report.durability.has_value()) figures.push_back(FigureOf(*report.durability));
  if (report.options.plan.bots_per_million > 0) {
    const PersonaTally bots = report.crowd.Bots();
    figures.push_back({.name = "Bots served",
                       .value = Compact(bots.bought),
                       .note = ShareOf(bots.bought, bots.seen)});
  }
  return figures;
}

std::string SubtitleOf(const LoadReport& report) {
  const LoadOptions& options = report.options;
  const SimulationPlan& plan = options.plan;
  std::string text = fmt::format(
      "{} in real time, {}. Each sale is open for {}", Counted(report.threads, "thread"),
      options.rate == 0 ? std::string("as fast as it goes")
                        : fmt::format("{} calls a second", Grouped(options.rate)),
      FormatSpan(options.sale_length));
  if (plan.pre_queue > Duration(0)) {
    text += fmt::format(
        " and may be joined {} before, {}", FormatSpan(plan.pre_queue),
        plan.allocation == Allocation::kLottery ? "for a draw" : "first come, first served");
  }
  if (plan.waves > 1) text += fmt::format("; its units come in {} waves", Grouped(plan.waves));
  return text +
         fmt::format("; carts are held for {}. Seed {}.", FormatSpan(plan.hold), options.seed);
}

}  // namespace

Page PageOf(const LoadReport& report) {
  const SimulationPlan& plan = report.options.plan;
  Json summary = ToJson(report);
  Page page{
      .title = "Flash sales under load",
      .heading =
          fmt::format("{} of {}", Counted(report.sales, "sale"), Counted(plan.units, "unit")),
      .subtitle = SubtitleOf(report),
      .figures = FiguresOf(report),
      .checks = ChecksOf(report),
      .proof =
          "Each was recomputed from the events alone, and what callers were promised from their "
          "answers.",
      .origin = "the first call",
      .series = &report.series,
      .waits = Page::Waits{.histogram = report.waits_us, .per_second = 1e6},
      .latencies = &report.latencies,
      .notes =
          {{"stock",
            "Where the released units of the sale that sells were: paid for, in somebody's "
            "cart, or still to be had."},
           {"queue",
            "Shoppers who waited for the sale that sells or gathered for the next, and those "
            "who were let in and had not finished yet."},
           {"waits",
            "How many of those who were let in had waited no longer than so long, counted "
            "from their ticket."},
           {"latencies",
            report.options.rate == 0
                ? "How long the library took to answer a call on the machine that ran this, by "
                  "percentile. Both axes are stretched towards the rare and slow."
                : "How long it took until a call was answered, counted from the instant that "
                  "it was meant for, by percentile. Both axes are stretched towards the rare "
                  "and slow."}},
      .story = report.story,
      .options = OptionsTable(summary, kOptions),
      .summary = summary};
  if (plan.bots_per_million > 0) {
    page.tables.push_back(CrowdTable(report.crowd));
    page.tables.back().note =
        "Every visit counts. A few threads stand for everybody, so no rates are kept, and the "
        "detectors see the crowd in fast motion.";
  }
  return page;
}

}  // namespace flashsale::sim
