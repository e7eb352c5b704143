#include "flashsale/service/purchase_limit_tracker.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "tests/service/test_world.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;
using service_test::kStart;
using service_test::World;

struct Shop {
  explicit Shop(const SaleTerms& terms = service_test::TermsOf("drop"), FaultPlan plan = {})
      : world(std::move(plan)), tracker(world.inventory(), world.sales()) {
    world.Create(terms);
  }

  LimitUsage Read(Time now, std::vector<ReservationId> holds = {}) {
    const Result<LimitUsage> read = tracker.Read(
        {.sale = sale, .key = TallyKey::Of(UserId::FromInteger(1)), .now = now, .holds = holds});
    REQUIRE(read.ok());
    return *read;
  }

  const SaleRef sale = "drop";
  World world;
  PurchaseLimitTracker tracker;
};

TEST_CASE("held, bought and remaining follow what the inventory recorded") {
  Shop shop;
  CHECK(shop.Read(kStart) == LimitUsage{.limit = 10, .exact = true});
  CHECK(shop.Read(kStart).remaining() == 10);
  shop.world.Reserve("drop", kStart, 1, 1, 3);
  shop.world.Reserve("drop", kStart, 1, 2, 2);
  shop.world.Do(Verb::kConfirm, "drop", kStart, 1, 1);
  const LimitUsage usage = shop.Read(kStart);
  CHECK(usage.held == 2);
  CHECK(usage.bought == 3);
  CHECK(usage.remaining() == 5);
  CHECK_FALSE(usage.exact);
}

TEST_CASE("the limit of a user is the highest that an accepted reserve carried") {
  SaleTerms terms = service_test::TermsOf("drop");
  terms.limit_ceiling = 20;
  Shop shop(terms);
  CHECK(shop.Read(kStart).limit == 10);
  shop.world.Apply("drop", kStart,
                   {.verb = Verb::kReserve,
                    .units = 1,
                    .user_limit = 15,
                    .user = UserId::FromInteger(1),
                    .id = ReservationId::FromInteger(1)});
  CHECK(shop.Read(kStart).limit == 15);
  CHECK(shop.Read(kStart).remaining() == 14);
}

TEST_CASE("a hold that lapsed counts as held until somebody can know better") {
  Shop shop;
  shop.world.Reserve("drop", kStart, 1, 1, 3);
  shop.world.Reserve("drop", kStart + 1min, 1, 2, 2);
  const Time now = kStart + 5min;  // the first has lapsed, the second has not
  CHECK(shop.Read(now) == LimitUsage{.limit = 10, .held = 5, .exact = false});

  const auto first = ReservationId::FromInteger(1);
  const auto second = ReservationId::FromInteger(2);
  CHECK(shop.Read(now, {first}) == LimitUsage{.limit = 10, .held = 2, .lapsed = 3, .exact = false});
  CHECK(shop.Read(now, {first, second}) ==
        LimitUsage{.limit = 10, .held = 2, .lapsed = 3, .exact = true});
  CHECK(shop.Read(now, {second, ReservationId::FromInteger(9)}) ==
        LimitUsage{.limit = 10, .held = 5, .exact = false});

  // A reserve that needs the room gets it.
  CHECK(shop.world.Reserve("drop", now, 1, 3, 8).code == Code::kDone);
  CHECK(shop.Read(now).held == 10);
}

TEST_CASE("holds of a cancelled sale, or past its cut, are known to have lapsed") {
  SaleTerms terms = service_test::TermsOf("drop");
  terms.end_policy = EndPolicy::kCut;
  for (const Verb act : {Verb::kCancelSale, Verb::kClose}) {
    Shop shop(terms);
    shop.world.Reserve("drop", kStart, 1, 1, 3);
    shop.world.Act(act, "drop", kStart + 1s);
    CHECK(shop.Read(kStart + 1s) == LimitUsage{.limit = 10, .lapsed = 3, .exact = true});
  }
  Shop shop(terms);
  shop.world.Reserve("drop", kStart, 1, 1, 3);
  CHECK(shop.Read(kStart + 1h).lapsed == 3);

  terms.end_policy = EndPolicy::kGrace;
  Shop graceful(terms);
  graceful.world.Reserve("drop", kStart, 1, 1, 3);
  graceful.world.Act(Verb::kClose, "drop", kStart + 1s);
  CHECK(graceful.Read(kStart + 1s).held == 3);
}

TEST_CASE("limit keys have limits of their own") {
  SaleTerms terms = service_test::TermsOf("drop");
  terms.key_limits = {{.name = "device", .limit = 4}};
  Shop shop(terms);
  const LimitKey device = LimitKey::FromInteger(7);
  shop.world.Apply("drop", kStart,
                   {.verb = Verb::kReserve,
                    .units = 3,
                    .user = UserId::FromInteger(1),
                    .id = ReservationId::FromInteger(1),
                    .keys = {device}});
  const auto read = [&](std::size_t index, std::vector<ReservationId> holds = {}) {
    return shop.tracker.Read(
        {.sale = shop.sale, .key = TallyKey::Of(index, device), .now = kStart, .holds = holds});
  };
  CHECK(read(0)->limit == 4);
  CHECK(read(0)->held == 3);
  CHECK(read(0)->remaining() == 1);
  CHECK(read(1).status().message() == "key.kind: 2, expected 0 to 1");
  CHECK(read(0, {ReservationId::FromInteger(1)}).status().code() == StatusCode::kInvalidArgument);
}

TEST_CASE("a sale that is not there and a store that fails are errors") {
  Shop shop;
  const SaleRef other = "other";
  CHECK(shop.tracker.Read({.sale = other, .now = kStart}).status().code() == StatusCode::kNotFound);
  bool fails = false;
  Shop failing(service_test::TermsOf("drop"), {.decide = [&](StorageCall call) {
                 return fails && call == StorageCall::kReadTally ? Fault::kRefused : Fault::kNone;
               }});
  fails = true;
  CHECK(failing.tracker.Read({.sale = failing.sale, .now = kStart}).status().code() ==
        StatusCode::kUnavailable);
}

TEST_CASE("what is held is never read too low while holds are replaced by others") {
  // Between the look at a lapsed hold and the tally another takes its room: 10 are held in truth.
  World* world = nullptr;
  bool armed = false;
  const Time now = kStart + 5min;
  FaultPlan plan;
  plan.after = [&](StorageCall call) {
    if (call != StorageCall::kFind || !armed) return;
    armed = false;
    REQUIRE(world->Reserve("drop", now, 1, 2, 10).code == Code::kDone);
  };
  Shop shop(service_test::TermsOf("drop"), plan);
  world = &shop.world;
  shop.world.Reserve("drop", kStart, 1, 1, 10);
  armed = true;
  const LimitUsage usage = shop.Read(now, {ReservationId::FromInteger(1)});
  CHECK(usage.held == 10);
  CHECK(usage.lapsed == 0);
  CHECK(usage.remaining() == 0);
}

}  // namespace
}  // namespace flashsale
