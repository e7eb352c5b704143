#include "flashsale/base/time.h"

#include <doctest/doctest.h>

#include <chrono>

namespace flashsale {
namespace {

using namespace std::chrono_literals;

TEST_CASE("instants are lawful from 1970 up to what a double keeps exact") {
  CHECK(IsValid(kMinTime));
  CHECK(IsValid(kMaxTime));
  CHECK_FALSE(IsValid(kMinTime - 1us));
  CHECK_FALSE(IsValid(kMaxTime + 1us));
  CHECK_FALSE(IsValid(Time::max()));
  CHECK_FALSE(IsValid(Time::min()));
  CHECK(kMaxTime.time_since_epoch().count() == 9'007'199'254'740'991);
  const double as_double = 9'007'199'254'740'991.0;
  CHECK(Time(Duration(static_cast<Duration::rep>(as_double))) == kMaxTime);
}

TEST_CASE("adding stops at the last instant") {
  CHECK(SaturatingAdd(kMinTime, 0us) == kMinTime);
  CHECK(SaturatingAdd(kMinTime, 5min) == kMinTime + 5min);
  CHECK(SaturatingAdd(kMaxTime - 2us, 1us) == kMaxTime - 1us);
  CHECK(SaturatingAdd(kMaxTime - 1us, 1us) == kMaxTime);
  CHECK(SaturatingAdd(kMaxTime, 0us) == kMaxTime);
  CHECK(SaturatingAdd(kMaxTime, 1us) == kMaxTime);
  CHECK(SaturatingAdd(kMinTime, Duration::max()) == kMaxTime);
  CHECK(SaturatingAdd(kMaxTime, Duration::max()) == kMaxTime);
}

}  // namespace
}  // namespace flashsale
