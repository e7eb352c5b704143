#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_MEMORY_USE_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_MEMORY_USE_H_

#include <cstdint>

namespace flashsale::sim {

// What this process has of the machine's memory right now, in bytes; 0 where it cannot be told.
std::uint64_t ResidentBytes();
// The most it ever had.
std::uint64_t PeakResidentBytes();

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_MEMORY_USE_H_
