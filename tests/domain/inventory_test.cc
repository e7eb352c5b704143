#include "flashsale/domain/inventory.h"

#include <doctest/doctest.h>

#include <atomic>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

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

TEST_CASE("threads that hammer a line never push it beyond what is released") {
  constexpr std::size_t kThreads = 4;
  constexpr Units kLimit = 40;
  Inventory line(kLimit, 5);
  std::atomic<int> unlawful = 0;
  std::atomic<Units> units_sold = 0;
  std::atomic<bool> done = false;
  std::jthread watcher([&] {
    while (!done.load()) {
      const Stock stock = line.Read();
      if (std::uint64_t{stock.reserved} + stock.sold > stock.released) ++unlawful;
      if (stock.released > kLimit || line.available() > kLimit) ++unlawful;
    }
  });
  std::barrier start(static_cast<std::ptrdiff_t>(kThreads));
  std::vector<std::jthread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      std::mt19937_64 random(thread);
      start.arrive_and_wait();
      for (int i = 0; i < 20'000; ++i) {
        const Units units = 1 + static_cast<Units>(random() % 4);
        if (thread == 0 && i % 500 == 0) line.ReleaseUpTo(5 + static_cast<Units>(i) / 600);
        if (random() % 4 == 0) {
          if (!line.TryBuy(units)) continue;
          if (random() % 64 == 0) {
            units_sold += units;
          } else {
            line.Refund(units);
          }
          continue;
        }
        if (!line.TryReserve(units)) continue;
        if (random() % 2 == 0) {
          line.Return(units);
        } else {
          const Units bought = units / 2;
          line.Sell(units, bought);
          line.Refund(bought);
        }
      }
    });
  }
  threads.clear();
  done = true;
  watcher.join();
  CHECK(unlawful == 0);
  CHECK(line.Read() ==
        Stock{.limit = kLimit, .released = 5 + 19'500 / 600, .sold = units_sold.load()});
  CHECK(units_sold > 0);
}

TEST_CASE("of the last units exactly as many are taken as there are") {
  constexpr std::size_t kThreads = 4;
  for (int round = 0; round < 200; ++round) {
    Inventory line(3, 3);
    std::atomic<int> taken = 0;
    std::barrier start(static_cast<std::ptrdiff_t>(kThreads));
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
          start.arrive_and_wait();
          if (line.TryReserve(1)) ++taken;
        });
      }
    }
    REQUIRE(taken == 3);
    REQUIRE(line.available() == 0);
  }
}

}  // namespace
}  // namespace flashsale
