#include "examples/flashsale_sim/turn_audit.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flashsale/policy/priority_strategy.h"

namespace flashsale::sim {
namespace {

using namespace std::chrono_literals;

constexpr Time kOpen{std::chrono::hours(1)};

// People of the tiers of `order` ("0001" is three of tier 0, then one of tier 1), let in one after
// the other; they had all waited from the opening on.
TurnReport LetIn(const TurnAudit::Terms& terms, std::string_view order) {
  TurnAudit audit(terms);
  Time now = kOpen + 1s;
  for (const char tier : order) {
    now += 10ms;
    audit.OnAdmitted(
        {.at = now, .tier = static_cast<std::uint8_t>(tier - '0'), .since = kOpen - 1s});
  }
  return audit.report();
}

TurnAudit::Terms Weights(std::vector<std::uint32_t> weights) {
  const std::size_t tiers = weights.size();
  return {.tiers = tiers, .weights = std::move(weights), .opens = {kOpen, kOpen, kOpen}};
}

TEST_CASE("turns by weight pass, wherever a row begins") {
  CHECK(LetIn(Weights({3, 1}), "0001000100010001").ok());
  CHECK(LetIn(Weights({3, 1}), "1000100010001").ok());
  CHECK(LetIn(Weights({3, 1}), "0100010001").ok());
  CHECK(LetIn(Weights({2, 3, 1}), "001112001112001112").ok());
}

TEST_CASE("what the library picks passes, whatever the weights") {
  for (const std::vector<std::uint32_t>& weights :
       {std::vector<std::uint32_t>{1, 1}, {8, 1}, {7, 5, 3}, {6, 4, 2}, {1, 2, 3, 4}}) {
    const auto strategy = PriorityStrategy::New({.weights = weights});
    REQUIRE(strategy.ok());
    const std::vector<std::uint64_t> waiting(weights.size(), 1'000'000);
    std::vector<TierPick> picks(997);
    TurnAudit audit(Weights(weights));
    std::uint64_t state = 0;
    Time now = kOpen + 1s;
    for (int batch = 0; batch < 3; ++batch) {
      const std::size_t picked = (*strategy)->PickTiers(waiting, state, picks);
      for (std::size_t i = 0; i < picked; ++i) {
        audit.OnAdmitted({.at = now, .tier = picks[i].tier, .since = kOpen});
        now += 1ms;
      }
      state = picks[picked - 1].state;
    }
    for (const std::string& finding : audit.report().findings) MESSAGE(finding);
    CHECK(audit.report().ok());
  }
}

TEST_CASE("a tier that has to wait for longer than its weight says is found") {
  const TurnReport one = LetIn(Weights({3, 1}), "000100001");
  CHECK(one.out_of_turn == 1);
  REQUIRE(one.findings.size() == 1);
  CHECK(one.findings[0] == "tier 1: 4 of others were let in within 1 of its own, at most 3 may");
  // Early surplus does not excuse it.
  CHECK(LetIn(Weights({3, 1}), "1000111110000001").out_of_turn > 0);
  CHECK(LetIn(Weights({3, 1}), "01110").out_of_turn == 1);
  // Weights count without a common divisor.
  CHECK(LetIn(Weights({4, 4}), "100001").out_of_turn == 1);
  CHECK(LetIn(Weights({4, 4}), "01010101").ok());
}

TEST_CASE("a tier in which nobody waited cannot complain") {
  TurnAudit audit(Weights({3, 1}));
  Time now = kOpen;
  const auto let_in = [&](std::uint8_t tier, Time since) {
    now += 10ms;
    audit.OnAdmitted({.at = now, .tier = tier, .since = since});
  };
  let_in(1, kOpen);
  for (int i = 0; i < 20; ++i) let_in(0, kOpen);
  let_in(1, now);  // came just now
  CHECK(audit.report().ok());
  const Time early = now - 1ms;  // before the last of tier 1 was let in
  for (int i = 0; i < 4; ++i) let_in(0, kOpen);
  let_in(1, early);
  CHECK(audit.report().out_of_turn == 1);
}

TEST_CASE("without weights whoever waits in a lower tier goes first") {
  const TurnAudit::Terms terms{.tiers = 2, .opens = {kOpen, kOpen}};
  CHECK(LetIn(terms, "000111").ok());
  CHECK(LetIn(terms, "0010").out_of_turn == 1);
  // Who came after the other was let in had not waited.
  TurnAudit audit(terms);
  audit.OnAdmitted({.at = kOpen + 1s, .tier = 1, .since = kOpen});
  audit.OnAdmitted({.at = kOpen + 2s, .tier = 0, .since = kOpen + 1s});
  CHECK(audit.report().ok());
}

TEST_CASE("who is let in before their line opens is found, and until then nobody waits there") {
  TurnAudit audit({.tiers = 2, .opens = {kOpen + 1min, kOpen}});
  audit.OnAdmitted({.at = kOpen + 30s, .tier = 1, .since = kOpen});
  CHECK(audit.report().ok());
  audit.OnAdmitted({.at = kOpen + 61s, .tier = 0, .since = kOpen});
  CHECK(audit.report().ok());
  audit.OnAdmitted({.at = kOpen + 59s, .tier = 0, .since = kOpen});
  CHECK(audit.report().too_early == 1);
}

TEST_CASE("a ticket of another tier is found") {
  TurnAudit audit(Weights({1, 1}));
  audit.OnPlaced({.due = 1, .given = 1});
  CHECK(audit.report().ok());
  audit.OnPlaced({.due = 0, .given = 1});
  CHECK(audit.report().misplaced == 1);
}

}  // namespace
}  // namespace flashsale::sim
