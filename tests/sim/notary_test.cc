#include "examples/flashsale_sim/notary.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "flashsale/policy/hybrid_strategy.h"
#include "flashsale/policy/lottery_strategy.h"

namespace flashsale::sim {
namespace {

// Person n came with ticket n + 1.
std::vector<Entrant> Entrants(std::uint64_t count) {
  std::vector<Entrant> entrants;
  entrants.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    entrants.push_back({.user = UserId::FromInteger(i), .ticket = i + 1});
  }
  return entrants;
}

std::uint64_t TicketOf(const UserId& user) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i < 16; ++i) number = number << 8 | user.bytes()[i];
  return number + 1;
}

void Order(const AllocationStrategy& strategy, std::uint64_t count, std::uint8_t tier) {
  const SaleId sale("drop");
  const std::vector<Entrant> entrants = Entrants(count);
  std::vector<std::uint32_t> order(count);
  REQUIRE(strategy.Order({.sale = sale, .tier = tier, .entrants = entrants}, order).ok());
}

TEST_CASE("what was published of a draw in part gives its key and who went first") {
  Notary notary(TicketOf);
  const HybridStrategy strategy(
      {.secret = {7}, .fifo_per_mille = 300, .options = {.witness = &notary}});
  Order(strategy, 1'000, 2);
  const auto draw = notary.DrawOf(2);
  REQUIRE(draw.has_value());
  CHECK(draw->first_through == 300);
  CHECK(notary.uniformity(2).entrants == 700);
  CHECK(notary.uniformity(2).p_value > 0.001);
  CHECK_FALSE(notary.DrawOf(0).has_value());
}

TEST_CASE("those who go first must be those who came first") {
  // The last one, whom nobody would have seen come, is said to have come before everybody.
  Notary notary([](const UserId& user) {
    return user == UserId::FromInteger(99) ? std::uint64_t{0} : TicketOf(user);
  });
  const HybridStrategy strategy(
      {.secret = {7}, .fifo_per_mille = 300, .options = {.witness = &notary}});
  Order(strategy, 100, 0);
  CHECK_FALSE(notary.DrawOf(0).has_value());

  // Those who go first are not in the order in which they came.
  Notary backwards([](const UserId& user) { return 1'000 - TicketOf(user); });
  const HybridStrategy other(
      {.secret = {7}, .fifo_per_mille = 300, .options = {.witness = &backwards}});
  Order(other, 100, 0);
  CHECK_FALSE(backwards.DrawOf(0).has_value());
}

TEST_CASE("of a lottery nobody goes first") {
  Notary notary(TicketOf);
  const LotteryStrategy strategy({7}, {.witness = &notary});
  Order(strategy, 50, 0);
  const auto draw = notary.DrawOf(0);
  REQUIRE(draw.has_value());
  CHECK(draw->first_through == 0);
  CHECK(notary.uniformity(0).degrees == 4);
}

}  // namespace
}  // namespace flashsale::sim
