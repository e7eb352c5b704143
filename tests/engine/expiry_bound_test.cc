#include "engine/expiry_bound.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>

#include "tests/hard_cases/crowd.h"

namespace flashsale::engine {
namespace {

TEST_CASE("the bound is the earliest that was entered, and rises when it is told to") {
  ExpiryBound bound(4);
  CHECK(bound.earliest() == ExpiryBound::kNever);
  bound.Enter(2, 500);
  bound.Enter(0, 300);
  bound.Enter(0, 900);
  bound.Enter(3, 700);
  CHECK(bound.earliest() == 300);
  CHECK(bound.of_shard(0) == 300);
  CHECK(bound.of_shard(1) == ExpiryBound::kNever);
  CHECK(bound.of_shard(2) == 500);
  bound.SetShard(0, 900);
  CHECK(bound.of_shard(0) == 900);
  CHECK(bound.earliest() <= 300);
  bound.Raise();
  CHECK(bound.earliest() == 500);
  bound.SetShard(2, ExpiryBound::kNever);
  bound.SetShard(3, ExpiryBound::kNever);
  bound.Raise();
  CHECK(bound.earliest() == 900);
  bound.SetShard(0, 100);
  CHECK(bound.earliest() == 100);
  bound.SetShard(0, ExpiryBound::kNever);
  bound.Raise();
  CHECK(bound.earliest() == ExpiryBound::kNever);
}

// Each enterer owns shards, as who holds a shard's lock does: it lowers the bound, shows the hold
// to all, hides it again and raises the shard's bound.  Who looks at the bound while a hold is
// shown, its owner or another, must not see a bound above the hold's deadline.
TEST_CASE("who looks at the bound never sees it above a hold that is there") {
  constexpr std::size_t kEnterers = 2;
  // Many shards, of which holds enter the first: who raises has read those long before the end.
  constexpr std::size_t kShards = 1'024;
  constexpr std::size_t kEntered = 8;
  constexpr std::int64_t kHidden = 0;
  ExpiryBound bound(kShards);
  std::array<std::atomic<std::int64_t>, kEntered> shown{};
  std::atomic<std::size_t> entering = kEnterers;
  std::atomic<int> raises = 0;  // holds are entered until so many were done beside it
  std::atomic<std::uint64_t> bound_above_hold = 0;
  AtOnce(kEnterers + 2, [&](std::size_t thread) {
    std::mt19937_64 random(thread);
    if (thread < kEnterers) {
      for (std::uint64_t i = 1; raises.load() < Rounds(200'000); ++i) {
        const std::size_t shard = random() % (kEntered / kEnterers) * kEnterers + thread;
        // No two deadlines of a shard are the same, so a reader can tell one hold from the next.
        const auto deadline = static_cast<std::int64_t>(random() % 1'000 * 1'000'000'000 + i);
        bound.Enter(shard, deadline);
        shown[shard].store(deadline);
        // Until whoever raises has set what it found, or for long enough.
        for (int look = 0; look < 2'000; ++look) {
          const std::int64_t earliest = bound.earliest();
          if (earliest > deadline) ++bound_above_hold;
          if (earliest >= 0) break;
        }
        shown[shard].store(kHidden);
        bound.SetShard(shard, ExpiryBound::kNever);
        if (random() % 64 == 0) bound.Raise();
      }
      --entering;
      return;
    }
    while (entering.load() != 0) {
      if (thread == kEnterers) {
        bound.Raise();
        ++raises;
      }
      const std::size_t shard = random() % kEntered;
      const std::int64_t hold = shown[shard].load();
      if (hold == kHidden) continue;
      const std::int64_t earliest = bound.earliest();
      if (shown[shard].load() == hold && earliest > hold) ++bound_above_hold;
    }
  });
  CHECK(bound_above_hold == 0);
  bound.Raise();
  CHECK(bound.earliest() == ExpiryBound::kNever);
}

TEST_CASE("when all have raised, the bound is exactly the earliest hold") {
  constexpr std::size_t kThreads = 4;
  ExpiryBound bound(kThreads);
  for (int round = 0; round < Rounds(400); ++round) {
    AtOnce(kThreads, [&](std::size_t thread) {
      for (int i = 0; i < 20; ++i) {
        bound.Enter(thread, 1'000 + i);
        bound.SetShard(thread, 5'000 + static_cast<std::int64_t>(thread));
        bound.Raise();
      }
    });
    REQUIRE(bound.earliest() == 5'000);
  }
}

}  // namespace
}  // namespace flashsale::engine
