#include "flashsale/service/latency_histogram.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace flashsale {
namespace {

LatencyHistogram HistogramOf(const std::vector<std::uint64_t>& values) {
  LatencyHistogram histogram;
  histogram.buckets.resize(LatencyHistogram::kBuckets);
  for (const std::uint64_t value : values) {
    ++histogram.buckets[LatencyHistogram::BucketOf(value)];
    ++histogram.count;
    histogram.sum_ns += value;
  }
  return histogram;
}

TEST_CASE("buckets follow one another without gap or overlap, none wider than 1/32 of its lowest") {
  std::uint64_t next = 0;
  for (std::size_t bucket = 0; bucket < LatencyHistogram::kBuckets; ++bucket) {
    const std::uint64_t lowest = LatencyHistogram::LowestOf(bucket);
    const std::uint64_t highest = LatencyHistogram::HighestOf(bucket);
    REQUIRE(lowest == next);
    REQUIRE(highest >= lowest);
    REQUIRE(LatencyHistogram::BucketOf(lowest) == bucket);
    REQUIRE(LatencyHistogram::BucketOf(highest) == bucket);
    REQUIRE((highest - lowest) * 32 <= lowest);
    next = highest + 1;
  }
  CHECK(next == LatencyHistogram::kHighest + 1);
  CHECK(LatencyHistogram::BucketOf(~std::uint64_t{0}) == LatencyHistogram::kBuckets - 1);
}

TEST_CASE("a percentile is never too low, and too high by less than 3.2 per cent") {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> latencies(12, 3);
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 10'000; ++i) {
    values.push_back(static_cast<std::uint64_t>(
        std::min(latencies(random), static_cast<double>(LatencyHistogram::kHighest))));
  }
  const LatencyHistogram histogram = HistogramOf(values);
  std::sort(values.begin(), values.end());
  for (const double share : {0.0001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const auto rank = static_cast<std::size_t>(std::ceil(share * 10'000));
    const std::uint64_t exact = values[rank - 1];
    const std::uint64_t answer = histogram.Percentile(share);
    CHECK(answer >= exact);
    CHECK(static_cast<double>(answer) <= static_cast<double>(exact) * 1.032);
  }
}

TEST_CASE("small values are exact, and no values give zero") {
  CHECK(LatencyHistogram().Percentile(0.5) == 0);
  const LatencyHistogram histogram = HistogramOf({1, 2, 3, 4});
  CHECK(histogram.Percentile(0.25) == 1);
  CHECK(histogram.Percentile(0.5) == 2);
  CHECK(histogram.Percentile(0.51) == 3);
  CHECK(histogram.Percentile(1) == 4);
}

TEST_CASE("histograms add up") {
  LatencyHistogram sum;
  sum.Merge(HistogramOf({1, 2}));
  sum.Merge(LatencyHistogram());
  sum.Merge(HistogramOf({3}));
  CHECK(sum.count == 3);
  CHECK(sum.sum_ns == 6);
  CHECK(sum.Percentile(1) == 3);
}

}  // namespace
}  // namespace flashsale
