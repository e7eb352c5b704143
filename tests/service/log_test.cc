#include "flashsale/service/log.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace flashsale {
namespace {

using namespace std::chrono_literals;

// 2026-03-01T12:00:00.000123Z
constexpr Time kNoon{Duration{1'772'366'400'000'123}};

std::unique_ptr<Logger> Make(const LoggerOptions& options) {
  Result<std::unique_ptr<Logger>> made = Logger::New(options);
  REQUIRE(made.ok());
  return std::move(*made);
}

TEST_CASE("a line names time, level, event, sale and fields") {
  const std::string host = "db-1:5432";
  const std::vector<LogField> fields = {
      {"attempts", 3}, {"left", std::uint64_t{18'446'744'073'709'551'615U}},
      {"change", -5},  {"share", 0.25},
      {"open", true},  {"error", "connection refused"},
      {"host", host}};
  CHECK(FormatLogLine({.at = kNoon,
                       .level = LogLevel::kWarning,
                       .event = "store_failed",
                       .sale = "drop",
                       .fields = fields,
                       .suppressed = 7}) ==
        "at=2026-03-01T12:00:00.000123Z level=warning event=store_failed sale=drop attempts=3 "
        "left=18446744073709551615 change=-5 share=0.25 open=true error=\"connection refused\" "
        "host=db-1:5432 suppressed=7");
  CHECK(FormatLogLine({.at = kMinTime, .event = "x"}) ==
        "at=1970-01-01T00:00:00.000000Z level=info event=x");
}

TEST_CASE("no byte that a client sent reaches the line raw") {
  const auto value_of = [](std::string_view text) {
    const std::vector<LogField> fields = {{"v", text}};
    const std::string line = FormatLogLine({.event = "x", .fields = fields});
    return line.substr(line.find(" v=") + 3);
  };
  CHECK(value_of("") == "\"\"");
  CHECK(value_of("a=b") == "\"a=b\"");
  CHECK(value_of("say \"hi\"") == "\"say \\\"hi\\\"\"");
  CHECK(value_of("c:\\x") == "\"c:\\\\x\"");
  CHECK(value_of("x\nat=1970 level=error event=forged") ==
        "\"x\\nat=1970 level=error event=forged\"");
  CHECK(value_of("\x1b[2J\x7f") == "\"\\x1b[2J\\x7f\"");
  CHECK(value_of("\xe2\x80\xae") == "\"\\xe2\\x80\\xae\"");
  CHECK(value_of(std::string(600, 'a')) == "\"" + std::string(512, 'a') + "...\"");

  std::string every_byte;
  for (int c = 0; c < 256; ++c) every_byte += static_cast<char>(c);
  const std::vector<LogField> fields = {{every_byte, std::string_view(every_byte)}};
  const std::string line = FormatLogLine({.event = every_byte, .fields = fields});
  CHECK(std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~'; }));
  const std::vector<LogField> nameless = {{"a b=c\n", 1}};
  CHECK(FormatLogLine({.event = "", .fields = nameless}) ==
        "at=1970-01-01T00:00:00.000000Z level=info event=_ a_b_c_=1");
}

TEST_CASE("records below the lowest level, and all of them without a sink, go nowhere") {
  std::vector<LogLevel> seen;
  const auto logger = Make(
      {.sink = [&](const LogRecord& r) { seen.push_back(r.level); }, .lowest = LogLevel::kWarning});
  for (const LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kError}) {
    CHECK(logger->Wants(level) == (level == LogLevel::kError));
    logger->Log({.level = level, .event = "x"});
  }
  CHECK(seen == std::vector{LogLevel::kError});
  const auto none = Make({});
  CHECK_FALSE(none->Wants(LogLevel::kError));
  none->Log({.level = LogLevel::kError, .event = "x"});
  CHECK(none->Stats() == LogStats{});
}

TEST_CASE("a crowd of one event is cut to its rate and counted, and hides no other event") {
  std::vector<std::pair<std::string, std::uint64_t>> seen;
  const auto logger =
      Make({.sink = [&](const LogRecord& r) { seen.emplace_back(r.event, r.suppressed); },
            .rate_per_event = {.permits = 1, .per = 1s, .burst = 2}});
  for (int i = 0; i < 1'000; ++i) logger->Log({.at = kNoon, .event = "crowd"});
  logger->Log({.at = kNoon, .event = "rare"});
  logger->Log({.at = kNoon + 1s, .event = "crowd"});
  logger->Log({.at = kNoon + 2s, .event = "crowd"});
  CHECK(seen == std::vector<std::pair<std::string, std::uint64_t>>{
                    {"crowd", 0}, {"crowd", 0}, {"rare", 0}, {"crowd", 998}, {"crowd", 0}});
  CHECK(logger->Stats() == LogStats{.delivered = 5, .suppressed = 998});
}

TEST_CASE("more event names than there are rates share one") {
  std::uint64_t delivered = 0;
  const auto logger = Make({.sink = [&](const LogRecord&) { ++delivered; },
                            .rate_per_event = {.permits = 1, .per = 1s, .burst = 1}});
  for (int i = 0; i < 10'000; ++i) {
    const std::string event = "event_" + std::to_string(i);
    logger->Log({.at = kNoon, .event = event});
  }
  CHECK(delivered == 129);
}

TEST_CASE("a sink that throws is counted") {
  const auto logger =
      Make({.sink = [](const LogRecord&) { throw std::runtime_error("disk full"); }});
  logger->Log({.at = kNoon, .event = "x"});
  CHECK(logger->Stats() == LogStats{.failures = 1});
}

TEST_CASE("a level that there is not is refused by name") {
  for (const int level : {0, 5, 255}) {
    CHECK(Logger::New({.lowest = static_cast<LogLevel>(level)}).status().message() ==
          "lowest: " + std::to_string(level) + ", expected kDebug, kInfo, kWarning or kError");
  }
  CHECK(Logger::New({.lowest = LogLevel::kDebug}).ok());
  CHECK(Logger::New({.lowest = LogLevel::kError}).ok());
}

TEST_CASE("a rate out of range is refused by name") {
  CHECK(Logger::New({.rate_per_event = {.permits = 0, .per = 1s}}).status().message() ==
        "rate_per_event.permits: 0, expected 1 to 10000000");
}

TEST_CASE("threads that log at once lose no record: delivered, or counted as left out") {
  constexpr int kThreads = 4;
  constexpr int kRecords = 5'000;
  std::atomic<std::uint64_t> delivered = 0;
  std::atomic<std::uint64_t> told = 0;
  const auto logger = Make({.sink =
                                [&](const LogRecord& r) {
                                  ++delivered;
                                  told += r.suppressed;
                                },
                            .rate_per_event = {.permits = 1'000, .per = 1s, .burst = 10}});
  {
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        const std::string own = "own_" + std::to_string(t);
        for (int i = 0; i < kRecords; ++i) {
          logger->Log({.at = kNoon + i * 10us, .event = "shared"});
          logger->Log({.at = kNoon + i * 10us, .event = own});
        }
      });
    }
  }
  const LogStats stats = logger->Stats();
  CHECK(stats.delivered == delivered);
  CHECK(stats.delivered + stats.suppressed == 2 * kThreads * kRecords);
  CHECK(told <= stats.suppressed);
  logger->Log({.at = kNoon + 1h, .event = "shared"});
  for (int t = 0; t < kThreads; ++t) {
    logger->Log({.at = kNoon + 1h, .event = "own_" + std::to_string(t)});
  }
  CHECK(told == stats.suppressed);
}

}  // namespace
}  // namespace flashsale
