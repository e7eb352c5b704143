#include "engine/user_table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace flashsale::engine {
namespace {

constexpr TableGeometry kGeometry{.base = 64, .expected_order = 2};
constexpr std::size_t kUnitBytes = kGeometry.base * sizeof(UserLine);

// A table with the pool that it lives in; grows as the shard does.
class GrowingTable {
 public:
  // Inserts a user; tells the moves of a growth to `moved`, if there was one.
  std::uint32_t Insert(const UserId& user, std::vector<std::uint32_t>* moved = nullptr) {
    if (!table.HasRoom(1)) {
      std::vector<std::uint32_t> moved_to(table.capacity());
      REQUIRE(table.Grow(hash, 1, moved_to.data()));
      REQUIRE(table.HasRoom(1));
      if (moved != nullptr) *moved = moved_to;
    }
    return table.Insert(hash(user.bytes()), user);
  }
  std::uint32_t Find(const UserId& user) const { return table.Find(hash(user.bytes()), user); }

  const KeyedHash hash{20'240'229};
  BlockPool pool{kUnitBytes, kUnitBytes << 4};
  UserTable table{pool, kGeometry};
};

TEST_CASE("a new table finds nobody and has room for nobody") {
  GrowingTable users;
  CHECK(users.table.size() == 0);
  CHECK(users.table.capacity() == 0);
  CHECK_FALSE(users.table.HasRoom(1));
  CHECK(users.table.HasRoom(0));
  CHECK(users.Find(UserId::FromInteger(1)) == UserTable::kNone);
}

TEST_CASE("who was inserted is found, through every growth, and nobody else") {
  GrowingTable users;
  constexpr std::uint64_t kUsers = 3'000;
  std::map<UserId, std::uint32_t> places;
  int growths = 0;
  for (std::uint64_t i = 0; i < kUsers; ++i) {
    const UserId user = UserId::FromInteger(i);
    REQUIRE(users.Find(user) == UserTable::kNone);
    std::vector<std::uint32_t> moved;
    const std::uint32_t place = users.Insert(user, &moved);
    if (!moved.empty()) {
      ++growths;
      std::set<std::uint32_t> taken;
      for (auto& [known, at] : places) {
        at = moved[at];
        REQUIRE(at < users.table.capacity());
        REQUIRE(users.table.line(at).user == known);
        REQUIRE(taken.insert(at).second);
      }
    }
    UserLine& line = users.table.line(place);
    REQUIRE(line.user == user);
    REQUIRE(line.records == 0);
    REQUIRE(line.limit == 0);
    REQUIRE(line.admission == 0);
    REQUIRE(line.admission_used == 0);
    line.limit = static_cast<Units>(i + 1);
    line.admission = i * 3;
    REQUIRE(users.table.AddRecord(line) == kFirst);
    line.first = Record{.id = ReservationId::FromInteger(i), .quote = ~i};
    REQUIRE(places.emplace(user, place).second);
  }
  CHECK(growths >= 5);
  CHECK(users.table.size() == kUsers);
  CHECK(users.table.capacity() >= kUsers * 4 / 3);
  for (std::uint64_t i = 0; i < kUsers; ++i) {
    const std::uint32_t place = users.Find(UserId::FromInteger(i));
    REQUIRE(place == places.at(UserId::FromInteger(i)));
    const UserLine& line = users.table.line(place);
    REQUIRE(line.limit == i + 1);
    REQUIRE(line.admission == i * 3);
    REQUIRE(line.first.id == ReservationId::FromInteger(i));
    REQUIRE(line.first.quote == ~i);
  }
  CHECK(users.Find(UserId::FromInteger(kUsers)) == UserTable::kNone);
}

TEST_CASE("a table grows at once as far as it must") {
  GrowingTable users;
  users.Insert(UserId::FromInteger(1));
  std::vector<std::uint32_t> moved(users.table.capacity());
  REQUIRE(users.table.Grow(users.hash, 5'000, moved.data()));
  CHECK(users.table.HasRoom(5'000));
  CHECK(users.Find(UserId::FromInteger(1)) != UserTable::kNone);
}

TEST_CASE("the records of a user are theirs, however many users add theirs in between") {
  GrowingTable users;
  constexpr std::uint64_t kUsers = 40;
  std::mt19937_64 random(7);
  std::map<UserId, std::map<Ordinal, ReservationId>> model;
  for (std::uint64_t i = 0; i < kUsers; ++i) users.Insert(UserId::FromInteger(i));
  for (std::uint64_t i = 0; i < 32 * kUsers; ++i) {
    const UserId user = UserId::FromInteger(random() % kUsers);
    UserLine& line = users.table.line(users.Find(user));
    if (line.records == 32) continue;
    REQUIRE(users.table.EnsureFurther(1));
    const Ordinal ordinal = users.table.AddRecord(line);
    users.table.record(line, ordinal) = Record{.id = ReservationId::FromInteger(i)};
    REQUIRE(model[user].emplace(ordinal, ReservationId::FromInteger(i)).second);
  }
  for (const auto& [user, records] : model) {
    UserLine& line = users.table.line(users.Find(user));
    REQUIRE(line.records == records.size());
    std::map<Ordinal, ReservationId> visited;
    users.table.ForEachRecord(line, [&visited](Ordinal ordinal, const Record& record) {
      visited.emplace(ordinal, record.id);
      return true;
    });
    CHECK(visited == records);
    for (const auto& [ordinal, id] : records) {
      REQUIRE(users.table.record(line, ordinal).id == id);
    }
    std::size_t seen = 0;
    users.table.ForEachRecord(line, [&seen](Ordinal, const Record&) { return ++seen < 2; });
    CHECK(seen == std::min<std::size_t>(2, records.size()));
  }
}

TEST_CASE("a record packs every value at its bounds") {
  Record record{};
  record.deadline_us = kMaxExactInteger;
  record.reserved_us = kMaxExactInteger;
  record.admission = kMaxExactInteger;
  record.line = kMaxLines - 1;
  record.extended = 1;
  record.set_state(ReservationState::kExpired);
  CHECK(record.deadline() == kMaxTime);
  CHECK(record.reserved_at() == kMaxTime);
  CHECK(std::uint64_t{record.admission} == kMaxExactInteger);
  CHECK(std::uint64_t{record.line} == kMaxLines - 1);
  CHECK(std::uint64_t{record.extended} == 1);
  for (int i = 0; i <= 4; ++i) {
    record.set_state(static_cast<ReservationState>(i));
    CHECK(record.state() == static_cast<ReservationState>(i));
    CHECK(record.is_active() == (i == 1));
  }
  CHECK(record.deadline() == kMaxTime);
  CHECK(record.is_tombstone());
}

}  // namespace
}  // namespace flashsale::engine
