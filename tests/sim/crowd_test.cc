#include "examples/flashsale_sim/crowd.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace flashsale::sim {
namespace {

using namespace std::chrono_literals;

std::string Line(std::string_view address, std::string_view clock_time, std::string_view agent) {
  return std::string(address) + " - - [17/May/2015:" + std::string(clock_time) +
         " +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"" + std::string(agent) + "\"\n";
}

Crowd ReadCrowd(const std::string& log, Duration span) {
  std::istringstream stream(log);
  Result<Crowd> crowd = CrowdFromLog(stream, span);
  REQUIRE(crowd.ok());
  return *std::move(crowd);
}

TEST_CASE("a shopper is an address with a user agent; further lines are visits of the same") {
  const Crowd crowd =
      ReadCrowd(Line("10.0.0.1", "10:00:00", "a") + Line("10.0.0.1", "10:00:01", "b") +
                    Line("10.0.0.2", "10:00:02", "a") + Line("10.0.0.1", "10:00:03", "a"),
                1h);
  REQUIRE(crowd.shoppers.size() == 3);
  REQUIRE(crowd.visits.size() == 4);
  CHECK(crowd.visits[0].shopper == 0);
  CHECK(crowd.visits[1].shopper == 1);
  CHECK(crowd.visits[2].shopper == 2);
  CHECK(crowd.visits[3].shopper == 0);
  CHECK(crowd.shoppers[0] != crowd.shoppers[1]);
  CHECK(crowd.shoppers[0] == UserId::FromText("10.0.0.1 a"));
}

TEST_CASE("visits come by time, whatever the order of the lines") {
  const Crowd crowd =
      ReadCrowd(Line("10.0.0.1", "10:00:30", "a") + Line("10.0.0.2", "10:00:00", "a") +
                    Line("10.0.0.3", "10:00:30", "a"),
                1h);
  REQUIRE(crowd.visits.size() == 3);
  CHECK(crowd.visits[0].shopper == 1);
  CHECK(crowd.visits[0].after == 0s);
  CHECK(crowd.visits[1].shopper == 0);
  CHECK(crowd.visits[1].after == 30s);
  CHECK(crowd.visits[2].shopper == 2);
}

TEST_CASE("a long log is compressed to the span, a short one is not stretched") {
  const std::string log = Line("10.0.0.1", "10:00:00", "a") + Line("10.0.0.2", "11:00:00", "a") +
                          Line("10.0.0.3", "14:00:00", "a");
  const Crowd compressed = ReadCrowd(log, 4min);
  CHECK(compressed.visits[1].after == 1min);
  CHECK(compressed.visits[2].after == 4min);
  CHECK(compressed.log->span == 4h);
  CHECK(ReadCrowd(log, 24h).visits[2].after == 4h);
}

TEST_CASE("malformed lines are counted and the first ones named") {
  std::string log = Line("10.0.0.1", "10:00:00", "a");
  for (int i = 0; i < 50; ++i) log += "garbage\n";
  const Crowd crowd = ReadCrowd(log, 1h);
  REQUIRE(crowd.log.has_value());
  CHECK(crowd.log->lines == 51);
  CHECK(crowd.log->malformed == 50);
  REQUIRE(crowd.log->first_malformed.size() == 10);
  CHECK(crowd.log->first_malformed[0].number == 2);
  CHECK(crowd.log->first_malformed[0].error.starts_with("address: "));
  CHECK(crowd.log->first_malformed[9].number == 11);
}

TEST_CASE("a file without one good line is an error that shows the first bad one") {
  std::istringstream garbage("no\nlog\n");
  const Result<Crowd> none = CrowdFromLog(garbage, 1h);
  CHECK(none.status().code() == StatusCode::kInvalidArgument);
  CHECK(none.status().message().find("line 1: address") != std::string::npos);
  std::istringstream nothing("");
  CHECK(CrowdFromLog(nothing, 1h).status().message().find("empty") != std::string::npos);
}

TEST_CASE("a stampede has as many shoppers as asked, each at least once, all within the span") {
  const Crowd crowd = SyntheticCrowd(10'000, 15min, Dice(7));
  CHECK(crowd.shoppers.size() == 10'000);
  CHECK(crowd.visits.size() > 15'000);
  std::vector<int> visits_of(crowd.shoppers.size());
  std::size_t early = 0;
  Duration before{0};
  for (const Visit& visit : crowd.visits) {
    ++visits_of[visit.shopper];
    CHECK(visit.after >= before);
    CHECK(visit.after < 15min);
    before = visit.after;
    if (visit.after < 18s) ++early;  // a fiftieth
  }
  for (const int visits : visits_of) CHECK(visits >= 1);
  CHECK(early > 4'500);
}

TEST_CASE("the seed decides the stampede") {
  const auto times = [](std::uint64_t seed) {
    std::vector<Duration> after;
    for (const Visit& visit : SyntheticCrowd(100, 15min, Dice(seed)).visits) {
      after.push_back(visit.after);
    }
    return after;
  };
  CHECK(times(1) == times(1));
  CHECK(times(1) != times(2));
}

}  // namespace
}  // namespace flashsale::sim
