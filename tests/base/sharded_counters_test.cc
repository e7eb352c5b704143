#include "base/sharded_counters.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

namespace flashsale {
namespace {

TEST_CASE("counters of many threads lose nothing and do not mix") {
  ShardedCounters<8> counters;
  {
    std::vector<std::jthread> threads;
    threads.reserve(12);
    for (int thread = 0; thread < 12; ++thread) {
      threads.emplace_back([&counters] {
        for (int i = 0; i < 1'000; ++i) {
          counters.Add(0);
          if (i % 2 == 0) counters.Add(7);
        }
      });
    }
  }
  CHECK(counters.Sum(0) == 12'000);
  CHECK(counters.Sum(7) == 6'000);
  CHECK(counters.Sum(1) == 0);
}

}  // namespace
}  // namespace flashsale
