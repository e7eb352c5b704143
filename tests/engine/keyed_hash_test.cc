#include "engine/keyed_hash.h"

#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_set>
#include <vector>

#include "flashsale/base/id.h"

namespace flashsale::engine {
namespace {

constexpr std::uint64_t kSeed = 20'240'229;

TEST_CASE("a hash is a function of seed, bytes and domain, and of each of them") {
  const auto bytes = UserId::FromInteger(7).bytes();
  const KeyedHash hash(kSeed);
  CHECK(hash(bytes) == KeyedHash(kSeed)(bytes));
  CHECK(hash(bytes) == hash(bytes, 0));
  CHECK(hash(bytes) != KeyedHash(kSeed + 1)(bytes));
  CHECK(hash(bytes) != KeyedHash(0)(bytes));
  CHECK(hash(bytes) != hash(UserId::FromInteger(8).bytes()));
  for (std::uint64_t domain = 1; domain <= 3; ++domain) {
    for (std::uint64_t other = 0; other < domain; ++other) {
      CHECK(hash(bytes, domain) != hash(bytes, other));
    }
  }
}

TEST_CASE("half the bits of a hash turn when one bit of seed or bytes does") {
  const auto bytes = UserId::FromText("somebody").bytes();
  const std::uint64_t before = KeyedHash(kSeed)(bytes);
  int turned = 0;
  for (std::size_t bit = 0; bit < 128; ++bit) {
    auto other = bytes;
    other[bit / 8] = static_cast<std::uint8_t>(other[bit / 8] ^ 1U << bit % 8);
    turned += std::popcount(before ^ KeyedHash(kSeed)(other));
  }
  CHECK(turned > 128 * 28);
  CHECK(turned < 128 * 36);
  turned = 0;
  for (int bit = 0; bit < 64; ++bit) {
    turned += std::popcount(before ^ KeyedHash(kSeed ^ std::uint64_t{1} << bit)(bytes));
  }
  CHECK(turned > 64 * 28);
  CHECK(turned < 64 * 36);
}

// The ids that hosts make: numbers counted up, numbers with strides, text.
TEST_CASE("ids of every make spread evenly over shards and places") {
  constexpr std::size_t kIds = 1 << 17;
  constexpr std::size_t kCells = 1024;
  const std::array<std::function<UserId(std::uint64_t)>, 4> makers = {
      [](std::uint64_t i) { return UserId::FromInteger(i); },
      [](std::uint64_t i) { return UserId::FromInteger(i << 32); },
      [](std::uint64_t i) {
        UserId::Bytes bytes{};
        for (std::size_t b = 0; b < 4; ++b) bytes[b] = static_cast<std::uint8_t>(i >> (8 * b));
        bytes[15] = 1;
        return UserId::FromBytes(bytes);
      },
      [](std::uint64_t i) { return UserId::FromInteger(i * 1024); }};
  for (std::size_t maker = 0; maker < makers.size(); ++maker) {
    CAPTURE(maker);
    const KeyedHash hash(kSeed + maker);
    std::vector<double> by_top(kCells);
    std::vector<double> by_bottom(kCells);
    std::unordered_set<std::uint64_t> distinct;
    for (std::uint64_t i = 0; i < kIds; ++i) {
      const std::uint64_t h = hash(makers[maker](i).bytes());
      distinct.insert(h);
      ++by_top[h >> 54];
      ++by_bottom[(h & 0xFFFFFFFF) >> 22];
    }
    CHECK(distinct.size() == kIds);
    // Chi squared of 1,023 degrees of freedom: 1,023 with a standard deviation of 45.
    for (const std::vector<double>& cells : {by_top, by_bottom}) {
      constexpr double kExpected = double{kIds} / kCells;
      double chi_squared = 0;
      for (const double n : cells) chi_squared += (n - kExpected) * (n - kExpected) / kExpected;
      CHECK(chi_squared < 1023 + 6 * 45);
    }
  }
}

}  // namespace
}  // namespace flashsale::engine
