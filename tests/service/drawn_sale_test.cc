// A sale whose people are drawn when a public beacon is known.

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "flashsale/policy/draw.h"
#include "flashsale/policy/hybrid_strategy.h"
#include "flashsale/policy/lottery_strategy.h"
#include "flashsale/policy/priority_strategy.h"
#include "tests/policy/draw_doubles.h"
#include "tests/service/shop_world.h"

namespace flashsale::service_test {
namespace {

TEST_CASE("a queue waits for the beacon of its draw, and lets people in by what was published") {
  Notary notary;
  const LotteryStrategy lottery(CountingBytes(), {.witness = &notary, .beacon_source = "drand"});
  const auto announced = lottery.Announce({.sale = "drop", .tier = 0});
  REQUIRE(announced.ok());
  Shop shop([&](auto& options) { options.strategies = {&lottery}; });
  shop.Create(Shop::QueuedTerms(100, 10), {.strategy = &lottery});
  for (std::uint64_t user = 50; user-- > 0;) shop.Join(user);
  shop.At(0s);
  CHECK(notary.calls == "frozen beacon ");
  CHECK(notary.frozen.freeze->count == 50);
  CHECK(CheckContinues(*announced, notary.frozen).ok());

  // Nobody has a place meanwhile, and who comes now is not in the draw.
  CHECK(shop.Join(99).position == 0);
  shop.Pass(5s, 1s);
  CHECK(shop.Queue().in_flight == 0);
  CHECK(shop.Position(7).position == 0);

  notary.beacon = BytesOfHex("beac");
  shop.Pass(2s, 100ms);
  CHECK(CheckContinues(notary.frozen, notary.drawn).ok());
  const auto order = ReplayDraw(notary.drawn, {.drawn = UsersUpTo(50)});
  REQUIRE(order.ok());
  CHECK(shop.IsAdmitted(NumberOf((*order)[0])));
  shop.Pass(20s, 100ms);
  CHECK(shop.Queue().in_flight == 51);
  CHECK(shop.IsAdmitted(99));
  CHECK(notary.order == *order);
}

TEST_CASE("a draw that could never be made is refused when the sale is made") {
  const LotteryStrategy zero(DrawSecret{});
  const HybridStrategy share({.secret = DrawSecret{1}, .fifo_per_mille = 5'000});
  const LotteryStrategy blind(DrawSecret{1}, {.beacon_source = "drand"});
  Notary notary;
  const LotteryStrategy quoted(DrawSecret{1}, {.witness = &notary, .beacon_source = "\"drand\""});
  const auto weighted = PriorityStrategy::New({.weights = {3, 1}, .order = &zero});
  REQUIRE(weighted.ok());
  const std::pair<const AllocationStrategy*, std::string> cases[] = {
      {&zero, "queue.strategy.secret: 32 zero bytes, expected random ones that nobody else knows"},
      {&share, "queue.strategy.fifo_per_mille: 5000, expected 0 to 1000"},
      {&blind,
       "queue.strategy.witness: none, expected one that reads the beacon, where there is a "
       "beacon_source"},
      {&quoted, "queue.strategy.beacon_source: "},
      {weighted->get(), "queue.strategy.secret: "}};
  for (const auto& [strategy, message] : cases) {
    Shop shop([one = strategy](auto& options) { options.strategies = {one}; });
    const QueueSetup setup{.strategy = strategy, .tiers = strategy == weighted->get() ? 2U : 1U};
    const Status status = shop.service().Create(Shop::QueuedTerms(), setup).status();
    CHECK(status.code() == StatusCode::kInvalidArgument);
    CHECK_MESSAGE(status.message().starts_with(message), status.message());
    CHECK(!shop.service().ReadStock("drop").ok());  // nothing was made of it
  }
}

TEST_CASE("each of two servers tells its own witness the same draw") {
  Notary notaries[2];
  const LotteryStrategy first(CountingBytes(), {.witness = &notaries[0], .beacon_source = "drand"});
  const LotteryStrategy second(CountingBytes(),
                               {.witness = &notaries[1], .beacon_source = "drand"});
  Shop shop([&](auto& options) { options.strategies = {&first}; });
  shop.Create(Shop::QueuedTerms(100, 10), {.strategy = &first});
  const auto other = shop.Open([&](auto& options) { options.strategies = {&second}; });
  for (std::uint64_t user = 0; user < 20; ++user) shop.Join(user);
  REQUIRE(other->Serve("drop").ok());
  shop.At(0s);
  other->Poll();
  CHECK(notaries[0].frozen.ToJson() == notaries[1].frozen.ToJson());
  for (Notary& notary : notaries) notary.beacon = BytesOfHex("beac");
  shop.clock().Advance(2s);
  other->Poll();
  shop.service().Poll();
  REQUIRE(notaries[1].drawn.seed.has_value());
  CHECK(shop.IsAdmitted(NumberOf(notaries[1].order[0])));
  // Who comes too late to order the queue need not; what it was told fits what the other was.
  CHECK(CheckContinues(notaries[0].frozen, notaries[1].drawn).ok());
}

}  // namespace
}  // namespace flashsale::service_test
