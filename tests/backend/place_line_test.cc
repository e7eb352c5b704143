#include "backend/memory/place_line.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "backend/memory/silence_wheel.h"
#include "backend/memory/ticket_index.h"

namespace flashsale::memory {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kBlock = WaitingBlock::kPlaces;
constexpr Time kJoined = kMinTime + 400'000h;

// A line, and a list of who stands in it, in order; users are numbers.
struct Line {
  engine::KeyedHash hash{1};
  WaitingBlocks blocks;
  TicketIndex index;
  SilenceWheel wheel{blocks};
  WaitingRoom room{.blocks = blocks, .index = index, .wheel = wheel, .hash = hash, .timeout = 60s};
  PlaceLine line{room, 3};
  std::vector<std::uint64_t> standing;
  std::uint64_t joined = 0;
  std::uint64_t apart = 1;  // between the places of two who join
  Duration between{1};      // and their times
  Time now = kJoined;

  void Append(bool arranged = false) {
    const std::uint64_t user = ++joined;
    now += between;
    const UserId id = UserId::FromInteger(user);
    const Placement placement{.user = id,
                              .heard_ms = 1'000 + user,
                              .place = user * apart,
                              .ticket = arranged ? 7 * user : user * apart,
                              .joined_at = now,
                              .arranged = arranged};
    REQUIRE(line.MakeRoom(placement));
    REQUIRE(index.MakeRoom(
        hash(id.bytes()), [this](Spot spot) { return room.HashOf(spot); }, [](Spot) {}));
    index.Insert(hash(id.bytes()), line.Append(placement));
    standing.push_back(user);
  }
  Spot Find(std::uint64_t user) const {
    const UserId id = UserId::FromInteger(user);
    return index.Find(hash(id.bytes()), [&](Spot spot) { return blocks.entry(spot).user == id; });
  }
  void RemoveUser(std::uint64_t user) {
    line.Remove(Find(user), hash(UserId::FromInteger(user).bytes()));
  }
  void Remove(std::size_t i) {
    RemoveUser(standing[i]);
    standing.erase(standing.begin() + static_cast<std::ptrdiff_t>(i));
  }
  std::uint64_t PlaceAt(Spot spot) const {
    return blocks[WaitingBlocks::BlockOf(spot)].first_place + blocks.entry(spot).place;
  }
  // Everybody is found, their place is right, and so is the order.
  bool IsRight() const {
    std::vector<std::uint64_t> seen;
    line.ForEach([&](Spot spot) {
      seen.push_back(PlaceAt(spot) / apart);
      return true;
    });
    if (seen != standing || line.live() != standing.size()) return false;
    for (std::size_t i = 0; i < standing.size(); ++i) {
      const Spot spot = Find(standing[i]);
      if (spot == WaitingBlocks::kNone || line.Ahead(spot) != i) return false;
      const WaitingBlock& block = blocks[WaitingBlocks::BlockOf(spot)];
      const std::uint64_t heard = blocks.entry(spot).heard_ms();
      if (heard != 1'000 + standing[i] || block.tier != 3) return false;
      // Nobody falls silent unseen.
      if (block.heard[WaitingBlocks::IndexOf(spot) / WaitingBlock::kWordPlaces] > heard) {
        return false;
      }
      if (block.list == WaitingBlock::kUnfiled) return false;
    }
    return line.Front() == (standing.empty() ? WaitingBlocks::kNone : Find(standing.front()));
  }
};

TEST_CASE("an empty line has no front and can be filled") {
  Line line;
  CHECK(line.IsRight());
  line.Append();
  CHECK(line.IsRight());
  line.Remove(0);
  CHECK(line.IsRight());
  line.Append();
  CHECK(line.IsRight());
}

TEST_CASE("places are exact while people come and leave anywhere") {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    std::mt19937_64 random(seed);
    Line line;
    for (int phase = 0; phase < 12; ++phase) {
      // Fills, thins out, empties from the front, in turn.
      const std::size_t coming = 3'000 + random() % 6'000;
      for (std::size_t i = 0; i < coming; ++i) line.Append(phase > 5);
      CHECK(line.IsRight());
      const std::size_t staying = random() % 2'000;
      while (line.standing.size() > staying) {
        line.Remove(phase % 3 == 0 ? 0 : random() % line.standing.size());
      }
      CHECK(line.IsRight());
    }
  }
}

TEST_CASE("what is told of a person stays so wherever they are moved") {
  for (const bool arranged : {false, true}) {
    Line line;
    line.between = 700ms;
    for (std::uint32_t i = 0; i < 8 * kBlock; ++i) line.Append(arranged);
    std::mt19937_64 random(5);
    while (line.standing.size() > kBlock) line.Remove(random() % line.standing.size());
    CHECK(line.blocks.in_use() < 5);
    CHECK(line.IsRight());
    for (const std::uint64_t user : line.standing) {
      const Spot spot = line.Find(user);
      const WaitingBlock& block = line.blocks[WaitingBlocks::BlockOf(spot)];
      const std::uint32_t joined = line.blocks.entry(spot).joined;
      const Time expected = kJoined + static_cast<std::int64_t>(user) * 700ms;
      if (arranged) {
        const ArrangedEntry beside = line.blocks.arranged(spot);
        const std::uint64_t ticket = beside.ticket;
        REQUIRE(ticket == 7 * user);
        const std::uint64_t bits = std::uint64_t{beside.joined_high} << 32;
        REQUIRE(Time(Duration(static_cast<Duration::rep>(bits | joined))) == expected);
      } else {
        REQUIRE(block.first_joined + Duration(joined) == expected);
      }
    }
  }
}

TEST_CASE("a line through which many pass takes no more memory than those who stand in it") {
  Line line;
  for (int i = 0; i < 10; ++i) line.Append();
  // One in a hundred stays for a while, so that no block is ever empty by itself.
  std::mt19937_64 random(4);
  std::uint32_t most = 0;
  for (int i = 0; i < 100'000; ++i) {
    line.Append();
    most = std::max(most, line.blocks.in_use());
    if (i % 100 != 0) line.Remove(line.standing.size() - 1);
    if (line.standing.size() > 20) line.Remove(random() % 20);
  }
  CHECK(line.IsRight());
  CHECK(most < 8);  // two hundred were filled
}

TEST_CASE("a line that fills from the back and empties from the front keeps a few blocks") {
  Line line;
  std::uint32_t most = 0;
  for (int i = 0; i < 1'500; ++i) line.Append();
  for (int i = 0; i < 30'000; ++i) {
    line.Append();
    most = std::max(most, line.blocks.in_use());
    line.Remove(0);
  }
  CHECK(line.IsRight());
  CHECK(most < 8);
}

TEST_CASE("a line from which nearly all leave, in any pattern, shrinks to who is left") {
  constexpr std::uint32_t kBlocks = 64;
  for (int pattern = 0; pattern < 4; ++pattern) {
    CAPTURE(pattern);
    std::mt19937_64 random(6);
    Line line;
    for (std::uint32_t i = 0; i < kBlocks * kBlock; ++i) line.Append();
    std::vector<std::uint64_t> going = line.standing;
    const auto stays = [&](std::uint64_t user) {
      switch (pattern) {
        case 0:
          return user % 16 == 0;  // one here, one there
        case 1:
          return user > std::uint64_t{kBlocks - 4} * kBlock;  // the last
        case 2:
          return user <= std::uint64_t{4} * kBlock;  // the first
        default:
          return user / kBlock % 16 == 5;  // whole stretches
      }
    };
    std::erase_if(going, stays);
    std::shuffle(going.begin(), going.end(), random);
    for (const std::uint64_t user : going) line.RemoveUser(user);
    std::erase_if(line.standing, [&](std::uint64_t user) { return !stays(user); });
    CHECK(line.IsRight());
    // Of two neighbours three quarters of one are more: 2.7 blocks a full one, and the last.
    CHECK(line.blocks.in_use() <= 4 * 8 / 3 + 2);
  }
}

TEST_CASE("those who stand too far apart to be told against one another are not joined") {
  for (const bool in_time : {false, true}) {
    Line line;
    if (in_time) line.between = 16s;
    if (!in_time) line.apart = 4'096;
    for (std::uint32_t i = 0; i < 8 * kBlock; ++i) line.Append();
    CHECK(line.blocks.in_use() > 15);
    for (std::size_t i = line.standing.size(); i-- > 0;) {
      if (i % 40 != 0) line.Remove(i);
    }
    CHECK(line.IsRight());
    CHECK(line.blocks.in_use() > 15);
    CHECK(line.blocks.in_use() < 20);
  }
}

TEST_CASE("while a line is held nobody is moved, and then what became sparse is given back") {
  Line line;
  for (std::uint32_t i = 0; i < 20 * kBlock; ++i) line.Append();
  std::vector<Spot> spots;
  spots.reserve(line.standing.size());
  for (const std::uint64_t user : line.standing) spots.push_back(line.Find(user));
  line.line.Hold();
  std::mt19937_64 random(7);
  while (line.standing.size() > 2'000) line.Remove(random() % line.standing.size());
  for (const std::uint64_t user : line.standing) REQUIRE(line.Find(user) == spots[user - 1]);
  for (std::size_t i = 0; i < spots.size(); ++i) {
    REQUIRE(line.blocks.entry(spots[i]).user == UserId::FromInteger(i + 1));
  }
  CHECK(line.blocks.in_use() == 20);
  line.line.Release();
  CHECK(line.blocks.in_use() <= 2'000 / kBlock * 8 / 3 + 3);
  CHECK(line.IsRight());
}

TEST_CASE("several of one word go at once") {
  Line line;
  for (std::uint32_t i = 0; i < 3 * kBlock; ++i) line.Append();
  const std::uint32_t block = WaitingBlocks::BlockOf(line.Find(kBlock + 1));
  line.line.Remove(block, 2, 0xF0F0'0000'0000'0001);
  std::vector<std::uint64_t> gone;
  for (std::uint64_t i = 0; i < 64; ++i) {
    if ((0xF0F0'0000'0000'0001 >> i & 1) != 0) gone.push_back(kBlock + 128 + 1 + i);
  }
  std::erase_if(line.standing, [&](std::uint64_t user) {
    return std::find(gone.begin(), gone.end(), user) != gone.end();
  });
  CHECK(line.IsRight());
  for (const std::uint64_t user : gone) CHECK(line.Find(user) == WaitingBlocks::kNone);
}

TEST_CASE("memory of people goes back to the system, in whatever pattern they leave") {
  constexpr std::uint32_t kRegion = 1'024;
  for (const bool scattered : {true, false}) {
    CAPTURE(scattered);
    Line line;
    for (std::uint32_t i = 0; i < 4 * kRegion * kBlock; ++i) line.Append();
    REQUIRE(line.blocks.with_memory() == 4 * kRegion);
    const auto stays = [&](std::uint64_t user) {
      return scattered ? user % 128 == 0 : user > line.joined - 10;
    };
    for (const std::uint64_t user : line.standing) {
      if (!stays(user)) line.RemoveUser(user);
    }
    std::erase_if(line.standing, [&](std::uint64_t user) { return !stays(user); });
    CHECK(line.IsRight());
    const std::uint32_t in_use = line.blocks.in_use();
    CHECK(in_use <= 4 * kRegion / 128 * 8 / 3 + 2);
    CHECK(line.blocks.with_memory() <= in_use + in_use / 8 + kRegion);
    if (scattered) {
      // Every region has somebody in it, so all of them are mapped still: what was discarded is
      // zero.
      std::uint32_t zero = 0;
      for (std::uint32_t block = 0; block < 4 * kRegion; ++block) {
        const Spot middle = WaitingBlocks::SpotOf(block, kBlock / 2);
        zero += line.blocks.entry(middle).user.is_nil() ? 1U : 0U;
      }
      CHECK(zero >= 4 * kRegion - line.blocks.with_memory());
    }
    // They come back.
    for (std::uint32_t i = 0; i < 3 * kRegion * kBlock; ++i) line.Append();
    CHECK(line.blocks.with_memory() <= 4 * kRegion);
    CHECK(line.IsRight());
  }
}

}  // namespace
}  // namespace flashsale::memory
