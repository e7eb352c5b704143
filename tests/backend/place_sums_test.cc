#include "backend/memory/place_sums.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

namespace flashsale::memory {
namespace {

// Sums, and how many are in each position.
struct Summed {
  PlaceSums sums;
  std::vector<std::uint32_t> in;

  void Append(std::uint32_t count) {
    REQUIRE(sums.MakeRoom());
    REQUIRE(sums.Append(in.empty() ? 0 : in.back()) == in.size());
    in.push_back(count);
  }
  bool IsRight() const {
    std::uint64_t before = 0;
    for (std::uint32_t p = 0; p < in.size(); before += in[p++]) {
      if (sums.Before(p) != before) return false;
    }
    return sums.size() == in.size();
  }
};

TEST_CASE("a sum is that of all before, at each size that fills a level or begins one") {
  Summed summed;
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    summed.Append(i % 513);
    const std::size_t size = summed.in.size();
    const bool edge = size < 300 || size % 256 < 2 || size == 4'096 || size == 4'097;
    if (edge) REQUIRE(summed.IsRight());
  }
  CHECK(summed.IsRight());
}

TEST_CASE("sums follow those who come and go anywhere, and positions that are added meanwhile") {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    std::mt19937_64 random(seed);
    Summed summed;
    for (int step = 0; step < 4'000; ++step) {
      if (summed.in.empty() || random() % 3 == 0) {
        summed.Append(static_cast<std::uint32_t>(random() % 1'000));
        continue;
      }
      const auto position = static_cast<std::uint32_t>(random() % summed.in.size());
      const bool goes = summed.in[position] != 0 && random() % 2 == 0;
      summed.sums.Add(position, goes ? -1 : 1);
      summed.in[position] += goes ? ~std::uint32_t{0} : 1;
      if (step % 100 == 0) REQUIRE(summed.IsRight());
    }
    CHECK(summed.IsRight());
  }
}

TEST_CASE("who comes to the last position need not be told until another one is added") {
  Summed summed;
  for (int i = 0; i < 300; ++i) {
    summed.Append(0);
    summed.in.back() += 7;
  }
  CHECK(summed.IsRight());
}

TEST_CASE("cleared sums begin anew") {
  Summed summed;
  for (int i = 0; i < 1'000; ++i) summed.Append(3);
  summed.sums.Clear();
  summed.in.clear();
  for (int i = 0; i < 1'000; ++i) summed.Append(2);
  CHECK(summed.IsRight());
}

}  // namespace
}  // namespace flashsale::memory
