#include "policy/replay_memory.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <random>
#include <thread>
#include <unordered_map>
#include <vector>

namespace flashsale {
namespace {

using namespace std::chrono_literals;
using enum ReplayMemory::Verdict;

constexpr Time kNow = kMinTime + std::chrono::hours{400'000};

TEST_CASE("a token is used once") {
  ReplayMemory memory(100, 5min);
  CHECK_FALSE(memory.Knows(1));
  CHECK(memory.Use(1, kNow - 1min, kNow) == kFresh);
  CHECK(memory.Knows(1));
  CHECK(memory.Use(1, kNow - 1min, kNow) == kReplayed);
  CHECK(memory.Use(2, kNow - 1min, kNow) == kFresh);
  CHECK(memory.Use(0, kNow - 1min, kNow) == kFresh);
  CHECK(memory.Use(0, kNow - 1min, kNow) == kReplayed);
}

TEST_CASE("a token that is too old is stale, used or not") {
  ReplayMemory memory(100, 5min);
  CHECK(memory.Use(1, kNow - 5min - 1us, kNow) == kStale);
  CHECK(memory.Use(1, kNow - 5min, kNow) == kFresh);
  CHECK(memory.Use(2, kMinTime, kNow) == kStale);
}

TEST_CASE("where there is no room the token issued first is forgotten, and is stale for ever") {
  ReplayMemory memory(16, 1h);  // one set
  for (std::uint64_t token = 1; token <= 16; ++token) {
    // Not in the order of their issue.
    const auto issued = kNow + std::chrono::seconds((token * 7) % 17);
    REQUIRE(memory.Use(token, issued, kNow + 1min) == kFresh);
  }
  const auto issued = [](std::uint64_t token) {
    return kNow + std::chrono::seconds((token * 7) % 17);
  };
  // Token 5 was issued first, at 1 s.
  CHECK(memory.Use(100, kNow + 30s, kNow + 1min) == kFresh);
  CHECK(memory.Use(5, issued(5), kNow + 1min) == kStale);
  CHECK(memory.Use(101, kNow + 1s, kNow + 1min) == kStale);
  // Who was issued before all that are remembered finds no room, and takes none away.
  CHECK(memory.Use(102, kNow + 1500ms, kNow + 1min) == kStale);
  for (std::uint64_t token = 1; token <= 16; ++token) {
    if (token != 5) CHECK(memory.Use(token, issued(token), kNow + 1min) == kReplayed);
  }
}

TEST_CASE("a clock that steps back opens no second use") {
  ReplayMemory memory(16, 5min);
  REQUIRE(memory.Use(1, kNow, kNow) == kFresh);
  for (std::uint64_t token = 2; token <= 40; ++token) {
    REQUIRE(memory.Use(token, kNow + 1h + std::chrono::seconds(token), kNow + 1h + 2min) == kFresh);
  }
  CHECK(memory.Use(1, kNow, kNow) == kStale);
}

TEST_CASE("however many tokens there are, none is used twice") {
  ReplayMemory memory(1'000, 5min);
  std::mt19937_64 random(1);
  std::unordered_map<std::uint64_t, int> uses;
  std::vector<std::pair<std::uint64_t, Time>> issued;
  std::uint64_t fresh = 0;
  for (int i = 0; i < 200'000; ++i) {
    const Time now = kNow + i * 5ms;
    if (i % 2 == 0 || issued.empty()) issued.emplace_back(random(), now - (random() % 60) * 1s);
    // A new one, or one of before at random.
    const auto& token = i % 2 == 0 ? issued.back() : issued[random() % issued.size()];
    if (memory.Use(token.first, token.second, now) == kFresh) {
      ++fresh;
      REQUIRE(++uses[token.first] == 1);
    }
  }
  CHECK(fresh > 1'000);
}

TEST_CASE("threads with one token get one use of it") {
  ReplayMemory memory(64, 5min);
  for (std::uint64_t token = 1; token <= 300; ++token) {
    std::atomic<int> fresh = 0;
    std::vector<std::jthread> threads;
    threads.reserve(12);
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        if (memory.Use(token << 32, kNow + std::chrono::milliseconds(token), kNow) == kFresh) {
          ++fresh;
        }
      });
    }
    threads.clear();
    CHECK(fresh == 1);
  }
}

}  // namespace
}  // namespace flashsale
