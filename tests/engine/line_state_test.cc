#include "engine/line_state.h"

#include <doctest/doctest.h>

namespace flashsale::engine {
namespace {

using Look = LineState::Look;

// What happens between the looks happens while they ask whether anything has lapsed.
TEST_CASE("enough is available, or too little and nothing has lapsed") {
  LineState line(5, 3);
  const auto nothing_lapsed = [] { return false; };
  CHECK(line.LookFor(3, nothing_lapsed) == Look::kAvailable);
  CHECK(line.LookFor(4, nothing_lapsed) == Look::kSoldOut);
  REQUIRE(line.stock.TryReserve(3));
  CHECK(line.LookFor(1, nothing_lapsed) == Look::kSoldOut);
}

TEST_CASE("what has lapsed comes first, whatever is available") {
  LineState line(1, 1);
  CHECK(line.LookFor(1, [] { return true; }) == Look::kLapsed);
  CHECK(line.LookFor(2, [] { return true; }) == Look::kLapsed);
}

TEST_CASE("a hold that enters and takes between the looks may have lapsed for who looks") {
  LineState line(1, 1);
  const auto taken_meanwhile = [&line] {
    line.CountEntries(1);
    REQUIRE(line.stock.TryReserve(1));
    return false;
  };
  CHECK(line.LookFor(1, taken_meanwhile) == Look::kChanged);
}

TEST_CASE("holds of a run that enter between the looks are seen, too") {
  LineState line(9, 9);
  CHECK(line.LookFor(10, [&line] {
    line.CountEntries(7);
    return false;
  }) == Look::kChanged);
}

TEST_CASE("a unit that was reclaimed between the looks is available") {
  LineState line(1, 1);
  REQUIRE(line.stock.TryReserve(1));
  const auto reclaimed_meanwhile = [&line] {
    line.stock.Return(1);
    return false;
  };
  CHECK(line.LookFor(1, reclaimed_meanwhile) == Look::kAvailable);
}

}  // namespace
}  // namespace flashsale::engine
