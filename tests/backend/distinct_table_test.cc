#include "backend/memory/distinct_table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

namespace flashsale::memory {
namespace {

using namespace std::chrono_literals;

constexpr Duration kMemory = FingerprintRepository::kMemory;
// The beginning of a span.
constexpr Time kStart = kMinTime + 1'000'000 * kMemory;
constexpr std::uint32_t kExact = FingerprintRepository::kExact;

// A table of 16 pages and hashes that fall into one of them.
class OnePage {
 public:
  DistinctTable& table() { return table_; }
  std::uint64_t Key() { return 0x8000'0000'0000'0000 | ++keys_; }
  std::uint64_t User() { return ++users_ << 50 | 1; }

  std::uint64_t KeyOf(std::uint32_t users, Time now = kStart) {
    const std::uint64_t key = Key();
    for (std::uint32_t i = 0; i < users; ++i) table_.Note(key, User(), now);
    return key;
  }

 private:
  DistinctTable table_{64};
  std::uint64_t keys_ = 0;
  std::uint64_t users_ = 0;
};

TEST_CASE("users of many keys are counted one by one") {
  DistinctTable table(100'000);
  REQUIRE(table.ok());
  std::mt19937_64 random(1);
  for (int key = 0; key < 500; ++key) {
    const std::uint64_t hash = random();
    const std::uint64_t some = random();
    std::vector<std::uint64_t> users;
    for (std::uint64_t user = 1; user <= kExact; ++user) {
      users.push_back(some + (user << 50));  // users whose bits differ
      CHECK(table.Note(hash, users.back(), kStart) == user);
      for (const std::uint64_t again : users) REQUIRE(table.Note(hash, again, kStart) == user);
    }
    CHECK(table.Count(hash, kStart) == kExact);
  }
}

TEST_CASE("a count of many users is near the truth, never falls, and ends at its bound") {
  std::mt19937_64 random(2);
  double worst = 0;
  for (int round = 0; round < 200; ++round) {
    DistinctTable table(10);
    const std::uint64_t key = random();
    std::uint32_t before = 0;
    for (std::uint32_t user = 1; user <= 2'000; ++user) {
      const std::uint32_t users = table.Note(key, random(), kStart);
      REQUIRE(users >= before);
      REQUIRE(users <= DistinctTable::most());
      if (user >= kExact) REQUIRE(users >= kExact - 1);  // two may be taken for one
      if (user <= FingerprintRepository::kCountable) {
        worst = std::max(worst, std::abs(static_cast<double>(users) / user - 1));
      }
      before = users;
    }
    CHECK(before == DistinctTable::most());
  }
  CHECK(worst < 0.5);
}

TEST_CASE("who is counted twice is not, whether they came before the estimate or after") {
  DistinctTable table(10);
  std::mt19937_64 random(3);
  std::vector<std::uint64_t> users(50);
  for (std::uint64_t& user : users) user = random();
  for (const std::uint64_t user : users) table.Note(7, user, kStart);
  const std::uint32_t once = table.Count(7, kStart);
  for (const std::uint64_t user : users) CHECK(table.Note(7, user, kStart) == once);
}

TEST_CASE("users count to the end of the span after the one that saw them last") {
  DistinctTable table(10);
  std::mt19937_64 random(4);
  for (const std::uint32_t count : {1U, 5U, 9U, 10U, 60U}) {
    CAPTURE(count);
    const std::uint64_t key = random();
    const std::uint64_t stays = random();
    table.Note(key, stays, kStart);
    for (std::uint32_t i = 1; i < count; ++i) table.Note(key, random(), kStart + kMemory - 1us);
    const std::uint32_t all = table.Count(key, kStart);
    CHECK(table.Count(key, kStart + 2 * kMemory - 1us) == all);
    CHECK(table.Note(key, stays, kStart + 2 * kMemory - 1us) == all);
    CHECK(table.Count(key, kStart + 2 * kMemory) == 1);
    CHECK(table.Count(key, kStart + 4 * kMemory) == 0);
  }
}

TEST_CASE("a page that rested for as long as its count of spans has bits is empty") {
  DistinctTable table(10);
  table.Note(7, 1, kMinTime);
  CHECK(table.Count(7, kMinTime) == 1);
  CHECK(table.Count(7, kMaxTime) == 0);
  CHECK(table.Note(7, 1, kMaxTime) == 1);
}

TEST_CASE("a clock that is behind forgets nobody, and one that was far ahead not for long") {
  DistinctTable table(10);
  std::mt19937_64 random(5);
  for (std::uint32_t user = 1; user <= 5; ++user) table.Note(7, random(), kStart + 2 * kMemory);
  CHECK(table.Count(7, kStart) == 5);
  CHECK(table.Note(7, random(), kStart + kMemory) == 6);
  CHECK(table.Count(7, kStart + 3 * kMemory) == 6);
  // A century ahead, once.
  CHECK(table.Note(8, random(), kStart + std::chrono::hours{24 * 365 * 100}) == 1);
  CHECK(table.Note(8, random(), kStart) == 2);
  CHECK(table.Count(8, kStart + kMemory) == 1);
}

TEST_CASE("a flood of keys frees no offender and takes no more memory") {
  constexpr std::uint64_t kKeys = 100'000;
  DistinctTable table(kKeys);
  const std::size_t bytes = table.bytes();
  CHECK(bytes <= kKeys * DistinctTable::kBytesPerKey + 8'192);
  std::mt19937_64 random(6);
  constexpr std::uint64_t kOffender = 0x1234'5678'9ABC'DEF0;
  constexpr std::uint64_t kPair = 0x0FED'CBA9'8765'4321;
  for (std::uint32_t user = 1; user <= 6; ++user) table.Note(kOffender, random(), kStart);
  for (std::uint32_t user = 1; user <= 2; ++user) table.Note(kPair, random(), kStart);
  std::uint64_t strangers = 0;
  for (int i = 0; i < 10'000'000; ++i) {
    strangers += table.Note(random(), random(), kStart) == 1 ? 1U : 0U;
    if (i % 1'000'000 == 0) CHECK(table.Note(kOffender, random(), kStart) > 6);
  }
  CHECK(table.Count(kOffender, kStart) >= 12);
  CHECK(table.Count(kPair, kStart) == 2);  // whoever has one user makes room first
  CHECK(strangers > 9'900'000);
  CHECK(table.bytes() == bytes);
}

TEST_CASE("the key with the fewest users makes room, of those the oldest") {
  OnePage page;
  std::vector<std::uint64_t> ones;
  ones.reserve(10);
  const std::uint64_t two = page.KeyOf(2);
  for (int i = 0; i < 10; ++i) ones.push_back(page.KeyOf(1));  // 3 + 10 x 2 = 23 cells
  const std::uint64_t newcomer = page.KeyOf(1);
  CHECK(page.table().Count(ones.front(), kStart) == 0);
  for (std::size_t i = 1; i < ones.size(); ++i) CHECK(page.table().Count(ones[i], kStart) == 1);
  CHECK(page.table().Count(newcomer, kStart) == 1);
  CHECK(page.table().Count(two, kStart) == 2);
}

TEST_CASE("where all keys of a page have several users newcomers share a count") {
  OnePage page;
  std::vector<std::uint64_t> offenders;
  offenders.reserve(10);
  for (int i = 0; i < 6; ++i) offenders.push_back(page.KeyOf(3));  // 6 x 4 = 24 cells
  std::uint32_t last = 0;
  for (int i = 0; i < 20; ++i)
    last = page.table().Note(page.Key(), page.User() * 0x9E37'79B9, kStart);
  CHECK(last > 5);
  CHECK(page.table().Count(page.Key(), kStart) == last);
  for (const std::uint64_t offender : offenders) {
    CHECK(page.table().Count(offender, kStart) == 3);
    // Their further users have no room either, which is no help to them.
    CHECK(page.table().Note(offender, page.User(), kStart) >= 4);
  }
  // When the offenders have been forgotten, newcomers have counts of their own.
  CHECK(page.table().Note(page.Key(), page.User(), kStart + 2 * kMemory) == 1);
}

TEST_CASE("an offender whose page is full is counted no lower than they are") {
  OnePage page;
  std::mt19937_64 random(7);
  std::vector<std::uint64_t> heavy;
  heavy.reserve(10);
  for (int i = 0; i < 3; ++i) {
    heavy.push_back(page.Key());
    for (int user = 0; user < 40; ++user) page.table().Note(heavy.back(), random(), kStart);
  }
  for (const std::uint64_t key : heavy) {
    const std::uint32_t users = page.table().Note(key, random(), kStart);
    CHECK(users >= 20);
  }
}

TEST_CASE("threads that note the users of one page lose none") {
  constexpr int kThreads = 4;
  for (int round = 0; round < 200; ++round) {
    DistinctTable table(4);
    {
      std::vector<std::jthread> threads;
      threads.reserve(kThreads);
      for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&table, thread] {
          for (std::uint64_t user = 0; user < kExact; ++user) {
            table.Note(1, (user + static_cast<std::uint64_t>(thread)) % kExact << 50, kStart);
            table.Note(2 + static_cast<std::uint64_t>(thread) % 2, user % 3 << 50, kStart);
          }
        });
      }
    }
    CHECK(table.Count(1, kStart) == kExact);
    CHECK(table.Count(2, kStart) == 3);
    CHECK(table.Count(3, kStart) == 3);
  }
}

}  // namespace
}  // namespace flashsale::memory
