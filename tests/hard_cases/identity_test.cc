#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "tests/hard_cases/crowd.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a cancel that comes before its reserve keeps the delayed reserve from taking a hold") {
  Shop shop(SmallSale(1));
  CHECK(shop.Do(kStart, About(Verb::kCancel, User(1), Id(1))) == Code::kDone);
  CHECK(shop.Do(kStart, Reserve(User(1), Id(1))) == Code::kCancelled);
  CHECK(shop.StockOf().reserved == 0);
  CHECK(shop.Do(kStart, Reserve(User(1), Id(2))) == Code::kDone);
}

TEST_CASE("a reserve racing its own cancel holds nothing when both are answered") {
  SaleTerms terms = SmallSale(1);
  terms.max_stray_tombstones = 1'000'000;
  Shop shop(terms, {.events_per_sale = std::size_t{1} << 10});
  int tombstones = 0;
  int wrong = 0;
  std::array<Code, 2> codes{};
  InRounds(
      2, Rounds(10'000),
      [&](std::size_t thread, int round) {
        const std::uint64_t id = static_cast<std::uint64_t>(round);
        codes[thread] = shop.Do(kStart, thread == 0 ? Reserve(User(id), Id(id))
                                                    : About(Verb::kCancel, User(id), Id(id)));
      },
      [&](int) {
        if (codes[0] == Code::kCancelled) ++tombstones;
        if (codes[1] != Code::kDone || (codes[0] != Code::kDone && codes[0] != Code::kCancelled)) {
          ++wrong;
        }
      });
  MESSAGE("the cancel came first in " << tombstones << " rounds");
  CHECK(wrong == 0);
  CHECK(shop.StockOf() == Stock{.limit = 1, .released = 1});
  shop.CheckBooks();
}

TEST_CASE("an id is never honoured for another hold, however often its place is used again") {
  // Every hold lapses or is cancelled, so that what keeps holds is used again and again.
  SaleTerms terms = SmallSale(1);
  terms.hold = 1ms;
  Shop shop(terms);
  constexpr std::uint64_t kHolds = 2'000;
  for (std::uint64_t i = 1; i <= kHolds; ++i) {
    REQUIRE(shop.Do(kStart + static_cast<int>(i) * 1ms, Reserve(User(i), Id(i))) == Code::kDone);
    if (i % 2 == 0) {
      REQUIRE(shop.Do(kStart + static_cast<int>(i) * 1ms, About(Verb::kCancel, User(i), Id(i))) ==
              Code::kDone);
    }
  }
  const Time now = kStart + static_cast<int>(kHolds) * 1ms;
  REQUIRE(shop.Do(now, Reserve(User(9'999), Id(9'999))) == Code::kDone);
  for (std::uint64_t i = 1; i <= kHolds; ++i) {
    // Not even at the time at which it lived.
    const Code due = i % 2 == 0 ? Code::kCancelled : Code::kExpired;
    REQUIRE(shop.Do(kStart + static_cast<int>(i) * 1ms, About(Verb::kConfirm, User(i), Id(i))) ==
            due);
    REQUIRE(shop.Do(now, About(Verb::kConfirm, User(i), Id(i % kHolds + 1))) ==
            Code::kUnknownReservation);
  }
  CHECK(shop.Do(now, About(Verb::kConfirm, User(9'999), Id(9'999))) == Code::kDone);
}

TEST_CASE("a sale forgotten and made anew knows no old id, by an old reference either") {
  Shop shop(SmallSale(3));
  const SaleRef old = shop.sale();
  REQUIRE(shop.Do(kStart, Reserve(User(1), Id(1))) == Code::kDone);
  REQUIRE(shop.Do(kStart, About(Verb::kConfirm, User(1), Id(1))) == Code::kDone);
  REQUIRE(shop.Do(kStart, About(Verb::kCancel, User(2), Id(2))) == Code::kDone);
  REQUIRE(shop.Do(kStart, Act(Verb::kClose)) == Code::kDone);
  REQUIRE(shop.Do(kStart, Act(Verb::kSettle)) == Code::kDone);
  REQUIRE(shop.inventory().Forget(old, kStart)->code == Code::kDone);

  // While it is gone.
  CHECK(shop.Ask(old, kStart, Reserve(User(1), Id(1))).code == Code::kUnknownSale);
  CHECK(shop.inventory().Find(old, User(1), Id(1)).status().code() == StatusCode::kNotFound);
  CHECK(shop.inventory().Forget(old, kStart)->code == Code::kUnknownSale);

  shop.Create();
  for (const SaleRef& sale : {old, shop.sale(), SaleRef("drop")}) {
    CHECK(shop.Ask(sale, kStart, About(Verb::kConfirm, User(1), Id(1))).code ==
          Code::kUnknownReservation);
    CHECK(shop.Ask(sale, kStart, About(Verb::kVoid, User(1), Id(1))).code ==
          Code::kUnknownReservation);
    const Result<std::optional<Reservation>> found = shop.inventory().Find(sale, User(1), Id(1));
    REQUIRE(found.ok());
    CHECK_FALSE(found->has_value());
  }
  CHECK(shop.StockOf() == Stock{.limit = 3, .released = 3});
  // The old reference goes on working, and the id that once was a tombstone is free again.
  CHECK(shop.Ask(old, kStart, Reserve(User(2), Id(2))).code == Code::kDone);
}

TEST_CASE("a sale may be forgotten and made anew while others call") {
  Shop shop(SmallSale(2));
  const SaleRef sale = shop.sale();
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  const int rounds = Rounds(2'000);
  AtOnce(4, [&](std::size_t thread) {
    if (thread == 0) {
      for (int round = 0; round < rounds; ++round) {
        if (shop.Do(kStart, Act(Verb::kCancelSale)) != Code::kDone) ++wrong;
        if (shop.Do(kStart, Act(Verb::kSettle)) != Code::kDone) ++wrong;
        const Result<Outcome> forgotten = shop.inventory().Forget(sale, kStart);
        if (!forgotten.ok() || forgotten->code != Code::kDone) ++wrong;
        const Result<Outcome> created = shop.inventory().Create(shop.terms());
        if (!created.ok() || created->code != Code::kDone) ++wrong;
      }
      done = true;
      return;
    }
    for (std::uint64_t i = 0; !done; ++i) {
      const UserId user = User(thread);
      const ReservationId id = Id(thread * 1'000'000 + i);
      switch (shop.Ask(sale, kStart, Reserve(user, id)).code) {
        case Code::kDone: {
          const Code code = shop.Ask(sale, kStart, About(Verb::kCancel, user, id)).code;
          // Unknown sale, or the sale made anew meanwhile: there the cancel leaves a tombstone.
          if (code != Code::kDone && code != Code::kAlreadyDone && code != Code::kUnknownSale) {
            ++wrong;
          }
          break;
        }
        case Code::kUnknownSale:
        case Code::kSaleCancelled:
        case Code::kSaleEnded:
        case Code::kTooManyAttempts:
        case Code::kSoldOut:
          break;
        default:
          ++wrong;
      }
      if (thread == 1) {
        const Result<ExpireReport> report = shop.inventory().ExpireDue(sale, kStart, 10);
        if (!report.ok() && report.status().code() != StatusCode::kNotFound) ++wrong;
      }
      if (thread == 2) {
        std::array<Event, 4> events;
        const Result<EventPage> page = shop.inventory().ReadEvents(sale, 0, events);
        if (!page.ok() && page.status().code() != StatusCode::kNotFound) ++wrong;
        const Result<SaleStock> stock = shop.inventory().ReadStock(sale, kStart);
        if (stock.ok() && stock->lines[0].reserved > 2) ++wrong;
      }
    }
  });
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace flashsale
