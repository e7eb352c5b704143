#ifndef FLASHSALE_SERVICE_LATENCY_HISTOGRAM_H_
#define FLASHSALE_SERVICE_LATENCY_HISTOGRAM_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "flashsale/export.h"

namespace flashsale::inline v0 {

// How long calls took, as counts in buckets of nanoseconds.
//
// Log-linear as HdrHistogram is: below 32 each value has a bucket; from there each power of two has
// 32 of equal width.  So a bucket is no wider than 1/32 of its lowest value, and the value that a
// percentile answers, the highest of its bucket, is too high by less than 3.2 % (1/32) and never
// too low.  What took longer than kHighest counts as kHighest: 2^41 - 1 ns, some 36 minutes.
//
// A plain value.  Thread safety: as an int.
struct LatencyHistogram {
  static constexpr int kSubBucketBits = 5;
  static constexpr std::uint64_t kSubBuckets = std::uint64_t{1} << kSubBucketBits;
  static constexpr int kBits = 41;
  static constexpr std::uint64_t kHighest = (std::uint64_t{1} << kBits) - 1;
  static constexpr std::size_t kBuckets = (kBits - kSubBucketBits + 1) * kSubBuckets;

  static constexpr std::size_t BucketOf(std::uint64_t nanoseconds);
  // Of the values that count in a bucket.  REQUIRES: bucket < kBuckets.
  static constexpr std::uint64_t LowestOf(std::size_t bucket);
  static constexpr std::uint64_t HighestOf(std::size_t bucket);

  // Empty or kBuckets counts.
  std::vector<std::uint64_t> buckets = {};
  std::uint64_t count = 0;
  // Of all values, each taken as the middle of its bucket: wrong by less than 1.6 %.
  std::uint64_t sum_ns = 0;

  // The value that a share of the calls did not exceed, by nearest rank; 0 where there were none.
  // REQUIRES: 0 < share <= 1.
  FLASHSALE_EXPORT std::uint64_t Percentile(double share) const;
  // Adds what another one counted.
  FLASHSALE_EXPORT void Merge(const LatencyHistogram& other);
};

constexpr std::size_t LatencyHistogram::BucketOf(std::uint64_t nanoseconds) {
  const std::uint64_t value = nanoseconds < kHighest ? nanoseconds : kHighest;
  if (value < kSubBuckets) return static_cast<std::size_t>(value);
  const int shift = static_cast<int>(std::bit_width(value)) - 1 - kSubBucketBits;
  return static_cast<std::size_t>((static_cast<std::uint64_t>(shift) << kSubBucketBits) +
                                  (value >> shift));
}

constexpr std::uint64_t LatencyHistogram::LowestOf(std::size_t bucket) {
  if (bucket < kSubBuckets) return bucket;
  const std::uint64_t shift = bucket / kSubBuckets - 1;
  return (kSubBuckets + bucket % kSubBuckets) << shift;
}

constexpr std::uint64_t LatencyHistogram::HighestOf(std::size_t bucket) {
  if (bucket < kSubBuckets) return bucket;
  const std::uint64_t shift = bucket / kSubBuckets - 1;
  return LowestOf(bucket) + (std::uint64_t{1} << shift) - 1;
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SERVICE_LATENCY_HISTOGRAM_H_
