#ifndef FLASHSALE_TESTS_SIM_SIMULATED_H_
#define FLASHSALE_TESTS_SIM_SIMULATED_H_

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>

#include "examples/flashsale_sim/simulation.h"
#include "flashsale/backend/memory.h"

namespace flashsale::sim {

inline bool IsFull() { return std::getenv("FLASHSALE_TEST_FULL") != nullptr; }

struct Simulated {
  SimulationResult result;
  AuditReport audit;
};

// A whole sale on a storage of its own.
inline Simulated Run(const SimulationPlan& plan, std::uint64_t seed) {
  const Dice dice(seed);
  Result<std::unique_ptr<Storage>> storage =
      OpenMemoryStorage({.events_per_sale = std::size_t{1} << 17, .hash_seed = seed | 1});
  REQUIRE(storage.ok());
  Audit audit(TermsOf(plan));
  Timeline timeline;
  Result<SimulationResult> result = RunSimulation(
      {.plan = plan, .dice = dice, .storage = **storage, .audit = audit, .timeline = timeline});
  INFO(result.status().ToString());
  REQUIRE(result.ok());
  return {.result = *std::move(result), .audit = audit.Report()};
}

}  // namespace flashsale::sim

#endif  // FLASHSALE_TESTS_SIM_SIMULATED_H_
