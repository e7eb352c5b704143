#include "backend/memory/silence_wheel.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

namespace flashsale::memory {
namespace {

Time At(std::uint64_t us) { return Time(Duration(static_cast<Duration::rep>(us))); }

TEST_CASE("nothing is due in an empty wheel") {
  WaitingBlocks blocks;
  SilenceWheel wheel(blocks);
  CHECK(wheel.next_due() == kMaxTime);
  CHECK_FALSE(wheel.TakeDue(kMaxTime).has_value());
}

TEST_CASE("a block is due at its microsecond and not before") {
  for (const std::uint64_t due :
       {0ULL, 1ULL, 255ULL, 256ULL, 65'535ULL, 1'700'000'000'123'456ULL, (1ULL << 53) - 1}) {
    WaitingBlocks blocks;
    SilenceWheel wheel(blocks);
    const std::uint32_t block = blocks.Take(false);
    wheel.File(block, At(due));
    // Until it is due it may be looked at and filed anew.
    const auto take = [&](std::uint64_t now) {
      while (const std::optional<std::uint32_t> taken = wheel.TakeDue(At(now))) {
        if (due <= now) return true;
        wheel.File(*taken, At(due));
      }
      return false;
    };
    CHECK(wheel.next_due() <= At(due));
    if (due > 0) CHECK_FALSE(take(due - 1));
    CHECK(wheel.next_due() == At(due));
    CHECK(take(due));
    CHECK(wheel.next_due() == kMaxTime);
  }
}

TEST_CASE("every block is met when it is due, whichever is filed anew or taken out meanwhile") {
  constexpr std::uint32_t kBlocks = 2'000;
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    std::mt19937_64 random(seed);
    WaitingBlocks blocks;
    SilenceWheel wheel(blocks);
    std::vector<std::uint64_t> due(kBlocks);  // 0: not filed
    std::uint64_t now = 1'700'000'000'000'000;
    for (std::uint32_t i = 0; i < kBlocks; ++i) REQUIRE(blocks.Take(false) == i);
    for (int step = 0; step < 20'000; ++step) {
      const auto block = static_cast<std::uint32_t>(random() % kBlocks);
      if (due[block] != 0) {
        wheel.Unfile(block);
        due[block] = 0;
      } else {
        const std::uint64_t most = std::uint64_t{1} << (random() % 30);
        due[block] = now + 1 + random() % most;
        wheel.File(block, At(due[block]));
      }
      if (random() % 4 != 0) continue;
      now += random() % (std::uint64_t{1} << (random() % 26));
      while (const std::optional<std::uint32_t> taken = wheel.TakeDue(At(now))) {
        REQUIRE(due[*taken] != 0);
        if (due[*taken] > now) {
          wheel.File(*taken, At(due[*taken]));
        } else {
          due[*taken] = 0;
        }
      }
      REQUIRE(wheel.next_due() > At(now));
      std::uint64_t first = ~std::uint64_t{0};
      for (const std::uint64_t at : due) {
        if (at != 0) first = std::min(first, at);
      }
      REQUIRE(first > now);
      if (first != ~std::uint64_t{0}) REQUIRE(wheel.next_due() <= At(first));
    }
  }
}

TEST_CASE("what is filed under a time that has passed is due at once") {
  WaitingBlocks blocks;
  SilenceWheel wheel(blocks);
  const std::uint32_t first = blocks.Take(false);
  const std::uint32_t late = blocks.Take(false);
  wheel.File(first, At(1'000'000));
  REQUIRE(wheel.TakeDue(At(2'000'000)) == first);
  wheel.File(late, At(5));
  CHECK(wheel.TakeDue(At(2'000'000)) == late);
}

}  // namespace
}  // namespace flashsale::memory
