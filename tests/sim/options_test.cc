#include "examples/flashsale_sim/options.h"

#include <doctest/doctest.h>

#include <chrono>
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
  CHECK(options.json_file.empty());
}

TEST_CASE("replay takes every option") {
  const Parsed parsed =
      Parse({"replay", "--synthetic", "1000", "--units", "7", "--limit", "2", "--hold", "300s",
             "--seed", "18446744073709551615", "--json", "out.json"});
  REQUIRE(std::holds_alternative<ReplayOptions>(parsed.request));
  const ReplayOptions& options = std::get<ReplayOptions>(parsed.request);
  CHECK(options.synthetic_shoppers == 1'000);
  CHECK(options.units == Units{7});
  CHECK(options.limit_per_user == 2);
  CHECK(options.hold == Duration(300s));
  CHECK(options.seed == 18'446'744'073'709'551'615U);
  CHECK(options.json_file == "out.json");
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
      {{"simulate"}, "", "", "subcommand is required"},
      {{}, "", "", "subcommand is required"}};
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

TEST_CASE("help is no error") {
  const Parsed parsed = Parse({"replay", "--help"});
  REQUIRE(std::holds_alternative<int>(parsed.request));
  CHECK(std::get<int>(parsed.request) == kExitOk);
  CHECK(parsed.help.find("--synthetic") != std::string::npos);
  CHECK(parsed.errors.empty());
}

}  // namespace
}  // namespace flashsale::sim
