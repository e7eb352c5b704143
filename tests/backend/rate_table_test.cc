#include "backend/memory/rate_table.h"

#include <doctest/doctest.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

namespace flashsale::memory {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNow = 1'700'000'000 * kSecond;
const CellRate kFiveAMinute({.permits = 5, .per = 1min, .burst = 5});

// Hashes of one set of a table of so many sets.
class HashesOfOneSet {
 public:
  explicit HashesOfOneSet(std::uint64_t seed) : random_(seed) {}
  // The upper half, which chooses the set, is always the same.
  std::uint64_t Next() { return 0x8000'0000'0000'0000 | (random_() & 0xFFFF'FFFF); }

 private:
  std::mt19937_64 random_;
};

TEST_CASE("each key has a rate of its own, exact to the microsecond") {
  RateTable table(1'000);
  REQUIRE(table.ok());
  std::mt19937_64 random(1);
  for (int key = 0; key < 100; ++key) {
    const std::uint64_t hash = random();
    for (int i = 0; i < 5; ++i) CHECK(table.Take(hash, kNow, kFiveAMinute, 1).allowed);
    const RateDecision refused = table.Take(hash, kNow, kFiveAMinute, 1);
    CHECK_FALSE(refused.allowed);
    CHECK(refused.retry_after == 12s);
    CHECK_FALSE(table.Look(hash, kNow + 12 * kSecond - 1'000, kFiveAMinute, 1).allowed());
    CHECK(table.Look(hash, kNow + 12 * kSecond, kFiveAMinute, 1).allowed());
    CHECK(table.Take(hash, kNow + 12 * kSecond, kFiveAMinute, 1).allowed);
    CHECK_FALSE(table.Take(hash, kNow + 12 * kSecond, kFiveAMinute, 1).allowed);
  }
}

TEST_CASE("what a look has found is taken once, and only if nobody has taken since") {
  RateTable table(1'000);
  REQUIRE(table.ok());
  const RateTable::Bucket first = table.Look(7, kNow, kFiveAMinute, 4);
  const RateTable::Bucket second = table.Look(7, kNow, kFiveAMinute, 4);
  REQUIRE(second.allowed());
  CHECK(RateTable::TakeSeen(first));
  CHECK_FALSE(RateTable::TakeSeen(first));
  CHECK_FALSE(RateTable::TakeSeen(second));
  CHECK(table.Take(7, kNow, kFiveAMinute, 1).allowed);
  CHECK_FALSE(table.Take(7, kNow, kFiveAMinute, 1).allowed);
}

TEST_CASE("a wait that does not fall on a step of the clock is never told too short") {
  RateTable table(10);
  std::mt19937_64 random(2);
  for (int round = 0; round < 2'000; ++round) {
    const CellRate rate({.permits = static_cast<std::uint32_t>(1 + random() % 999),
                         .per = Duration(1'000 + static_cast<Duration::rep>(random() % 1'000'000)),
                         .burst = static_cast<std::uint32_t>(1 + random() % 20)});
    const std::uint64_t hash = random();
    RateTable fresh(10);
    const std::int64_t now = kNow + static_cast<std::int64_t>(random() % 1'000'000) * 1'000;
    RateDecision decision{.allowed = true};
    for (int i = 0; i < 30 && decision.allowed; ++i) decision = fresh.Take(hash, now, rate, 1);
    REQUIRE_FALSE(decision.allowed);
    CHECK(fresh.Take(hash, now + decision.retry_after.count() * 1'000, rate, 1).allowed);
  }
}

TEST_CASE("a weight beyond the burst is refused for ever and charges nothing") {
  RateTable table(10);
  CHECK(table.Take(7, kNow, kFiveAMinute, 6).retry_after == RateDecision::kNever);
  CHECK(table.Take(7, kNow, kFiveAMinute, 0xFFFF'FFFF).retry_after == RateDecision::kNever);
  CHECK(table.Take(7, kNow, kFiveAMinute, 5).allowed);
}

TEST_CASE("what is put back can be taken again") {
  RateTable table(10);
  CHECK(table.Take(7, kNow, kFiveAMinute, 5).allowed);
  CHECK_FALSE(table.Take(7, kNow, kFiveAMinute, 2).allowed);
  table.Return(7, kFiveAMinute, 2);
  CHECK(table.Take(7, kNow, kFiveAMinute, 2).allowed);
  CHECK_FALSE(table.Take(7, kNow, kFiveAMinute, 1).allowed);
}

TEST_CASE("a flood of keys does not free an offender, and takes no more memory") {
  RateTable table(100'000);
  const std::size_t bytes = table.bytes();
  CHECK(bytes <= 100'000 * 10 + 8'192);
  constexpr std::uint64_t kOffender = 0x1234'5678'9ABC'DEF0;
  for (int i = 0; i < 5; ++i) REQUIRE(table.Take(kOffender, kNow, kFiveAMinute, 1).allowed);
  std::mt19937_64 random(3);
  std::uint64_t let_in = 0;
  for (int i = 0; i < 10'000'000; ++i) {
    let_in += table.Take(random(), kNow + i, kFiveAMinute, 1).allowed ? 1U : 0U;
    if (i % 1'000 == 0) {
      REQUIRE_FALSE(table.Take(kOffender, kNow + i, kFiveAMinute, 1).allowed);
    }
  }
  CHECK(table.bytes() == bytes);
  CHECK(let_in > 9'000'000);  // strangers who ask once are nobody's business
}

TEST_CASE("a set full of offenders sends newcomers to one bucket that they share") {
  RateTable table(7U * 16);
  HashesOfOneSet hashes(4);
  std::vector<std::uint64_t> offenders;
  for (int key = 0; key < 7; ++key) {
    offenders.push_back(hashes.Next());
    for (int i = 0; i < 5; ++i) {
      REQUIRE(table.Take(offenders.back(), kNow, kFiveAMinute, 1).allowed);
    }
  }
  int let_in = 0;
  for (int i = 0; i < 100; ++i) {
    let_in += table.Take(hashes.Next(), kNow, kFiveAMinute, 1).allowed ? 1 : 0;
  }
  CHECK(let_in == 5);
  for (const std::uint64_t offender : offenders) {
    CHECK_FALSE(table.Take(offender, kNow, kFiveAMinute, 1).allowed);
  }
  // A minute later all are free again, and so are newcomers.
  for (int i = 0; i < 7; ++i) {
    CHECK(table.Take(hashes.Next(), kNow + 60 * kSecond, kFiveAMinute, 1).allowed);
  }
}

TEST_CASE("who has used least makes room, and only for as long as they have a permit left") {
  RateTable table(7U * 16);
  HashesOfOneSet hashes(5);
  const std::uint64_t light = hashes.Next();
  REQUIRE(table.Take(light, kNow, kFiveAMinute, 1).allowed);
  std::vector<std::uint64_t> heavy;
  for (int key = 0; key < 6; ++key) {
    heavy.push_back(hashes.Next());
    REQUIRE(table.Take(heavy.back(), kNow, kFiveAMinute, 4).allowed);
  }
  REQUIRE(table.Take(hashes.Next(), kNow, kFiveAMinute, 5).allowed);  // in the light one's place
  for (const std::uint64_t key : heavy) {
    CHECK(table.Take(key, kNow, kFiveAMinute, 1).allowed);  // remembered: the fifth
    CHECK_FALSE(table.Take(key, kNow, kFiveAMinute, 1).allowed);
  }
}

TEST_CASE("a clock that steps back gives nothing twice") {
  RateTable table(10);
  CHECK(table.Take(9, kNow + 10 * kSecond, kFiveAMinute, 5).allowed);
  CHECK(table.Take(9, kNow + 5 * kSecond, kFiveAMinute, 1).retry_after == 17s);
  CHECK_FALSE(table.Take(9, kNow - 3'590 * kSecond, kFiveAMinute, 1).allowed);
}

TEST_CASE("a swept table has forgotten full buckets and nothing else, for any length of time") {
  RateTable table(1'000);
  const CellRate daily({.permits = 1, .per = 24h, .burst = 1});
  std::mt19937_64 random(6);
  std::vector<std::uint64_t> keys;
  keys.reserve(200);
  for (int i = 0; i < 200; ++i) keys.push_back(random());
  std::int64_t now = kNow;
  // Longer than the modulus of the time in a word, several times over.
  for (int day = 0; day < 20; ++day) {
    for (const std::uint64_t key : keys) CHECK(table.Take(key, now, daily, 1).allowed);
    for (int half = 0; half < 4; ++half) {
      now += std::chrono::nanoseconds(RateTable::kLongestRest).count() / 2;
      table.Sweep(now, table.set_count());
      if (half == 0) {
        for (const std::uint64_t key : keys) CHECK_FALSE(table.Look(key, now, daily, 1).allowed());
      }
    }
  }
  // A key that rests for days while others come and go.
  const std::uint64_t rests = random();
  REQUIRE(table.Take(rests, now, daily, 1).allowed);
  for (int i = 0; i < 100; ++i) {
    now += std::chrono::nanoseconds(RateTable::kLongestRest).count();
    table.Sweep(now, table.set_count());
    if (i > 1) CHECK(table.Look(rests, now, daily, 1).allowed());
  }
}

TEST_CASE("threads that bring in one new key at once take one burst of it") {
  constexpr int kThreads = 4;
  constexpr int kRounds = 3'000;
  RateTable table(7U * 4);
  std::atomic<int> taken = 0;
  std::atomic<int> over = 0;
  std::barrier round(kThreads);
  std::vector<std::jthread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      std::mt19937_64 random(7);  // the same keys in all threads
      for (int i = 0; i < kRounds; ++i) {
        const std::uint64_t hash = random();
        const std::int64_t now =
            kNow + std::int64_t{i} * 61 * kSecond;  // all buckets are full again
        round.arrive_and_wait();
        for (int n = 0; n < 3; ++n) {
          if (table.Take(hash, now, kFiveAMinute, 1).allowed) ++taken;
        }
        round.arrive_and_wait();
        if (thread == 0) {
          if (taken > 5) ++over;
          taken = 0;
        }
        round.arrive_and_wait();
      }
    });
  }
  threads.clear();
  CHECK(over == 0);
}

}  // namespace
}  // namespace flashsale::memory
