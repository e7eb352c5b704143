#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_HISTOGRAM_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_HISTOGRAM_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "flashsale/service/latency_histogram.h"

namespace flashsale::sim {

// Counts values in the log-linear buckets of LatencyHistogram, whatever they measure, and keeps the
// greatest: a percentile costs no list of all values, and a stall among millions of quick calls is
// not averaged away.
// Thread safety: one thread; one histogram a thread, and Add them up at the end.
// Blocking: never.  Ownership: none.  Clock: none.
class Histogram {
 public:
  Histogram() { counts_.buckets.resize(LatencyHistogram::kBuckets); }

  void Record(std::uint64_t value) {
    ++counts_.buckets[LatencyHistogram::BucketOf(value)];
    ++counts_.count;
    greatest_ = std::max(greatest_, value);
  }

  void Add(const Histogram& other) {
    counts_.Merge(other.counts_);
    greatest_ = std::max(greatest_, other.greatest_);
  }

  // Values that the library has counted; the greatest is known as well as its bucket says.
  void Add(const LatencyHistogram& other) {
    counts_.Merge(other);
    for (std::size_t i = other.buckets.size(); i > 0; --i) {
      if (other.buckets[i - 1] == 0) continue;
      greatest_ = std::max(greatest_, LatencyHistogram::HighestOf(i - 1));
      return;
    }
  }

  std::uint64_t total() const { return counts_.count; }
  std::uint64_t greatest() const { return greatest_; }

  // What so many of a thousand values did not exceed, by nearest rank: too high by less than a
  // thirty-second, but never above the greatest; 0 where nothing was recorded.
  // REQUIRES: 1 <= per_mille <= 1000.
  std::uint64_t AtPerMille(std::uint32_t per_mille) const {
    return std::min(counts_.Percentile(per_mille / 1'000.0), greatest_);
  }

  // Calls visit(highest value, count) for each bucket that holds anything, from the lowest.
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (std::size_t i = 0; i < counts_.buckets.size(); ++i) {
      if (counts_.buckets[i] != 0) visit(LatencyHistogram::HighestOf(i), counts_.buckets[i]);
    }
  }

 private:
  LatencyHistogram counts_;
  std::uint64_t greatest_ = 0;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_HISTOGRAM_H_
