#ifndef FLASHSALE_BENCH_FOOTPRINT_H_
#define FLASHSALE_BENCH_FOOTPRINT_H_

#include <cstdint>

#include "bench/machine_limits.h"
#include "bench/measurement.h"
#include "bench/question.h"

namespace flashsale::bench {

// What the engine keeps resident for a sale in which `users` hold one unit each, its few events
// included.  Measured once, then remembered.
const ResidentMemory& EngineFootprint(const Settings& settings, std::uint64_t users);

// The machine's limits over just that footprint.
MachineLimits& LimitsAtSize(const Settings& settings, std::uint64_t users);

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_FOOTPRINT_H_
