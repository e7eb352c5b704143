#include "flashsale/domain/inventory.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <utility>

#include "tests/hard_cases/crowd.h"

namespace flashsale {
namespace {

TEST_CASE("units move between available, reserved and sold, and none is lost") {
  Inventory line(10, 6);
  CHECK(line.Read() == Stock{.limit = 10, .released = 6});
  CHECK(line.available() == 6);
  CHECK(line.TryReserve(4));
  CHECK(line.Read() == Stock{.limit = 10, .released = 6, .reserved = 4});
  CHECK_FALSE(line.TryReserve(3));
  CHECK_FALSE(line.TryBuy(3));
  CHECK(line.Read() == Stock{.limit = 10, .released = 6, .reserved = 4});
  CHECK(line.TryBuy(2));
  CHECK(line.available() == 0);
  CHECK_FALSE(line.TryReserve(1));
  line.Sell(4, 3);  // the fourth goes back
  CHECK(line.Read() == Stock{.limit = 10, .released = 6, .reserved = 0, .sold = 5});
  CHECK(line.TryReserve(1));
  line.Return(1);
  line.Refund(5);
  CHECK(line.Read() == Stock{.limit = 10, .released = 6});
}

TEST_CASE("a wave releases up to its mark and never takes back") {
  Inventory line(10, 0);
  CHECK_FALSE(line.TryReserve(1));
  line.ReleaseUpTo(4);
  CHECK(line.available() == 4);
  line.ReleaseUpTo(3);
  CHECK(line.available() == 4);
  CHECK(line.TryReserve(4));
  line.ReleaseUpTo(10);
  CHECK(line.Read() == Stock{.limit = 10, .released = 10, .reserved = 4});
  CHECK(line.limit() == 10);
}

TEST_CASE("the halves of the word do not touch one another at their extremes") {
  Inventory line(kMaxUnits, kMaxUnits);
  CHECK(line.TryReserve(kMaxUnits));
  line.Sell(kMaxUnits, kMaxUnits);
  CHECK(line.Read() == Stock{.limit = kMaxUnits, .released = kMaxUnits, .sold = kMaxUnits});
  CHECK(line.Read().final_sold_out());
  line.Refund(kMaxUnits);
  CHECK(line.TryBuy(kMaxUnits - 1));
  CHECK(line.TryReserve(1));
  line.Sell(1, 0);
  CHECK(line.Read().sold == kMaxUnits - 1);
  CHECK_FALSE(line.Read().final_sold_out());
  CHECK(line.available() == 1);
}

TEST_CASE("a thousand random moves agree with plain arithmetic") {
  std::mt19937_64 random(20'240'229);
  Inventory line(50, 20);
  Units released = 20;
  Units reserved = 0;
  Units sold = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Units units = static_cast<Units>(random() % 12);
    const bool fits = reserved + sold + units <= released;
    switch (random() % 6) {
      case 0:
        CHECK(line.TryReserve(units) == fits);
        if (fits) reserved += units;
        break;
      case 1:
        CHECK(line.TryBuy(units) == fits);
        if (fits) sold += units;
        break;
      case 2:
        if (units > reserved) break;
        line.Sell(units, units / 2);
        reserved -= units;
        sold += units / 2;
        break;
      case 3:
        if (units > reserved) break;
        line.Return(units);
        reserved -= units;
        break;
      case 4:
        if (units > sold) break;
        line.Refund(units);
        sold -= units;
        break;
      default:
        if (released < 50 && i % 100 == 0) line.ReleaseUpTo(++released);
        break;
    }
    REQUIRE(line.Read() ==
            Stock{.limit = 50, .released = released, .reserved = reserved, .sold = sold});
  }
}

// So little stock that every take is near its end: there a check and a take in two steps show.
TEST_CASE("threads that hammer a line never push it beyond what is released") {
  constexpr Units kAtFirst = 2;
  constexpr Units kLimit = 6;
  const int rounds = Rounds(1'000'000);
  Inventory line(kLimit, kAtFirst);
  std::atomic<int> unlawful = 0;
  AtOnce(4, [&](std::size_t thread) {
    std::mt19937_64 random(thread);
    for (int i = 0; i < rounds; ++i) {
      const std::uint64_t dice = random();
      const auto units = static_cast<Units>(1 + dice % 3);
      if (thread == 0) line.ReleaseUpTo(kAtFirst + static_cast<Units>(i * 4LL / rounds));
      const bool buy = (dice >> 8 & 1) != 0;
      if (buy ? line.TryBuy(units) : line.TryReserve(units)) {
        const Stock stock = line.Read();
        if (std::uint64_t{stock.reserved} + stock.sold > stock.released) ++unlawful;
        if (buy) {
          line.Refund(units);
        } else if ((dice >> 9 & 1) != 0) {
          line.Return(units);
        } else {
          line.Sell(units, units / 2);
          line.Refund(units / 2);
        }
      }
      if (line.available() > kLimit) ++unlawful;
    }
  });
  CHECK(unlawful == 0);
  CHECK(line.Read() == Stock{.limit = kLimit, .released = kAtFirst + 3});
}

TEST_CASE("of the last units exactly as many are taken as there are") {
  std::optional<Inventory> line(std::in_place, 3U, 3U);
  std::atomic<int> taken = 0;
  int wrong = 0;
  InRounds(
      4, Rounds(20'000),
      [&](std::size_t thread, int) {
        if (thread % 2 == 0 ? line->TryReserve(1) : line->TryBuy(1)) ++taken;
      },
      [&](int) {
        if (taken != 3 || line->available() != 0) ++wrong;
        taken = 0;
        line.emplace(3U, 3U);
      });
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace flashsale
