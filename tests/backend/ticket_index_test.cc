#include "backend/memory/ticket_index.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <unordered_map>
#include <vector>

namespace flashsale::memory {
namespace {

// An index, and the hash of each slot.
struct Indexed {
  TicketIndex index;
  std::vector<std::uint64_t> hashes;

  bool Insert(std::uint64_t hash) {
    const auto hash_of = [this](TicketIndex::Slot slot) { return hashes[slot]; };
    if (!index.MakeRoom(hash, hash_of, [](TicketIndex::Slot) {})) return false;
    index.Insert(hash, static_cast<TicketIndex::Slot>(hashes.size()));
    hashes.push_back(hash);
    return true;
  }
  TicketIndex::Slot Find(std::uint64_t hash) const {
    return index.Find(hash, [&](TicketIndex::Slot slot) { return hashes[slot] == hash; });
  }
};

TEST_CASE("an empty index finds nobody") {
  const TicketIndex index;
  CHECK(index.Find(1, [](TicketIndex::Slot) { return true; }) == TicketIndex::kNone);
  index.Prefetch(1);
}

TEST_CASE("who is in the index is found however it grows, and nobody else") {
  std::mt19937_64 random(1);
  Indexed all;
  for (std::uint32_t i = 0; i < 200'000; ++i) REQUIRE(all.Insert(random()));
  for (std::uint32_t i = 0; i < all.hashes.size(); ++i) REQUIRE(all.Find(all.hashes[i]) == i);
  for (int i = 0; i < 100'000; ++i) REQUIRE(all.Find(random()) == TicketIndex::kNone);
}

TEST_CASE("who was taken out is not found, and leaves nobody behind") {
  std::mt19937_64 random(2);
  Indexed all;
  std::vector<std::uint32_t> in;
  for (int i = 0; i < 300'000; ++i) {
    if (in.size() < 20'000 || random() % 2 == 0) {
      // Few lines, so that most keys go past a full one.
      REQUIRE(all.Insert(random() & ~std::uint64_t{0xE000'0000}));
      in.push_back(static_cast<std::uint32_t>(all.hashes.size() - 1));
    } else {
      const std::size_t who = random() % in.size();
      all.index.Erase(all.hashes[in[who]], in[who]);
      REQUIRE(all.Find(all.hashes[in[who]]) == TicketIndex::kNone);
      in[who] = in.back();
      in.pop_back();
    }
  }
  for (const std::uint32_t slot : in) REQUIRE(all.Find(all.hashes[slot]) == slot);
}

TEST_CASE("a quick insert is refused where somebody with the hash may be there already") {
  std::mt19937_64 random(4);
  Indexed all;
  const TicketIndex::Slot none = TicketIndex::kNone;
  CHECK_FALSE(all.index.TryInsert(42, 0));  // nothing is there to insert into
  std::uint32_t quick = 0;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    const std::uint64_t hash = random();
    if (all.index.TryInsert(hash, i)) {
      all.hashes.push_back(hash);
      ++quick;
    } else {
      REQUIRE(all.Insert(hash));
    }
    // In its own line or in another, who is there is not inserted again.
    const std::size_t other = random() % all.hashes.size();
    REQUIRE_FALSE(all.index.TryInsert(all.hashes[i], none));
    REQUIRE_FALSE(all.index.TryInsert(all.hashes[other], none));
  }
  CHECK(quick > 70'000);
  for (std::uint32_t i = 0; i < all.hashes.size(); ++i) REQUIRE(all.Find(all.hashes[i]) == i);
  // Even where those have left who had made them go on to another line.
  for (std::uint32_t i = 0; i < all.hashes.size(); i += 2) all.index.Erase(all.hashes[i], i);
  for (std::uint32_t i = 1; i < all.hashes.size(); i += 2) {
    REQUIRE_FALSE(all.index.TryInsert(all.hashes[i], none));
  }
}

TEST_CASE("hashes that agree in their upper bits are parted by further ones") {
  std::mt19937_64 random(3);
  Indexed all;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    REQUIRE(all.Insert((random() & 0x0FFF'FFFF'FFFF'FFFF) | 0xA000'0000'0000'0000));
  }
  for (std::uint32_t i = 0; i < all.hashes.size(); ++i) REQUIRE(all.Find(all.hashes[i]) == i);
}

TEST_CASE("equal hashes are told apart by who asks") {
  Indexed all;
  for (int i = 0; i < 1'000; ++i) REQUIRE(all.Insert(42));
  for (std::uint32_t slot = 0; slot < 1'000; ++slot) {
    REQUIRE(all.index.Find(42, [slot](TicketIndex::Slot s) { return s == slot; }) == slot);
  }
}

TEST_CASE("more equal hashes than any table has room for are refused, not lost") {
  Indexed all;
  bool refused = false;
  for (int i = 0; i < 4'000 && !refused; ++i) refused = !all.Insert(42);
  CHECK(refused);
  CHECK(all.Find(42) != TicketIndex::kNone);
}

}  // namespace
}  // namespace flashsale::memory
