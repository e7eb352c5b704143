// Every strategy with every way in which stock comes and goes: all promises hold, and all that can
// happen does.

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "examples/flashsale_sim/simulation.h"
#include "examples/flashsale_sim/waiting_room_report.h"
#include "tests/sim/simulated.h"

namespace flashsale::sim {
namespace {

using namespace std::chrono_literals;

void CheckPromises(const SimulationPlan& plan, const Simulated& simulated) {
  for (const std::string& finding : simulated.audit.findings) MESSAGE(finding);
  for (const std::string& finding : simulated.result.queue.findings) MESSAGE(finding);
  for (const std::string& finding : WaitingRoomFindings(simulated.result)) MESSAGE(finding);
  CHECK(simulated.audit.ok());
  CHECK(simulated.result.ok());
  CHECK(simulated.audit.reserved == 0);
  CHECK(simulated.audit.released == plan.units);
  CHECK(simulated.audit.sold + simulated.audit.available == plan.units);
}

SimulationPlan Small() {
  return {.shoppers = IsFull() ? 40'000U : 4'000U,
          .units = IsFull() ? 2'000U : 200U,
          .lines = 2,
          .limit_per_user = 2,
          .hold = 1min,
          .duration = 6min,
          .admissions_per_second = IsFull() ? 100U : 10U,
          .max_in_flight = IsFull() ? 1'000U : 100U,
          .pre_queue = 2min};
}

// Each strategy, alone and with tiers.
std::vector<SimulationPlan> Strategies() {
  std::vector<SimulationPlan> plans;
  const auto add = [&plans](auto change) {
    plans.push_back(Small());
    change(plans.back());
  };
  for (const Allocation allocation :
       {Allocation::kFifo, Allocation::kLottery, Allocation::kHybrid}) {
    add([allocation](SimulationPlan& plan) { plan.allocation = allocation; });
    add([allocation](SimulationPlan& plan) {
      plan.allocation = allocation;
      plan.tiers = 2;
      plan.tier_shares = {100'000, 900'000};
    });
    add([allocation](SimulationPlan& plan) {
      plan.allocation = Allocation::kPriority;
      plan.tier_order = allocation;
      plan.tiers = 3;
      plan.tier_weights = {8, 3, 1};
      plan.opens_early = allocation == Allocation::kFifo ? Duration(0) : Duration(20s);
      plan.credits_for_first = 5;
    });
  }
  return plans;
}

void PlayAll(std::uint32_t waves, bool waitlist, std::uint32_t no_shows_per_million) {
  std::uint64_t offered = 0;
  std::uint64_t bought = 0;
  const std::uint64_t seeds = IsFull() ? 5 : 1;
  for (SimulationPlan plan : Strategies()) {
    plan.waves = waves;
    plan.waitlist = waitlist;
    plan.no_shows_per_million = no_shows_per_million;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      CAPTURE(seed);
      CAPTURE(DescribeAllocation(plan));
      const Simulated simulated = Run(plan, seed);
      CheckPromises(plan, simulated);
      const SimulationResult& result = simulated.result;
      CHECK(simulated.audit.sold > plan.units / 2);
      CHECK(result.waves.released == std::uint64_t{waves - 1} * plan.lines);
      if (no_shows_per_million > 0) CHECK(result.measures.no_shows > 0);
      CHECK(result.measures.lapsed_admissions > 0);
      CHECK(result.measures.flowing > Duration(0));
      CHECK(result.measures.moments.size() > 10);
      CHECK(result.draws.size() == (Draws(plan) ? plan.tiers : 0U));
      for (const ChiSquare& draw : result.draws) CHECK(draw.p_value > 1e-6);
      CHECK(result.waitlist.has_value() == waitlist);
      if (!waitlist) continue;
      CHECK(result.waitlist->joined > 0);
      offered += result.waitlist->offered;
      bought += result.waitlist->bought;
    }
  }
  CHECK((offered > 50) == waitlist);
  CHECK((bought > 30) == waitlist);
}

TEST_SUITE_BEGIN("long");

TEST_CASE("every strategy keeps all promises") { PlayAll(1, false, 60'000); }
TEST_CASE("every strategy keeps all promises, with waves") { PlayAll(3, false, 0); }
TEST_CASE("every strategy keeps all promises, with a waitlist") { PlayAll(1, true, 0); }
TEST_CASE("every strategy keeps all promises, with many no-shows") { PlayAll(1, false, 400'000); }
TEST_CASE("every strategy keeps all promises, with waves, a waitlist and no-shows") {
  PlayAll(3, true, 200'000);
}

TEST_SUITE_END();

TEST_CASE("plans of waiting rooms at the edges of what may be asked go through") {
  std::vector<SimulationPlan> plans;
  const auto add = [&plans](auto change) {
    SimulationPlan plan{.shoppers = 500, .units = 50, .duration = 3min};
    change(plan);
    plans.push_back(plan);
  };
  add([](SimulationPlan& plan) { plan.no_shows_per_million = 1'000'000; });
  add([](SimulationPlan& plan) {
    plan.allocation = Allocation::kPriority;
    plan.tiers = 8;
    plan.tier_order = Allocation::kLottery;
    plan.credits_for_first = 1;
  });
  add([](SimulationPlan& plan) {
    plan.tiers = 2;
    plan.tier_shares = {0, 1'000'000};
    plan.allocation = Allocation::kLottery;
    plan.opens_early = 3min - 1us;
  });
  for (const std::uint32_t share : {0U, 1'000U}) {
    add([share](SimulationPlan& plan) {
      plan.allocation = Allocation::kHybrid;
      plan.hybrid_per_mille = share;
    });
  }
  add([](SimulationPlan& plan) {
    plan.shoppers = 1;
    plan.waitlist = true;
    plan.allocation = Allocation::kHybrid;
  });
  add([](SimulationPlan& plan) {
    plan.waitlist = true;
    plan.offer_hold = 1ms;
    plan.units = 1;
  });
  add([](SimulationPlan& plan) {
    plan.waitlist = true;
    plan.pre_queue = Duration(0);
    plan.hold = 1ms;
  });
  add([](SimulationPlan& plan) {
    plan.waitlist = true;
    plan.offer_hold = 10min;
    plan.waves = 25;
    plan.lines = 2;
    plan.operator_waves = true;
  });
  for (const SimulationPlan& plan : plans) {
    CAPTURE(DescribeAllocation(plan));
    CAPTURE(plan.waitlist);
    CAPTURE(plan.hold.count());
    CheckPromises(plan, Run(plan, 5));
  }
}

TEST_CASE("a tier has what its weight says, and whoever is favoured wins more often") {
  SimulationPlan plan = Small();
  plan.allocation = Allocation::kPriority;
  plan.tiers = 2;
  plan.tier_weights = {3, 1};
  const Simulated simulated = Run(plan, 1);
  const QueueMeasures& measures = simulated.result.measures;
  CHECK(measures.contended[0] > 100);
  CHECK(measures.JainOfTiers() > 0.99);
  const Cohorts& cohorts = simulated.result.cohorts;
  CHECK(cohorts.tier(0).win_rate() > 2 * cohorts.tier(1).win_rate());
}

TEST_CASE("the crowd is spread over tiers as it is asked for, and credits lift") {
  SimulationPlan plan{.tiers = 3, .tier_shares = {100'000, 300'000, 600'000}};
  const Dice dice(1);
  std::vector<int> ranked(3);
  for (std::uint32_t i = 0; i < 10'000; ++i) ++ranked[TierOf(plan, dice, i)];
  CHECK(ranked[0] == doctest::Approx(1'000).epsilon(0.1));
  CHECK(ranked[1] == doctest::Approx(3'000).epsilon(0.05));
  plan.credits_for_first = 2;
  int lifted = 0;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    if (RankOf(plan, dice, i) != 0 && TierOf(plan, dice, i) == 0) ++lifted;
  }
  CHECK(lifted == doctest::Approx(2'250).epsilon(0.1));
}

TEST_CASE("more no-shows waste more") {
  SimulationPlan plan = Small();
  plan.no_shows_per_million = 0;  // only those who closed the page
  const QueueMeasures few = Run(plan, 1).result.measures;
  plan.no_shows_per_million = 400'000;
  const QueueMeasures many = Run(plan, 1).result.measures;
  CHECK(many.no_shows > 2 * few.no_shows);
  CHECK(many.wasted_unit_seconds > 2 * few.wasted_unit_seconds);
}

}  // namespace
}  // namespace flashsale::sim
