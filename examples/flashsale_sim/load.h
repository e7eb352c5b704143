#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "examples/flashsale_sim/backend_name.h"
#include "examples/flashsale_sim/exit_code.h"
#include "examples/flashsale_sim/output.h"
#include "examples/flashsale_sim/simulation.h"
#include "flashsale/base/time.h"

namespace flashsale::sim {

// So many calls share a commit of a store that makes them wait for one.
inline constexpr std::uint32_t kThreadsThatWait = 64;

struct LoadOptions {
  // plan.duration: for how long calls are made.  plan.waves, plan.pre_queue: of each sale;
  // pre_queue <= sale_length.  Without bots no detector is asked.
  SimulationPlan plan = {.shoppers = 1'000'000,
                         .bots_per_million = 0,
                         .units = 200'000,
                         .hold = std::chrono::seconds(10),
                         .duration = std::chrono::seconds(10),
                         .admissions_per_second = 10'000,
                         .pre_queue = Duration(0)};
  // Calls a second over all threads; 0: as fast as it goes.
  std::uint64_t rate = 0;
  // 0: as many as the machine has processors, or kThreadsThatWait where calls wait for the store.
  std::uint32_t threads = 0;
  // A sale is over after this, and the next one begins.
  Duration sale_length = std::chrono::seconds(10);
  std::uint64_t seed = 1;
  BackendName backend = {};
  // Empty: none is written.
  std::string json_file = {};
  std::string html_file = {};
};

// Calls the facade from real threads in real time, one sale after the other, and tells how long
// calls took, what memory was used, and what the audit of the sales' events found.  Returns the
// exit code.
int Load(const LoadOptions& options, const Output& output);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_H_
