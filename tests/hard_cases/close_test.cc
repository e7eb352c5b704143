#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "tests/hard_cases/crowd.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

// Numbers of the close record and of the last reserve in the log; 0 where there is none.
struct LastNumbers {
  std::uint64_t close = 0;
  std::uint64_t reserve = 0;
};
LastNumbers NumbersOf(const std::vector<Event>& events) {
  LastNumbers last;
  for (const Event& event : events) {
    if (event.type == EventType::kClosed) last.close = event.seq;
    if (event.type == EventType::kReserved) last.reserve = event.seq;
  }
  return last;
}

TEST_CASE("a close with 500 reserves in flight: none takes effect after it") {
  constexpr std::size_t kThreads = 20;
  constexpr std::size_t kEach = 25;
  for (int round = 0; round < Rounds(200); ++round) {
    Shop shop(SmallSale(1'000));
    Tallies answers;
    std::atomic<int> late = 0;
    std::atomic<bool> begun = false;
    std::atomic<bool> closed = false;
    AtOnce(kThreads + 1, [&](std::size_t thread) {
      // In the midst of them, however the threads are scheduled.
      if (thread == kThreads) {
        while (!begun) std::this_thread::yield();
        if (shop.Do(kStart, Act(Verb::kClose)) != Code::kDone) ++late;
        closed = true;
        return;
      }
      for (std::size_t i = 0; i < kEach; ++i) {
        while (thread == 0 && i == kEach - 1 && !closed) std::this_thread::yield();
        const std::uint64_t caller = thread * kEach + i;
        const bool after_the_close = closed;
        const Code code = shop.Do(kStart, Reserve(User(caller), Id(caller)));
        answers.Add(code);
        begun = true;
        if (after_the_close && code != Code::kSaleEnded) ++late;
      }
    });
    REQUIRE(late == 0);
    REQUIRE(answers[Code::kDone] + answers[Code::kSaleEnded] == kThreads * kEach);
    const std::vector<Event> events = shop.Events();
    REQUIRE(events.size() == static_cast<std::size_t>(answers[Code::kDone]) + 1);
    const LastNumbers last = NumbersOf(events);
    REQUIRE(last.close > last.reserve);
    REQUIRE(shop.StockOf().reserved == static_cast<Units>(answers[Code::kDone]));
    REQUIRE(answers[Code::kDone] > 0);
    REQUIRE(answers[Code::kSaleEnded] > 0);
  }
}

TEST_CASE("pauses and resumes under fire: no reserve is numbered while the sale is paused") {
  constexpr std::size_t kThreads = 4;
  Shop shop(SmallSale(1u << 20));
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  const int rounds = Rounds(1'000);
  AtOnce(kThreads + 1, [&](std::size_t thread) {
    if (thread == kThreads) {
      for (int round = 0; round < rounds; ++round) {
        if (shop.Do(kStart, Act(Verb::kPause)) != Code::kDone) ++wrong;
        if (shop.Do(kStart, Act(Verb::kResume)) != Code::kDone) ++wrong;
      }
      done = true;
      return;
    }
    for (std::uint64_t i = 0; !done && i < 10'000; ++i) {
      const std::uint64_t caller = thread * 100'000 + i;
      const Code code = shop.Do(kStart, Reserve(User(caller), Id(caller)));
      if (code != Code::kDone && code != Code::kPaused) ++wrong;
    }
  });
  CHECK(wrong == 0);
  bool paused = false;
  std::uint64_t seq = 0;
  for (const Event& event : shop.Events()) {
    REQUIRE(event.seq == ++seq);
    if (event.type == EventType::kPaused) paused = true;
    if (event.type == EventType::kResumed) paused = false;
    if (event.type == EventType::kReserved) REQUIRE_FALSE(paused);
  }
}

TEST_CASE("a sale cancelled under fire: every hold counts as cancelled, no unit is held") {
  constexpr std::size_t kThreads = 8;
  for (int round = 0; round < Rounds(200); ++round) {
    Shop shop(SmallSale(1'000));
    std::atomic<int> wrong = 0;
    AtOnce(kThreads + 1, [&](std::size_t thread) {
      if (thread == kThreads) {
        if (shop.Do(kStart, Act(Verb::kCancelSale)) != Code::kDone) ++wrong;
        return;
      }
      for (std::uint64_t i = 0; i < 20; ++i) {
        const std::uint64_t caller = thread * 100 + i;
        const Code held = shop.Do(kStart, Reserve(User(caller), Id(caller)));
        const Code bought = shop.Do(kStart, About(Verb::kConfirm, User(caller), Id(caller)));
        const bool lawful =
            (held == Code::kDone && (bought == Code::kDone || bought == Code::kCancelled)) ||
            (held == Code::kSaleCancelled && bought == Code::kUnknownReservation);
        if (!lawful) ++wrong;
      }
    });
    REQUIRE(wrong == 0);
    REQUIRE(shop.Do(kStart, Act(Verb::kSettle)) == Code::kDone);
    REQUIRE(shop.StockOf().reserved == 0);
    shop.CheckBooks();
  }
}

TEST_CASE("several cleaners at once expire every lapsed hold once") {
  constexpr std::uint64_t kHolds = 4'000;
  for (int round = 0; round < Rounds(40); ++round) {
    Shop shop(SmallSale(kHolds));
    for (std::uint64_t i = 0; i < kHolds; ++i) {
      REQUIRE(shop.Do(kStart + Duration(i % 11), Reserve(User(i), Id(i))) == Code::kDone);
    }
    std::atomic<std::uint64_t> expired = 0;
    std::atomic<int> wrong = 0;
    AtOnce(4, [&](std::size_t thread) {
      if (thread == 3) {
        // Buyers pay meanwhile, at their last instant.
        for (std::uint64_t i = 0; i < kHolds; i += 50) {
          const Code code =
              shop.Do(kStart + 5min - kMicrosecond, About(Verb::kConfirm, User(i), Id(i)));
          if (code != Code::kDone && code != Code::kExpired) ++wrong;
        }
        return;
      }
      for (;;) {
        const Result<ExpireReport> report =
            shop.inventory().ExpireDue(shop.sale(), kStart + 5min + 11us, 100);
        if (!report.ok()) {
          ++wrong;
          return;
        }
        expired += report->expired;
        if (!report->more) return;
      }
    });
    REQUIRE(wrong == 0);
    const Stock stock = shop.StockOf();
    REQUIRE(stock.reserved == 0);
    REQUIRE(stock.sold + expired <= kHolds);
    std::uint64_t recorded = 0;
    for (const Event& event : shop.Events()) {
      if (event.type == EventType::kExpired) ++recorded;
    }
    // Those that a late buyer met were recorded by the buyer's own call.
    REQUIRE(recorded + stock.sold == kHolds);
    REQUIRE(recorded >= expired);
    shop.CheckBooks();
  }
}

}  // namespace
}  // namespace flashsale
