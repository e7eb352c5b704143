#include "service/foreign_turns.h"

#include <doctest/doctest.h>

namespace flashsale {
namespace {

using std::chrono::seconds;

constexpr Time kNow = kMinTime + std::chrono::hours{1'000};

TEST_CASE("turns that nobody serves are given up after ten seconds in which a unit was there") {
  ForeignTurns turns;
  CHECK(turns.Look(kNow, 0, true) == 0);
  for (int second = 60; second < 70; ++second) {
    REQUIRE(turns.Look(kNow + seconds{second}, 2, true) == 2);
  }
  CHECK(turns.Look(kNow + seconds{70}, 3, true) == 1);  // of the third it is not known
  CHECK(turns.given_up() == 2);
  // One of them has asked after all.
  CHECK(turns.Look(kNow + seconds{71}, 1, true) == 0);
  CHECK(turns.given_up() == 1);
  CHECK(turns.Look(kNow + seconds{72}, 2, true) == 1);
}

TEST_CASE("who cannot be served for want of a unit is not given up") {
  ForeignTurns turns;
  for (int second = 0; second < 100; ++second) {
    REQUIRE(turns.Look(kNow + seconds{second}, 1, false) == 1);
  }
  for (int second = 100; second < 110; ++second) {
    REQUIRE(turns.Look(kNow + seconds{second}, 1, true) == 1);
  }
  CHECK(turns.Look(kNow + seconds{110}, 1, true) == 0);
}

TEST_CASE("turns that another server serves meanwhile are never given up") {
  ForeignTurns turns;
  for (int second = 0; second < 100; ++second) {
    REQUIRE(turns.Look(kNow + seconds{second}, second % 7 == 0 ? 0U : 3U, true) ==
            (second % 7 == 0 ? 0U : 3U));
  }
}

}  // namespace
}  // namespace flashsale
