#include "examples/flashsale_sim/text.h"

#include <doctest/doctest.h>

#include <chrono>
#include <limits>
#include <string_view>

namespace flashsale::sim {
namespace {

using namespace std::chrono_literals;

TEST_CASE("numbers are grouped by thousands") {
  CHECK(Grouped(0) == "0");
  CHECK(Grouped(999) == "999");
  CHECK(Grouped(1'000) == "1,000");
  CHECK(Grouped(12'345'678) == "12,345,678");
  CHECK(Grouped(std::numeric_limits<std::uint64_t>::max()) == "18,446,744,073,709,551,615");
  CHECK(Counted(1, "unit") == "1 unit");
  CHECK(Counted(2'000, "unit") == "2,000 units");
}

TEST_CASE("durations are a number and a unit") {
  CHECK(ParseDuration("300s") == Duration(300s));
  CHECK(ParseDuration("5m") == Duration(5min));
  CHECK(ParseDuration("1h") == Duration(1h));
  CHECK(ParseDuration("250ms") == Duration(250ms));
  CHECK(ParseDuration("2d") == Duration(48h));
  CHECK(ParseDuration("0s") == Duration(0));
  for (const std::string_view text : {"", "5", "m", "5x", "-5s", "5 s", "5s ", "1.5s", "5sm", "+5s",
                                      "1001d", "99999999999999999999s", "9223372036854775807s"}) {
    CAPTURE(text);
    CHECK_FALSE(ParseDuration(text).has_value());
  }
}

TEST_CASE("durations are written in the largest units") {
  CHECK(FormatDuration(5min) == "5m");
  CHECK(FormatDuration(90min) == "1h 30m");
  CHECK(FormatDuration(1500ms) == "1s 500ms");
  CHECK(FormatDuration(Duration(7)) == "0s");
  CHECK(FormatMoment(7min + 30s + 599ms) == "07:30.5");
  CHECK(FormatMoment(100min) == "100:00.0");
}

TEST_CASE("a moment before the opening is negative") {
  CHECK(FormatMoment(-90s) == "-01:30.0");
  CHECK(FormatMoment(-50ms) == "00:00.0");
}

TEST_CASE("latencies are told with three digits and the unit that suits") {
  CHECK(FormatLatency(0) == "0 ns");
  CHECK(FormatLatency(999) == "999 ns");
  CHECK(FormatLatency(1'000) == "1.00 us");
  CHECK(FormatLatency(12'345) == "12.3 us");
  CHECK(FormatLatency(999'600) == "1.00 ms");
  CHECK(FormatLatency(123'456'789) == "123 ms");
  CHECK(FormatLatency(2'500'000'000) == "2.50 s");
  CHECK(FormatLatency(1'234'000'000'000) == "1234 s");
}

TEST_CASE("bytes are told in kilobytes, megabytes and gigabytes") {
  CHECK(FormatBytes(999'999) == "999 KB");
  CHECK(FormatBytes(1'500'000) == "1 MB");
  CHECK(FormatBytes(1'550'000'000) == "1.6 GB");
}

TEST_CASE("a span has one unit and at most one decimal") {
  CHECK(FormatSpan(Duration(0)) == "0 ms");
  CHECK(FormatSpan(850ms) == "850 ms");
  CHECK(FormatSpan(1s) == "1 s");
  CHECK(FormatSpan(12'500ms) == "12.5 s");
  CHECK(FormatSpan(90s) == "1.5 min");
  CHECK(FormatSpan(89min) == "89 min");
  CHECK(FormatSpan(90min) == "1.5 h");
  CHECK(FormatSpan(72h) == "3 d");
  CHECK(FormatSpan(-2s) == "-2 s");
}

TEST_CASE("a large number is told by three digits") {
  CHECK(Compact(0) == "0");
  CHECK(Compact(9'999) == "9,999");
  CHECK(Compact(10'000) == "10.0 K");
  CHECK(Compact(123'456) == "123 K");
  CHECK(Compact(999'500) == "1.00 M");
  CHECK(Compact(1'234'567) == "1.23 M");
  CHECK(Compact(45'600'000'000) == "45.6 G");
}

}  // namespace
}  // namespace flashsale::sim
