#include "examples/flashsale_sim/options.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace flashsale::sim {
namespace {

using namespace std::chrono_literals;

struct Parsed {
  Request request;
  std::string help;
  std::string errors;
};

Parsed Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "flashsale_sim");
  std::ostringstream help;
  std::ostringstream errors;
  Request request = ParseCommandLine(static_cast<int>(arguments.size()), arguments.data(),
                                     {.help = help, .errors = errors});
  return {.request = std::move(request), .help = help.str(), .errors = errors.str()};
}

TEST_CASE("replay takes a file and has a default for everything else") {
  const Parsed parsed = Parse({"replay", "access_log"});
  REQUIRE(std::holds_alternative<ReplayOptions>(parsed.request));
  const ReplayOptions& options = std::get<ReplayOptions>(parsed.request);
  CHECK(options.log_file == "access_log");
  CHECK(options.synthetic_shoppers == 0);
  CHECK_FALSE(options.units.has_value());
  CHECK(options.limit_per_user == 1);
  CHECK(options.hold == Duration(5min));
  CHECK(options.seed == 1);
  CHECK_FALSE(options.reproducible);
  CHECK(options.json_file.empty());
  CHECK(options.html_file.empty());
}

TEST_CASE("replay takes every option") {
  const Parsed parsed = Parse({"replay", "--synthetic", "1000", "--units", "7", "--limit", "2",
                               "--hold", "300s", "--seed", "18446744073709551615", "--json",
                               "out.json", "--html", "out.html", "--reproducible"});
  REQUIRE(std::holds_alternative<ReplayOptions>(parsed.request));
  const ReplayOptions& options = std::get<ReplayOptions>(parsed.request);
  CHECK(options.synthetic_shoppers == 1'000);
  CHECK(options.units == Units{7});
  CHECK(options.limit_per_user == 2);
  CHECK(options.hold == Duration(300s));
  CHECK(options.seed == 18'446'744'073'709'551'615U);
  CHECK(options.json_file == "out.json");
  CHECK(options.html_file == "out.html");
  CHECK(options.reproducible);
}

TEST_CASE("a bad option is named with its value and what was expected") {
  struct Case {
    std::vector<const char*> arguments;
    std::string_view option;
    std::string_view value;
    std::string_view expected;
  };
  const std::vector<Case> cases = {
      {{"replay", "x", "--units", "0"}, "--units", "'0'", "expected a whole number from 1 to"},
      {{"replay", "x", "--units", "-5"}, "--units", "'-5'", "expected a whole number from 1 to"},
      {{"replay", "x", "--units", "2147483648"}, "--units", "'2147483648'", "to 100000000"},
      {{"replay", "x", "--limit", "2x"}, "--limit", "'2x'", "expected a whole number from 1 to"},
      {{"replay", "x", "--hold", "5"}, "--hold", "'5'", "expected a duration"},
      {{"replay", "x", "--hold", "0s"}, "--hold", "'0s'", "from 1ms to 30d"},
      {{"replay", "x", "--hold", "31d"}, "--hold", "'31d'", "from 1ms to 30d"},
      {{"replay", "x", "--seed", "18446744073709551616"}, "--seed", "'184467", "from 0 to"},
      {{"replay", "--synthetic", "0"}, "--synthetic", "'0'", "from 1 to 100000000"},
      {{"replay", "x", "--synthetic", "5"}, "FILE", "'x'", "no FILE beside --synthetic"},
      {{"replay"}, "FILE", "none given", "expected FILE or --synthetic N"},
      {{"replay", "x", "y"}, "", "y", "not expected"},
      {{"replay", "x", "--bogus"}, "", "--bogus", "not expected"},
      {{"simulate", "--shoppers", "0"}, "--shoppers", "'0'", "from 1 to 100000000"},
      {{"simulate", "--units", "1.5"}, "--units", "'1.5'", "expected a whole number"},
      {{"simulate", "--lines", "2000"}, "--lines", "'2000'", "from 1 to 1024"},
      {{"simulate", "--units", "3", "--lines", "4"}, "--lines", "'4'", "for each of 3 units"},
      {{"simulate", "--units", "9", "--lines", "3", "--waves", "4"},
       "--waves",
       "'4'",
       "of 3 units"},
      {{"simulate", "--limit", "0"}, "--limit", "'0'", "expected a whole number from 1"},
      {{"simulate", "--bots", "1.1"}, "--bots", "'1.1'", "expected a share from 0 to 1"},
      {{"simulate", "--bots", "101%"}, "--bots", "'101%'", "expected a share from 0 to 1"},
      {{"simulate", "--bots", ""}, "--bots", "''", "expected a share from 0 to 1"},
      {{"simulate", "--bots", "many"}, "--bots", "'many'", "expected a share from 0 to 1"},
      {{"simulate", "--allocation", "luck"},
       "--allocation",
       "'luck'",
       "expected fifo, lottery, hybrid or priority"},
      {{"simulate", "--allocation", "hybrid", "--hybrid-share", "2"},
       "--hybrid-share",
       "'2'",
       "expected a share from 0 to 1"},
      {{"simulate", "--allocation", "hybrid", "--hybrid-share", "0.0005"},
       "--hybrid-share",
       "'0.0005'",
       "expected thousandths"},
      {{"simulate", "--hybrid-share", "30%"}, "--hybrid-share", "'30%'", "hybrid beside it"},
      {{"simulate", "--tiers", "9"}, "--tiers", "'9'", "from 1 to 8"},
      {{"simulate", "--tiers", "1", "--allocation", "priority"},
       "--tiers",
       "'1'",
       "expected 2 to 8 with --allocation priority"},
      {{"simulate", "--weights", "3,1"}, "--weights", "'3,1'", "--allocation priority beside it"},
      {{"simulate", "--allocation", "priority", "--weights", "3"},
       "--weights",
       "'3'",
       "expected 2 to 8 values"},
      {{"simulate", "--allocation", "priority", "--weights", "3,0"},
       "--weights",
       "'0'",
       "from 1 to 1000"},
      {{"simulate", "--allocation", "priority", "--weights", "3,,1"},
       "--weights",
       "''",
       "from 1 to 1000"},
      {{"simulate", "--allocation", "priority", "--weights", "3,1", "--tiers", "3"},
       "--weights",
       "'3,1'",
       "as many values as there are tiers, 3"},
      {{"simulate", "--tier-shares", "20%,70%"}, "--tier-shares", "'20%,70%'", "not 90 %"},
      {{"simulate", "--tier-shares", "20%,x"}, "--tier-shares", "'x'", "expected a share"},
      {{"simulate", "--tiers", "3", "--tier-shares", "20%,80%"},
       "--tier-shares",
       "'20%,80%'",
       "as many values as there are tiers, 3"},
      {{"simulate", "--allocation", "priority", "--weights", "3,2,1", "--tier-shares", "20%,80%"},
       "--tier-shares",
       "'20%,80%'",
       "as many values as there are tiers, 3"},
      {{"simulate", "--tier-order", "lottery"}, "--tier-order", "'lottery'", "priority beside it"},
      {{"simulate", "--allocation", "priority", "--tier-order", "priority"},
       "--tier-order",
       "'priority'",
       "expected fifo, lottery or hybrid"},
      {{"simulate", "--opens-early", "1m"}, "--opens-early", "'1m'", "more --tiers than one"},
      {{"simulate", "--tiers", "2", "--opens-early", "15m"},
       "--opens-early",
       "'15m'",
       "less than the --duration of 15m"},
      {{"simulate", "--credits", "2"}, "--credits", "'2'", "more --tiers than one"},
      {{"simulate", "--tiers", "2", "--credits", "21"}, "--credits", "'21'", "from 0 to 20"},
      {{"simulate", "--operator-waves"}, "--operator-waves", "", "--waves of at least 2"},
      {{"simulate", "--units", "9000", "--lines", "3", "--waves", "87"},
       "--waves",
       "'87'",
       "expected at most 86"},
      {{"simulate", "--offer-hold", "1m"}, "--offer-hold", "'1m'", "--waitlist beside it"},
      {{"simulate", "--waitlist", "--offer-hold", "0s"}, "--offer-hold", "'0s'", "from 1ms to 1d"},
      {{"simulate", "--waitlist", "--offer-hold", "11m"},
       "--offer-hold",
       "'11m'",
       "at most 10m, the longest that a cart is held"},
      {{"simulate", "--no-shows", "120%"}, "--no-shows", "'120%'", "expected a share from 0 to 1"},
      {{"load", "--allocation", "hybrid"}, "--allocation", "'hybrid'", "expected fifo or lottery"},
      {{"load", "--waitlist"}, "", "--waitlist", "not expected"},
      {{"simulate", "--admit-rate", "0"}, "--admit-rate", "'0'", "from 1 to 10000000"},
      {{"simulate", "--max-in-flight", "0"}, "--max-in-flight", "'0'", "from 1 to 1073741824"},
      {{"simulate", "--hold", "5"}, "--hold", "'5'", "expected a duration from 1ms to 30d"},
      {{"simulate", "--duration", "8d"}, "--duration", "'8d'", "from 100ms to 7d"},
      {{"simulate", "--waves", "1001"}, "--waves", "'1001'", "from 1 to 1000"},
      {{"simulate", "--pre-queue", "-5m"}, "--pre-queue", "'-5m'", "from 0s to 1d"},
      {{"simulate", "--seed", "x"}, "--seed", "'x'", "from 0 to 18446744073709551615"},
      {{"simulate", "--json", ""}, "--json", "''", "expected a file's name"},
      {{"simulate", "--html", ""}, "--html", "''", "expected a file's name"},
      {{"simulate", "--json", "a", "--html", "a"}, "--html", "'a'", "another file than that"},
      {{"load", "--html", "a", "--json", "a"}, "--html", "'a'", "another file than that"},
      {{"replay", "--synthetic", "1", "--html", "a", "--json", "a"},
       "--html",
       "'a'",
       "another file than that"},
      {{"simulate", "--backend", "redis"}, "--backend", "'redis'", "memory or sqlite:PATH"},
      {{"simulate", "--backend", "sqlite:"}, "--backend", "'sqlite:'", "memory or sqlite:PATH"},
      {{"simulate", "--backend", "sqlite:a", "--json", "a"},
       "--backend",
       "'sqlite:a'",
       "another file than that of --json"},
      {{"load", "--backend", "sqlite:a", "--html", "a"},
       "--backend",
       "'sqlite:a'",
       "another file than that of --html"},
      {{"replay", "x", "--backend", "memory"}, "", "--backend", "not expected"},
      {{"load", "--rate", "0"}, "--rate", "'0'", "from 1 to 100000000"},
      {{"load", "--threads", "0"}, "--threads", "'0'", "from 1 to 1024"},
      {{"load", "--duration", "soon"}, "--duration", "'soon'", "from 10ms to 7d"},
      {{"load", "--sale-length", "2h"}, "--sale-length", "'2h'", "from 100ms to 1h"},
      {{"load", "--html", ""}, "--html", "''", "expected a file's name"},
      {{"load", "--bots", "2"}, "--bots", "'2'", "expected a share from 0 to 1"},
      {{"load", "--units", "3", "--waves", "4"}, "--waves", "'4'", "for each of 3 units"},
      {{"load", "--pre-queue", "2h"}, "--pre-queue", "'2h'", "from 0s to 1h"},
      {{"load", "--pre-queue", "11s"},
       "--pre-queue",
       "'11s'",
       "expected at most the --sale-length of 10s"},
      {{"load", "--reproducible"}, "", "--reproducible", "not expected"},
      {{"load", "--backend", "sqlite"}, "--backend", "'sqlite'", "memory or sqlite:PATH"},
      {{"replay", "x", "--html", ""}, "--html", "''", "expected a file's name"},
      {{"bogus"}, "", "'bogus'", "no subcommand: expected replay, simulate or load"},
      {{"load2", "--help"}, "", "'load2'", "no subcommand: expected replay, simulate or load"},
      {{""}, "", "''", "no subcommand: expected replay, simulate or load"},
      {{}, "", "subcommand is required", "expected replay, simulate or load"}};
  for (const Case& bad : cases) {
    const Parsed parsed = Parse(bad.arguments);
    CAPTURE(parsed.errors);
    REQUIRE(std::holds_alternative<int>(parsed.request));
    CHECK(std::get<int>(parsed.request) == kExitBadInput);
    CHECK(parsed.errors.find(bad.option) != std::string::npos);
    CHECK(parsed.errors.find(bad.value) != std::string::npos);
    CHECK(parsed.errors.find(bad.expected) != std::string::npos);
    CHECK(parsed.help.empty());
  }
}

TEST_CASE("simulate has a default for everything") {
  const Parsed parsed = Parse({"simulate"});
  REQUIRE(std::holds_alternative<SimulateOptions>(parsed.request));
  const SimulateOptions& options = std::get<SimulateOptions>(parsed.request);
  CHECK(options.plan.shoppers == 100'000);
  CHECK(options.plan.units == 10'000);
  CHECK(options.plan.bots_per_million == 200'000);
  CHECK(options.plan.allocation == Allocation::kFifo);
  CHECK(options.plan.pre_queue == Duration(5min));
  CHECK(options.backend.kind == BackendKind::kMemory);
  CHECK_FALSE(options.reproducible);
  CHECK(options.html_file.empty());
}

TEST_CASE("simulate takes every option") {
  const Parsed parsed = Parse(
      {"simulate", "--shoppers",   "5000",        "--units",       "300",    "--lines",
       "3",        "--limit",      "2",           "--bots",        "12.5%",  "--hold",
       "90s",      "--duration",   "10m",         "--waves",       "4",      "--pre-queue",
       "0s",       "--allocation", "lottery",     "--admit-rate",  "50",     "--max-in-flight",
       "40",       "--seed",       "9",           "--json",        "a.json", "--html",
       "a.html",   "--backend",    "sqlite:a.db", "--reproducible"});
  CAPTURE(parsed.errors);
  REQUIRE(std::holds_alternative<SimulateOptions>(parsed.request));
  const SimulateOptions& options = std::get<SimulateOptions>(parsed.request);
  const SimulationPlan& plan = options.plan;
  CHECK(plan.shoppers == 5'000);
  CHECK(plan.units == 300);
  CHECK(plan.lines == 3);
  CHECK(plan.limit_per_user == 2);
  CHECK(plan.bots_per_million == 125'000);
  CHECK(plan.hold == Duration(90s));
  CHECK(plan.duration == Duration(10min));
  CHECK(plan.waves == 4);
  CHECK(plan.pre_queue == Duration(0));
  CHECK(plan.allocation == Allocation::kLottery);
  CHECK(plan.admissions_per_second == 50);
  CHECK(plan.max_in_flight == 40);
  CHECK(options.seed == 9);
  CHECK(options.json_file == "a.json");
  CHECK(options.html_file == "a.html");
  CHECK(ToString(options.backend) == "sqlite:a.db");
  CHECK(options.reproducible);
}

SimulationPlan PlanOf(const std::vector<const char*>& arguments) {
  const Parsed parsed = Parse(arguments);
  CAPTURE(parsed.errors);
  REQUIRE(std::holds_alternative<SimulateOptions>(parsed.request));
  return std::get<SimulateOptions>(parsed.request).plan;
}

TEST_CASE("simulate takes every option of the waiting room") {
  const SimulationPlan plan = PlanOf(
      {"simulate",    "--allocation", "priority", "--weights",      "8:3:1", "--tier-shares",
       "5%,0.15,80%", "--tier-order", "hybrid",   "--hybrid-share", "30.5%", "--opens-early",
       "1m",          "--credits",    "4",        "--waves",        "300",   "--operator-waves",
       "--waitlist",  "--offer-hold", "90s",      "--no-shows",     "0.1"});
  CHECK(plan.allocation == Allocation::kPriority);
  CHECK(plan.tiers == 3);
  CHECK(WeightsOf(plan) == std::vector<std::uint32_t>{8, 3, 1});
  CHECK(plan.tier_shares == std::vector<std::uint32_t>{50'000, 150'000, 800'000});
  CHECK(OrderOf(plan) == Allocation::kHybrid);
  CHECK(plan.hybrid_per_mille == 305);
  CHECK(plan.opens_early == Duration(1min));
  CHECK(plan.credits_for_first == 4);
  CHECK(plan.operator_waves);
  CHECK(plan.waitlist);
  CHECK(OfferHoldOf(plan) == Duration(90s));
  CHECK(plan.no_shows_per_million == 100'000);
}

TEST_CASE("what is left out of a waiting room follows from the rest") {
  CHECK(PlanOf({"simulate"}).tiers == 1);
  CHECK(PlanOf({"simulate", "--allocation", "priority"}).tiers == 2);
  CHECK(WeightsOf(PlanOf({"simulate", "--allocation", "priority", "--tiers", "4"})) ==
        std::vector<std::uint32_t>{4, 3, 2, 1});
  CHECK(PlanOf({"simulate", "--tier-shares", "10%,20%,70%"}).tiers == 3);
  CHECK(OfferHoldOf(PlanOf({"simulate", "--waitlist", "--hold", "2m"})) == Duration(2min));
  CHECK_FALSE(Draws(PlanOf({"simulate", "--allocation", "priority"})));
  CHECK(Draws(PlanOf({"simulate", "--allocation", "hybrid"})));
}

TEST_CASE("a share is a fraction or a percentage") {
  const auto share = [](const char* text) {
    const Parsed parsed = Parse({"simulate", "--bots", text});
    REQUIRE(std::holds_alternative<SimulateOptions>(parsed.request));
    return std::get<SimulateOptions>(parsed.request).plan.bots_per_million;
  };
  CHECK(share("0") == 0);
  CHECK(share("1") == 1'000'000);
  CHECK(share("100%") == 1'000'000);
  CHECK(share("0.000001") == 1);
  CHECK(share("0.25") == 250'000);
  CHECK(share("33.3%") == 333'000);
}

TEST_CASE("load takes every option") {
  const Parsed parsed =
      Parse({"load",   "--rate",          "100000",   "--threads",    "2",       "--duration",
             "600s",   "--units",         "77",       "--shoppers",   "5000",    "--sale-length",
             "5s",     "--lines",         "3",        "--limit",      "2",       "--bots",
             "5%",     "--hold",          "2s",       "--waves",      "4",       "--pre-queue",
             "3s",     "--seed",          "9",        "--json",       "a.json",  "--html",
             "a.html", "--backend",       "sqlite:b", "--allocation", "lottery", "--admit-rate",
             "50",     "--max-in-flight", "40"});
  CAPTURE(parsed.errors);
  REQUIRE(std::holds_alternative<LoadOptions>(parsed.request));
  const LoadOptions& options = std::get<LoadOptions>(parsed.request);
  const SimulationPlan& plan = options.plan;
  CHECK(options.rate == 100'000);
  CHECK(options.threads == 2);
  CHECK(options.sale_length == Duration(5s));
  CHECK(options.seed == 9);
  CHECK(options.json_file == "a.json");
  CHECK(options.html_file == "a.html");
  CHECK(ToString(options.backend) == "sqlite:b");
  CHECK(plan.duration == Duration(600s));
  CHECK(plan.units == 77);
  CHECK(plan.shoppers == 5'000);
  CHECK(plan.lines == 3);
  CHECK(plan.limit_per_user == 2);
  CHECK(plan.bots_per_million == 50'000);
  CHECK(plan.hold == Duration(2s));
  CHECK(plan.waves == 4);
  CHECK(plan.pre_queue == Duration(3s));
  CHECK(plan.allocation == Allocation::kLottery);
  CHECK(plan.admissions_per_second == 50);
  CHECK(plan.max_in_flight == 40);
}

TEST_CASE("load has neither bots nor a pre-queue unless it is told to") {
  const Parsed parsed = Parse({"load"});
  REQUIRE(std::holds_alternative<LoadOptions>(parsed.request));
  const LoadOptions& options = std::get<LoadOptions>(parsed.request);
  CHECK(options.plan.bots_per_million == 0);
  CHECK(options.plan.pre_queue == Duration(0));
  CHECK(options.plan.waves == 1);
  CHECK(options.html_file.empty());
}

// The options that a help text names.
std::set<std::string> OptionsIn(const std::string& help) {
  std::set<std::string> options;
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t start = line.find_first_not_of(' ');
    if (start == std::string::npos || line.compare(start, 2, "--") != 0) continue;
    options.insert(line.substr(start, line.find(' ', start) - start));
  }
  return options;
}

TEST_CASE("load takes whatever simulate takes, but for what real time cannot do") {
  const std::set<std::string> load = OptionsIn(Parse({"load", "--help"}).help);
  const std::set<std::string> simulate = OptionsIn(Parse({"simulate", "--help"}).help);
  // The waiting room but for its two simplest strategies: a few threads stand for everybody.
  const std::set<std::string> simulated = {"--reproducible", "--hybrid-share",   "--tiers",
                                           "--weights",      "--tier-shares",    "--tier-order",
                                           "--opens-early",  "--credits",        "--waitlist",
                                           "--offer-hold",   "--operator-waves", "--no-shows"};
  CHECK(simulate.size() > 15);
  for (const std::string& option : simulate) {
    CAPTURE(option);
    CHECK(load.contains(option) != simulated.contains(option));
  }
}

TEST_CASE("every subcommand writes JSON and a page") {
  for (const char* subcommand : {"replay", "simulate", "load"}) {
    CAPTURE(subcommand);
    const std::set<std::string> options = OptionsIn(Parse({subcommand, "--help"}).help);
    CHECK(options.contains("--json"));
    CHECK(options.contains("--html"));
  }
}

TEST_CASE("help is no error") {
  const Parsed parsed = Parse({"replay", "--help"});
  REQUIRE(std::holds_alternative<int>(parsed.request));
  CHECK(std::get<int>(parsed.request) == kExitOk);
  CHECK(parsed.help.find("--synthetic") != std::string::npos);
  CHECK(parsed.errors.empty());
}

}  // namespace
}  // namespace flashsale::sim
