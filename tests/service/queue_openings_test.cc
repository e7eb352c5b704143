// When the lines of a queue open, in which of them somebody stands, and how a queue that was lost
// is put together again.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "flashsale/policy/hybrid_strategy.h"
#include "flashsale/policy/key_ring.h"
#include "flashsale/policy/priority_strategy.h"
#include "tests/service/shop_world.h"

namespace flashsale::service_test {
namespace {

QueuePlace JoinTier(Shop& shop, std::uint64_t user, std::uint8_t tier, std::uint32_t credits = 0) {
  const auto place = shop.service().Join(
      {.sale = "drop", .user = UserId::FromInteger(user), .tier = tier, .credits = credits});
  REQUIRE_MESSAGE(place.ok(), place.status().ToString());
  return *place;
}

// The last are the first.
class Backwards final : public AllocationStrategy {
 public:
  std::string_view name() const override { return "backwards"; }
  bool keeps_arrival_order() const override { return false; }
  Status Order(const OrderRequest&, std::span<std::uint32_t> order) const override {
    for (std::size_t i = 0; i < order.size(); ++i) {
      order[i] = static_cast<std::uint32_t>(order.size() - 1 - i);
    }
    return {};
  }
};

TEST_CASE(
    "who joins at the start stands behind those who came before, whether anybody polled or not") {
  const Backwards backwards;
  Shop shop([&](auto& options) { options.strategies = {&backwards}; });
  shop.Create(Shop::QueuedTerms(10, 1), {.strategy = &backwards, .max_in_flight = 1});
  shop.Join(1);
  shop.clock().Set(Shop::kOpening - 1us);
  shop.Join(2);
  shop.clock().Set(Shop::kOpening);
  shop.Join(3);  // no Poll since the start
  shop.Pass(1s);
  CHECK(shop.IsAdmitted(2));
  CHECK(shop.Position(1).position == 1);
  CHECK(shop.Position(3).position == 2);
  CHECK(shop.Position(3).entry.place == 3);
}

TEST_CASE("a sale that is started early opens its line at once") {
  const Backwards backwards;
  Shop shop([&](auto& options) { options.strategies = {&backwards}; });
  shop.Create(Shop::QueuedTerms(10, 1), {.strategy = &backwards, .max_in_flight = 1});
  shop.Join(1);
  shop.Join(2);
  REQUIRE(shop.service().Start("drop")->code == Code::kDone);
  shop.Pass(1s);
  CHECK(shop.IsAdmitted(2));
  CHECK(shop.Position(1).position == 1);
}

TEST_CASE("a tier has early access; a line that opens later keeps to its time, and draws then") {
  const Backwards backwards;
  const auto strategy = PriorityStrategy::New({.weights = {1, 1}, .order = &backwards});
  REQUIRE(strategy.ok());
  for (const bool early : {false, true}) {
    Shop shop([&](auto& options) { options.strategies = {strategy->get()}; });
    shop.Create(Shop::QueuedTerms(100, 1'000),
                {.strategy = strategy->get(), .tiers = 2, .opens_after = {0s, 10min}});
    JoinTier(shop, 1, 0);
    JoinTier(shop, 11, 1);
    if (early) REQUIRE(shop.service().Start("drop")->code == Code::kDone);
    if (!early) shop.At(0s);
    shop.Pass(1s);
    CHECK(shop.IsAdmitted(1));
    CHECK(!shop.IsAdmitted(11));
    CHECK(JoinTier(shop, 12, 1).position == 0);  // a draw is still to come
    shop.clock().Set(Shop::kOpening + 10min - 1us);
    shop.service().Poll();
    JoinTier(shop, 11, 1);
    JoinTier(shop, 12, 1);
    JoinTier(shop, 13, 1);
    CHECK(!shop.IsAdmitted(11));
    shop.clock().Advance(1us);
    JoinTier(shop, 14, 1);
    shop.service().Poll();
    shop.Pass(1s);
    std::vector<std::uint64_t> numbers;
    for (const std::uint64_t user : {13U, 12U, 11U, 14U}) {
      REQUIRE(shop.IsAdmitted(user));
      numbers.push_back(shop.Position(user).entry.admission.number);
    }
    CHECK(std::is_sorted(numbers.begin(), numbers.end()));
  }
}

TEST_CASE(
    "referral credits lift somebody into an earlier tier, and no more of them count than the cap") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(100), {.tiers = 3, .credits_for = {10, 3, 0}, .max_credits = 10});
  CHECK(JoinTier(shop, 1, 2, 2).entry.tier == 2);
  CHECK(JoinTier(shop, 2, 2, 3).entry.tier == 1);
  CHECK(JoinTier(shop, 3, 2, 1'000).entry.tier == 0);
  CHECK(JoinTier(shop, 4, 0, 3).entry.tier == 0);  // nobody falls for it
  CHECK(JoinTier(shop, 5, 3, 10).outcome.code == Code::kInvalid);
  const auto message = [&](const QueueSetup& setup) {
    return shop.service().Create(Shop::QueuedTerms(1, 1, "other"), setup).status().message();
  };
  CHECK(message({.tiers = 2, .credits_for = {11}, .max_credits = 10}) ==
        "queue.credits_for[0]: 11, expected 0 to max_credits, which is 10");
  CHECK(message({.tiers = 2, .credits_for = {5}}) ==
        "queue.credits_for[0]: 5, expected 0 to max_credits, which is 0");
  CHECK(message({.tiers = 2, .credits_for = {0, 1}, .max_credits = 10}) ==
        "queue.credits_for[1]: 1, expected 0 for the last tier and beyond, tiers is 2");
  CHECK(message({.tiers = 2, .opens_after = {0s, -1us}}) ==
        "queue.opens_after[1]: -1 us, expected 0 us to 2592000000000 us");
  CHECK(message({.opens_after = {0s, 1s}}) ==
        "queue.opens_after[1]: 1000000 us, expected 0 us beyond the tiers, tiers is 1");
  // The sale lasts an hour.
  CHECK(message({.tiers = 2, .opens_after = {0s, 1h}}) ==
        "queue.opens_after[1]: 3600000000 us, expected less than 3600000000 us, after which the "
        "sale ends");
  CHECK(!shop.service().ReadStock("other").ok());  // nothing was made of it
  shop.Create(Shop::QueuedTerms(1, 1, "other"), {.tiers = 2, .opens_after = {0s, 1h - 1us}});
}

TEST_CASE("a line that would still restore when the sale ends is refused, but not a second time") {
  Shop shop;
  shop.At(10min);
  const auto create = [&](Duration window) {
    return shop.service().Create(Shop::QueuedTerms(), {.restore_window = window});
  };
  CHECK(
      create(50min).status() ==
      Status(StatusCode::kInvalidArgument,
             "queue.restore_window: 3000000000 us, expected less than 3000000000 us, in which the "
             "sale ends: until the window does nobody is let in"));
  CHECK(!shop.service().ReadStock("drop").ok());  // nothing was made of it
  CHECK(create(50min - 1us)->code == Code::kDone);
  // As a server that is started later, and as one that comes when the sale is over.
  for (const Duration later : {20min, 61min}) {
    shop.clock().Set(Shop::kOpening + later);
    CHECK(shop.Open()->Create(Shop::QueuedTerms(), {.restore_window = 50min - 1us})->code ==
          Code::kAlreadyDone);
  }
  Shop over;
  over.At(61min);
  CHECK(over.service().Create(Shop::QueuedTerms(), {.restore_window = 24h})->code == Code::kDone);
}

TEST_CASE("who reserves without a ticket joins the last tier") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(10, 1), {.max_in_flight = 1, .tiers = 2});
  shop.At(0s);
  CHECK(shop.Reserve(1) == Code::kQueued);
  CHECK(shop.Position(1).entry.tier == 1);
}

TEST_CASE("without a pre-queue people stand in the order of arrival, before the start too") {
  Shop shop;
  shop.Create(Shop::QueuedTerms(10, 1), {.max_in_flight = 1, .pre_queue = false});
  shop.Join(1);
  CHECK(shop.Join(2).position == 2);
  shop.At(0s);
  CHECK(shop.IsAdmitted(1));
}

TEST_CASE("who orders those who gather is refused a tier in which nobody does") {
  const Backwards backwards;
  const auto weighted = PriorityStrategy::New({.weights = {1, 1}, .order = &backwards});
  REQUIRE(weighted.ok());
  const HybridStrategy hybrid({.secret = DrawSecret{1}});
  Shop shop([&](auto& options) { options.strategies = {&backwards, weighted->get(), &hybrid}; });
  const auto told = [&](const QueueSetup& setup) {
    return shop.service().Create(Shop::QueuedTerms(), setup).status().message();
  };
  CHECK(told({.strategy = &backwards, .pre_queue = false}) ==
        "queue.pre_queue: false, expected true, or opens_after[0] above 0: strategy 'backwards' "
        "orders those who have gathered when a line opens");
  CHECK(told({.strategy = &hybrid, .pre_queue = false})
            .starts_with("queue.pre_queue: false, expected true, or opens_after[0] above 0: "));
  CHECK(told({.strategy = weighted->get(), .tiers = 2, .pre_queue = false, .opens_after = {1s}})
            .starts_with("queue.pre_queue: false, expected true, or opens_after[1] above 0: "));
  CHECK(!shop.service().ReadStock("drop").ok());  // nothing was made of it

  // A line that opens later gathers of itself.
  shop.Create(
      Shop::QueuedTerms(10, 1),
      {.strategy = &backwards, .max_in_flight = 1, .pre_queue = false, .opens_after = {10s}});
  shop.Join(1);
  shop.Join(2);
  shop.At(10s);
  CHECK(shop.IsAdmitted(2));

  QueueTerms terms{.sale = "drop", .strategy = "backwards"};
  const auto queue = VirtualQueue::New(shop.storage().queue(), shop.storage().inventory());
  REQUIRE(queue.ok());
  const Status opened = (*queue)->Open(terms, shop.clock().Now(), &backwards).status();
  CHECK(opened == Status(StatusCode::kInvalidArgument,
                         "opens[0]: 0 us, expected when its line opens: strategy 'backwards' "
                         "orders those who have gathered by then"));
}

// --- a queue that was lost

std::unique_ptr<KeyRing> Keys() {
  auto keys = KeyRing::New();
  REQUIRE(keys.ok());
  const std::vector<std::uint8_t> secret(32, 7);
  REQUIRE(
      (*keys)->Add({.id = "k1", .algorithm = TokenAlgorithm::kHmacSha256, .secret = secret}).ok());
  REQUIRE((*keys)->SignWith("k1").ok());
  return *std::move(keys);
}

TEST_CASE("after the memory was lost people come back to their places by their tickets alone") {
  const auto keys = Keys();
  const auto with_keys = [&](auto& options) { options.token_keys = keys.get(); };
  for (const TokenFormat format : {TokenFormat::kCompact, TokenFormat::kJwt}) {
    std::vector<std::string> tickets;
    std::string admission;
    {
      Shop lost(with_keys);
      lost.Create(Shop::QueuedTerms(1'000, 1), {.max_in_flight = 1, .restore_window = 30s});
      for (std::uint64_t user = 1; user <= 20; ++user) lost.Join(user);
      lost.At(1s);
      REQUIRE(lost.IsAdmitted(1));
      admission = *lost.service().IssueToken("drop", lost.Position(1), format);
      for (std::uint64_t user = 2; user <= 20; ++user) {
        tickets.push_back(*lost.service().IssueToken("drop", lost.Position(user), format));
      }
    }
    Shop shop(with_keys);
    shop.clock().Set(Shop::kOpening + 10s);
    shop.Create(Shop::QueuedTerms(1'000, 1), {.max_in_flight = 1, .restore_window = 30s});
    const auto join = [&](std::uint64_t user, const std::string& ticket) {
      return *shop.service().Join(
          {.sale = "drop", .user = UserId::FromInteger(user), .ticket = ticket});
    };
    // A newcomer first, the old ones the other way about; one with the ticket of another.
    CHECK(join(100, "").position == 0);
    for (std::uint64_t user = 20; user > 10; --user) {
      CHECK(join(user, tickets[user - 2]).position == 0);
    }
    CHECK(join(101, tickets[0]).outcome.code == Code::kDone);
    // Who was inside goes on as if nothing had happened.
    const auto held = shop.service().Reserve({.sale = "drop",
                                              .user = UserId::FromInteger(1),
                                              .id = ReservationId::FromInteger(1),
                                              .admission = admission});
    CHECK(held->code == Code::kDone);
    const auto stolen = shop.service().Reserve({.sale = "drop",
                                                .user = UserId::FromInteger(30),
                                                .id = ReservationId::FromInteger(1),
                                                .admission = admission});
    CHECK(stolen->code == Code::kQueued);
    shop.Pass(29s);
    for (std::uint64_t user = 2; user <= 10; ++user) join(user, tickets[user - 2]);
    CHECK(shop.Queue().admitted == 0);
    shop.Pass(2s);
    CHECK(shop.IsAdmitted(2));
    for (std::uint64_t user = 3; user <= 20; ++user) {
      CHECK(shop.Position(user).position == user - 2);
    }
    CHECK(shop.Position(100).position == 19);
    CHECK(shop.Position(101).position == 20);
  }
}

TEST_CASE("who comes back to their place stays in its tier, whatever their credits are by now") {
  const auto keys = Keys();
  const auto with_keys = [&](auto& options) { options.token_keys = keys.get(); };
  const QueueSetup setup{.tiers = 2, .credits_for = {10}, .max_credits = 10, .restore_window = 30s};
  std::vector<std::string> tickets;
  {
    Shop lost(with_keys);
    lost.Create(Shop::QueuedTerms(100, 1), setup);
    for (std::uint64_t user = 1; user <= 3; ++user) {
      JoinTier(lost, user, 1);
      tickets.push_back(*lost.service().IssueToken("drop", lost.Position(user)));
    }
  }
  Shop shop(with_keys);
  shop.clock().Advance(1s);
  shop.Create(Shop::QueuedTerms(100, 1), setup);
  for (std::uint64_t user = 3; user >= 1; --user) {
    const auto place = shop.service().Join({.sale = "drop",
                                            .user = UserId::FromInteger(user),
                                            .credits = user == 2 ? 10U : 0U,
                                            .ticket = tickets[user - 1]});
    CHECK(place->entry.tier == 1);
  }
  shop.At(0s);
  CHECK(shop.IsAdmitted(1));
  CHECK(shop.Position(2).position == 1);
  CHECK(shop.Position(3).position == 2);
}

TEST_CASE("who keeps the order of arrival is not asked for an order, nor after a loss") {
  class Arrivals final : public AllocationStrategy {
   public:
    std::string_view name() const override { return "arrivals"; }
    bool keeps_arrival_order() const override { return true; }
    Status Order(const OrderRequest&, std::span<std::uint32_t>) const override {
      ++times;
      return {};
    }
    mutable int times = 0;
  };
  const Arrivals arrivals;
  const auto keys = Keys();
  const auto change = [&](auto& options) {
    options.token_keys = keys.get();
    options.strategies = {&arrivals};
  };
  const QueueSetup setup{.strategy = &arrivals, .restore_window = 30s};
  std::vector<std::string> tickets;
  {
    Shop lost(change);
    lost.Create(Shop::QueuedTerms(100, 1), setup);
    for (std::uint64_t user = 1; user <= 3; ++user) {
      lost.Join(user);
    }
    lost.clock().Advance(31s);
    for (std::uint64_t user = 1; user <= 3; ++user) {
      tickets.push_back(*lost.service().IssueToken("drop", lost.Position(user)));
    }
  }
  Shop shop(change);
  shop.clock().Advance(1s);
  shop.Create(Shop::QueuedTerms(100, 1), setup);
  for (std::uint64_t user = 3; user >= 1; --user) {
    REQUIRE(
        shop.service()
            .Join({.sale = "drop", .user = UserId::FromInteger(user), .ticket = tickets[user - 1]})
            .ok());
  }
  shop.At(0s);
  CHECK(shop.Queue().restored == 3);
  CHECK(shop.IsAdmitted(1));
  CHECK(shop.Position(2).position == 1);
  CHECK(arrivals.times == 0);
}

TEST_CASE("a ticket of this very queue, or one that is no good, means nothing") {
  const auto keys = Keys();
  Shop shop([&](auto& options) { options.token_keys = keys.get(); });
  shop.Create(Shop::QueuedTerms(10), {.restore_window = 1h});
  shop.Join(1);
  shop.Join(2);
  std::string ticket = *shop.service().IssueToken("drop", shop.Position(1));
  REQUIRE(shop.service().Leave("drop", UserId::FromInteger(1)).ok());
  const auto back =
      shop.service().Join({.sale = "drop", .user = UserId::FromInteger(1), .ticket = ticket});
  CHECK(back->entry.ticket == 3);
  CHECK(shop.Queue().restored == 0);
  ticket.back() = ticket.back() == 'A' ? 'B' : 'A';
  CHECK(shop.service()
            .Join({.sale = "drop", .user = UserId::FromInteger(3), .ticket = ticket})
            ->outcome.code == Code::kDone);
  CHECK(shop.Queue().restored == 0);
}

TEST_CASE("an admission that was given back is not had again by its token") {
  const auto keys = Keys();
  Shop shop([&](auto& options) { options.token_keys = keys.get(); });
  shop.Create(Shop::QueuedTerms(10, 1), {.max_in_flight = 1});
  shop.Join(1);
  shop.Join(2);
  shop.At(0s);
  const std::string token = *shop.service().IssueToken("drop", shop.Position(1));
  REQUIRE(shop.service().Leave("drop", UserId::FromInteger(1)).ok());
  const auto held = shop.service().Reserve({.sale = "drop",
                                            .user = UserId::FromInteger(1),
                                            .id = ReservationId::FromInteger(1),
                                            .admission = token});
  CHECK(held->code == Code::kQueued);
}

TEST_CASE("while the queue cannot be asked an admission token admits, and nothing else does") {
  const auto keys = Keys();
  bool broken = false;
  FaultPlan faults{.decide = [&](StorageCall call) {
    return broken && call == StorageCall::kFindAdmissions ? Fault::kRefused : Fault::kNone;
  }};
  Shop shop([&](auto& options) { options.token_keys = keys.get(); }, faults);
  shop.Create(Shop::QueuedTerms(10));
  shop.Join(1);
  shop.Join(2);
  shop.At(0s);
  const std::string token = *shop.service().IssueToken("drop", shop.Position(1));
  broken = true;
  const auto reserve = [&](std::uint64_t user, const std::string& admission) {
    return shop.service()
        .Reserve({.sale = "drop",
                  .user = UserId::FromInteger(user),
                  .id = ReservationId::FromInteger(1),
                  .admission = admission})
        ->code;
  };
  CHECK(reserve(1, token) == Code::kDone);
  CHECK(reserve(2, token) == Code::kOverloaded);
  CHECK(reserve(2, "") == Code::kOverloaded);
}

TEST_CASE("without keys there are no tokens, and who has no place has none") {
  Shop plain;
  plain.Create(Shop::QueuedTerms(10));
  CHECK(plain.service().IssueToken("drop", plain.Join(1)).status().code() ==
        StatusCode::kFailedPrecondition);
  const auto keys = Keys();
  Shop shop([&](auto& options) { options.token_keys = keys.get(); });
  shop.Create(Shop::QueuedTerms(10));
  CHECK(shop.service().IssueToken("drop", shop.Position(9)).status().code() ==
        StatusCode::kFailedPrecondition);
  CHECK(shop.service().IssueToken("nowhere", shop.Join(1)).status().code() ==
        StatusCode::kNotFound);
}

}  // namespace
}  // namespace flashsale::service_test
