#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_WAITING_ROOM_REPORT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_WAITING_ROOM_REPORT_H_

#include <ostream>
#include <string>
#include <vector>

#include "examples/flashsale_sim/dice.h"
#include "examples/flashsale_sim/page.h"
#include "examples/flashsale_sim/report.h"
#include "examples/flashsale_sim/simulation.h"
#include "examples/flashsale_sim/simulation_plan.h"

namespace flashsale::sim {

// What a simulation's report says of its waiting room: strategy and tiers, waves, waitlist, who won
// and waited how long, how even the draws and the turns were, what was wasted on no-shows.

// "a draw", "first come, first served": whom the queue lets in first, for people.
std::string DescribeAllocation(const SimulationPlan& plan);

// Those that such a sale can break.
std::vector<Check> WaitingRoomChecks(const SimulationPlan& plan, const SimulationResult& result);
std::vector<std::string> WaitingRoomFindings(const SimulationResult& result);

// For people.
void WriteWaitingRoomPlan(const SimulationPlan& plan, std::ostream& out);
void WriteCohorts(const Cohorts& cohorts, std::ostream& out);
void WriteWaitingRoom(const SimulationPlan& plan, const SimulationResult& result, const Dice& dice,
                      std::ostream& out);

// For programs: each adds members to an object.
void AddWaitingRoomPlan(const SimulationPlan& plan, const Dice& dice, Json& json);
void AddWaitingRoom(const SimulationPlan& plan, const SimulationResult& result, const Dice& dice,
                    Json& json);

// For the page: cohorts, and what there is of draws, tiers and a waitlist.
std::vector<Page::Table> WaitingRoomTables(const SimulationResult& result);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_WAITING_ROOM_REPORT_H_
