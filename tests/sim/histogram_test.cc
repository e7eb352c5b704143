#include "examples/flashsale_sim/histogram.h"

#include <doctest/doctest.h>

#include <cstdint>

namespace flashsale::sim {
namespace {

TEST_CASE("percentiles are right to a thirty-second, and never above the greatest") {
  Histogram histogram;
  CHECK(histogram.AtPerMille(500) == 0);
  for (std::uint64_t value = 1; value <= 100'000; ++value) histogram.Record(value);
  CHECK(histogram.total() == 100'000);
  CHECK(histogram.greatest() == 100'000);
  for (const std::uint32_t per_mille : {1U, 10U, 500U, 900U, 990U, 999U, 1'000U}) {
    CAPTURE(per_mille);
    const std::uint64_t exact = std::uint64_t{per_mille} * 100;
    CHECK(histogram.AtPerMille(per_mille) >= exact);
    CHECK(histogram.AtPerMille(per_mille) <= exact + exact / 32 + 1);
  }
  CHECK(histogram.AtPerMille(1'000) == 100'000);
}

TEST_CASE("one stall among a thousand calls is not lost") {
  Histogram histogram;
  for (int i = 0; i < 998; ++i) histogram.Record(100);
  histogram.Record(1'000'000'000);
  histogram.Record(1'000'000'000);
  CHECK(histogram.AtPerMille(500) < 104);
  CHECK(histogram.AtPerMille(999) > 960'000'000);
}

TEST_CASE("what threads counted adds up") {
  Histogram one;
  Histogram other;
  one.Record(5);
  other.Record(9);
  other.Record(7);
  one.Add(other);
  CHECK(one.total() == 3);
  CHECK(one.greatest() == 9);
  std::uint64_t seen = 0;
  std::uint64_t last = 0;
  one.ForEach([&](std::uint64_t highest, std::uint64_t count) {
    CHECK(highest > last);
    last = highest;
    seen += count;
  });
  CHECK(seen == 3);
}

TEST_CASE("what the library has counted is added with its greatest") {
  LatencyHistogram counted;
  counted.buckets.resize(LatencyHistogram::kBuckets);
  counted.buckets[LatencyHistogram::BucketOf(20)] = 3;
  counted.buckets[LatencyHistogram::BucketOf(31)] = 1;
  counted.count = 4;
  Histogram histogram;
  histogram.Record(5);
  histogram.Add(counted);
  CHECK(histogram.total() == 5);
  CHECK(histogram.greatest() == 31);
  CHECK(histogram.AtPerMille(500) == 20);
  histogram.Add(LatencyHistogram());
  CHECK(histogram.total() == 5);
}

}  // namespace
}  // namespace flashsale::sim
