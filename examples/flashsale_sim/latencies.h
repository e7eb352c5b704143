#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_LATENCIES_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_LATENCIES_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "examples/flashsale_sim/answers.h"
#include "examples/flashsale_sim/histogram.h"

namespace flashsale::sim {

// How long calls took on this machine, in nanoseconds, by what was asked.
// Thread safety: one thread.
class Latencies {
 public:
  using WallClock = std::chrono::steady_clock;

  void Record(Operation operation, WallClock::duration took) {
    const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(took).count();
    rows_[static_cast<std::size_t>(operation)].Record(static_cast<std::uint64_t>(ns > 0 ? ns : 0));
  }
  void Add(const Latencies& other) {
    for (std::size_t i = 0; i < kOperations; ++i) rows_[i].Add(other.rows_[i]);
  }
  const Histogram& Of(Operation operation) const {
    return rows_[static_cast<std::size_t>(operation)];
  }

 private:
  std::array<Histogram, kOperations> rows_{};
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_LATENCIES_H_
