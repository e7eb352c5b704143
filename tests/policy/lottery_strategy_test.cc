#include "flashsale/policy/lottery_strategy.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/policy/draw_doubles.h"

namespace flashsale {
namespace {

using Order = std::vector<std::uint32_t>;

std::vector<UserId> Drawn(const LotteryStrategy& lottery, const std::vector<Entrant>& entrants) {
  Order order(entrants.size());
  REQUIRE(lottery.Order({.sale = "drop", .entrants = entrants}, order).ok());
  std::vector<UserId> users;
  users.reserve(order.size());
  for (const std::uint32_t i : order) users.push_back(entrants[i].user);
  return users;
}

Order OrderOf(const LotteryStrategy& lottery, std::uint64_t count, std::uint8_t tier = 0) {
  Order order(count);
  REQUIRE(
      lottery.Order({.sale = "drop", .tier = tier, .entrants = EntrantsUpTo(count)}, order).ok());
  return order;
}

// Expected values made with another implementation: examples/draw_verify/verify_draw.py.
TEST_CASE("anybody who knows the seed computes the same order") {
  const LotteryStrategy lottery(CountingBytes());
  CHECK(OrderOf(lottery, 10) == Order{0, 7, 9, 6, 3, 1, 5, 8, 4, 2});
  CHECK(OrderOf(lottery, 10, 1) == Order{4, 5, 9, 2, 0, 7, 8, 6, 1, 3});
}

TEST_CASE("a draw is a permutation, of none and of one too") {
  const LotteryStrategy lottery(CountingBytes());
  CHECK(OrderOf(lottery, 0).empty());
  CHECK(OrderOf(lottery, 1) == Order{0});
  Order order = OrderOf(lottery, 20'000);
  std::sort(order.begin(), order.end());
  for (std::uint32_t i = 0; i < order.size(); ++i) REQUIRE(order[i] == i);
}

TEST_CASE("who came first, and with which ticket, changes nothing") {
  const LotteryStrategy lottery(CountingBytes());
  std::vector<Entrant> entrants = EntrantsUpTo(3'000);
  const std::vector<UserId> drawn = Drawn(lottery, entrants);
  std::mt19937_64 random(1);
  for (int round = 0; round < 5; ++round) {
    std::shuffle(entrants.begin(), entrants.end(), random);
    for (Entrant& entrant : entrants) entrant.ticket = random();
    REQUIRE(Drawn(lottery, entrants) == drawn);
  }
}

TEST_CASE("whoever enters besides makes it another draw") {
  const LotteryStrategy lottery(CountingBytes());
  std::vector<Entrant> entrants = EntrantsUpTo(100);
  std::vector<UserId> drawn = Drawn(lottery, entrants);
  std::erase(drawn, entrants.back().user);
  entrants.pop_back();
  CHECK(Drawn(lottery, entrants) != drawn);
}

TEST_CASE("nobody is drawn twice") {
  const LotteryStrategy lottery(CountingBytes());
  std::vector<Entrant> entrants = EntrantsUpTo(5);
  entrants.push_back(entrants[2]);
  Order order(entrants.size());
  const Status status = lottery.Order({.sale = "drop", .entrants = entrants}, order);
  CHECK(status.code() == StatusCode::kInvalidArgument);
  CHECK(status.message() ==
        "drawn: 00000000000000010000000000000002 twice, expected everybody once");
}

// See draw_test.cc for the limit.  Here the seeds are derived as a host's are: from its secret, or
// for many sales from one.
TEST_CASE(
    "over 10,000 secrets, or sales, nobody is drawn to a place more often by when they came") {
  constexpr std::size_t kEntrants = 8;
  constexpr int kDraws = 10'000;
  const std::vector<Entrant> entrants = EntrantsUpTo(kEntrants);
  const LotteryStrategy same(CountingBytes());
  std::mt19937_64 random(5);
  for (const bool many_sales : {false, true}) {
    std::array<std::array<int, kEntrants>, kEntrants> times{};
    for (int draw = 0; draw < kDraws; ++draw) {
      DrawSecret secret{};
      for (std::uint8_t& byte : secret) byte = static_cast<std::uint8_t>(random());
      const LotteryStrategy other(secret);
      const SaleId sale("sale-" + std::to_string(many_sales ? draw : 0));
      Order order(kEntrants);
      REQUIRE((many_sales ? same : other).Order({.sale = sale, .entrants = entrants}, order).ok());
      for (std::size_t place = 0; place < kEntrants; ++place) ++times[order[place]][place];
    }
    CHECK(ChiSquareOf(times, kDraws) < 85.4);
  }
}

TEST_CASE("a lottery tells no position before the draw") {
  const LotteryStrategy lottery(CountingBytes());
  CHECK_FALSE(lottery.keeps_arrival_order());
  CHECK(lottery.name() == "lottery");
}

TEST_CASE("what is announced before registration is what is drawn by") {
  Notary notary;
  const LotteryStrategy lottery(CountingBytes(), {.witness = &notary});
  const auto announced = lottery.Announce({.sale = "drop", .tier = 0});
  REQUIRE(announced.ok());
  CHECK_FALSE(announced->seed.has_value());
  CHECK_FALSE(announced->freeze.has_value());
  OrderOf(lottery, 10);
  CHECK(CheckContinues(*announced, notary.frozen).ok());
  CHECK(CheckContinues(notary.frozen, notary.drawn).ok());
  CHECK(lottery.Announce({.sale = "drop", .tier = 1})->commitment != announced->commitment);
}

TEST_CASE("options that cannot be drawn by are refused before anybody registers") {
  const auto error = [](const LotteryStrategy& lottery, const DrawId& draw) {
    const auto record = lottery.Announce(draw);
    CHECK(record.status().code() == StatusCode::kInvalidArgument);
    Order order(1);
    const Status status =
        lottery.Order({.sale = draw.sale, .tier = draw.tier, .entrants = EntrantsUpTo(1)}, order);
    CHECK(status == record.status());
    return record.status().message();
  };
  Notary notary;
  const DrawId draw{.sale = "drop"};
  CHECK(error(LotteryStrategy(DrawSecret{}), draw) ==
        "secret: 32 zero bytes, expected random ones that nobody else knows");
  CHECK(error(LotteryStrategy(CountingBytes(), {.beacon_source = "drand"}), draw) ==
        "witness: none, expected one that reads the beacon, where there is a beacon_source");
  CHECK(error(LotteryStrategy(CountingBytes(), {.witness = &notary, .beacon_source = "a\"b"}), draw)
            .find("beacon_source: 'a\"b', expected at most 128 printable") == 0);
  CHECK(error(LotteryStrategy(CountingBytes()), {.sale = "drop", .tier = 8}) ==
        "tier: 8, expected 0 to 7");
  CHECK(error(LotteryStrategy(CountingBytes()), {.sale = "no sale"}).find("sale: ''") == 0);
}

TEST_CASE("the witness hears of the freeze first, then gives the beacon, then hears of the order") {
  Notary notary;
  notary.beacon = BytesOfHex("beac");
  const LotteryStrategy lottery(CountingBytes(), {.witness = &notary, .beacon_source = "drand"});
  CHECK(OrderOf(lottery, 10) == Order{4, 5, 8, 2, 1, 3, 6, 9, 7, 0});
  CHECK(notary.calls == "frozen beacon drawn ");
  CHECK(notary.entrants == UsersUpTo(10));
  CHECK(notary.fifo.empty());
  CHECK_FALSE(notary.frozen.seed.has_value());
  CHECK_FALSE(notary.frozen.beacon.has_value());
  REQUIRE(notary.drawn.freeze.has_value());
  CHECK(notary.frozen.freeze == notary.drawn.freeze);
  const auto replayed = ReplayDraw(notary.drawn, {.drawn = notary.entrants});
  REQUIRE(replayed.ok());
  CHECK(*replayed == notary.order);
}

TEST_CASE("while the beacon is not known nobody is drawn, and the roots are made once") {
  Notary notary;
  const LotteryStrategy lottery(CountingBytes(), {.witness = &notary, .beacon_source = "drand"});
  std::vector<Entrant> entrants = EntrantsUpTo(10);
  Order order(10);
  const auto ask = [&] { return lottery.Order({.sale = "drop", .entrants = entrants}, order); };
  for (int second = 0; second < 3; ++second) CHECK(ask().code() == StatusCode::kUnavailable);
  CHECK(notary.calls == "frozen beacon beacon beacon ");
  // Other entrants, another freeze: the order depends on what is asked, not on what was.
  const DrawRecord first = notary.frozen;
  entrants.pop_back();
  order.resize(9);
  CHECK(ask().code() == StatusCode::kUnavailable);
  CHECK(notary.frozen.freeze != first.freeze);
  entrants = EntrantsUpTo(10);
  order.resize(10);
  notary.beacon = BytesOfHex("beac");
  REQUIRE(ask().ok());
  CHECK(notary.frozen == first);
  CHECK(order == Order{4, 5, 8, 2, 1, 3, 6, 9, 7, 0});
  CHECK(notary.calls == "frozen beacon beacon beacon frozen beacon frozen beacon drawn ");
}

TEST_CASE("draws that wait beside each other are not mistaken for one another") {
  Notary notary;
  const LotteryStrategy lottery(CountingBytes(), {.witness = &notary, .beacon_source = "drand"});
  const std::vector<Entrant> entrants = EntrantsUpTo(10);
  std::vector<Order> orders;
  for (int round = 0; round < 2; ++round) {
    for (const char* const sale : {"drop", "other"}) {
      for (const std::uint8_t tier : {std::uint8_t{0}, std::uint8_t{1}}) {
        Order order(10);
        const Status status =
            lottery.Order({.sale = sale, .tier = tier, .entrants = entrants}, order);
        CHECK(status.ok() == (round == 1));
        CHECK(notary.asked.draw == DrawId{.sale = sale, .tier = tier});
        if (round == 1) orders.push_back(order);
      }
    }
    notary.beacon = BytesOfHex("beac");
  }
  CHECK(orders[0] == Order{4, 5, 8, 2, 1, 3, 6, 9, 7, 0});
  for (std::size_t i = 1; i < orders.size(); ++i) CHECK(orders[i] != orders[i - 1]);
}

TEST_CASE("several servers draw the same, and tell their witnesses the same") {
  Notary notaries[2];
  std::vector<UserId> drawn[2];
  std::vector<Entrant> entrants = EntrantsUpTo(50);
  for (int server = 0; server < 2; ++server) {
    notaries[server].beacon = BytesOfHex("beac");
    const LotteryStrategy lottery(CountingBytes(),
                                  {.witness = &notaries[server], .beacon_source = "drand"});
    drawn[server] = Drawn(lottery, entrants);
    CHECK(Drawn(lottery, entrants) == drawn[server]);
  }
  CHECK(drawn[0] == drawn[1]);
  CHECK(notaries[0].drawn.ToJson() == notaries[1].drawn.ToJson());
  CHECK(notaries[0].order == notaries[1].order);
}

TEST_CASE("a witness that fails keeps the queue frozen, and is told again") {
  Notary notary;
  const LotteryStrategy lottery(CountingBytes(), {.witness = &notary});
  const std::vector<Entrant> entrants = EntrantsUpTo(10);
  Order order(10);
  const auto ask = [&] { return lottery.Order({.sale = "drop", .entrants = entrants}, order); };
  notary.frozen_status = Status(StatusCode::kConflict, "another freeze was published");
  CHECK(ask() == notary.frozen_status);
  CHECK(ask() == notary.frozen_status);
  notary.frozen_status = {};
  notary.drawn_status = Status(StatusCode::kUnavailable, "the disk is away");
  CHECK(ask() == notary.drawn_status);
  notary.drawn_status = {};
  CHECK(ask().ok());
  CHECK(notary.calls == "frozen frozen frozen drawn drawn ");
  CHECK(order == Order{0, 7, 9, 6, 3, 1, 5, 8, 4, 2});
}

TEST_CASE("a witness that throws, or knows no lawful beacon, is an error") {
  Notary notary;
  const LotteryStrategy lottery(CountingBytes(), {.witness = &notary, .beacon_source = "drand"});
  const std::vector<Entrant> entrants = EntrantsUpTo(2);
  Order order(2);
  const auto ask = [&] { return lottery.Order({.sale = "drop", .entrants = entrants}, order); };
  notary.throws = true;
  CHECK(ask() == Status(StatusCode::kInternal, "the draw witness threw: lost the seal"));
  notary.throws = false;
  notary.beacon = std::vector<std::uint8_t>(257, 1);
  CHECK(ask().message() == "beacon: 257, expected 1 to 256");
  notary.beacon = std::vector<std::uint8_t>{};
  CHECK(ask().message() == "beacon: 0, expected 1 to 256");
  notary.beacon = BytesOfHex("00");
  CHECK(ask().ok());
}

TEST_CASE("a witness without a beacon says so") {
  class Silent final : public DrawWitness {
    Status OnFrozen(const DrawRecord& /*record*/, const DrawLists& /*lists*/) override {
      return {};
    }
    Status OnDrawn(const DrawRecord& /*record*/, const DrawnOrder& /*order*/) override {
      return {};
    }
  } silent;
  const LotteryStrategy lottery(CountingBytes(), {.witness = &silent, .beacon_source = "drand"});
  Order order(1);
  CHECK(lottery.Order({.sale = "drop", .entrants = EntrantsUpTo(1)}, order) ==
        Status(StatusCode::kUnavailable, "beacon: this witness reads none"));
}

}  // namespace
}  // namespace flashsale
