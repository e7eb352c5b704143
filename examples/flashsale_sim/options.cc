#include "examples/flashsale_sim/options.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "examples/flashsale_sim/backend_name.h"
#include "examples/flashsale_sim/crowd.h"
#include "examples/flashsale_sim/option_values.h"
#include "examples/flashsale_sim/text.h"
#include "examples/flashsale_sim/waiting_room_options.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/version.h"

namespace flashsale::sim {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;

constexpr NumberRange kAnySeed = {0, std::numeric_limits<std::uint64_t>::max()};
constexpr DurationRange kHolds = {milliseconds(1), days(30)};
constexpr std::uint64_t kMostRate = 10'000'000;
constexpr std::uint64_t kMostThreads = 1'024;

// What every subcommand writes besides the story on the terminal.
void AddReports(CLI::App& app, std::string& json_file, std::string& html_file) {
  AddFile(app, {"--json", "FILE", "Write what came of it to this file as JSON"}, json_file);
  AddFile(app, {"--html", "FILE", "Write a page with plots to this file"}, html_file);
}

// One would overwrite the other.
void CheckReports(const std::string& json_file, const std::string& html_file) {
  if (html_file.empty() || html_file != json_file) return;
  throw CLI::ValidationError(
      "--html", fmt::format("'{}': expected another file than that of --json", html_file));
}

void CheckBackend(const BackendName& backend, const std::string& json_file,
                  const std::string& html_file) {
  if (backend.path.empty() || (backend.path != json_file && backend.path != html_file)) return;
  throw CLI::ValidationError(
      "--backend", fmt::format("'{}': expected another file than that of {}", ToString(backend),
                               backend.path == json_file ? "--json" : "--html"));
}

// For what runs in virtual time.
void AddReproducible(CLI::App& app, bool& reproducible) {
  app.add_flag("--reproducible", reproducible,
               "Leave out what depends on the machine (times, memory, latencies), so that the "
               "reports of two runs are the same bytes");
}

void AddReplay(CLI::App& app, ReplayOptions& options) {
  CLI::App& replay = *app.add_subcommand(
      "replay", "Run a crowd through one sale in virtual time and check every promise");
  replay.add_option("FILE", options.log_file,
                    "Access log in Combined Log Format; each client address with its User-Agent is "
                    "a shopper, each further line a resend");
  AddNumber(replay,
            {"--synthetic", "N", "Instead of a file: make up a stampede of so many shoppers"},
            {1, kMaxShoppers}, options.synthetic_shoppers);
  AddNumber(
      replay,
      {"--units", "N",
       "Units on sale, half of them released half-way (default: a twentieth of the shoppers)"},
      {1, kMaxReplayUnits}, options.units);
  AddNumber(replay, {"--limit", "L", "Most units that one shopper may hold and buy (default: 1)"},
            {1, kMaxUnits}, options.limit_per_user);
  AddDuration(
      replay,
      {"--hold", "D",
       "How long a cart is held: 300s, 5m (default: 5m); the sale is open three times as long"},
      kHolds, options.hold);
  AddNumber(replay,
            {"--seed", "S", "Chooses who pays, pays late, turns back or walks away (default: 1)"},
            kAnySeed, options.seed);
  replay.add_flag("--default-rates", options.default_rates,
                  "Keep the service's default rate limits (5 a minute for a shopper, 60 for an "
                  "address); else only floods are limited (100 a second), so that the replay "
                  "measures the sale");
  AddReproducible(replay, options.reproducible);
  AddReports(replay, options.json_file, options.html_file);
  replay.callback([&options] {
    CheckReports(options.json_file, options.html_file);
    if (options.log_file.empty() == (options.synthetic_shoppers == 0)) {
      throw CLI::ValidationError(
          "FILE", options.log_file.empty()
                      ? "none given: expected FILE or --synthetic N"
                      : fmt::format("'{}': expected no FILE beside --synthetic", options.log_file));
    }
  });
}

// What simulate and load have in common.
void AddSale(CLI::App& app, SimulationPlan& plan, BackendName& backend) {
  AddNumber(app, {"--shoppers", "N", "How many come, bots among them"}, {1, kMaxShoppers},
            plan.shoppers);
  AddNumber(app, {"--units", "N", "Units on sale, over all variants"}, {1, kMaxReplayUnits},
            plan.units);
  AddNumber(app, {"--lines", "N", "Variants that the units are spread over (default: 1)"},
            {1, kMaxLines}, plan.lines);
  AddNumber(app, {"--limit", "L", "Most units that one shopper may hold and buy (default: 1)"},
            {1, kMaxUnits}, plan.limit_per_user);
  AddNumber(app, {"--admit-rate", "R", "How many the queue lets in a second"}, {1, kMostRate},
            plan.admissions_per_second);
  AddNumber(app, {"--max-in-flight", "N", "How many may be in the shop at once (default: 10000)"},
            {1, std::uint64_t{1} << 30}, plan.max_in_flight);
  AddDuration(app, {"--hold", "D", "How long a cart is held: 300s, 5m"}, kHolds, plan.hold);
  AddNumber(app, {"--waves", "N", "In how many parts the units come, evenly spaced (default: 1)"},
            {1, 1'000}, plan.waves);
  app.add_option_function<std::string>(
         "--backend",
         [&backend](const std::string& text) {
           Result<BackendName> name = ParseBackendName(text);
           if (!name.ok()) throw CLI::ValidationError("--backend", name.status().message());
           backend = *std::move(name);
         },
         "Where sales are kept: memory, or sqlite:PATH, a file that is made and stays; there every "
         "change waits for the disk, and at the end it is opened again and compared (default: "
         "memory)")
      ->type_name("NAME");
}

// Load knows two of the strategies.
void AddLoadAllocation(CLI::App& app, SimulationPlan& plan) {
  app.add_option_function<std::string>(
         "--allocation",
         [&plan](const std::string& text) {
           if (text != "fifo" && text != "lottery") {
             throw CLI::ValidationError("--allocation",
                                        fmt::format("'{}': expected fifo or lottery", text));
           }
           plan.allocation = text == "fifo" ? Allocation::kFifo : Allocation::kLottery;
         },
         "Who goes first of those who came before the start: fifo or lottery (default: fifo)")
      ->type_name("NAME");
}

// What only several options together can have wrong.
void CheckSale(const SimulationPlan& plan) {
  if (plan.lines > plan.units) {
    throw CLI::ValidationError(
        "--lines",
        fmt::format("'{}': expected at most one for each of {} units", plan.lines, plan.units));
  }
  if (plan.waves > plan.units / plan.lines) {
    throw CLI::ValidationError(
        "--waves", fmt::format("'{}': expected at most one for each of {} units of a variant",
                               plan.waves, plan.units / plan.lines));
  }
}

void AddSimulate(CLI::App& app, SimulateOptions& options) {
  CLI::App& simulate = *app.add_subcommand(
      "simulate",
      "Play a whole sale, queue and bots and all, in virtual time and check every promise");
  SimulationPlan& plan = options.plan;
  AddSale(simulate, plan, options.backend);
  AddWaitingRoom(simulate, plan);
  AddShare(simulate,
           {"--bots", "SHARE", "How many of the shoppers are bots: 0.2, 20% (default: 0.2)"},
           plan.bots_per_million);
  AddDuration(simulate, {"--duration", "D", "How long the sale is open (default: 15m)"},
              {milliseconds(100), days(7)}, plan.duration);
  AddDuration(simulate,
              {"--pre-queue", "D",
               "How long before the start shoppers may gather; 0s: not at all (default: 5m)"},
              {Duration(0), days(1)}, plan.pre_queue);
  AddNumber(simulate, {"--seed", "S", "Chooses everything that is left to chance (default: 1)"},
            kAnySeed, options.seed);
  AddReproducible(simulate, options.reproducible);
  AddReports(simulate, options.json_file, options.html_file);
  simulate.footer(
      "Defaults: 100000 shoppers, 10000 units, 500 let in a second, carts held for 5m.  The same "
      "options and seed give the same sale.  The service's default rate limits apply.  A draw is "
      "among those who came before the start, or before their tier's line opened: it needs a "
      "--pre-queue.  The longer the sale, the longer it takes, however few come to it.");
  simulate.callback([&options, &simulate] {
    CheckSale(options.plan);
    CheckWaitingRoom(simulate, options.plan);
    CheckReports(options.json_file, options.html_file);
    CheckBackend(options.backend, options.json_file, options.html_file);
  });
}

void AddLoad(CLI::App& app, LoadOptions& options) {
  CLI::App& load = *app.add_subcommand(
      "load", "Call the library from real threads in real time: latencies, memory, audit");
  SimulationPlan& plan = options.plan;
  AddSale(load, plan, options.backend);
  AddLoadAllocation(load, plan);
  AddNumber(load,
            {"--rate", "R",
             "Calls a second, whether or not earlier ones are answered: latencies count from the "
             "instant that a call was meant for (default: as fast as it goes)"},
            {1, 100'000'000}, options.rate);
  AddNumber(load,
            {"--threads", "T",
             "Threads that call (default: one a processor; 64 where each call waits for the disk)"},
            {1, kMostThreads}, options.threads);
  AddDuration(load, {"--duration", "D", "For how long calls are made (default: 10s)"},
              {milliseconds(10), days(7)}, plan.duration);
  AddDuration(load,
              {"--sale-length", "D",
               "How long each sale is open before the next takes its place (default: 10s)"},
              {milliseconds(100), hours(1)}, options.sale_length);
  AddShare(load,
           {"--bots", "SHARE",
            "How many of the shoppers are bots: 0.2, 20%; with any, every join and reserve is "
            "looked at by the bot detectors (default: 0: none, and no detectors)"},
           plan.bots_per_million);
  AddDuration(load,
              {"--pre-queue", "D",
               "How long before its start each sale may be joined, while the one before it sells; "
               "at most the --sale-length (default: 0s: not at all)"},
              {Duration(0), hours(1)}, plan.pre_queue);
  AddNumber(load, {"--seed", "S", "Chooses what shoppers do (default: 1)"}, kAnySeed, options.seed);
  AddReports(load, options.json_file, options.html_file);
  load.footer(
      "Defaults: a million shoppers who come again and again, 200000 units a sale, 10000 let in a "
      "second, carts held for 10s.  No rates are kept: a few threads stand for everybody, and each "
      "shopper comes again as soon as all others have come, so of few shoppers the detectors "
      "suspect many.  --waves parts the units over --sale-length.  The draw of --allocation is "
      "among those who came before the start: it needs a --pre-queue.  In real time no two runs "
      "are alike, so there is no --reproducible.");
  load.callback([&options] {
    CheckSale(options.plan);
    CheckReports(options.json_file, options.html_file);
    CheckBackend(options.backend, options.json_file, options.html_file);
    if (options.plan.pre_queue > options.sale_length) {
      throw CLI::ValidationError(
          "--pre-queue",
          fmt::format("'{}': expected at most the --sale-length of {}",
                      FormatDuration(options.plan.pre_queue), FormatDuration(options.sale_length)));
    }
  });
}

// The parser itself would only say that the word was not expected.
void CheckSubcommand(const CLI::App& app, int argc, const char* const* argv) {
  static constexpr std::string_view kExpected = "expected replay, simulate or load";
  if (argc < 2) throw CLI::ValidationError("A subcommand is required", std::string(kExpected));
  const std::string_view word = argv[1];
  if (word.starts_with('-')) return;
  const auto is_named = [word](const CLI::App* one) { return one->get_name() == word; };
  if (!app.get_subcommands(is_named).empty()) return;
  throw CLI::ValidationError(fmt::format("'{}'", word),
                             fmt::format("no subcommand: {}", kExpected));
}

}  // namespace

Request ParseCommandLine(int argc, const char* const* argv, const ParserOutput& output) {
  CLI::App app("Runs flash sales and checks that nothing is sold twice and nothing gets stuck.");
  app.footer(
      "Exit codes: 0 every promise held; 1 one was broken; 2 a bad option or input; 3 the store "
      "failed.");
  app.set_version_flag("--version", fmt::format("flashsale_sim {}.{}.{}", kVersion.major_number,
                                                kVersion.minor_number, kVersion.patch_number));
  app.require_subcommand(1);
  ReplayOptions replay;
  SimulateOptions simulate;
  LoadOptions load;
  AddReplay(app, replay);
  AddSimulate(app, simulate);
  AddLoad(app, load);
  try {
    CheckSubcommand(app, argc, argv);
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool is_help = app.exit(error, output.help, output.errors) == 0;
    return is_help ? kExitOk : kExitBadInput;
  }
  if (app.got_subcommand("simulate")) return simulate;
  if (app.got_subcommand("load")) return load;
  return replay;
}

}  // namespace flashsale::sim
