#include "flashsale/service/reservation_cleaner.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/service/test_world.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;
using service_test::kStart;
using service_test::TermsOf;
using service_test::World;

std::unique_ptr<ReservationCleaner> Make(World& world,
                                         const ReservationCleanerOptions& options = {}) {
  Result<std::unique_ptr<ReservationCleaner>> made =
      ReservationCleaner::New(world.inventory(), options);
  REQUIRE(made.ok());
  return std::move(*made);
}

constexpr Time kLapsed = kStart + 5min;

TEST_CASE("after a poll no lapsed hold is recorded active, and living ones are left alone") {
  World world;
  world.Create(TermsOf("a"));
  world.Create(TermsOf("b"));
  world.ReserveMany("a", kStart, 1'000);
  world.ReserveMany("b", kStart, 10);
  world.ReserveMany("b", kStart + 1s, 10, 1'000);
  const auto cleaner = Make(world);
  REQUIRE(cleaner->Add("a").ok());
  REQUIRE(cleaner->Add("b").ok());

  ReservationCleaner::Report report = cleaner->Poll(kStart);
  CHECK(report.expired == 0);
  CHECK(report.sales == 2);
  // Nothing lapses for five minutes, but what is reserved meanwhile may: it looks every second.
  CHECK(report.next_poll == kStart + 1s);

  report = cleaner->Poll(kLapsed);
  CHECK(report.expired == 1'010);
  CHECK(report.failures == 0);
  CHECK_FALSE(report.more);
  CHECK(world.ReservedUnits("a", kLapsed) == 0);
  CHECK(world.ReservedUnits("b", kLapsed) == 10);
  CHECK(report.next_poll == kLapsed + 1s);
  CHECK(cleaner->Poll(kLapsed + 1s).expired == 10);
}

TEST_CASE("the next poll is asked for when the next hold lapses, but not at once") {
  World world;
  SaleTerms terms = TermsOf("a");
  terms.hold = 500ms;
  world.Create(terms);
  const auto cleaner = Make(world);
  REQUIRE(cleaner->Add("a").ok());
  world.ReserveMany("a", kStart, 1);
  CHECK(cleaner->Poll(kStart).next_poll == kStart + 500ms);
  CHECK(cleaner->Poll(kStart + 499ms).next_poll == kStart + 509ms);
}

TEST_CASE("a poll does no more than its budget, and a sale with many lapsed holds starves nobody") {
  World world;
  world.Create(TermsOf("a-huge"));
  world.ReserveMany("a-huge", kStart, 20'000);
  std::vector<std::string> small;
  for (int i = 0; i < 20; ++i) {
    small.push_back("b-" + std::to_string(i));
    world.Create(TermsOf(small.back()));
    world.ReserveMany(small.back(), kStart, 5);
  }
  const auto cleaner = Make(world, {.max_holds_per_poll = 1'000, .slice = 100});
  REQUIRE(cleaner->Add("a-huge").ok());
  for (const std::string& sale : small) REQUIRE(cleaner->Add(sale).ok());

  ReservationCleaner::Report report = cleaner->Poll(kLapsed);
  CHECK(report.more);
  CHECK(report.next_poll == kLapsed);
  CHECK(report.expired <= 1'200);
  CHECK(report.expired >= 900);
  for (const std::string& sale : small) CHECK(world.ReservedUnits(sale, kLapsed) == 0);
  int polls = 1;
  while (report.more) {
    report = cleaner->Poll(kLapsed);
    REQUIRE(++polls < 50);
  }
  CHECK(world.ReservedUnits("a-huge", kLapsed) == 0);
}

TEST_CASE("a budget smaller than the number of sales comes to all of them in turn") {
  World world;
  for (int i = 0; i < 10; ++i) {
    const std::string sale = "s-" + std::to_string(i);
    world.Create(TermsOf(sale));
    world.ReserveMany(sale, kStart, 1);
  }
  const auto cleaner = Make(world, {.max_holds_per_poll = 3, .slice = 3});
  for (int i = 0; i < 10; ++i) REQUIRE(cleaner->Add("s-" + std::to_string(i)).ok());
  std::uint64_t expired = 0;
  for (int poll = 0; poll < 4; ++poll) expired += cleaner->Poll(kLapsed).expired;
  CHECK(expired == 10);
}

TEST_CASE("a store that fails for one sale is tried again later, and the others do not notice") {
  World world;
  world.Create(TermsOf("a"));
  world.ReserveMany("a", kStart, 1);
  const auto cleaner = Make(world, {.first_backoff = 100ms, .longest_backoff = 300ms});
  REQUIRE(cleaner->Add("missing").ok());
  REQUIRE(cleaner->Add("a").ok());
  ReservationCleaner::Report report = cleaner->Poll(kLapsed);
  CHECK(report.expired == 1);
  CHECK(report.failures == 1);
  CHECK(report.last_error.code() == StatusCode::kNotFound);
  CHECK(report.next_poll == kLapsed + 100ms);
  report = cleaner->Poll(kLapsed + 99ms);
  CHECK(report.failures == 0);
  CHECK(report.resting == 1);
  Time now = kLapsed;
  for (const Duration rest : {100ms, 200ms, 300ms, 300ms}) {
    now += rest;
    CHECK(cleaner->Poll(now - Duration{1}).failures == 0);
    CHECK(cleaner->Poll(now).failures == 1);
  }
  // Once it is there it is served, and forgiven.
  world.Create(TermsOf("missing"));
  now += 300ms;
  CHECK(cleaner->Poll(now).failures == 0);
  CHECK(cleaner->Poll(now).resting == 0);
}

TEST_CASE("sales are found in the catalogue, and left alone once they are gone from it") {
  World world;
  world.Create(TermsOf("now"));
  SaleTerms later = TermsOf("later");
  later.start = kStart + 24h;
  later.end = kStart + 25h;
  world.Create(later);
  world.ReserveMany("now", kStart, 3);
  const auto cleaner =
      Make(world, {.catalogue = &world.sales(), .look_back = 1h, .find_interval = 10s});
  CHECK(cleaner->Poll(kLapsed).expired == 3);
  CHECK(cleaner->sale_count() == 1);
  REQUIRE(cleaner->Add("kept").ok());
  CHECK(cleaner->Poll(kStart + 24h - 59s).failures == 1);  // "kept" exists in no store
  CHECK(cleaner->sale_count() == 2);
  CHECK(cleaner->Remove("kept"));
  CHECK_FALSE(cleaner->Remove("kept"));
  CHECK(cleaner->sale_count() == 1);
}

TEST_CASE("a catalogue that fails is asked again, and what is known is served meanwhile") {
  bool fails = false;
  World world({.decide = [&](StorageCall call) {
    return fails && call == StorageCall::kFindSales ? Fault::kRefused : Fault::kNone;
  }});
  world.Create(TermsOf("a"));
  world.ReserveMany("a", kStart, 3);
  const auto cleaner = Make(world, {.catalogue = &world.sales(), .find_interval = 10s});
  CHECK(cleaner->Poll(kStart).failures == 0);
  fails = true;
  const ReservationCleaner::Report report = cleaner->Poll(kLapsed);
  CHECK(report.failures == 1);
  CHECK(report.expired == 3);
  CHECK(report.next_poll == kLapsed + 100ms);
}

TEST_CASE("options and ids out of range are refused") {
  World world;
  CHECK(ReservationCleaner::New(world.inventory(), {.max_holds_per_poll = 10, .slice = 11})
            .status()
            .message() == "slice: 11, expected 1 to 10");
  CHECK(Make(world)->Add("not a name").code() == StatusCode::kInvalidArgument);
}

TEST_CASE("several cleaners and threads at once expire each hold once") {
  World world;
  for (const char* sale : {"a", "b", "c"}) {
    world.Create(TermsOf(sale));
    world.ReserveMany(sale, kStart, 2'000);
  }
  const ReservationCleanerOptions options{.max_holds_per_poll = 500, .slice = 50};
  const auto one = Make(world, options);
  const auto other = Make(world, options);
  for (const char* sale : {"a", "b", "c"}) {
    REQUIRE(one->Add(sale).ok());
    REQUIRE(other->Add(sale).ok());
  }
  std::atomic<std::uint64_t> expired = 0;
  std::atomic<std::uint64_t> failures = 0;
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        ReservationCleaner& mine = t % 2 == 0 ? *one : *other;
        for (int i = 0; i < 20; ++i) {
          const ReservationCleaner::Report report = mine.Poll(kLapsed);
          expired += report.expired;
          failures += report.failures;
          if (t == 0) (void)mine.Remove("c");
          if (t == 0) (void)mine.Add("c");
        }
      });
    }
  }
  expired += one->Poll(kLapsed).expired;
  CHECK(expired == 6'000);
  CHECK(failures == 0);
  for (const char* sale : {"a", "b", "c"}) CHECK(world.ReservedUnits(sale, kLapsed) == 0);
}

}  // namespace
}  // namespace flashsale
