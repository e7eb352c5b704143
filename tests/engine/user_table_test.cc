#include "engine/user_table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <set>

namespace flashsale::engine {
namespace {

constexpr IndexGeometry kGeometry{.base = 2, .expected_order = 2};

// A table with the memory that it lives in.
struct TableWithMemory {
  Place Insert(const UserId& user) {
    REQUIRE(table.EnsureRoom(hash, 1));
    return table.Insert(hash(user.bytes()), user);
  }
  Place Find(const UserId& user) const { return table.Find(hash(user.bytes()), user); }

  const KeyedHash hash{20'240'229};
  UserLineArena arena{1'000};
  BlockPool pool{kGeometry.unit_bytes(), kGeometry.unit_bytes() << 4};
  UserTable table{arena, pool, kGeometry};
};

TEST_CASE("a new table finds nobody") {
  TableWithMemory users;
  CHECK(users.table.size() == 0);
  CHECK(users.Find(UserId::FromInteger(1)) == kNoPlace);
  CHECK(users.Find(UserId()) == kNoPlace);
  users.table.Prefetch(users.hash(UserId().bytes()));
}

TEST_CASE("who was inserted is found where they were put, and nobody else") {
  TableWithMemory users;
  constexpr std::uint64_t kUsers = 3'000;
  std::map<UserId, Place> places;
  std::set<Place> taken;
  for (std::uint64_t i = 0; i < kUsers; ++i) {
    const UserId user = UserId::FromInteger(i);
    REQUIRE(users.Find(user) == kNoPlace);
    const Place place = users.Insert(user);
    REQUIRE(taken.insert(place).second);
    UserLine& line = users.table.line(place);
    REQUIRE(line.user == user);
    REQUIRE(line.records == 1);
    REQUIRE(line.limit == 0);
    REQUIRE(line.admission == 0);
    REQUIRE(line.admission_used == 0);
    line.limit = static_cast<Units>(i + 1);
    line.admission = i * 3;
    line.first = Record{.id = ReservationId::FromInteger(i), .quote = ~i};
    REQUIRE(places.emplace(user, place).second);
  }
  CHECK(users.table.size() == kUsers);
  for (std::uint64_t i = 0; i < kUsers; ++i) {
    const Place place = users.Find(UserId::FromInteger(i));
    REQUIRE(place == places.at(UserId::FromInteger(i)));
    const UserLine& line = users.table.line(place);
    REQUIRE(line.limit == i + 1);
    REQUIRE(line.admission == i * 3);
    REQUIRE(line.first.id == ReservationId::FromInteger(i));
    REQUIRE(line.first.quote == ~i);
  }
  CHECK(users.Find(UserId::FromInteger(kUsers)) == kNoPlace);
  CHECK(users.Find(UserId()) == kNoPlace);
  std::uint64_t visited = 0;
  users.table.ForEachUser(
      [&](const UserLine& line) { CHECK(line.user == UserId::FromInteger(visited++)); });
  CHECK(visited == kUsers);
}

TEST_CASE("room for many is room for many, and two tables share no line") {
  TableWithMemory users;
  UserTable other(users.arena, users.pool, kGeometry);
  users.Insert(UserId::FromInteger(1));
  REQUIRE(users.table.EnsureRoom(users.hash, 5'000));
  std::set<Place> taken{users.Find(UserId::FromInteger(1))};
  for (std::uint64_t i = 2; i < 5'000; ++i) {
    const UserId user = UserId::FromInteger(i);
    REQUIRE(taken.insert(users.table.Insert(users.hash(user.bytes()), user)).second);
    REQUIRE(other.EnsureRoom(users.hash, 1));
    REQUIRE(taken.insert(other.Insert(users.hash(user.bytes()), user)).second);
  }
  CHECK(users.Find(UserId::FromInteger(1)) != kNoPlace);
}

TEST_CASE("the records of a user are theirs, however many users add theirs in between") {
  TableWithMemory users;
  constexpr std::uint64_t kUsers = 40;
  std::mt19937_64 random(7);
  std::map<UserId, std::map<Ordinal, ReservationId>> model;
  for (std::uint64_t i = 0; i < kUsers; ++i) {
    const UserId user = UserId::FromInteger(i);
    const ReservationId id = ReservationId::FromInteger(1'000'000 + i);
    users.table.line(users.Insert(user)).first = Record{.id = id};
    model[user].emplace(kFirst, id);
  }
  for (std::uint64_t i = 0; i < 32 * kUsers; ++i) {
    const UserId user = UserId::FromInteger(random() % kUsers);
    UserLine& line = users.table.line(users.Find(user));
    if (line.records == 32) continue;
    REQUIRE(users.table.EnsureFurther(1));
    const Ordinal ordinal = users.table.AddRecord(line);
    REQUIRE(ordinal != kFirst);
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
  record.set_deadline_us(static_cast<std::int64_t>(kMaxExactInteger));
  CHECK(record.deadline() == kMaxTime);
  CHECK(record.state() == ReservationState::kNone);
  CHECK(record.is_tombstone());

  Command command;
  command.id = ReservationId::FromInteger(1);
  command.line = kMaxLines - 1;
  command.units = kMaxUnits;
  command.quote = ~std::uint64_t{0};
  command.admission_number = kMaxExactInteger;
  record.BecomeHold(command, kMaxTime, Micros(kMaxTime));
  for (int i = 0; i <= 4; ++i) {
    record.set_state(static_cast<ReservationState>(i));
    CHECK(record.state() == static_cast<ReservationState>(i));
    CHECK(record.is_active() == (i == 1));
    CHECK(record.deadline() == kMaxTime);
  }
  CHECK(record.id == command.id);
  CHECK(record.line() == command.line);
  CHECK(record.asked == kMaxUnits);
  CHECK(record.units == kMaxUnits);
  CHECK(record.quote == command.quote);
  CHECK(record.admission == kMaxExactInteger);
  CHECK(record.reserved_at() == kMaxTime);
  CHECK_FALSE(record.is_tombstone());
  record.set_deadline_us(5);
  CHECK(record.deadline_us() == 5);
  CHECK(record.state() == ReservationState::kExpired);

  record.BecomeTombstone(ReservationId::FromInteger(2));
  CHECK(record.is_tombstone());
  CHECK(record.state() == ReservationState::kCancelled);
  CHECK(record.deadline_us() == 0);
  CHECK(record.units == 0);
  CHECK(record.line() == 0);
}

}  // namespace
}  // namespace flashsale::engine
