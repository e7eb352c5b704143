#include "engine/known_filter.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "engine/keyed_hash.h"
#include "flashsale/base/id.h"

namespace flashsale::engine {
namespace {

std::uint64_t HashOf(std::uint64_t number) {
  static const KeyedHash hash(20'240'229);
  return hash(UserId::FromInteger(number).bytes());
}

TEST_CASE("a new filter knows nobody") {
  const KnownFilter filter(1'000, 16);
  REQUIRE(filter.ok());
  for (std::uint64_t i = 0; i < 10'000; ++i) CHECK_FALSE(filter.MayContain(HashOf(i)));
}

TEST_CASE("who was inserted is known, and few others seem so at the declared size") {
  for (const std::uint64_t expected : {300U, 10'000U, 16'384U, 100'000U}) {
    CAPTURE(expected);
    KnownFilter filter(expected, 16);
    REQUIRE(filter.ok());
    for (std::uint64_t i = 0; i < expected; ++i) filter.Insert(HashOf(i));
    std::uint64_t missed = 0;
    for (std::uint64_t i = 0; i < expected; ++i) missed += filter.MayContain(HashOf(i)) ? 0U : 1U;
    CHECK(missed == 0);
    constexpr std::uint64_t kStrangers = 100'000;
    std::uint64_t mistaken = 0;
    for (std::uint64_t i = 0; i < kStrangers; ++i) {
      mistaken += filter.MayContain(HashOf(expected + i)) ? 1U : 0U;
    }
    CHECK(mistaken < kStrangers * 7 / 100);  // meant: 5 in 100
  }
}

TEST_CASE("more keys than declared make it unsure, never wrong") {
  KnownFilter filter(100, 1);
  REQUIRE(filter.ok());
  for (std::uint64_t i = 0; i < 50'000; ++i) filter.Insert(HashOf(i));
  std::uint64_t missed = 0;
  for (std::uint64_t i = 0; i < 50'000; ++i) missed += filter.MayContain(HashOf(i)) ? 0U : 1U;
  CHECK(missed == 0);
}

TEST_CASE("what was published after an insert makes the key known to who sees it") {
  constexpr std::uint64_t kKeys = 20'000;
  constexpr std::uint64_t kParts = 2;
  KnownFilter filter(kKeys, kParts);
  REQUIRE(filter.ok());
  // The reader's keys are those of one part; a stranger fills the other, whose words lie beside.
  std::vector<std::uint64_t> keys;
  std::vector<std::uint64_t> strangers;
  for (std::uint64_t i = 0; i < kKeys; ++i) {
    const std::uint64_t hash = HashOf(i);
    (hash >> 63 == 0 ? keys : strangers).push_back(hash);
  }
  std::atomic<std::size_t> published = 0;
  std::uint64_t missed = 0;
  std::jthread reader([&] {
    for (std::size_t seen = 0; seen < keys.size();) {
      const std::size_t now = published.load(std::memory_order_acquire);
      for (; seen < now; ++seen) missed += filter.MayContain(keys[seen]) ? 0U : 1U;
    }
  });
  std::jthread stranger([&] {
    for (const std::uint64_t hash : strangers) filter.Insert(hash);
  });
  for (std::size_t i = 0; i < keys.size(); ++i) {
    filter.Insert(keys[i]);
    published.store(i + 1, std::memory_order_release);
  }
  reader.join();
  stranger.join();
  CHECK(missed == 0);
  for (const std::uint64_t hash : strangers) CHECK(filter.MayContain(hash));
}

TEST_CASE("keys of different parts share no word") {
  // With every bit of every word of one part set, the others still know nobody.
  constexpr std::uint64_t kParts = 64;
  KnownFilter filter(100, kParts);
  REQUIRE(filter.ok());
  for (std::uint64_t i = 0; i < 200'000; ++i) {
    const std::uint64_t hash = HashOf(i);
    if (hash >> 58 == 5) filter.Insert(hash);
  }
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    const std::uint64_t hash = HashOf(i);
    CHECK(filter.MayContain(hash) == (hash >> 58 == 5));
  }
}

}  // namespace
}  // namespace flashsale::engine
