#include "backend/memory/admission_table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <thread>
#include <vector>

namespace flashsale::memory {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow = kMinTime + 1'000h;

LiveAdmission Of(std::uint64_t user, std::uint64_t hash) {
  return {
      .user = UserId::FromInteger(user), .hash = hash, .number = user + 1, .until = kNow + 1min};
}

TEST_CASE("who was let in is found until they are taken out") {
  std::mt19937_64 random(1);
  AdmissionTable table;
  std::map<std::uint64_t, LiveAdmission> model;
  std::uint64_t unused = 0;
  CHECK_FALSE(table.Find(5, UserId::FromInteger(5)).has_value());
  for (int step = 0; step < 50'000; ++step) {
    const std::uint64_t user = random() % 2'000;
    // One hash in four is another user's: then only the user tells them apart.
    const std::uint64_t hash = user / 4 * 0x9E3779B97F4A7C15;
    const auto known = model.find(user);
    const auto found = table.Find(hash, UserId::FromInteger(user));
    REQUIRE(found.has_value() == (known != model.end()));
    if (known == model.end()) {
      REQUIRE(table.MakeRoom(hash));
      const LiveAdmission admission = Of(user, hash);
      table.Insert(admission);
      model[user] = admission;
      ++unused;
    } else {
      REQUIRE(found->number == known->second.number);
      REQUIRE(found->used == known->second.used);
      if (random() % 3 == 0) {
        table.MarkUsed(hash, UserId::FromInteger(user), found->number + 1);  // nobody's
        REQUIRE(table.Find(hash, UserId::FromInteger(user))->used == known->second.used);
        table.MarkUsed(hash, UserId::FromInteger(user), found->number);
        if (!known->second.used) --unused;
        known->second.used = true;
      } else {
        table.Erase(*found);
        if (!known->second.used) --unused;
        model.erase(known);
      }
    }
    REQUIRE(table.size() == model.size());
    REQUIRE(table.unused() == unused);
  }
}

TEST_CASE("an admission ends at its time, which stands still while the queue is paused") {
  AdmissionTable table;
  const UserId ann = UserId::FromInteger(1);
  REQUIRE(table.MakeRoom(7));
  table.Insert(Of(1, 7));
  CHECK(table.FindLive(7, ann, kNow, 3) ==
        Admission{.number = 2, .grant = 3, .until = kNow + 1min});
  CHECK(table.FindLive(7, ann, kNow + 1min - 1us, 3).number == 2);
  CHECK(table.FindLive(7, ann, kNow + 1min, 3).number == 0);

  QueueClock clock;
  clock.Pause(kNow + 30s);
  table.SetClock(clock);
  CHECK(table.FindLive(7, ann, kNow + 1h, 3).until == kNow + 1h + 30s);
  clock.Resume(kNow + 1h);
  table.SetClock(clock);
  CHECK(table.FindLive(7, ann, kNow + 1h + 30s - 1us, 3).until == kNow + 1h + 30s);
  CHECK(table.FindLive(7, ann, kNow + 1h + 30s, 3).number == 0);
}

TEST_CASE("readers see whole admissions while others come and go") {
  AdmissionTable table;
  constexpr std::uint64_t kHash = 0x1234'5678'9ABC'DE00;
  REQUIRE(table.MakeRoom(kHash));
  table.Insert(Of(1, kHash));
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  constexpr int kReaders = 2;
  std::vector<std::jthread> readers;
  readers.reserve(kReaders);
  for (int reader = 0; reader < kReaders; ++reader) {
    readers.emplace_back([&] {
      while (!done) {
        table.Prefetch(kHash);
        const Admission stays = table.FindLive(kHash, UserId::FromInteger(1), kNow, 1);
        if (stays.number != 2 || stays.until != kNow + 1min) ++wrong;
        const Admission passes = table.FindLive(kHash, UserId::FromInteger(9), kNow, 1);
        if (passes.number != 0 && passes.number != 10) ++wrong;
      }
    });
  }
  for (int round = 0; round < 20'000; ++round) {
    REQUIRE(table.MakeRoom(kHash));
    const LiveAdmission passing = Of(9, kHash);
    table.Insert(passing);
    table.Erase(passing);
    if (round % 1'000 == 0) {
      const std::uint64_t other = 100 + static_cast<std::uint64_t>(round);
      REQUIRE(table.MakeRoom(kHash + 64));
      table.Insert(Of(other, kHash + 64));
    }
  }
  done = true;
  readers.clear();
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace flashsale::memory
