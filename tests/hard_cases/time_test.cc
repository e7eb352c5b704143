#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <optional>

#include "tests/hard_cases/crowd.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a confirm one microsecond before the deadline is honoured, at the deadline it is not") {
  Shop shop(SmallSale(2));
  for (const std::uint64_t user : {1U, 2U}) {
    REQUIRE(shop.Do(kStart, Reserve(User(user), Id(user))) == Code::kDone);
  }
  const Time deadline = kStart + 5min;
  CHECK(shop.Do(deadline - kMicrosecond, About(Verb::kConfirm, User(1), Id(1))) == Code::kDone);
  CHECK(shop.Do(deadline, About(Verb::kConfirm, User(2), Id(2))) == Code::kExpired);
  CHECK(shop.StockOf() == Stock{.limit = 2, .released = 2, .sold = 1});
  shop.CheckBooks();
}

TEST_CASE("a lapsed hold goes to the next caller though no cleaner ever ran") {
  Shop shop(SmallSale(1));
  REQUIRE(shop.Do(kStart, Reserve(User(1), Id(1))) == Code::kDone);
  const Time deadline = kStart + 5min;
  CHECK(shop.Do(deadline - kMicrosecond, Reserve(User(2), Id(2))) == Code::kSoldOut);
  CHECK(shop.Do(deadline, Reserve(User(3), Id(3))) == Code::kDone);
  CHECK(shop.Find(User(1), Id(1))->state == ReservationState::kExpired);
}

TEST_CASE("many lapsed holds make room for one large order") {
  SaleTerms terms = SmallSale(50);
  terms.limit_ceiling = 50;
  Shop shop(terms);
  for (std::uint64_t user = 1; user <= 50; ++user) {
    REQUIRE(shop.Do(kStart + Duration(user), Reserve(User(user), Id(user))) == Code::kDone);
  }
  Command order = Reserve(User(99), Id(99), 40);
  order.user_limit = 40;
  const Time fortieth = kStart + 5min + Duration(40);
  CHECK(shop.Do(fortieth - kMicrosecond, order) == Code::kSoldOut);
  CHECK(shop.Do(fortieth, order) == Code::kDone);
  CHECK(shop.StockOf() == Stock{.limit = 50, .released = 50, .reserved = 50});
  shop.CheckBooks();
}

TEST_CASE("limit 2: the second reserve of 2 meets the user's limit, with no race at all") {
  SaleTerms terms = SmallSale(10);
  terms.limit_per_user = 2;
  Shop shop(terms);
  CHECK(shop.Do(kStart, Reserve(User(1), Id(1), 2)) == Code::kDone);
  CHECK(shop.Do(kStart, Reserve(User(1), Id(2), 2)) == Code::kUserLimit);
  CHECK(shop.StockOf().reserved == 2);
  // Its own lapsed hold stands in nobody's way.
  CHECK(shop.Do(kStart + 5min, Reserve(User(1), Id(2), 2)) == Code::kDone);
  CHECK(shop.StockOf().reserved == 2);
}

TEST_CASE("the clock one day back and forth loses nothing and sells nothing twice") {
  SaleTerms terms = SmallSale(1);
  terms.start = kStart - 48h;
  terms.end = kStart + 48h;
  Shop shop(terms);
  REQUIRE(shop.Do(kStart, Reserve(User(1), Id(1))) == Code::kDone);

  // A day back: the hold lives, and nobody else gets it.
  CHECK(shop.Do(kStart - 24h, Reserve(User(2), Id(2))) == Code::kSoldOut);
  CHECK(shop.Do(kStart - 24h, Reserve(User(1), Id(1))) == Code::kAlreadyDone);

  // A day ahead it has lapsed; the next caller has it until a day ahead and five minutes.
  const Outcome next = shop.Ask(kStart + 24h, Reserve(User(2), Id(2)));
  CHECK(next.code == Code::kDone);
  CHECK(next.deadline() == kStart + 24h + 5min);

  // Back again: what is recorded stays, the first hold does not come to life.
  CHECK(shop.Do(kStart, About(Verb::kConfirm, User(1), Id(1))) == Code::kExpired);
  CHECK(shop.Do(kStart, Reserve(User(3), Id(3))) == Code::kSoldOut);
  CHECK(shop.Do(kStart, About(Verb::kConfirm, User(2), Id(2))) == Code::kDone);
  CHECK(shop.Do(kStart + 24h + 5min, Reserve(User(3), Id(4))) == Code::kSoldOut);
  CHECK(shop.StockOf() == Stock{.limit = 1, .released = 1, .sold = 1});
  shop.CheckBooks();
}

TEST_CASE("a hold taken while the clock was a day back lapses on its own deadline all the same") {
  SaleTerms terms = SmallSale(2);
  terms.start = kStart - 48h;
  Shop shop(terms);
  REQUIRE(shop.Do(kStart, Reserve(User(1), Id(1))) == Code::kDone);
  REQUIRE(shop.Do(kStart - 24h, Reserve(User(2), Id(2))) == Code::kDone);
  CHECK(shop.Do(kStart, Reserve(User(3), Id(3))) == Code::kDone);
  CHECK(shop.Find(User(2), Id(2))->state == ReservationState::kExpired);
  CHECK(shop.Do(kStart, About(Verb::kConfirm, User(1), Id(1))) == Code::kDone);
}

TEST_CASE("expiry in small slices ends where expiry at one go does") {
  Shop shop(SmallSale(1'000));
  for (std::uint64_t user = 1; user <= 1'000; ++user) {
    REQUIRE(shop.Do(kStart + Duration(user % 7), Reserve(User(user), Id(user))) == Code::kDone);
  }
  std::uint64_t expired = 0;
  int slices = 0;
  ExpireReport report;
  do {
    const Result<ExpireReport> slice =
        shop.inventory().ExpireDue(shop.sale(), kStart + 5min + 6us, 64);
    REQUIRE(slice.ok());
    report = *slice;
    expired += report.expired;
    ++slices;
    REQUIRE(slices <= 1'000);
  } while (report.more);
  CHECK(expired == 1'000);
  CHECK(slices >= 4);
  CHECK(report.next_due == kMaxTime);
  CHECK(shop.StockOf() == Stock{.limit = 1'000, .released = 1'000});
  shop.CheckBooks();
}

}  // namespace
}  // namespace flashsale
