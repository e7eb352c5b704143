#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_WAITING_ROOM_OPTIONS_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_WAITING_ROOM_OPTIONS_H_

#include <CLI/CLI.hpp>

#include "examples/flashsale_sim/simulation_plan.h"

namespace flashsale::sim {

// The options of `simulate` about its waiting room: who goes first, tiers, waves, waitlist,
// no-shows.

void AddWaitingRoom(CLI::App& app, SimulationPlan& plan);

// What only several of them together can have wrong, and what follows from those that were left
// out.  Throws CLI::ValidationError.  REQUIRES: `app` was parsed.
void CheckWaitingRoom(const CLI::App& app, SimulationPlan& plan);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_WAITING_ROOM_OPTIONS_H_
