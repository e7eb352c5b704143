#include "engine/sale_engine.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "tests/engine/engine_sale.h"

namespace flashsale::engine {
namespace {

using namespace std::chrono_literals;

constexpr Time kLapsed = kStart + 5min;

// Reserves one unit each for users first to first + count - 1, in batches.
void ReserveMany(EngineSale& sale, std::uint64_t first, std::uint64_t count, Time now = kStart) {
  constexpr std::uint64_t kBatch = 100;
  for (std::uint64_t done = 0; done < count; done += kBatch) {
    std::vector<Command> commands;
    for (std::uint64_t i = done; i < std::min(done + kBatch, count); ++i) {
      commands.push_back(Reserve(User(first + i), Id(first + i)));
    }
    for (const Outcome& outcome : sale.Do(now, commands)) REQUIRE(outcome.code == Code::kDone);
  }
}

TEST_CASE("a record that cannot be expired waits in quarantine, is counted and tried again") {
  EngineSale sale(SmallSale(3));
  ReserveMany(sale, 0, 3);
  sale->PoisonUser(User(1));
  ExpireReport report = sale->ExpireDue(kLapsed, 100);
  CHECK(report.expired == 2);
  CHECK(report.quarantined == 1);
  CHECK_FALSE(report.more);
  CHECK(sale.StockOf() == Stock{.limit = 3, .released = 3, .reserved = 1});
  report = sale->ExpireDue(kLapsed + 1s, 100);
  CHECK(report.expired == 0);
  CHECK(report.quarantined == 1);
  CHECK(report.next_due == kMaxTime);

  sale->PoisonUser({});
  report = sale->ExpireDue(kLapsed + 2s, 100);
  CHECK(report.expired == 1);
  CHECK(report.quarantined == 0);
  CHECK(sale.StockOf() == Stock{.limit = 3, .released = 3});
  CHECK(sale.CountOf(EventType::kExpired) == 3);
  CHECK(sale->Find(User(1), Id(1))->state == ReservationState::kExpired);
}

TEST_CASE("shoppers pass a record in quarantine by: they get the rest, then SoldOut") {
  EngineSale sale(SmallSale(2));
  ReserveMany(sale, 0, 2);
  sale->PoisonUser(User(0));
  CHECK(sale.Do(kLapsed, Reserve(User(10), Id(10))) == Code::kDone);
  CHECK(sale.Do(kLapsed, Reserve(User(11), Id(11))) == Code::kSoldOut);
  CHECK(sale->ExpireDue(kLapsed, 100).quarantined == 1);
  sale->PoisonUser({});
  CHECK(sale.Do(kLapsed, Reserve(User(11), Id(11))) == Code::kSoldOut);
  CHECK(sale->ExpireDue(kLapsed, 100).expired == 1);
  CHECK(sale.Do(kLapsed, Reserve(User(11), Id(11))) == Code::kDone);
}

TEST_CASE("a record in quarantine keeps its sale from being settled until it is mended") {
  EngineSale sale(SmallSale(2));
  ReserveMany(sale, 0, 2);
  sale->PoisonUser(User(0));
  const Time after = kStart + 2h;
  CHECK(sale.Do(after, Act(Verb::kSettle)) == Code::kHoldsRemain);
  CHECK(sale.StockOf().reserved == 1);
  sale->PoisonUser({});
  CHECK(sale->ExpireDue(after, 100).quarantined == 0);
  CHECK(sale.Do(after, Act(Verb::kSettle)) == Code::kDone);
}

TEST_CASE("quarantined records survive the growth of their table") {
  EngineSale sale(SmallSale(5'000));
  ReserveMany(sale, 0, 40);
  sale->PoisonUser(User(7));
  CHECK(sale->ExpireDue(kLapsed, 100).quarantined == 1);
  ReserveMany(sale, 100, 4'000, kLapsed);
  sale->PoisonUser({});
  CHECK(sale->ExpireDue(kLapsed, 100).expired == 1);
  CHECK(sale->Find(User(7), Id(7))->state == ReservationState::kExpired);
  CHECK(sale.StockOf().reserved == 4'000);
}

TEST_CASE("expiry comes in slices as small as asked for, and says when more is due") {
  constexpr std::uint64_t kHolds = 1'000;
  EngineSale sale(SmallSale(kHolds));
  ReserveMany(sale, 0, kHolds);
  CHECK(sale->ExpireDue(kLapsed - 1us, 10).expired == 0);
  CHECK(sale->ExpireDue(kLapsed - 1us, 10).next_due == kLapsed);
  std::uint64_t expired = 0;
  while (expired < kHolds) {
    const ExpireReport report = sale->ExpireDue(kLapsed, 10);
    REQUIRE(report.expired == 10);
    expired += report.expired;
    REQUIRE(report.more == (expired < kHolds));
    REQUIRE(sale.StockOf().reserved == kHolds - expired);
  }
  const ExpireReport report = sale->ExpireDue(kLapsed, 10);
  CHECK(report.expired == 0);
  CHECK_FALSE(report.more);
  CHECK(report.next_due == kMaxTime);
}

TEST_CASE("a slice of nothing expires nothing, and still says that more is due") {
  EngineSale sale(SmallSale(5));
  ReserveMany(sale, 0, 5);
  CHECK_FALSE(sale->ExpireDue(kLapsed - 1us, 0).more);
  const ExpireReport report = sale->ExpireDue(kLapsed, 0);
  CHECK(report.expired == 0);
  CHECK(report.more);
  CHECK(sale.StockOf().reserved == 5);
}

TEST_CASE("a slice that the quarantine used up still says that more is due") {
  EngineSale sale(SmallSale(5));
  ReserveMany(sale, 0, 1);
  sale->PoisonUser(User(0));
  REQUIRE(sale->ExpireDue(kLapsed, 10).quarantined == 1);
  sale->PoisonUser({});
  ReserveMany(sale, 1, 4, kStart + 1s);
  const ExpireReport report = sale->ExpireDue(kLapsed + 1s, 1);
  CHECK(report.expired == 1);
  CHECK(report.more);
}

TEST_CASE("holds that were extended lapse at their new deadlines, the others at theirs") {
  EngineSale sale(SmallSale(300));
  ReserveMany(sale, 0, 300);
  for (std::uint64_t i = 0; i < 300; i += 3) {
    REQUIRE(sale.Do(kStart + 1min, About(Verb::kExtend, User(i), Id(i))) == Code::kDone);
    REQUIRE(sale.Do(kStart + 2min, About(Verb::kExtend, User(i), Id(i))) == Code::kDone);
  }
  REQUIRE(sale.Do(kStart + 2min, About(Verb::kCancel, User(0), Id(0))) == Code::kDone);
  REQUIRE(sale.Do(kStart + 2min, About(Verb::kConfirm, User(3), Id(3))) == Code::kDone);
  CHECK(sale->ExpireDue(kLapsed, 1'000).expired == 200);
  CHECK(sale->ExpireDue(kStart + 7min - 1us, 1'000).expired == 0);
  const ExpireReport report = sale->ExpireDue(kStart + 7min, 1'000);
  CHECK(report.expired == 98);
  CHECK(sale.StockOf() == Stock{.limit = 300, .released = 300, .sold = 1});
}

void ExpireByManyAtOnce(bool with_keys, bool with_shopper) {
  constexpr std::size_t kCleaners = 3;
  const std::uint64_t holds = static_cast<std::uint64_t>(Rounds(20'000));
  SaleTerms terms = SmallSale(static_cast<Units>(holds));
  if (with_keys) terms.key_limits = {{.name = "device", .limit = 50}};
  EngineSale sale(terms);
  for (std::uint64_t i = 0; i < holds; ++i) {
    Command command = Reserve(User(i), Id(i));
    if (with_keys) command.keys[0] = LimitKey::FromInteger(i / 50);
    REQUIRE(sale.Do(kStart, command) == Code::kDone);
  }
  std::atomic<std::uint64_t> reported = 0;
  std::atomic<std::uint64_t> met = 0;
  const auto clean = [&](std::size_t slice) {
    ExpireReport report;
    do {
      report = sale->ExpireDue(kLapsed, slice);
      reported += report.expired;
    } while (report.more);
  };
  AtOnce(kCleaners + (with_shopper ? 1 : 0), [&](std::size_t thread) {
    if (thread < kCleaners) {
      clean(7 + thread);
      return;
    }
    for (std::uint64_t i = 0; i < holds; i += 10) {
      if (sale.Do(kLapsed, About(Verb::kConfirm, User(i), Id(i))) == Code::kExpired) ++met;
    }
  });
  clean(1'000);
  CHECK(sale.StockOf().reserved == 0);
  CHECK(sale.CountOf(EventType::kExpired) == holds);
  if (with_keys) CHECK(sale.State().keys.empty());
  if (with_shopper) {
    // What a confirm met was recorded by it, or by a cleaner just before.
    CHECK(met == (holds + 9) / 10);
    CHECK(reported <= holds);
    CHECK(reported + met >= holds);
  } else {
    CHECK(reported == holds);
  }
}

TEST_CASE("several cleaners at once record and report every lapse once") {
  ExpireByManyAtOnce(/*with_keys=*/false, /*with_shopper=*/false);
  ExpireByManyAtOnce(/*with_keys=*/true, /*with_shopper=*/false);
}

TEST_CASE("shoppers who meet lapsed holds while cleaners are at work record none twice") {
  ExpireByManyAtOnce(/*with_keys=*/false, /*with_shopper=*/true);
  ExpireByManyAtOnce(/*with_keys=*/true, /*with_shopper=*/true);
}

TEST_CASE("a table that grows in the midst of a batch keeps every user of its shard") {
  constexpr std::uint64_t kUsers = 4'096;
  EngineSale batches(SmallSale(kUsers));
  EngineSale singles(SmallSale(kUsers));
  for (std::uint64_t first = 0; first < kUsers; first += 256) {
    std::vector<Command> commands;
    for (std::uint64_t i = first; i < first + 256; ++i) {
      commands.push_back(Reserve(User(i), Id(i)));
      // Somebody of an earlier batch, too: their line must be found after the growth.
      if (i >= 256) commands.push_back(About(Verb::kConfirm, User(i - 256), Id(i - 256)));
    }
    const std::vector<Outcome> outcomes = batches.Do(kStart, commands);
    for (std::size_t i = 0; i < commands.size(); ++i) {
      REQUIRE(outcomes[i] == singles.Do(kStart, std::span(&commands[i], 1))[0]);
    }
  }
  CHECK(batches.State() == singles.State());
  CHECK(batches.Events() == singles.Events());
  CHECK(batches.StockOf() ==
        Stock{.limit = kUsers, .released = kUsers, .reserved = 256, .sold = kUsers - 256});
  std::uint64_t expired = 0;
  ExpireReport report;
  do {  // the entries of what was bought are looked at, too
    report = batches->ExpireDue(kLapsed, 1'000);
    expired += report.expired;
  } while (report.more);
  CHECK(expired == 256);
  CHECK(batches.StockOf().reserved == 0);
}

TEST_CASE("a limit key is one key, whichever shards its users are in") {
  SaleTerms terms = SmallSale(10'000);
  terms.key_limits = {{.name = "device", .limit = 3}, {.name = "address", .limit = 5}};
  EngineSale sale(terms);
  const LimitKey device = LimitKey::FromText("device");
  const LimitKey address = LimitKey::FromText("address");
  const auto reserve = [&](std::uint64_t i, const LimitKeys& keys) {
    Command command = Reserve(User(i), Id(i));
    command.keys = keys;
    return sale.Do(kStart, command);
  };
  for (std::uint64_t i = 0; i < 3; ++i) CHECK(reserve(i, {device, address}) == Code::kDone);
  CHECK(reserve(3, {device, address}) == Code::kUserLimit);
  CHECK(reserve(3, {LimitKey(), address}) == Code::kDone);
  // The same bytes under another name are another key.
  CHECK(reserve(4, {address, address}) == Code::kDone);
  CHECK(reserve(5, {LimitKey(), address}) == Code::kUserLimit);
  CHECK(sale->ReadTally(TallyKey::Of(0, device)) == Tally{.limit = 3, .held = 3});
  CHECK(sale->ReadTally(TallyKey::Of(0, address)) == Tally{.limit = 3, .held = 1});
  CHECK(sale->ReadTally(TallyKey::Of(1, address)) == Tally{.limit = 5, .held = 5});

  CHECK(sale.Do(kStart, About(Verb::kConfirm, User(0), Id(0))) == Code::kDone);
  CHECK(sale.Do(kStart, About(Verb::kCancel, User(1), Id(1))) == Code::kDone);
  CHECK(sale->ReadTally(TallyKey::Of(0, device)) == Tally{.limit = 3, .held = 1, .bought = 1});
  CHECK(reserve(6, {device, address}) == Code::kDone);
  CHECK(sale.Do(kStart, About(Verb::kVoid, User(0), Id(0))) == Code::kDone);
  CHECK(sale->ReadTally(TallyKey::Of(0, device)) == Tally{.limit = 3, .held = 2});
  CHECK(reserve(7, {LimitKey(), address}) == Code::kDone);
  CHECK(reserve(8, {LimitKey(), address}) == Code::kUserLimit);
  // Lapsed holds of others stand in nobody's way.
  Command late = Reserve(User(8), Id(8));
  late.keys = {device, address};
  CHECK(sale.Do(kLapsed, late) == Code::kDone);
  CHECK(sale->ReadTally(TallyKey::Of(1, address)) == Tally{.limit = 5, .held = 1});
}

TEST_CASE("threads that share limit keys never hold more than the keys allow") {
  constexpr std::size_t kThreads = 4;
  constexpr std::uint64_t kDevices = 6;
  constexpr Units kLimit = 3;
  SaleTerms terms = SmallSale(100'000);
  terms.limit_per_user = 4;
  terms.key_limits = {{.name = "device", .limit = kLimit}, {.name = "card", .limit = kLimit}};
  EngineSale sale(terms);
  std::atomic<int> over_limit = 0;
  AtOnce(kThreads, [&](std::size_t thread) {
    std::mt19937_64 random(thread);
    std::uint64_t next = thread * 1'000'000;
    for (int i = 0; i < Rounds(20'000); ++i) {
      Command command =
          Reserve(User(random() % 20), Id(++next), static_cast<Units>(1 + random() % 2));
      command.keys = {LimitKey::FromInteger(random() % kDevices),
                      LimitKey::FromInteger(random() % kDevices)};
      if (sale.Do(kStart, command) != Code::kDone) continue;
      const Verb end = random() % 2 == 0 ? Verb::kCancel : Verb::kConfirm;
      sale.Do(kStart, About(end, command.user, command.id));
      if (end == Verb::kConfirm) sale.Do(kStart, About(Verb::kVoid, command.user, command.id));
      const Tally tally = sale->ReadTally(TallyKey::Of(0, command.keys[0]));
      if (tally.held + tally.bought > kLimit) ++over_limit;
    }
  });
  CHECK(over_limit == 0);
  CHECK(sale.State().keys.empty());
  CHECK(sale.StockOf() == Stock{.limit = 100'000, .released = 100'000});
}

TEST_CASE("threads never make more records than the store may keep") {
  constexpr std::uint64_t kRecords = 100;
  EngineSale sale(SmallSale(1'000),
                  {.hash_seed = 1, .events_per_sale = 1'024, .max_records = kRecords});
  Tallies answers;
  AtOnce(4, [&](std::size_t thread) {
    for (std::uint64_t i = 0; i < 100; ++i) {
      const std::uint64_t who = thread * 1'000 + i;
      answers.Add(sale.Do(kStart, i % 3 == 0 ? About(Verb::kCancel, User(who), Id(who))
                                             : Reserve(User(who), Id(who))));
    }
  });
  CHECK(answers[Code::kDone] == kRecords);
  CHECK(answers[Code::kStorageFull] == 400 - kRecords);
  CHECK(sale.State().users.size() == kRecords);
}

// A sale that ended by time alone, settled by one server while another, whose clock is a little
// behind, still sells.
// When something lapses next, once all that is due is done.
Time NextLapse(EngineSale& sale, Time now) {
  ExpireReport report;
  do {
    report = sale->ExpireDue(now, 1'000);
  } while (report.more);
  return report.next_due;
}

TEST_CASE("a crowd that comes too late leaves nothing behind: no hold of it can ever lapse") {
  // Everybody has paid, so whatever may lapse from now on is of those who are refused.
  constexpr std::uint64_t kUnits = 1'000;
  constexpr std::uint64_t kBatch = 32;
  for (const bool in_batches : {false, true}) {
    CAPTURE(in_batches);
    EngineSale sale(SmallSale(kUnits));
    ReserveMany(sale, 0, kUnits);
    for (std::uint64_t user = 0; user < kUnits; ++user) {
      REQUIRE(sale.Do(kStart, About(Verb::kConfirm, User(user), Id(user))) == Code::kDone);
    }
    REQUIRE(NextLapse(sale, kLapsed) == kMaxTime);
    // So many that the filter, which knows who has been here, takes some of them for known.
    for (std::uint64_t first = kUnits; first < 100 * kUnits; first += kBatch) {
      std::vector<Command> crowd;
      for (std::uint64_t i = first; i < first + kBatch; ++i) {
        crowd.push_back(Reserve(User(i), Id(i)));
        if (!in_batches) REQUIRE(sale.Do(kLapsed, crowd.back()) == Code::kSoldOut);
      }
      if (!in_batches) continue;
      for (const Outcome& outcome : sale.Do(kLapsed, crowd)) {
        REQUIRE(outcome.code == Code::kSoldOut);
      }
    }
    CHECK(NextLapse(sale, kLapsed) == kMaxTime);
  }
}

TEST_CASE("a settled sale has no hold, whoever reserved at the same moment") {
  const Time end = kStart + 1h;
  for (int round = 0; round < Rounds(2'000) + 50; ++round) {
    EngineSale sale(
        SmallSale(64),
        {.hash_seed = 1, .events_per_sale = 1'024, .max_records = std::uint64_t{1} << 32});
    Code settled = Code::kInvalid;
    AtOnce(3, [&](std::size_t thread) {
      if (thread == 0) {
        settled = sale.Do(end, Act(Verb::kSettle));
        return;
      }
      for (std::uint64_t i = 0; i < 8; ++i) {
        sale.Do(end - 1us, Reserve(User(thread * 100 + i), Id(thread * 100 + i)));
      }
    });
    if (settled != Code::kDone) {
      REQUIRE(settled == Code::kHoldsRemain);
      continue;
    }
    REQUIRE(sale.StockOf().reserved == 0);
    REQUIRE(sale.Events().back().type == EventType::kSettled);
  }
}

TEST_CASE("a clock event marks an edge, even if others record events at the same moment") {
  for (int round = 0; round < Rounds(2'000) + 50; ++round) {
    EngineSale sale(
        SmallSale(64),
        {.hash_seed = 1, .events_per_sale = 1'024, .max_records = std::uint64_t{1} << 32});
    AtOnce(3, [&](std::size_t thread) {
      if (thread == 0) {
        sale->ExpireDue(kStart, 10);
        return;
      }
      for (std::uint64_t i = 0; i < 4; ++i) {
        sale.Do(kStart, Reserve(User(thread * 100 + i), Id(thread * 100 + i)));
      }
    });
    int starts = 0;
    for (const Event& event : sale.Events()) {
      starts += event.edges.Has(Edge::kSaleStarted) ? 1 : 0;
      if (event.type == EventType::kClock) REQUIRE_FALSE(event.edges.empty());
    }
    REQUIRE(starts == 1);
  }
}

}  // namespace
}  // namespace flashsale::engine
