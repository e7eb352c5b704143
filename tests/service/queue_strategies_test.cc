// What a queue makes of a strategy that is wrong or throws, and which strategies it is refused.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/policy/allocation_strategy.h"
#include "tests/service/shop_world.h"

namespace flashsale::service_test {
namespace {

using Picks = std::span<TierPick>;

// A host's strategy that does what a test says; of the rest, nothing unusual.
struct Odd final : AllocationStrategy {
  std::string_view name() const override { return "odd"; }
  bool keeps_arrival_order() const override { return true; }
  Status CheckTerms(const QueueTerms& terms) const override {
    return check ? check(terms) : Status();
  }
  Status Order(const OrderRequest&, std::span<std::uint32_t>) const override {
    ++ordered;
    return Status(StatusCode::kInternal, "not asked for");
  }
  std::size_t PickTiers(std::span<const std::uint64_t> waiting, std::uint64_t state,
                        Picks picks) const override {
    return pick ? pick(picks) : AllocationStrategy::PickTiers(waiting, state, picks);
  }
  TierShare ShareOf(std::uint8_t tier, std::size_t tiers) const override {
    return share ? share() : AllocationStrategy::ShareOf(tier, tiers);
  }

  std::function<Status(const QueueTerms&)> check;
  std::function<std::size_t(Picks)> pick;
  std::function<TierShare()> share;
  mutable int ordered = 0;
};

std::size_t Fill(Picks picks, std::uint8_t tier) {
  for (TierPick& pick : picks) pick = {.tier = tier, .state = 1};
  return picks.size();
}

// A sale with two tiers: of ten people the even ones stand in the first.
class TwoTiers {
 public:
  explicit TwoTiers(const Odd& strategy)
      : shop_([&](auto& options) { options.strategies = {&strategy}; }) {
    shop_.Create(Shop::QueuedTerms(100, 10), {.strategy = &strategy, .tiers = 2});
    for (std::uint64_t user = 1; user <= 10; ++user) {
      const auto joined = shop_.service().Join({.sale = "drop",
                                                .user = UserId::FromInteger(user),
                                                .tier = static_cast<std::uint8_t>(user % 2)});
      REQUIRE(joined.ok());
    }
  }

  Shop& shop() { return shop_; }
  VirtualQueue::Failures failures() { return shop_.service().queue().failures(); }
  // Who of the ten was let in, in this order.
  std::vector<std::uint64_t> LetIn() {
    std::vector<std::uint64_t> users;
    for (std::uint64_t user = 1; user <= 10; ++user) {
      if (shop_.IsAdmitted(user)) users.push_back(user);
    }
    const auto number = [&](std::uint64_t user) {
      return shop_.Position(user).entry.admission.number;
    };
    std::sort(users.begin(), users.end(),
              [&](std::uint64_t a, std::uint64_t b) { return number(a) < number(b); });
    return users;
  }

 private:
  Shop shop_;
};

struct WrongPick {
  std::function<std::size_t(Picks)> pick;
  std::string message;
};

TEST_CASE(
    "where a strategy picks nobody whom it could let in, that is a failure, and the lowest tier "
    "goes first") {
  for (const WrongPick& wrong :
       {WrongPick{[](Picks) -> std::size_t { throw std::runtime_error("lost the hat"); },
                  "strategy 'odd': lost the hat"},
        WrongPick{[](Picks) -> std::size_t { throw 1; },
                  "strategy 'odd': it threw what is no std::exception"},
        WrongPick{
            [](Picks) -> std::size_t { return 0; },
            "strategy 'odd': it picks 0 turns and no tier where somebody waits, expected one"},
        WrongPick{[](Picks picks) { return picks.size() + 1'000; },
                  "strategy 'odd': it picks 1001 turns, expected no more than 1"},
        WrongPick{[](Picks picks) { return Fill(picks, 2); },
                  "strategy 'odd': it picks tier 2, expected 0 to 1"},
        WrongPick{[](Picks picks) { return Fill(picks, 200); },
                  "strategy 'odd': it picks tier 200, expected 0 to 1"}}) {
    CAPTURE(wrong.message);
    Odd strategy;
    strategy.pick = wrong.pick;
    TwoTiers sale(strategy);
    sale.shop().At(0s);
    CHECK(sale.failures().strategy == 1);
    CHECK(sale.failures().last == Status(StatusCode::kInternal, wrong.message));
    CHECK(sale.failures().store == 0);
    sale.shop().Pass(2s, 100ms);
    CHECK(sale.LetIn() == std::vector<std::uint64_t>{2, 4, 6, 8, 10, 1, 3, 5, 7, 9});
    CHECK(sale.failures().strategy == 10);  // one for each turn in which somebody was let in
  }
}

TEST_CASE("a strategy that knows one tier only lets the others in when that is empty, and fails") {
  Odd strategy;
  strategy.pick = [](Picks picks) { return Fill(picks, 1); };
  TwoTiers sale(strategy);
  sale.shop().At(0s);
  sale.shop().Pass(400ms, 100ms);
  CHECK(sale.LetIn() == std::vector<std::uint64_t>{1, 3, 5, 7, 9});
  CHECK(sale.failures().strategy == 0);
  sale.shop().Pass(500ms, 100ms);
  CHECK(sale.LetIn().size() == 10);
  CHECK(sale.failures().strategy == 5);
}

TEST_CASE(
    "what a strategy picked before it went wrong counts, and turns that pass are no failure") {
  Odd strategy;
  strategy.pick = [](Picks picks) {
    const std::size_t count = Fill(picks, 0);
    picks.front().tier = 1;
    picks.back().tier = 7;
    return count;
  };
  TwoTiers sale(strategy);
  REQUIRE(sale.shop().service().queue().SetPace("drop", sale.shop().clock().Now(), {40, 10}).ok());
  sale.shop().At(0s);
  CHECK(sale.LetIn() == std::vector<std::uint64_t>{1, 2, 4});
  CHECK(sale.failures().strategy == 1);

  strategy.pick = [](Picks picks) {
    Fill(picks, 0);
    picks.back().tier = 1;
    return picks.size();
  };
  sale.shop().clock().Advance(100ms);
  sale.shop().service().Poll();
  CHECK(sale.LetIn() == std::vector<std::uint64_t>{1, 2, 4, 6, 8, 10, 3});
  sale.shop().clock().Advance(100ms);
  sale.shop().service().Poll();
  CHECK(sale.LetIn() == std::vector<std::uint64_t>{1, 2, 4, 6, 8, 10, 3, 5});
  CHECK(sale.failures().strategy == 1);
}

TEST_CASE("shares that are none are refused when the queue is made") {
  for (const TierShare share : {TierShare{0, 0}, TierShare{1, 0}, TierShare{7, 2}}) {
    Odd strategy;
    strategy.share = [&] { return share; };
    Shop shop([&](auto& options) { options.strategies = {&strategy}; });
    const Status status =
        shop.service().Create(Shop::QueuedTerms(), {.strategy = &strategy, .tiers = 2}).status();
    CHECK(status.code() == StatusCode::kInvalidArgument);
    CHECK(status.message() == "queue.strategy: 'odd' gives tier 0 of 2 a share of " +
                                  std::to_string(share.weight) + " in " +
                                  std::to_string(share.total) +
                                  ", expected a total of at least 1, and no more than all of it");
    CHECK(!shop.service().ReadStock("drop").ok());  // nothing was made of it
  }
}

TEST_CASE("a strategy that throws when the queue is made is told as such, and nothing is made") {
  const auto lost = []() -> TierShare { throw std::runtime_error("lost the hat"); };
  const auto odd = []() -> TierShare { throw 1; };
  for (int kind = 0; kind < 4; ++kind) {
    Odd strategy;
    if (kind == 0) strategy.share = lost;
    if (kind == 1) strategy.share = odd;
    if (kind == 2) strategy.check = [&](const QueueTerms&) { return (void)lost(), Status(); };
    if (kind == 3) strategy.check = [&](const QueueTerms&) { return (void)odd(), Status(); };
    Shop shop([&](auto& options) { options.strategies = {&strategy}; });
    const Status status =
        shop.service().Create(Shop::QueuedTerms(), {.strategy = &strategy}).status();
    CHECK(status == Status(StatusCode::kInternal,
                           kind % 2 == 0
                               ? "queue.strategy 'odd': lost the hat"
                               : "queue.strategy 'odd': it threw what is no std::exception"));
    CHECK(!shop.service().ReadStock("drop").ok());
  }
}

TEST_CASE("what people are told of shares was asked when the queue was made") {
  bool broken = false;
  Odd strategy;
  strategy.share = [&]() -> TierShare {
    if (broken) throw std::runtime_error("lost the hat");
    return {.weight = 1, .total = 2};
  };
  TwoTiers sale(strategy);
  broken = true;
  CHECK(sale.shop().Join(20).share == TierShare{1, 2});
  sale.shop().At(0s);
  CHECK(sale.shop().Position(1).share == TierShare{1, 2});
}

TEST_CASE("who stands in the order of arrival is never put in order") {
  Odd strategy;
  TwoTiers sale(strategy);
  sale.shop().At(0s);
  sale.shop().Pass(1s);
  CHECK(sale.LetIn() == std::vector<std::uint64_t>{2, 4, 6, 8, 10, 1, 3, 5, 7, 9});
  CHECK(strategy.ordered == 0);
}

// Takes the task, or not, and throws.
class Throwing final : public Executor {
 public:
  explicit Throwing(bool takes) : takes_(takes) {}
  bool Post(std::function<void()> task) override {
    if (takes_) task();
    throw 1;
  }

 private:
  bool takes_;
};

TEST_CASE("an executor of orders that throws counts as full") {
  class Backwards final : public AllocationStrategy {
   public:
    std::string_view name() const override { return "backwards"; }
    bool keeps_arrival_order() const override { return false; }
    Status Order(const OrderRequest&, std::span<std::uint32_t> order) const override {
      ++times;
      for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = static_cast<std::uint32_t>(order.size() - 1 - i);
      }
      return {};
    }
    mutable int times = 0;
  };
  for (const bool takes : {false, true}) {
    const Backwards backwards;
    Throwing executor(takes);
    Shop shop([&](auto& options) {
      options.strategies = {&backwards};
      options.queue.ordering = &executor;
    });
    shop.Create(Shop::QueuedTerms(10, 1), {.strategy = &backwards, .max_in_flight = 1});
    shop.Join(1);
    shop.Join(2);
    shop.At(0s);
    CHECK(shop.IsAdmitted(2));
    CHECK(backwards.times == 1);
  }
}

}  // namespace
}  // namespace flashsale::service_test
