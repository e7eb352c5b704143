#include "flashsale/service/latency_histogram.h"

#include <algorithm>
#include <cmath>

namespace flashsale::inline v0 {

std::uint64_t LatencyHistogram::Percentile(double share) const {
  if (count == 0) return 0;
  const auto rank = std::clamp<std::uint64_t>(
      static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count))), 1, count);
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets.size(); ++bucket) {
    seen += buckets[bucket];
    if (seen >= rank) return HighestOf(bucket);
  }
  return kHighest;
}

void LatencyHistogram::Merge(const LatencyHistogram& other) {
  if (buckets.size() < other.buckets.size()) buckets.resize(other.buckets.size());
  for (std::size_t bucket = 0; bucket < other.buckets.size(); ++bucket) {
    buckets[bucket] += other.buckets[bucket];
  }
  count += other.count;
  sum_ns += other.sum_ns;
}

}  // namespace flashsale::inline v0
