#ifndef FLASHSALE_SRC_POLICY_SHARDED_COUNTERS_H_
#define FLASHSALE_SRC_POLICY_SHARDED_COUNTERS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace flashsale::inline v0 {

// Eight counters that threads rarely share a cache line for: each thread has one of eight lines.
// Thread safety: any thread; wait-free.
class ShardedCounters {
 public:
  static constexpr std::size_t kCounters = 8;

  void Add(std::size_t counter) {
    // Relaxed: a number, with which nothing is published.
    shards_[ShardOfThread()].counts[counter].fetch_add(1, std::memory_order_relaxed);
  }
  std::uint64_t Read(std::size_t counter) const {
    std::uint64_t sum = 0;
    for (const Shard& shard : shards_) sum += shard.counts[counter].load(std::memory_order_relaxed);
    return sum;
  }

 private:
  static constexpr std::size_t kShards = 8;
  struct alignas(64) Shard {
    std::array<std::atomic<std::uint64_t>, kCounters> counts{};
  };

  static std::size_t ShardOfThread() {
    static std::atomic<std::size_t> threads{0};
    // Relaxed: threads only need to differ.
    thread_local const std::size_t shard =
        threads.fetch_add(1, std::memory_order_relaxed) % kShards;
    return shard;
  }

  std::array<Shard, kShards> shards_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_SHARDED_COUNTERS_H_
