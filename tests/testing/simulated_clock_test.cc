#include "flashsale/testing/simulated_clock.h"

#include <doctest/doctest.h>

namespace flashsale {
namespace {

using std::chrono::hours;

TEST_CASE("a simulated clock moves only when it is told, forwards and back") {
  const Time start{hours{1'000}};
  SimulatedClock clock(start);
  CHECK(clock.Now() == start);
  CHECK(clock.Now() == start);
  clock.Advance(hours{2});
  CHECK(clock.Now() == start + hours{2});
  clock.Advance(-hours{3});
  CHECK(clock.Now() == start - hours{1});
  clock.Set(kMaxTime);
  CHECK(clock.Now() == kMaxTime);
}

TEST_CASE("the service's clock does not follow a simulated one back") {
  SimulatedClock source(Time{hours{10}});
  ServiceClock clock(source);
  CHECK(clock.Now() == Time{hours{10}});
  source.Advance(-hours{1});
  CHECK(clock.Now() == Time{hours{10}});
}

}  // namespace
}  // namespace flashsale
