#include "examples/flashsale_sim/queue_meter.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "examples/flashsale_sim/cohorts.h"

namespace flashsale::sim {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{std::chrono::hours(1)};
constexpr Time kEnd = kStart + 1h;

QueueMeter Meter(std::vector<std::uint32_t> weights = {}) {
  const std::size_t tiers = std::max<std::size_t>(weights.size(), 1);
  return QueueMeter({.tiers = tiers,
                     .weights = std::move(weights),
                     .start = kStart,
                     .all_open = kStart,
                     .end = kEnd});
}

TEST_CASE("Jain's index is 1 where all have the same, and 1/n where one has everything") {
  CHECK(JainIndex(std::vector<double>{2, 2, 2}) == doctest::Approx(1));
  CHECK(JainIndex(std::vector<double>{5, 0, 0, 0}) == doctest::Approx(0.25));
  CHECK(JainIndex(std::vector<double>{1, 3}) == doctest::Approx(0.8));
  CHECK(JainIndex(std::vector<double>{0, 0}) == 1);
}

TEST_CASE("a unit that a no-show keeps from those who wait is wasted until the window ends") {
  QueueMeter meter = Meter();
  meter.OnNoShow(kStart + 10s);
  meter.OnLook({.at = kStart, .available = 1, .unused = 1, .waiting = {5}});
  meter.OnLook({.at = kStart + 4s, .available = 1, .unused = 1, .waiting = {5}});
  CHECK(meter.Measure().wasted_unit_seconds == doctest::Approx(4));
  meter.OnLook({.at = kStart + 60s, .available = 0, .unused = 0, .waiting = {5}});
  CHECK(meter.Measure().wasted_unit_seconds == doctest::Approx(10));
  CHECK(meter.Measure().no_shows == 1);
}

TEST_CASE("nothing is wasted while nobody waits, others are let in, or nothing is free") {
  const QueueMeter::Look busy{.at = kStart, .available = 3, .unused = 3, .waiting = {5}};
  QueueMeter::Look alone = busy;
  alone.waiting = {};
  QueueMeter::Look flowing = busy;
  flowing.available = 4;
  QueueMeter::Look gone = busy;
  gone.available = 0;
  for (const QueueMeter::Look& look : {alone, flowing, gone}) {
    QueueMeter meter = Meter();
    meter.OnNoShow(kStart + 10s);
    meter.OnLook(look);
    meter.OnLook({.at = kStart + 20s});
    CHECK(meter.Measure().wasted_unit_seconds == 0);
  }
  // As many as are free, or wait, at the most.
  QueueMeter meter = Meter();
  for (int i = 0; i < 9; ++i) meter.OnNoShow(kStart + 10s);
  meter.OnLook({.at = kStart, .available = 3, .unused = 12, .waiting = {5}});
  meter.OnLook({.at = kStart + 20s});
  CHECK(meter.Measure().wasted_unit_seconds == doctest::Approx(30));
}

TEST_CASE("an admission lapses where nothing was reserved under it and nobody gave it back") {
  QueueMeter meter = Meter();
  for (std::uint64_t i = 1; i <= 4; ++i) {
    const QueueEntry entry{.user = UserId::FromInteger(i),
                           .admission = {.number = i, .grant = 1, .until = kStart + 10s}};
    meter.OnAdmitted({&entry, 1});
  }
  meter.OnReserved(UserId::FromInteger(1), 1);
  meter.OnReserved(UserId::FromInteger(2), 1);  // under an earlier one
  meter.OnLeft(UserId::FromInteger(3));
  meter.OnLook({.at = kStart + 10s - 1us});
  CHECK(meter.Measure().lapsed_admissions == 0);
  meter.OnLook({.at = kStart + 10s});
  CHECK(meter.Measure().lapsed_admissions == 2);
}

TEST_CASE("the time of each flow is what the observer was told") {
  QueueMeter meter = Meter();
  meter.OnFlow(kStart + 10s, {.flow = QueueFlow::kUnitsClaimed});
  meter.OnFlow(kStart + 30s, {.flow = QueueFlow::kSoldOut});
  meter.OnLook({.at = kStart + 70s});
  const QueueMeasures measures = meter.Measure();
  CHECK(measures.flowing == 10s);
  CHECK(measures.units_claimed == 20s);
  CHECK(measures.sold_out == 40s);
  CHECK(measures.flow_changes == 2);
}

TEST_CASE("tiers are compared by who was let in while every tier waited") {
  QueueMeter meter = Meter({3, 1});
  const auto let_in = [&meter](int first, int second) {
    for (int i = 0; i < first + second; ++i) {
      const QueueEntry entry{.tier = static_cast<std::uint8_t>(i < first ? 0 : 1)};
      meter.OnAdmitted({&entry, 1});
    }
  };
  meter.OnLook({.at = kStart, .waiting = {9, 9}});
  let_in(6, 2);
  meter.OnLook({.at = kStart + 1s, .waiting = {3, 7}});
  CHECK(meter.Measure().JainOfTiers() == doctest::Approx(1));
  let_in(3, 7);  // the second alone is empty then
  meter.OnLook({.at = kStart + 2s, .waiting = {1, 0}});
  CHECK(meter.Measure().contended[0] == 6);
  CHECK(meter.Measure().contended[1] == 2);
  CHECK(meter.Measure().JainOfTiers() == doctest::Approx(1));

  QueueMeter unfair = Meter({3, 1});
  unfair.OnLook({.at = kStart, .waiting = {9, 9}});
  const QueueEntry entry{.tier = 1};
  unfair.OnAdmitted({&entry, 1});
  unfair.OnLook({.at = kStart + 1s, .waiting = {9, 8}});
  CHECK(unfair.Measure().JainOfTiers() == doctest::Approx(0.5));
}

TEST_CASE("a crowd is told of by tier, by kind and by when they came") {
  Cohorts cohorts;
  const Cohorts::Who early{.tier = 1, .persona = Persona::kPerson, .came_early = true};
  const Cohorts::Who bot{.tier = 0, .persona = Persona::kScalperFarm, .came_early = false};
  cohorts.OnCame(early);
  cohorts.OnCame(early);
  cohorts.OnCame(bot);
  cohorts.OnAdmitted(early, 3s);
  cohorts.OnBought(early);
  std::vector<std::string> names;
  cohorts.ForEach([&](const std::string& name, const Cohort& cohort) {
    names.push_back(name);
    CHECK(cohort.win_rate() == (name.find("people") == 0 || name == "person" || name == "tier_1"
                                    ? doctest::Approx(0.5)
                                    : doctest::Approx(0)));
  });
  CHECK(names == std::vector<std::string>{"tier_0", "tier_1", "person", "scalper_farm",
                                          "people_before_the_start", "bots_after_the_start"});
  CHECK(cohorts.tier(1).waits_ms.greatest() == 3'000);
  CHECK(cohorts.persona(Persona::kScalperFarm).bought == 0);
}

}  // namespace
}  // namespace flashsale::sim
