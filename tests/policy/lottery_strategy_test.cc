#include "flashsale/policy/lottery_strategy.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

namespace flashsale {
namespace {

// The bytes 0 to 31.
LotteryStrategy::Seed CountingSeed() {
  LotteryStrategy::Seed seed{};
  std::iota(seed.begin(), seed.end(), std::uint8_t{0});
  return seed;
}

std::vector<Entrant> Entrants(std::uint64_t count) {
  std::vector<Entrant> entrants;
  entrants.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    entrants.push_back({.user = UserId::FromInteger(i), .ticket = i + 1});
  }
  return entrants;
}

std::vector<UserId> Drawn(const LotteryStrategy::Seed& seed, const std::vector<Entrant>& entrants) {
  std::vector<std::uint32_t> order(entrants.size());
  REQUIRE(LotteryStrategy(seed).Order({.sale = "sale", .entrants = entrants}, order).ok());
  std::vector<UserId> users;
  users.reserve(order.size());
  for (const std::uint32_t i : order) users.push_back(entrants[i].user);
  return users;
}

std::vector<std::uint32_t> OrderOf(const LotteryStrategy::Seed& seed, std::uint64_t count) {
  std::vector<std::uint32_t> order(count);
  REQUIRE(LotteryStrategy(seed).Order({.sale = "sale", .entrants = Entrants(count)}, order).ok());
  return order;
}

// Expected values made with another implementation, Python's standard library:
//   sorted(range(n), key=lambda i: hmac.new(seed, b'\0'*7 + b'\1' + i.to_bytes(8, 'big'),
//                                           hashlib.sha256).digest())
TEST_CASE("anybody who knows the seed computes the same order") {
  CHECK(OrderOf(CountingSeed(), 10) == std::vector<std::uint32_t>{9, 3, 1, 5, 4, 2, 0, 6, 7, 8});
  LotteryStrategy::Seed ones;
  ones.fill(0xFF);
  CHECK(OrderOf(ones, 10) == std::vector<std::uint32_t>{3, 4, 8, 5, 6, 7, 2, 1, 0, 9});

  const std::vector<std::uint32_t> thousand = OrderOf(CountingSeed(), 1'000);
  CHECK(std::vector<std::uint32_t>(thousand.begin(), thousand.begin() + 5) ==
        std::vector<std::uint32_t>{895, 285, 314, 105, 172});
  CHECK(std::vector<std::uint32_t>(thousand.end() - 5, thousand.end()) ==
        std::vector<std::uint32_t>{165, 502, 445, 988, 41});
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < thousand.size(); ++i) sum += (i + 1) * thousand[i];
  CHECK(sum == 250'117'909);
}

TEST_CASE("a draw is a permutation, of none and of one too") {
  CHECK(OrderOf(CountingSeed(), 0).empty());
  CHECK(OrderOf(CountingSeed(), 1) == std::vector<std::uint32_t>{0});
  std::vector<std::uint32_t> order = OrderOf(CountingSeed(), 20'000);
  std::sort(order.begin(), order.end());
  for (std::uint32_t i = 0; i < order.size(); ++i) REQUIRE(order[i] == i);
}

TEST_CASE("who came first, and with which ticket, changes nothing") {
  std::vector<Entrant> entrants = Entrants(500);
  const std::vector<UserId> drawn = Drawn(CountingSeed(), entrants);
  std::mt19937_64 random(1);
  for (int round = 0; round < 5; ++round) {
    std::shuffle(entrants.begin(), entrants.end(), random);
    for (Entrant& entrant : entrants) entrant.ticket = random();
    REQUIRE(Drawn(CountingSeed(), entrants) == drawn);
  }
}

TEST_CASE("who else entered changes nobody's place before another") {
  std::vector<Entrant> entrants = Entrants(100);
  std::vector<UserId> drawn = Drawn(CountingSeed(), entrants);
  const UserId absent = entrants[17].user;
  entrants.erase(entrants.begin() + 17);
  std::erase(drawn, absent);
  CHECK(Drawn(CountingSeed(), entrants) == drawn);
}

TEST_CASE("ranks that are equal are ordered by id") {
  // One id twice is the only way to make two equal ranks.
  std::vector<Entrant> entrants = Entrants(50);
  for (std::size_t i = 0; i < 50; ++i) entrants.push_back(entrants[i]);
  const std::vector<UserId> drawn = Drawn(CountingSeed(), entrants);
  for (std::size_t i = 0; i < drawn.size(); i += 2) CHECK(drawn[i] == drawn[i + 1]);
}

// Over many seeds everybody wins each place about as often: a chi-square test of Pearson with
// 8 * 8 cells, of which 49 are free.  Beyond 85.4 lies one in a thousand; the seeds are fixed.
TEST_CASE("no entrant is drawn to a place more often than chance has it") {
  constexpr std::size_t kEntrants = 8;
  constexpr int kDraws = 8'000;
  std::array<std::array<int, kEntrants>, kEntrants> times{};
  std::mt19937_64 random(2);
  for (int draw = 0; draw < kDraws; ++draw) {
    LotteryStrategy::Seed seed;
    for (std::uint8_t& byte : seed) byte = static_cast<std::uint8_t>(random());
    const std::vector<std::uint32_t> order = OrderOf(seed, kEntrants);
    for (std::size_t place = 0; place < kEntrants; ++place) ++times[order[place]][place];
  }
  constexpr double kExpected = double{kDraws} / kEntrants;
  double chi_square = 0;
  for (const auto& row : times) {
    for (const int count : row) {
      chi_square += (count - kExpected) * (count - kExpected) / kExpected;
    }
  }
  CHECK(chi_square < 85.4);
}

TEST_CASE("a lottery tells no position before the draw") {
  const LotteryStrategy lottery(CountingSeed());
  CHECK_FALSE(lottery.keeps_arrival_order());
  CHECK(lottery.name() == "lottery");
}

}  // namespace
}  // namespace flashsale
