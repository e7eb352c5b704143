#include "flashsale/policy/priority_strategy.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace flashsale {
namespace {

std::unique_ptr<PriorityStrategy> Made(const std::vector<std::uint32_t>& weights) {
  auto made = PriorityStrategy::New({.weights = weights});
  REQUIRE_MESSAGE(made.ok(), made.status().ToString());
  return *std::move(made);
}

// A queue in which the strategy picks, and what it keeps between the picks.
class Lines {
 public:
  explicit Lines(const PriorityStrategy& strategy, std::size_t tiers)
      : strategy_(strategy), waiting_(tiers) {}

  std::uint64_t& operator[](std::size_t tier) { return waiting_[tier]; }

  // Lets so many in, in one plan of which only `taken` turns are taken; their tiers.
  std::vector<std::uint8_t> Admit(std::size_t most, std::size_t taken) {
    std::vector<TierPick> picks(most);
    picks.resize(strategy_.PickTiers(waiting_, state_, picks));
    std::vector<std::uint8_t> tiers;
    for (std::size_t i = 0; i < std::min(taken, picks.size()); ++i) {
      REQUIRE(waiting_[picks[i].tier] > 0);
      --waiting_[picks[i].tier];
      state_ = picks[i].state;
      tiers.push_back(picks[i].tier);
    }
    return tiers;
  }
  std::vector<std::uint8_t> Admit(std::size_t most) { return Admit(most, most); }

 private:
  const PriorityStrategy& strategy_;
  std::vector<std::uint64_t> waiting_;
  std::uint64_t state_ = 0;
};

TEST_CASE("tiers take turns by their weights") {
  const auto strategy = Made({3, 1});
  Lines lines(*strategy, 2);
  lines[0] = lines[1] = 100;
  CHECK(lines.Admit(9) == std::vector<std::uint8_t>{0, 0, 0, 1, 0, 0, 0, 1, 0});
  // The turn goes on with the next plan.
  CHECK(lines.Admit(3) == std::vector<std::uint8_t>{0, 0, 1});
  // What was planned and not taken is planned again.
  CHECK(lines.Admit(8, 3) == std::vector<std::uint8_t>{0, 0, 0});
  CHECK(lines.Admit(2) == std::vector<std::uint8_t>{1, 0});
}

TEST_CASE("a tier where nobody waits lets its turn pass: no admission is lost, nothing saved up") {
  const auto strategy = Made({3, 2});
  Lines lines(*strategy, 2);
  lines[1] = 20;
  CHECK(lines.Admit(7) == std::vector<std::uint8_t>(7, 1));
  lines[0] = 20;
  const std::vector<std::uint8_t> next = lines.Admit(7);
  CHECK(std::count(next.begin(), next.end(), 0) <= 5);
  lines[0] = 0;
  lines[1] = 2;
  CHECK(lines.Admit(10).size() == 2);
  CHECK(lines.Admit(10).empty());
}

TEST_CASE("weights without a common divisor make the same turns") {
  const auto strategy = Made({300, 100});
  CHECK(strategy->name() == "priority-3-1");
  Lines lines(*strategy, 2);
  lines[0] = lines[1] = 100;
  CHECK(lines.Admit(4) == std::vector<std::uint8_t>{0, 0, 0, 1});
  CHECK(strategy->ShareOf(0, 2) == TierShare{.weight = 3, .total = 4});
  CHECK(strategy->ShareOf(1, 2) == TierShare{.weight = 1, .total = 4});
}

TEST_CASE(
    "while all tiers wait each window of a whole turn has the weight of each, for any weights") {
  std::mt19937_64 random(1);
  for (int run = 0; run < 200; ++run) {
    std::vector<std::uint32_t> weights(2 + random() % 7);
    for (std::uint32_t& weight : weights) weight = static_cast<std::uint32_t>(1 + random() % 9);
    const auto strategy = Made(weights);
    std::vector<std::size_t> turn;
    std::size_t total = 0;
    for (std::size_t tier = 0; tier < weights.size(); ++tier) {
      turn.push_back(strategy->ShareOf(static_cast<std::uint8_t>(tier), weights.size()).weight);
      total += turn.back();
    }
    Lines lines(*strategy, weights.size());
    for (std::size_t tier = 0; tier < weights.size(); ++tier) lines[tier] = 100'000;
    std::vector<std::uint8_t> admitted;
    while (admitted.size() < 5 * total) {
      // Plans of any length, of which any part is taken.
      const auto some = lines.Admit(1 + random() % 20, random() % 20);
      admitted.insert(admitted.end(), some.begin(), some.end());
    }
    for (std::size_t first = 0; first + total <= admitted.size(); ++first) {
      const std::span<const std::uint8_t> window(admitted.data() + first, total);
      for (std::size_t tier = 0; tier < weights.size(); ++tier) {
        REQUIRE(static_cast<std::size_t>(std::count(window.begin(), window.end(), tier)) ==
                turn[tier]);
      }
    }
  }
}

TEST_CASE("the k-th regular is let in within their bound although others come without end") {
  std::mt19937_64 random(2);
  for (int run = 0; run < 300; ++run) {
    const auto vip = static_cast<std::uint32_t>(1 + random() % 9);
    const auto regular = static_cast<std::uint32_t>(1 + random() % 9);
    const auto strategy = Made({vip, regular});
    const std::size_t w_vip = strategy->ShareOf(0, 2).weight;
    const std::size_t w_regular = strategy->ShareOf(1, 2).weight;
    Lines lines(*strategy, 2);
    // How many were let in when each regular came, and how many regulars stood before them.
    struct Came {
      std::size_t admitted;
      std::size_t position;
    };
    std::vector<Came> regulars;
    std::size_t admitted = 0;
    std::size_t served = 0;
    for (int step = 0; served < 200; ++step) {
      REQUIRE(step < 20'000);
      lines[0] = 1'000;  // they never end
      for (std::uint64_t arrivals = random() % 4; arrivals != 0; --arrivals) {
        regulars.push_back({.admitted = admitted, .position = regulars.size() - served + 1});
        ++lines[1];
      }
      for (const std::uint8_t tier : lines.Admit(1 + random() % 6, 1 + random() % 6)) {
        ++admitted;
        if (tier != 1) continue;
        const Came& came = regulars[served++];
        const std::size_t turns = (came.position + w_regular - 1) / w_regular;
        REQUIRE(admitted - came.admitted <= turns * w_vip + came.position);
      }
    }
  }
}

TEST_CASE("the k-th of any tier is let in within their bound, however the others come and go") {
  std::mt19937_64 random(3);
  for (int run = 0; run < 300; ++run) {
    std::vector<std::uint32_t> weights(2 + random() % 7);
    for (std::uint32_t& weight : weights) weight = static_cast<std::uint32_t>(1 + random() % 9);
    const auto strategy = Made(weights);
    const auto tier = static_cast<std::uint8_t>(random() % weights.size());
    const TierShare share = strategy->ShareOf(tier, weights.size());
    Lines lines(*strategy, weights.size());
    struct Came {
      std::size_t admitted;
      std::size_t position;
    };
    std::vector<Came> people;
    std::size_t admitted = 0;
    std::size_t served = 0;
    const bool never_end = run % 2 == 0;
    for (int step = 0; served < 60; ++step) {
      REQUIRE(step < 20'000);
      for (std::size_t other = 0; other < weights.size(); ++other) {
        if (other == tier) continue;
        if (never_end) lines[other] = 100;
        if (!never_end && random() % 3 == 0) lines[other] = random() % 12;  // some leave, too
      }
      for (std::uint64_t arrivals = random() % 4; arrivals != 0; --arrivals) {
        people.push_back({.admitted = admitted, .position = people.size() - served + 1});
        ++lines[tier];
      }
      for (const std::uint8_t picked : lines.Admit(1 + random() % 9, 1 + random() % 9)) {
        ++admitted;
        if (picked != tier) continue;
        const Came& came = people[served++];
        const std::size_t turns = (came.position + share.weight - 1) / share.weight;
        REQUIRE(admitted - came.admitted <= turns * (share.total - share.weight) + came.position);
      }
    }
  }
}

TEST_CASE("a state that the strategy never gave is no harm") {
  const auto strategy = Made({2, 1});
  const std::array<std::uint64_t, 2> waiting = {5, 5};
  std::vector<TierPick> picks(4);
  for (const std::uint64_t state : {std::uint64_t{7}, ~std::uint64_t{0}, std::uint64_t{1} << 40}) {
    REQUIRE(strategy->PickTiers(waiting, state, picks) == 4);
    for (const TierPick& pick : picks) CHECK(pick.tier < 2);
  }
}

TEST_CASE("what a priority strategy is made of is checked, and what queue it is given") {
  const auto message = [](const PriorityOptions& options) {
    return PriorityStrategy::New(options).status().message();
  };
  CHECK(message({.weights = {1}}) == "weights: 1, expected 2 to 8");
  CHECK(message({.weights = {1, 0}}) == "weights[1]: 0, expected 1 to 1000");
  CHECK(message({.weights = std::vector<std::uint32_t>(9, 1)}) == "weights: 9, expected 2 to 8");
  const auto strategy = Made({3, 1});
  QueueTerms terms{.sale = "sale", .tiers = 2, .strategy = "priority-3-1"};
  CHECK(strategy->CheckTerms(terms).ok());
  terms.tiers = 3;
  CHECK(strategy->CheckTerms(terms).message() ==
        "tiers: 3, expected 2, one for each weight of priority-3-1");
}

TEST_CASE("those who came before the line opened are ordered by another strategy") {
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
  const Backwards backwards;
  const auto made = PriorityStrategy::New({.weights = {2, 1}, .order = &backwards});
  REQUIRE(made.ok());
  CHECK((*made)->name() == "priority-2-1-backwards");
  CHECK(!(*made)->keeps_arrival_order());
  std::vector<std::uint32_t> order(3);
  const std::vector<Entrant> entrants(3);
  REQUIRE((*made)->Order({.sale = "sale", .entrants = entrants}, order).ok());
  CHECK(order == std::vector<std::uint32_t>{2, 1, 0});
}

}  // namespace
}  // namespace flashsale
