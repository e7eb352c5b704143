#include "examples/flashsale_sim/options.h"

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "examples/flashsale_sim/crowd.h"
#include "examples/flashsale_sim/text.h"
#include "flashsale/version.h"

namespace flashsale::sim {
namespace {

struct Range {
  std::uint64_t from;
  std::uint64_t to;
};

// The number that `text` is.  Throws what the command-line parser reports.
std::uint64_t ParseNumber(const char* option, std::string_view text, Range range) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size is in `end`.
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || number < range.from || number > range.to) {
    throw CLI::ValidationError(option, fmt::format("'{}': expected a whole number from {} to {}",
                                                   text, range.from, range.to));
  }
  return number;
}

Duration ParseHold(const std::string& text) {
  static constexpr Duration kShortest = std::chrono::milliseconds(1);
  static constexpr Duration kLongest = std::chrono::days(30);
  const std::optional<Duration> hold = ParseDuration(text);
  if (!hold || *hold < kShortest || *hold > kLongest) {
    throw CLI::ValidationError(
        "--hold",
        fmt::format("'{}': expected a duration from 1ms to 30d, such as 300s or 5m", text));
  }
  return *hold;
}

void AddReplay(CLI::App& app, ReplayOptions& options) {
  using std::string;
  CLI::App* const replay = app.add_subcommand(
      "replay", "Run a crowd through one sale in virtual time and check every promise");
  replay->add_option(
      "FILE", options.log_file,
      "Access log in Combined Log Format; each client address with its User-Agent is "
      "a shopper, each further line a resend");
  replay
      ->add_option_function<string>(
          "--synthetic",
          [&options](const string& text) {
            options.synthetic_shoppers = ParseNumber("--synthetic", text, {1, kMaxShoppers});
          },
          "Instead of a file: make up a stampede of so many shoppers")
      ->type_name("N");
  replay
      ->add_option_function<string>(
          "--units",
          [&options](const string& text) {
            options.units = static_cast<Units>(ParseNumber("--units", text, {1, kMaxReplayUnits}));
          },
          "Units on sale, half of them released half-way (default: a twentieth of the shoppers)")
      ->type_name("N");
  replay
      ->add_option_function<string>(
          "--limit",
          [&options](const string& text) {
            options.limit_per_user =
                static_cast<Units>(ParseNumber("--limit", text, {1, kMaxUnits}));
          },
          "Most units that one shopper may hold and buy (default: 1)")
      ->type_name("L");
  replay
      ->add_option_function<string>(
          "--hold", [&options](const string& text) { options.hold = ParseHold(text); },
          "How long a cart is held: 300s, 5m (default: 5m); the sale is open three times as long")
      ->type_name("D");
  replay
      ->add_option_function<string>(
          "--seed",
          [&options](const string& text) {
            options.seed =
                ParseNumber("--seed", text, {0, std::numeric_limits<std::uint64_t>::max()});
          },
          "Chooses who pays, pays late, turns back or walks away (default: 1)")
      ->type_name("S");
  replay
      ->add_option_function<string>(
          "--json",
          [&options](const string& text) {
            if (text.empty()) throw CLI::ValidationError("--json", "'': expected a file's name");
            options.json_file = text;
          },
          "Write what came of it to this file as JSON")
      ->type_name("FILE");
  replay->callback([&options] {
    if (options.log_file.empty() == (options.synthetic_shoppers == 0)) {
      throw CLI::ValidationError(
          "FILE", options.log_file.empty()
                      ? "none given: expected FILE or --synthetic N"
                      : fmt::format("'{}': expected no FILE beside --synthetic", options.log_file));
    }
  });
}

}  // namespace

Request ParseCommandLine(int argc, const char* const* argv, const ParserOutput& output) {
  CLI::App app("Runs flash sales and checks that nothing is sold twice and nothing gets stuck.");
  app.footer(
      "Exit codes: 0 every promise held; 1 one was broken; 2 a bad option or input; 3 the store "
      "failed.");
  app.set_version_flag("--version",
                       fmt::format("flashsale_sim {}.{}.{}", kVersion.major_number,
                                   kVersion.minor_number, kVersion.patch_number));
  app.require_subcommand(1);
  ReplayOptions replay;
  AddReplay(app, replay);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool is_help = app.exit(error, output.help, output.errors) == 0;
    return is_help ? kExitOk : kExitBadInput;
  }
  return replay;
}

}  // namespace flashsale::sim
