#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_SERIES_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_SERIES_H_

#include <cstdint>
#include <vector>

#include "examples/flashsale_sim/answers.h"
#include "flashsale/base/time.h"
#include "flashsale/repository/inventory_repository.h"

namespace flashsale::sim {

// How a sale stood at evenly spaced instants, for plots.
// Thread safety: one thread.
class Series {
 public:
  struct Sample {
    // Negative before the opening.
    Duration since_opening{};
    std::int64_t available = 0;
    std::int64_t reserved = 0;
    std::int64_t sold = 0;
    std::uint64_t waiting = 0;
    std::uint64_t in_flight = 0;
    // How calls were answered since the sample before.
    Answers::ByCode answers{};
  };

  // `totals`: the answers so far.
  void Take(Sample sample, const Answers& totals);

  // What comes after the last answer of all is left out, but for one sample.
  void CutSilence();

  const std::vector<Sample>& samples() const { return samples_; }

 private:
  std::vector<Sample> samples_;
  Answers::ByCode last_{};
};

// How many units of a sale were where.
Series::Sample SampleOf(const SaleStock& stock, Duration since_opening);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_SERIES_H_
