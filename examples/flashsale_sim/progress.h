#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_PROGRESS_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_PROGRESS_H_

#include <cstdint>

#include "flashsale/base/time.h"

namespace flashsale::sim {

// How far a run has come.
struct Progress {
  // Negative before the opening.
  Duration since_opening{};
  std::uint64_t calls = 0;
  std::uint64_t events = 0;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_PROGRESS_H_
