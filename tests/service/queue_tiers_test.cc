// Tiers that take turns, through the whole queue.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "flashsale/policy/priority_strategy.h"
#include "tests/service/shop_world.h"

namespace flashsale::service_test {
namespace {

// The last tier, whose people come now and then, beside others whose people never end.
class Crowd final : public QueueObserver {
 public:
  Crowd(std::uint64_t seed, std::size_t tiers)
      : random_(seed),
        poor_(tiers - 1),
        strategy_(Weighed(tiers)),
        shop_([this](auto& options) { options.strategies = {strategy_.get()}; }) {
    share_ = strategy_->ShareOf(static_cast<std::uint8_t>(poor_), tiers);
    const auto pace = static_cast<std::uint32_t>(1 + Below(200));
    shop_.Create(Shop::QueuedTerms(1'000'000, pace), {.strategy = strategy_.get(),
                                                      .max_in_flight = 1U << 30,
                                                      .tiers = static_cast<std::uint32_t>(tiers)});
    // Each server has its own idea of when to let people in.
    second_ = shop_.Open([this](auto& options) { options.strategies = {strategy_.get()}; });
    shop_.service().queue().Observe(this);
    second_->queue().Observe(this);
    shop_.At(0s);
  }
  ~Crowd() override {
    shop_.service().queue().Observe(nullptr);
    second_->queue().Observe(nullptr);
  }

  void Run() {
    constexpr int kMostSteps = 20'000;
    for (int step = 0; served_ < 60; ++step) {
      REQUIRE(step < kMostSteps);
      const QueueState state = shop_.Queue();
      for (std::size_t tier = 0; tier < poor_; ++tier) {
        for (std::uint64_t i = state.waiting[tier]; i < 100; ++i) Join(tier);
      }
      for (std::uint64_t i = Below(3); i != 0; --i) Join(poor_);
      if (!people_.empty() && Below(6) == 0) LeaveOne();
      shop_.clock().Advance(Duration(static_cast<std::int64_t>(Below(150'000))));
      (Below(2) == 0 ? *second_ : shop_.service()).Poll();
    }
  }

 private:
  std::unique_ptr<PriorityStrategy> Weighed(std::size_t tiers) {
    std::vector<std::uint32_t> weights(tiers);
    for (std::uint32_t& weight : weights) weight = static_cast<std::uint32_t>(1 + Below(6));
    return *PriorityStrategy::New({.weights = weights});
  }
  struct Came {
    std::uint64_t admitted;  // how many had been let in
    std::uint64_t position;  // as they were told
  };

  std::uint64_t Below(std::uint64_t bound) { return random_() % bound; }

  void Join(std::size_t tier) {
    const UserId user = UserId::FromInteger(++last_user_);
    const auto place = shop_.service().Join(
        {.sale = "drop", .user = user, .tier = static_cast<std::uint8_t>(tier)});
    REQUIRE(place->outcome.code == Code::kDone);
    if (tier != poor_) return;
    REQUIRE(place->position == people_.size() + 1);
    people_[user] = {.admitted = admitted_, .position = place->position};
  }
  void LeaveOne() {
    const auto who = std::next(people_.begin(), static_cast<std::ptrdiff_t>(Below(people_.size())));
    REQUIRE(shop_.service().Leave("drop", who->first)->code == Code::kDone);
    people_.erase(who);
  }

  void OnAdmitted(const SaleId&, Time, std::span<const QueueEntry> entries) override {
    for (const QueueEntry& entry : entries) {
      ++admitted_;
      since_poor_ = entry.tier == poor_ || people_.empty() ? 0 : since_poor_ + 1;
      // While they wait, no more than one turn of the others is between two of them.
      CHECK(since_poor_ <= share_.total - share_.weight);
      if (entry.tier != poor_) continue;
      const Came came = people_.at(entry.user);
      people_.erase(entry.user);
      ++served_;
      const std::uint64_t turns = (came.position + share_.weight - 1) / share_.weight;
      CHECK(admitted_ - came.admitted <= turns * (share_.total - share_.weight) + came.position);
    }
  }

  std::mt19937_64 random_;
  const std::size_t poor_;
  std::unique_ptr<PriorityStrategy> strategy_;
  TierShare share_;
  Shop shop_;
  std::unique_ptr<FlashSaleService> second_;
  std::map<UserId, Came> people_;  // who wait in the last tier, in the order of joining
  std::uint64_t last_user_ = 0;
  std::uint64_t admitted_ = 0;
  std::uint64_t since_poor_ = 0;
  std::uint64_t served_ = 0;
};

TEST_CASE("the k-th regular is let in within the bound, on two servers, while others never end") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Crowd(seed, 2 + seed % 4).Run();
  }
}

}  // namespace
}  // namespace flashsale::service_test
