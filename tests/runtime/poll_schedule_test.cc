#include "flashsale/runtime/poll_schedule.h"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace flashsale {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr Time kStart = kMinTime + std::chrono::hours{1};

std::unique_ptr<PollSchedule> Make(std::vector<PollFunction> polls,
                                   const PollScheduleOptions& options = {}) {
  auto schedule = PollSchedule::New(std::move(polls), options);
  REQUIRE(schedule.ok());
  return std::move(*schedule);
}

TEST_CASE("each function is called when it asked to be, and the earliest is told") {
  std::vector<Time> quick;
  std::vector<Time> slow;
  const auto schedule = Make({[&](Time now) {
                                quick.push_back(now);
                                return now + 2s;
                              },
                              [&](Time now) {
                                slow.push_back(now);
                                return now + 5s;
                              }});
  CHECK(schedule->RunDue(kStart) == kStart + 2s);
  CHECK(schedule->RunDue(kStart + 1s) == kStart + 2s);
  CHECK(schedule->RunDue(kStart + 2s) == kStart + 4s);
  CHECK(schedule->RunDue(kStart + 4s) == kStart + 5s);
  CHECK(schedule->RunDue(kStart + 6s) == kStart + 8s);
  CHECK(quick == std::vector<Time>{kStart, kStart + 2s, kStart + 4s, kStart + 6s});
  CHECK(slow == std::vector<Time>{kStart, kStart + 6s});
}

TEST_CASE("a function with always more to do leaves a pause") {
  const auto schedule =
      Make({[](Time now) { return now; }, [](Time) { return kMinTime; }}, {.minimum_pause = 10ms});
  CHECK(schedule->RunDue(kStart) == kStart + 10ms);
}

TEST_CASE("a function that throws is called again after the back-off, and the others as ever") {
  int calls = 0;
  int others = 0;
  const auto schedule = Make({[&](Time) -> Time {
                                ++calls;
                                throw std::runtime_error("out of luck");
                              },
                              [&](Time now) {
                                ++others;
                                return now + 1s;
                              }},
                             {.back_off = 3s});
  CHECK(schedule->RunDue(kStart) == kStart + 1s);
  schedule->RunDue(kStart + 1s);
  schedule->RunDue(kStart + 2s);
  CHECK(calls == 1);
  CHECK(others == 3);
  schedule->RunDue(kStart + 3s);
  CHECK(calls == 2);
  CHECK(schedule->exceptions() == 2);
}

TEST_CASE("all are called on request, whatever they asked for") {
  int calls = 0;
  const auto schedule = Make({[&](Time) {
    ++calls;
    return kMaxTime;
  }});
  CHECK(schedule->RunDue(kStart) == kMaxTime);
  CHECK(schedule->RunDue(kStart + 1s) == kMaxTime);
  CHECK(calls == 1);
  schedule->RunAll(kStart + 1s);
  CHECK(calls == 2);
}

TEST_CASE("a schedule of nothing is never due") { CHECK(Make({})->RunDue(kStart) == kMaxTime); }

TEST_CASE("what cannot be scheduled is refused by name") {
  const auto message = [](std::vector<PollFunction> polls, const PollScheduleOptions& options) {
    return PollSchedule::New(std::move(polls), options).status().message();
  };
  CHECK(message({[](Time now) { return now; }, nullptr}, {}) ==
        "polls[1]: empty, expected a function");
  CHECK(message({}, {.minimum_pause = Duration{0}}) ==
        "minimum_pause: 0 us, expected 1 us to 3600000000 us");
  CHECK(message({}, {.minimum_pause = 2s, .back_off = 1s}) ==
        "back_off: 1000000 us, expected 2000000 us to 86400000000 us");
}

}  // namespace
}  // namespace flashsale
