#include "engine/user_index.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <random>
#include <vector>

namespace flashsale::engine {
namespace {

constexpr IndexGeometry kGeometry{.base = 3, .expected_order = 1};

struct IndexWithMemory {
  BlockPool pool{kGeometry.unit_bytes(), kGeometry.unit_bytes() << 3};
  UserIndex index{pool, kGeometry};
};

// All places that a search for the hash is offered.
std::vector<Place> PlacesOffered(const UserIndex& index, std::uint64_t hash) {
  std::vector<Place> places;
  CHECK(index.Find(hash, [&](Place place) {
    places.push_back(place);
    return false;
  }) == kNoPlace);
  return places;
}

TEST_CASE("an index without memory has room for nothing and finds nothing") {
  IndexWithMemory memory;
  CHECK(memory.index.capacity() == 0);
  CHECK(PlacesOffered(memory.index, 7).empty());
  memory.index.Prefetch(7);
}

TEST_CASE("a place is offered for its own hash and for hardly any other") {
  IndexWithMemory memory;
  constexpr std::uint64_t kKeys = 20'000;
  REQUIRE(memory.index.Grow(kKeys));
  REQUIRE(memory.index.capacity() >= kKeys);
  std::mt19937_64 random(3);
  std::map<std::uint64_t, Place> model;
  for (Place i = 0; i < kKeys; ++i) {
    const std::uint64_t hash = random();
    model.emplace(hash, i);
    memory.index.Insert(hash, i);
  }
  std::uint64_t offered = 0;
  for (const auto& [hash, place] : model) {
    REQUIRE(memory.index.Find(hash, [&](Place p) { return p == place; }) == place);
    offered += PlacesOffered(memory.index, hash).size();
  }
  CHECK(offered < kKeys * 11 / 10);  // meant: 1.05
  std::uint64_t strangers = 0;
  for (std::uint64_t i = 0; i < kKeys; ++i) {
    strangers += PlacesOffered(memory.index, random()).size();
  }
  CHECK(strangers < kKeys / 10);
}

TEST_CASE(
    "keys of one hash are all offered, in the order in which they were put in, full lines on") {
  IndexWithMemory memory;
  constexpr Place kKeys = 40;
  REQUIRE(memory.index.Grow(kKeys));
  // The last line of all is their home: they go on at the front.
  constexpr std::uint64_t kHash = 0x1234'5678'FFFF'FFFF;
  for (Place i = 0; i < kKeys; ++i) memory.index.Insert(kHash, i);
  const std::vector<Place> offered = PlacesOffered(memory.index, kHash);
  REQUIRE(offered.size() == kKeys);
  for (Place i = 0; i < kKeys; ++i) CHECK(offered[i] == i);
}

TEST_CASE("an index that grew is empty and larger") {
  IndexWithMemory memory;
  REQUIRE(memory.index.Grow(1));
  const std::uint64_t before = memory.index.capacity();
  CHECK(before == 27);
  memory.index.Insert(5, 1);
  REQUIRE(memory.index.Grow(before + 1));
  CHECK(memory.index.capacity() == 2 * before);
  CHECK(PlacesOffered(memory.index, 5).empty());
}

}  // namespace
}  // namespace flashsale::engine
