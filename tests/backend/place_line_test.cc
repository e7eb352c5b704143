#include "backend/memory/place_line.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace flashsale::memory {
namespace {

// A line and a list of who stands in it, in order.
struct Line {
  PlaceBlocks blocks;
  WaitingEntries entries;
  PlaceLine line{blocks, entries};
  std::vector<std::uint32_t> standing;

  void Append() {
    const std::uint32_t entry = entries.Take();
    REQUIRE(line.MakeRoom());
    line.Append(entry);
    standing.push_back(entry);
  }
  void Remove(std::size_t index) {
    line.Remove(standing[index]);
    entries.Give(standing[index]);
    standing.erase(standing.begin() + static_cast<std::ptrdiff_t>(index));
  }
  // Everybody's place is right, and so is the order.
  bool IsRight() const {
    std::vector<std::uint32_t> seen;
    line.ForEach([&](std::uint32_t entry) { seen.push_back(entry); });
    if (seen != standing || line.live() != standing.size()) return false;
    for (std::size_t i = 0; i < standing.size(); ++i) {
      if (line.Ahead(standing[i]) != i) return false;
    }
    return line.Front() == (standing.empty() ? PlaceBlocks::kNone : standing.front());
  }
};

TEST_CASE("an empty line has no front and can be filled") {
  Line line;
  CHECK(line.IsRight());
  line.Append();
  CHECK(line.IsRight());
  line.Remove(0);
  CHECK(line.IsRight());
}

TEST_CASE("places are exact while people come and leave anywhere") {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    std::mt19937_64 random(seed);
    Line line;
    for (int phase = 0; phase < 12; ++phase) {
      // Fills, thins out, empties from the front, in turn.
      const std::size_t coming = 3'000 + random() % 12'000;
      for (std::size_t i = 0; i < coming; ++i) line.Append();
      CHECK(line.IsRight());
      const std::size_t staying = random() % 3'000;
      while (line.standing.size() > staying) {
        line.Remove(phase % 3 == 0 ? 0 : random() % line.standing.size());
      }
      CHECK(line.IsRight());
    }
  }
}

TEST_CASE("a line through which many pass takes no more memory than those who stand in it") {
  Line line;
  for (int i = 0; i < 10; ++i) line.Append();
  // One in a thousand stays, so that no block is ever empty by itself.
  std::mt19937_64 random(4);
  std::uint32_t highest = 0;
  for (int i = 0; i < 400'000; ++i) {
    line.Append();
    highest = std::max(highest, line.entries[line.standing.back()].place / PlaceBlock::kPlaces);
    if (i % 1'000 != 0) line.Remove(line.standing.size() - 1);
    if (line.standing.size() > 20) line.Remove(random() % 20);
  }
  CHECK(line.IsRight());
  CHECK(highest < 8);  // blocks that were in use at once; a hundred were filled
}

TEST_CASE("a line that fills from the back and empties from the front keeps a few blocks") {
  Line line;
  std::uint32_t highest = 0;
  for (int i = 0; i < 6'000; ++i) line.Append();
  for (int i = 0; i < 60'000; ++i) {
    line.Append();
    highest = std::max(highest, line.entries[line.standing.back()].place / PlaceBlock::kPlaces);
    line.Remove(0);
  }
  CHECK(line.IsRight());
  CHECK(highest < 6);
}

TEST_CASE("two lines share blocks and keep apart; a cleared one gives its own back") {
  PlaceBlocks blocks;
  WaitingEntries entries;
  PlaceLine first(blocks, entries);
  PlaceLine second(blocks, entries);
  std::vector<std::uint32_t> of_first;
  for (int i = 0; i < 20'000; ++i) {
    PlaceLine& line = i % 2 == 0 ? first : second;
    const std::uint32_t entry = entries.Take();
    REQUIRE(line.MakeRoom());
    line.Append(entry);
    if (i % 2 == 0) of_first.push_back(entry);
  }
  CHECK(first.live() == 10'000);
  CHECK(first.Ahead(of_first[9'000]) == 9'000);
  second.Clear();
  CHECK(second.Front() == PlaceBlocks::kNone);
  CHECK(first.Ahead(of_first[9'999]) == 9'999);
  const std::uint32_t reused = blocks.Take();
  CHECK(reused < 8);
}

TEST_CASE("a line tells its entries their places again") {
  PlaceBlocks blocks;
  WaitingEntries entries;
  PlaceLine line(blocks, entries);
  PlaceLine other(blocks, entries);
  std::vector<std::uint32_t> all;
  for (int i = 0; i < 10'000; ++i) {
    all.push_back(entries.Take());
    REQUIRE(line.MakeRoom());
    line.Append(all.back());
  }
  for (std::size_t i = 0; i < all.size(); i += 3) line.Remove(all[i]);
  for (std::size_t i = 1; i < all.size(); i += 3) {
    REQUIRE(other.MakeRoom());
    other.Append(all[i]);
  }
  other.Clear();
  line.TellPlaces();
  CHECK(line.Ahead(all[1]) == 0);
  CHECK(line.Ahead(all[9'998]) == line.live() - 1);
}

}  // namespace
}  // namespace flashsale::memory
