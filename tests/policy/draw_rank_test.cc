#include "policy/draw_rank.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "policy/user_sort.h"
#include "tests/policy/draw_doubles.h"

namespace flashsale {
namespace {

std::vector<std::uint32_t> Order(const std::vector<DrawHash>& ranks,
                                 const std::vector<UserId>& users) {
  std::vector<std::uint32_t> order(ranks.size());
  OrderByRank([&](std::uint32_t i) { return ranks[i]; }, [&](std::uint32_t i) { return users[i]; },
              order);
  return order;
}

TEST_CASE("ranks are compared byte by byte, to the last") {
  std::vector<DrawHash> ranks(4);
  ranks[0][31] = 3;
  ranks[1][31] = 1;
  ranks[2][0] = 1;
  ranks[3][8] = 1;
  CHECK(Order(ranks, UsersUpTo(4)) == std::vector<std::uint32_t>{1, 0, 3, 2});
}

// No two entrants have one rank in practice, so ranks are made up here.
TEST_CASE("equal ranks are ordered by id") {
  std::vector<UserId> users = UsersUpTo(5'000);
  std::mt19937_64 random(3);
  std::shuffle(users.begin(), users.end(), random);
  std::vector<DrawHash> ranks(users.size());
  for (DrawHash& rank : ranks) rank[0] = static_cast<std::uint8_t>(random() % 3);
  std::vector<std::uint32_t> expected(users.size());
  std::iota(expected.begin(), expected.end(), 0U);
  std::sort(expected.begin(), expected.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::tie(ranks[a], users[a]) < std::tie(ranks[b], users[b]);
  });
  CHECK(Order(ranks, users) == expected);
}

TEST_CASE("users are sorted by their bytes, however they are spread") {
  std::mt19937_64 random(4);
  const auto random_user = [&](std::size_t first, unsigned spread) {
    UserId::Bytes bytes{};
    for (std::size_t i = first; i < bytes.size(); ++i) {
      bytes[i] = static_cast<std::uint8_t>(random() % spread);
    }
    return UserId::FromBytes(bytes);
  };
  for (const std::size_t count :
       std::initializer_list<std::size_t>{0, 1, 2, 1'023, 1'024, 30'000}) {
    for (const std::size_t first : std::initializer_list<std::size_t>{0, 6, 13, 15, 16}) {
      for (const unsigned spread : {2U, 256U}) {
        std::vector<UserId> users;
        users.reserve(count);
        for (std::size_t i = 0; i < count; ++i) users.push_back(random_user(first, spread));
        std::vector<UserId> expected = users;
        std::sort(expected.begin(), expected.end());
        SortUsers(users);
        REQUIRE(users == expected);
      }
    }
  }
}

}  // namespace
}  // namespace flashsale
