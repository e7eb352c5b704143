#include "engine/expiry_queue.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <set>

namespace flashsale::engine {
namespace {

constexpr std::size_t kPerBlock = ExpiryBlock::kEntries;

TEST_CASE("holds come out by deadline, in the order they came in where that is the same") {
  ExpiryBlockArena arena(1'000);
  ExpiryQueue queue(arena);
  CHECK(queue.empty());
  CHECK(queue.size() == 0);
  for (const std::int64_t deadline : {10, 20, 30, 25, 5, 30}) {
    REQUIRE(queue.EnsureRoom(deadline, 1));
    queue.Push({.deadline_us = deadline, .place = 1, .ordinal = 2});
  }
  CHECK(queue.size() == 6);
  for (const std::int64_t deadline : {5, 10, 20, 25, 30, 30}) {
    REQUIRE_FALSE(queue.empty());
    CHECK(queue.front().deadline_us == deadline);
    CHECK(queue.front().place == 1);
    CHECK(queue.front().ordinal == 2);
    queue.Pop();
  }
  CHECK(queue.empty());
}

TEST_CASE("a queue that was emptied takes holds again, earlier ones too") {
  ExpiryBlockArena arena(1'000);
  ExpiryQueue queue(arena);
  for (int round = 0; round < 3; ++round) {
    for (std::int64_t i = 0; i < 200; ++i) {
      REQUIRE(queue.EnsureRoom(1'000 - round * 300 + i, 1));
      queue.Push({.deadline_us = 1'000 - round * 300 + i, .place = 0, .ordinal = 0});
    }
    for (std::int64_t i = 0; i < 200; ++i) {
      REQUIRE(queue.front().deadline_us == 1'000 - round * 300 + i);
      queue.Pop();
    }
    CHECK(queue.empty());
    CHECK(queue.size() == 0);
  }
}

TEST_CASE("room for a whole batch is room for a whole batch, wherever the last block ends") {
  for (std::size_t before = 0; before < 2 * kPerBlock + 2; ++before) {
    ExpiryBlockArena arena(1'000);
    ExpiryQueue queue(arena);
    for (std::size_t i = 0; i < before; ++i) {
      REQUIRE(queue.EnsureRoom(1, 1));
      queue.Push({.deadline_us = 1, .place = 0, .ordinal = 0});
    }
    REQUIRE(queue.EnsureRoom(2, kPerBlock));
    REQUIRE(queue.EnsureRoom(2, kPerBlock));
    for (std::uint32_t i = 0; i < kPerBlock; ++i) {
      queue.Push({.deadline_us = 2, .place = i, .ordinal = 0});
    }
    for (std::size_t i = 0; i < before; ++i) queue.Pop();
    for (std::uint32_t i = 0; i < kPerBlock; ++i) {
      REQUIRE(queue.front().place == i);
      queue.Pop();
    }
    CHECK(queue.empty());
  }
}

TEST_CASE("looking ahead sees the entries that come next, as far as it sees") {
  ExpiryBlockArena arena(1'000);
  ExpiryQueue queue(arena);
  CHECK(queue.Ahead(0) == nullptr);
  for (std::uint32_t i = 0; i < 100; ++i) {
    REQUIRE(queue.EnsureRoom(i, 1));
    queue.Push({.deadline_us = i, .place = i, .ordinal = 0});
  }
  for (std::uint32_t i = 0; i < 100; ++i) {
    const ExpiryEntry* const ahead = queue.Ahead(8);
    REQUIRE((ahead != nullptr) == (i + 8 < 100));
    if (ahead != nullptr) CHECK(ahead->place == i + 8);
    queue.Pop();
  }
  CHECK(queue.Ahead(0) == nullptr);
}

TEST_CASE("memory that was made resident beforehand serves the queues") {
  ExpiryBlockArena arena(1'000);
  REQUIRE(arena.Prefault(10'000));
  std::set<const ExpiryBlock*> blocks;
  for (std::size_t i = 0; i < 10'000 / kPerBlock + 10; ++i) {
    const ExpiryBlock* const block = arena.Allocate();
    REQUIRE(block != nullptr);
    CHECK(blocks.insert(block).second);
  }
}

TEST_CASE("blocks that one queue gave back serve another, and no two queues have the same") {
  ExpiryBlockArena arena(10);
  ExpiryQueue first(arena);
  ExpiryQueue second(arena);
  std::set<const ExpiryBlock*> blocks;
  for (int round = 0; round < 3; ++round) {
    for (std::uint32_t i = 0; i < 2'000; ++i) {
      REQUIRE(first.EnsureRoom(i, 1));
      first.Push({.deadline_us = i, .place = i, .ordinal = 1});
      REQUIRE(second.EnsureRoom(i, 1));
      second.Push({.deadline_us = i, .place = i, .ordinal = 2});
    }
    for (std::uint32_t i = 0; i < 2'000; ++i) {
      REQUIRE(first.front().place == i);
      REQUIRE(first.front().ordinal == 1);
      first.Pop();
      REQUIRE(second.front().place == i);
      REQUIRE(second.front().ordinal == 2);
      second.Pop();
    }
  }
  // All but the last block of each queue came back: they are there again, each once.
  for (int i = 0; i < 20; ++i) {
    ExpiryBlock* const block = arena.Allocate();
    REQUIRE(block != nullptr);
    CHECK(blocks.insert(block).second);
  }
}

// The model holds (deadline, place) pairs; places are unique.
TEST_CASE("whatever happens to it, a queue agrees with a sorted map") {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    ExpiryBlockArena arena(1'000);
    ExpiryQueue queue(arena);
    std::multimap<std::int64_t, std::uint32_t> model;
    std::set<std::uint32_t> extended;  // places that have a requeue to come
    std::int64_t now = 1'000;
    std::uint32_t next_place = 0;
    for (int i = 0; i < 3'000; ++i) {
      now += static_cast<std::int64_t>(random() % 3);
      switch (random() % 7) {
        case 0:
        case 1:
        case 2:
        case 3: {
          // Mostly in order; now and then a clock that stepped back.
          const std::int64_t deadline =
              now + 500 - (random() % 5 == 0 ? static_cast<std::int64_t>(random() % 400) : 0);
          const std::size_t batch = 1 + random() % 4;
          REQUIRE(queue.EnsureRoom(deadline, batch));
          for (std::size_t n = 0; n < batch; ++n) {
            queue.Push({.deadline_us = deadline, .place = next_place, .ordinal = 7});
            model.emplace(deadline, next_place++);
          }
          break;
        }
        case 4:
          if (model.empty()) break;
          extended.insert(model.rbegin()->second);
          break;
        default: {
          if (model.empty()) break;
          const ExpiryEntry entry = queue.front();
          REQUIRE(entry.deadline_us == model.begin()->first);
          REQUIRE(entry.ordinal == 7);
          const auto [first, last] = model.equal_range(entry.deadline_us);
          auto match = first;
          while (match != last && match->second != entry.place) ++match;
          REQUIRE(match != last);
          model.erase(match);
          queue.Pop();
          if (extended.erase(entry.place) == 0) break;
          if (random() % 2 == 0) break;  // it ended otherwise
          const ExpiryEntry later{.deadline_us = entry.deadline_us + 300,
                                  .place = entry.place,
                                  .ordinal = entry.ordinal};
          queue.Requeue(later);
          model.emplace(later.deadline_us, later.place);
          break;
        }
      }
      REQUIRE(queue.size() == model.size());
      REQUIRE(queue.empty() == model.empty());
    }
  }
}

}  // namespace
}  // namespace flashsale::engine
