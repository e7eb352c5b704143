#include "flashsale/policy/hybrid_strategy.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "flashsale/policy/lottery_strategy.h"
#include "tests/policy/draw_doubles.h"

namespace flashsale {
namespace {

using Order = std::vector<std::uint32_t>;

Order OrderOf(const AllocationStrategy& strategy, const std::vector<Entrant>& entrants) {
  Order order(entrants.size());
  REQUIRE(strategy.Order({.sale = "drop", .entrants = entrants}, order).ok());
  return order;
}

// Expected values made with another implementation: examples/draw_verify/verify_draw.py.
TEST_CASE("who came first goes first, the rest is drawn") {
  const HybridStrategy hybrid({.secret = CountingBytes(), .fifo_per_mille = 333});
  CHECK(OrderOf(hybrid, EntrantsUpTo(10)) == Order{0, 1, 2, 4, 6, 7, 8, 5, 9, 3});
  CHECK(hybrid.name() == "hybrid-333");
  CHECK_FALSE(hybrid.keeps_arrival_order());
}

TEST_CASE("first are those who came first, not those with the lowest ids") {
  Notary notary;
  const HybridStrategy hybrid(
      {.secret = CountingBytes(), .fifo_per_mille = 250, .options = {.witness = &notary}});
  std::vector<Entrant> entrants = EntrantsUpTo(9);
  std::reverse(entrants.begin(), entrants.end());
  const Order order = OrderOf(hybrid, entrants);
  CHECK(order[0] == 0);
  CHECK(order[1] == 1);
  CHECK(notary.fifo == std::vector<UserId>{UserId::FromInteger(8), UserId::FromInteger(7)});
  CHECK(notary.entrants == UsersUpTo(7));
  CHECK(notary.drawn.freeze->fifo_count == 2);
  CHECK(notary.drawn.freeze->count == 7);
  CHECK(notary.drawn.fifo_per_mille == 250);
  CHECK(hybrid.Announce({.sale = "drop"})->fifo_per_mille == 250);
  const auto replayed = ReplayDraw(notary.drawn, {.fifo = notary.fifo, .drawn = notary.entrants});
  REQUIRE(replayed.ok());
  CHECK(*replayed == notary.order);
}

// A chi-square test with 6 * 6 cells, of which 25 are free: beyond 52.6 lies one in a thousand.
TEST_CASE("over 10,000 secrets those who did not come first are drawn evenly") {
  constexpr std::size_t kDrawn = 6;
  constexpr int kDraws = 10'000;
  const std::vector<Entrant> entrants = EntrantsUpTo(kDrawn + 2);
  std::array<std::array<int, kDrawn>, kDrawn> times{};
  std::mt19937_64 random(6);
  for (int draw = 0; draw < kDraws; ++draw) {
    DrawSecret secret{};
    for (std::uint8_t& byte : secret) byte = static_cast<std::uint8_t>(random());
    const HybridStrategy hybrid({.secret = secret, .fifo_per_mille = 250});
    const Order order = OrderOf(hybrid, entrants);
    REQUIRE(order[0] == 0);
    REQUIRE(order[1] == 1);
    for (std::size_t place = 0; place < kDrawn; ++place) ++times[order[place + 2] - 2][place];
  }
  CHECK(ChiSquareOf(times, kDraws) < 52.6);
}

TEST_CASE("a share of nothing is a lottery, a share of all is first come, first served") {
  const std::vector<Entrant> entrants = EntrantsUpTo(30);
  const HybridStrategy none({.secret = CountingBytes(), .fifo_per_mille = 0});
  CHECK(OrderOf(none, entrants) == OrderOf(LotteryStrategy(CountingBytes()), entrants));
  const HybridStrategy all({.secret = CountingBytes(), .fifo_per_mille = 1'000});
  const Order order = OrderOf(all, entrants);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(OrderOf(all, {}).empty());
}

TEST_CASE("who stands at the front twice, or in front and behind, is refused") {
  const HybridStrategy hybrid({.secret = CountingBytes(), .fifo_per_mille = 500});
  const auto error = [&](std::size_t copy, std::size_t original) {
    std::vector<Entrant> entrants = EntrantsUpTo(8);
    entrants[copy].user = entrants[original].user;
    Order order(8);
    const Status status = hybrid.Order({.sale = "drop", .entrants = entrants}, order);
    CHECK(status.code() == StatusCode::kInvalidArgument);
    return status.message().substr(0, status.message().find(':'));
  };
  CHECK(error(3, 0) == "fifo");
  CHECK(error(6, 4) == "drawn");
  CHECK(error(7, 2) == "fifo and drawn");
}

TEST_CASE("a share beyond all is refused") {
  const HybridStrategy hybrid({.secret = CountingBytes(), .fifo_per_mille = 1'001});
  CHECK(hybrid.Announce({.sale = "drop"}).status().message() ==
        "fifo_per_mille: 1001, expected 0 to 1000");
  Order order(1);
  CHECK(hybrid.Order({.sale = "drop", .entrants = EntrantsUpTo(1)}, order).code() ==
        StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace flashsale
