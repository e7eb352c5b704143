#include "engine/user_line_arena.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <set>
#include <thread>
#include <utility>
#include <vector>

namespace flashsale::engine {
namespace {

TEST_CASE("blocks share no line, and lines stay where they are while more come") {
  for (const std::uint64_t expected : {0U, 300U, 100'000U}) {
    CAPTURE(expected);
    UserLineArena arena(expected);
    REQUIRE(arena.ok());
    const std::uint32_t per_block = arena.lines_per_block();
    CHECK((per_block & (per_block - 1)) == 0);
    std::set<const UserLine*> lines;
    std::vector<std::pair<Place, UserLine*>> first_lines;
    for (std::uint32_t block = 0; block < 20'000 / per_block; ++block) {
      const Place place = arena.AllocateBlock();
      REQUIRE(place != kNoPlace);
      for (std::uint32_t i = 0; i < per_block; ++i) {
        UserLine* const line = arena.At(place + i);
        REQUIRE(lines.insert(line).second);
        line->limit = place + i;
      }
      first_lines.emplace_back(place, arena.At(place));
    }
    for (const auto& [place, line] : first_lines) {
      REQUIRE(arena.At(place) == line);
      REQUIRE(line->limit == place);
    }
  }
}

TEST_CASE("the lines of a block lie side by side") {
  UserLineArena arena(1'000);
  for (int block = 0; block < 50; ++block) {
    const Place place = arena.AllocateBlock();
    REQUIRE(place != kNoPlace);
    for (std::uint32_t i = 1; i < arena.lines_per_block(); ++i) {
      REQUIRE(arena.At(place + i) == arena.At(place) + i);
    }
  }
}

TEST_CASE("threads that take blocks at once get different ones") {
  UserLineArena arena(10);
  constexpr int kBlocks = 2'000;
  std::vector<std::vector<Place>> taken(4);
  {
    std::vector<std::jthread> threads;
    threads.reserve(taken.size());
    for (std::vector<Place>& mine : taken) {
      threads.emplace_back([&arena, &mine] {
        for (int i = 0; i < kBlocks; ++i) {
          mine.push_back(arena.AllocateBlock());
          arena.At(mine.back())->limit = static_cast<Units>(i);
        }
      });
    }
  }
  std::set<Place> all;
  for (const std::vector<Place>& places : taken) {
    for (int i = 0; i < kBlocks; ++i) {
      const Place place = places[static_cast<std::size_t>(i)];
      REQUIRE(all.insert(place).second);
      REQUIRE(arena.At(place)->limit == static_cast<Units>(i));
    }
  }
}

TEST_CASE("lines can be made resident beforehand") {
  UserLineArena arena(100'000);
  REQUIRE(arena.Prefault(100'000));
  const Place place = arena.AllocateBlock();
  REQUIRE(place != kNoPlace);
  arena.At(place)->limit = 1;
}

}  // namespace
}  // namespace flashsale::engine
