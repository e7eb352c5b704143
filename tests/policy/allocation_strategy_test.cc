#include "flashsale/policy/allocation_strategy.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "flashsale/policy/fifo_strategy.h"

namespace flashsale {
namespace {

std::vector<std::uint8_t> Pick(const std::vector<std::uint64_t>& waiting, std::size_t most) {
  std::vector<TierPick> picks(most, {.tier = 99});
  picks.resize(FifoStrategy().PickTiers(waiting, 0, picks));
  std::vector<std::uint8_t> tiers;
  tiers.reserve(picks.size());
  for (const TierPick& pick : picks) tiers.push_back(pick.tier);
  return tiers;
}

TEST_CASE("whoever waits in the lowest tier is picked first") {
  CHECK(Pick({2, 3}, 4) == std::vector<std::uint8_t>{0, 0, 1, 1});
  CHECK(Pick({0, 3}, 2) == std::vector<std::uint8_t>{1, 1});
  CHECK(Pick({5, 1}, 3) == std::vector<std::uint8_t>{0, 0, 0});
}

TEST_CASE("no more are picked than wait, nor than there is room for") {
  CHECK(Pick({1, 0, 1}, 10) == std::vector<std::uint8_t>{0, 2});
  CHECK(Pick({0, 0}, 10).empty());
  CHECK(Pick({7}, 0).empty());
  CHECK(Pick({std::uint64_t{1} << 40}, 3).size() == 3);
}

TEST_CASE("first come, first served keeps the order of arrival") {
  const FifoStrategy fifo;
  const std::vector<Entrant> entrants(5);
  std::vector<std::uint32_t> order(5, 99);
  REQUIRE(fifo.Order({.sale = "sale", .entrants = entrants}, order).ok());
  CHECK(order == std::vector<std::uint32_t>{0, 1, 2, 3, 4});
  CHECK(fifo.keeps_arrival_order());
  CHECK(fifo.name() == "fifo");
}

}  // namespace
}  // namespace flashsale
