#include "examples/flashsale_sim/simulation.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "examples/flashsale_sim/draw_seeds.h"
#include "examples/flashsale_sim/waiting_room_report.h"
#include "tests/sim/simulated.h"

namespace flashsale::sim {
namespace {

using namespace std::chrono_literals;

void CheckPromises(const Simulated& simulated) {
  for (const std::string& finding : simulated.audit.findings) MESSAGE(finding);
  for (const std::string& finding : simulated.result.queue.findings) MESSAGE(finding);
  CHECK(simulated.audit.oversold == 0);
  CHECK(simulated.audit.undersold == 0);
  CHECK(simulated.audit.users_over_limit == 0);
  CHECK(simulated.audit.ok());
  CHECK(simulated.result.queue.fifo_inversions == 0);
  CHECK(simulated.result.queue.ok());
  for (const std::string& finding : WaitingRoomFindings(simulated.result)) MESSAGE(finding);
  CHECK(simulated.result.turns.ok());
  CHECK(simulated.result.waves.ok());
  if (simulated.result.waitlist.has_value()) CHECK(simulated.result.waitlist->ok());
  CHECK(simulated.audit.reserved == 0);
  CHECK(simulated.audit.sold + simulated.audit.available == simulated.audit.released);
}

SimulationPlan Plan(Allocation allocation) {
  return {.shoppers = IsFull() ? 200'000U : 20'000U,
          .units = 1'000,
          .lines = 3,
          .limit_per_user = 2,
          .waves = 2,
          .hold = 2min,
          .duration = 8min,
          .allocation = allocation,
          .admissions_per_second = 50,
          .max_in_flight = 400,
          .pre_queue = 3min};
}

void SimulateSeeds(Allocation allocation) {
  const std::uint64_t seeds = IsFull() ? 20 : 4;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    CAPTURE(seed);
    const Simulated simulated = Run(Plan(allocation), seed);
    CheckPromises(simulated);
    const SimulationResult& result = simulated.result;
    CHECK(simulated.audit.sold > 900);
    REQUIRE(result.sold_out_after.has_value());
    CHECK(*result.sold_out_after > 4min);  // the second wave comes then
    CHECK(*result.sold_out_after < 8min);
    CHECK(result.queue.admissions > 1'000);
    CHECK(result.waits_ms.total() == result.queue.admissions);
    // Everything that a crowd does is done by somebody.
    const Answers& answers = result.answers;
    CHECK(answers.Of(Operation::kJoin, Code::kDone) > 10'000);
    CHECK(answers.Of(Operation::kJoin, Code::kAlreadyDone) > 0);
    CHECK(answers.Of(Operation::kPosition, Code::kDone) > 10'000);
    CHECK(answers.Of(Operation::kLeave, Code::kDone) > 1'000);
    CHECK(answers.Of(Operation::kReserve, Code::kDone) > 700);
    CHECK(answers.Of(Operation::kReserve, Code::kAlreadyDone) > 0);
    CHECK(answers.Of(Operation::kReserve, Code::kSoldOut) > 0);
    CHECK(answers.Of(Operation::kConfirm, Code::kDone) > 500);
    CHECK(answers.Of(Operation::kConfirm, Code::kAlreadyDone) > 0);
    CHECK(answers.Of(Operation::kCancel, Code::kDone) > 0);
    CHECK(answers.Of(Operation::kExtend, Code::kDone) > 0);
    CHECK(answers.Of(Operation::kRelease, Code::kDone) == 0);
    CHECK(result.waves.released == 3);
    // Bots come, and few of those that people need not fear buy anything.
    const CrowdTally& crowd = result.crowd;
    CHECK(crowd.Bots().seen > 3'000);
    CHECK(crowd.people().bought > crowd.Bots().bought);
    CHECK(crowd.Of(Persona::kFastClicker).bought == 0);
    CHECK(crowd.people().denied * 1'000 < crowd.people().seen);
    CHECK(crowd.people().no_shows > 0);
    CHECK(crowd.people().abandoned > 0);
  }
}

TEST_SUITE_BEGIN("long");

TEST_CASE("first come, first served: no sale breaks a promise, whatever the seed") {
  SimulateSeeds(Allocation::kFifo);
}

TEST_CASE("a draw: no sale breaks a promise, and its order is that of the published seed") {
  SimulateSeeds(Allocation::kLottery);
}

TEST_SUITE_END();

TEST_CASE("a draw by another seed than the published one is found out") {
  // The audit knows the key; a shop that draws by another one has another order.
  const SimulationPlan plan = Plan(Allocation::kLottery);
  QueueAudit audit({.pace = {.admissions_per_second = 1'000}, .draws = true});
  const LotterySeed other = LotterySeedOf(Dice(2));
  CHECK(other != LotterySeedOf(Dice(1)));
  std::vector<std::uint64_t> people(100);
  for (std::uint64_t i = 0; i < people.size(); ++i) {
    people[i] = i + 1;
    audit.OnTicket(i + 1);
  }
  audit.OnBegin(0);
  audit.OnDrawn({.entrants = 100, .draw = QueueAudit::Draw{.key = LotterySeedOf(Dice(1))}});
  std::sort(people.begin(), people.end(), [&other](std::uint64_t a, std::uint64_t b) {
    return LotteryRank(other, UserId::FromInteger(a)) < LotteryRank(other, UserId::FromInteger(b));
  });
  Time now = TermsOf(plan).start;
  for (const std::uint64_t person : people) {
    const QueueEntry entry{.user = UserId::FromInteger(person), .ticket = person};
    audit.OnAdmitted(now, {&entry, 1});
    now += 1ms;
  }
  CHECK(audit.Report().fifo_inversions > 1'000);
}

TEST_CASE("the terms of the longest hold that may be asked for are valid") {
  CHECK(Validate(TermsOf({.hold = std::chrono::days(30)})).ok());
}

TEST_CASE("plans at the edges of what may be asked go through") {
  for (const SimulationPlan& plan :
       {SimulationPlan{.shoppers = 1},
        SimulationPlan{.shoppers = 500, .bots_per_million = 1'000'000},
        SimulationPlan{.shoppers = 500, .bots_per_million = 0, .units = 1},
        SimulationPlan{.shoppers = 500, .units = 1'024, .lines = 1'024},
        SimulationPlan{.shoppers = 200, .units = 100, .waves = 100},
        SimulationPlan{.shoppers = 500, .units = 50, .pre_queue = Duration(0)},
        SimulationPlan{.shoppers = 500, .units = 50, .max_in_flight = 1},
        // Lapsed holds free their slots, and somebody waits for each.
        SimulationPlan{.shoppers = 800, .units = 80, .hold = 20s, .max_in_flight = 5},
        SimulationPlan{.shoppers = 500, .units = 50, .admissions_per_second = 1},
        SimulationPlan{.shoppers = 500, .units = 50, .hold = 1ms},
        SimulationPlan{.shoppers = 500, .units = 50, .duration = 100ms},
        SimulationPlan{.shoppers = 500, .units = 50, .limit_per_user = kMaxUnits}}) {
    CAPTURE(plan.shoppers);
    CAPTURE(plan.units);
    CAPTURE(plan.hold.count());
    CAPTURE(plan.max_in_flight);
    CheckPromises(Run(plan, 5));
  }
}

}  // namespace
}  // namespace flashsale::sim
