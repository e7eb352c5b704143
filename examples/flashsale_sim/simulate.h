#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_SIMULATE_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_SIMULATE_H_

#include <cstdint>
#include <string>

#include "examples/flashsale_sim/backend_name.h"
#include "examples/flashsale_sim/exit_code.h"
#include "examples/flashsale_sim/output.h"
#include "examples/flashsale_sim/simulation.h"

namespace flashsale::sim {

struct SimulateOptions {
  SimulationPlan plan = {};
  std::uint64_t seed = 1;
  BackendName backend = {};
  // Leaves out what depends on the machine, so that the reports of two runs are the same bytes.
  bool reproducible = false;
  // Empty: none is written.
  std::string json_file = {};
  std::string html_file = {};
};

// Simulates a whole sale and tells what came of it.  Returns the exit code.
int Simulate(const SimulateOptions& options, const Output& output);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_SIMULATE_H_
