#include "bench/crowd.h"

#include <doctest/doctest.h>

#include <set>
#include <vector>

#include "bench/random.h"

namespace flashsale::bench {
namespace {

TEST_CASE("a scattered order has each number once and no neighbours side by side") {
  for (const std::uint64_t count : {2U, 5U, 10U, 64U, 10'000U}) {
    CAPTURE(count);
    const ScatteredOrder order(count);
    std::vector<bool> seen(count);
    for (std::uint64_t i = 0; i < count; ++i) seen.at(order[i]) = true;
    CHECK(seen == std::vector<bool>(count, true));
    if (count < 5) continue;
    for (std::uint64_t i = 1; i < count; ++i) {
      REQUIRE(order[i] != order[i - 1] + 1);
    }
  }
}

TEST_CASE("every shopper has ids of their own, the same in every call") {
  const Crowd crowd(7);
  std::set<UserId> users;
  std::set<ReservationId> ids;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const Command reserve = crowd.Reserve(i);
    CHECK(FindShapeError(reserve) == Field::kNone);
    users.insert(reserve.user);
    ids.insert(reserve.id);
    const Command confirm = crowd.About(Verb::kConfirm, i);
    CHECK(FindShapeError(confirm) == Field::kNone);
    CHECK(confirm.user == reserve.user);
    CHECK(confirm.id == reserve.id);
    CHECK(crowd.User(i) == reserve.user);
  }
  CHECK(users.size() == 10'000);
  CHECK(ids.size() == 10'000);
  CHECK(Crowd(8).User(0) != crowd.User(0));
}

}  // namespace
}  // namespace flashsale::bench
