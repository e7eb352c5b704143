#include "flashsale/backend/memory.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/hard_cases/crowd.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<Storage> Open(const MemoryOptions& options = {}) {
  Result<std::unique_ptr<Storage>> storage = OpenMemoryStorage(options);
  REQUIRE_MESSAGE(storage.ok(), storage.status().ToString());
  return std::move(storage).value();
}

SaleTerms Named(const SaleId& id, Units units = 10) {
  SaleTerms terms = SmallSale(units);
  terms.id = id;
  return terms;
}

Code Do(InventoryRepository& inventory, const SaleRef& sale, Time now, const Command& command) {
  Outcome outcome;
  const Status status = inventory.Apply(sale, now, {&command, 1}, {&outcome, 1});
  REQUIRE_MESSAGE(status.ok(), status.ToString());
  return outcome.code;
}

void Settle(InventoryRepository& inventory, const SaleRef& sale, Time now) {
  REQUIRE(Do(inventory, sale, now, Act(Verb::kCancelSale)) == Code::kDone);
  REQUIRE(Do(inventory, sale, now, Act(Verb::kSettle)) == Code::kDone);
}

TEST_CASE("options out of bounds are refused by name, value and expectation") {
  const auto message = [](const MemoryOptions& options) {
    const Result<std::unique_ptr<Storage>> storage = OpenMemoryStorage(options);
    REQUIRE_FALSE(storage.ok());
    CHECK(storage.status().code() == StatusCode::kInvalidArgument);
    return storage.status().message();
  };
  const std::string events = "expected a power of two from 1024 to 1073741824";
  CHECK(message({.events_per_sale = 0}) == "events_per_sale: 0, " + events);
  CHECK(message({.events_per_sale = 512}) == "events_per_sale: 512, " + events);
  CHECK(message({.events_per_sale = 1'025}) == "events_per_sale: 1025, " + events);
  CHECK(message({.events_per_sale = std::size_t{1} << 31}) ==
        "events_per_sale: 2147483648, " + events);
  CHECK(message({.max_records_per_sale = 0}) ==
        "max_records_per_sale: 0, expected 1 to 4294967296");
  CHECK(message({.max_records_per_sale = (std::uint64_t{1} << 32) + 1}) ==
        "max_records_per_sale: 4294967297, expected 1 to 4294967296");
  CHECK(message({.fingerprint_keys = 0}) == "fingerprint_keys: 0, expected 1 to 4294967296");
  CHECK(message({.fingerprint_keys = (std::uint64_t{1} << 32) + 1}) ==
        "fingerprint_keys: 4294967297, expected 1 to 4294967296");
}

TEST_CASE("options at their bounds are taken, and the traits are those of memory") {
  for (const MemoryOptions& options :
       {MemoryOptions{.events_per_sale = 1'024},
        MemoryOptions{.events_per_sale = std::size_t{1} << 30},
        MemoryOptions{.max_records_per_sale = 1},
        MemoryOptions{.max_records_per_sale = std::uint64_t{1} << 32, .hash_seed = 42}}) {
    CHECK(OpenMemoryStorage(options).ok());
  }
  const StorageTraits traits = Open()->traits();
  CHECK(traits.durability == Durability::kNone);
  CHECK_FALSE(traits.shared_across_processes);
  CHECK_FALSE(traits.may_block);
}

TEST_CASE("a sale is created once; the same terms again are AlreadyDone, others an error") {
  const std::unique_ptr<Storage> storage = Open();
  InventoryRepository& inventory = storage->inventory();
  CHECK(inventory.Create(Named("drop"))->code == Code::kDone);
  CHECK(inventory.Create(Named("drop"))->code == Code::kAlreadyDone);
  // What was left to its default is the same as the default spelt out.
  SaleTerms spelt_out = Named("drop");
  spelt_out.limit_ceiling = 1;
  spelt_out.lines[0].released_at_first = 10;
  CHECK(inventory.Create(spelt_out)->code == Code::kAlreadyDone);
  const Result<Outcome> other = inventory.Create(Named("drop", 11));
  REQUIRE_FALSE(other.ok());
  CHECK(other.status().code() == StatusCode::kAlreadyExists);
  CHECK(other.status().message().find("'drop'") != std::string::npos);
  const Result<Outcome> invalid = inventory.Create(Named("no name"));
  REQUIRE_FALSE(invalid.ok());
  CHECK(invalid.status().code() == StatusCode::kInvalidArgument);
}

TEST_CASE("where there is no sale: NotFound to reads, UnknownSale to commands of good shape") {
  const std::unique_ptr<Storage> storage = Open();
  InventoryRepository& inventory = storage->inventory();
  class Visitor final : public SnapshotVisitor {
    void OnSale(const Sale&) override { FAIL("there is no sale"); }
    void OnUser(const UserId&, const Tally&, std::span<const Reservation>) override {}
    void OnKey(const TallyKey&, const Tally&) override {}
  };
  Visitor visitor;
  std::vector<Event> events(4);
  for (const SaleRef& sale : {SaleRef("ghost"), SaleRef("ghost", 12345), SaleRef()}) {
    CHECK(inventory.ReadStock(sale, kStart).status().code() == StatusCode::kNotFound);
    CHECK(inventory.ReadTally(sale, TallyKey::Of(User(1))).status().code() ==
          StatusCode::kNotFound);
    CHECK(inventory.Find(sale, User(1), Id(1)).status().code() == StatusCode::kNotFound);
    CHECK(inventory.ExpireDue(sale, kStart, 1).status().code() == StatusCode::kNotFound);
    CHECK(inventory.ReadEvents(sale, 0, events).status().code() == StatusCode::kNotFound);
    CHECK(inventory.Snapshot(sale, visitor).code() == StatusCode::kNotFound);
  }
  CHECK(inventory.Resolve("ghost").status().code() == StatusCode::kNotFound);
  CHECK(Do(inventory, "ghost", kStart, Reserve(User(1), Id(1))) == Code::kUnknownSale);
  CHECK(Do(inventory, "ghost", kStart, Reserve(User(1), Id(1), 0)) == Code::kInvalid);
  CHECK(inventory.Forget("ghost", kStart)->code == Code::kUnknownSale);
  CHECK(inventory.ReadStock("ghost", kMaxTime + 1us).status().code() ==
        StatusCode::kInvalidArgument);
  CHECK(inventory.ExpireDue("ghost", kMinTime - 1us, 1).status().code() ==
        StatusCode::kInvalidArgument);
}

TEST_CASE("a visitor that throws is reported, and the sale goes on") {
  Shop shop(SmallSale(10));
  REQUIRE(shop.Do(kStart, Reserve(User(1), Id(1))) == Code::kDone);
  class Visitor final : public SnapshotVisitor {
   public:
    void OnSale(const Sale&) override {}
    void OnUser(const UserId&, const Tally&, std::span<const Reservation>) override {
      throw std::runtime_error("the host's disk is full");
    }
    void OnKey(const TallyKey&, const Tally&) override {}
  };
  Visitor visitor;
  const Status status = shop.inventory().Snapshot(shop.sale(), visitor);
  CHECK(status.code() == StatusCode::kInternal);
  CHECK(status.message() == "the host's disk is full");
  CHECK(shop.Do(kStart, Reserve(User(2), Id(2))) == Code::kDone);
  CHECK(shop.Do(kStart, Act(Verb::kClose)) == Code::kDone);
}

TEST_CASE("a resolved name goes on working after its sale was forgotten and created anew") {
  const std::unique_ptr<Storage> storage = Open();
  InventoryRepository& inventory = storage->inventory();
  REQUIRE(inventory.Create(Named("drop"))->code == Code::kDone);
  const SaleRef resolved = *inventory.Resolve("drop");
  REQUIRE(resolved.hint() != 0);
  REQUIRE(Do(inventory, resolved, kStart, Reserve(User(1), Id(1))) == Code::kDone);
  Settle(inventory, resolved, kStart);
  REQUIRE(inventory.Forget(resolved, kStart)->code == Code::kDone);
  CHECK(Do(inventory, resolved, kStart, Reserve(User(1), Id(1))) == Code::kUnknownSale);

  // Another sale takes the place of the first: the old name must not reach it.
  REQUIRE(inventory.Create(Named("other"))->code == Code::kDone);
  CHECK(Do(inventory, resolved, kStart, Reserve(User(1), Id(1))) == Code::kUnknownSale);
  CHECK(inventory.ReadStock(resolved, kStart).status().code() == StatusCode::kNotFound);

  REQUIRE(inventory.Create(Named("drop"))->code == Code::kDone);
  CHECK(Do(inventory, resolved, kStart, Reserve(User(1), Id(1))) == Code::kDone);
  CHECK(Do(inventory, *inventory.Resolve("drop"), kStart, Reserve(User(1), Id(1))) ==
        Code::kAlreadyDone);
  CHECK(inventory.ReadStock("other", kStart)->lines[0].reserved == 0);
}

TEST_CASE("a thousand sales are each found, half of them forgotten and the rest untouched") {
  constexpr std::size_t kSales = 1'000;
  const std::unique_ptr<Storage> storage = Open({.events_per_sale = 1'024});
  InventoryRepository& inventory = storage->inventory();
  std::vector<SaleRef> sales;
  for (std::size_t i = 0; i < kSales; ++i) {
    const SaleId id = "sale-" + std::to_string(i);
    REQUIRE(inventory.Create(Named(id, static_cast<Units>(i + 1)))->code == Code::kDone);
    sales.push_back(*inventory.Resolve(id));
  }
  for (std::size_t i = 0; i < kSales; i += 2) {
    Settle(inventory, sales[i], kStart);
    REQUIRE(inventory.Forget(sales[i], kStart)->code == Code::kDone);
  }
  for (std::size_t i = 0; i < kSales; ++i) {
    for (const SaleRef& sale : {sales[i], SaleRef(sales[i].id())}) {
      const Result<SaleStock> stock = inventory.ReadStock(sale, kStart);
      REQUIRE(stock.ok() == (i % 2 == 1));
      if (stock.ok()) REQUIRE(stock->lines[0].limit == i + 1);
    }
  }
}

// Shoppers go on asking while the sale they ask about is closed, forgotten and made again.
TEST_CASE("a sale may be forgotten while others use it") {
  constexpr std::size_t kShoppers = 3;
  const std::unique_ptr<Storage> storage = Open({.events_per_sale = 1'024});
  InventoryRepository& inventory = storage->inventory();
  REQUIRE(inventory.Create(Named("drop", 1'000))->code == Code::kDone);
  const SaleRef resolved = *inventory.Resolve("drop");
  std::atomic<bool> over = false;
  std::atomic<int> unexpected = 0;
  std::atomic<std::uint64_t> held = 0;
  AtOnce(kShoppers + 1, [&](std::size_t thread) {
    if (thread == kShoppers) {
      // On a busy machine all rounds may else be over before the others begin.
      while (held == 0) std::this_thread::yield();
      for (int round = 0; round < Rounds(1'000); ++round) {
        Settle(inventory, "drop", kStart);
        if (inventory.Forget(resolved, kStart)->code != Code::kDone) ++unexpected;
        if (inventory.Create(Named("drop", 1'000))->code != Code::kDone) ++unexpected;
      }
      over = true;
      return;
    }
    std::vector<Event> events(8);
    for (std::uint64_t i = 0; !over; ++i) {
      const SaleRef sale = i % 2 == 0 ? resolved : SaleRef("drop");
      const UserId user = User(thread * 1'000'000 + i);
      const Command command = Reserve(user, Id(i));
      Outcome outcome;
      if (!inventory.Apply(sale, kStart, {&command, 1}, {&outcome, 1}).ok()) ++unexpected;
      switch (outcome.code) {
        case Code::kDone:
          ++held;
          break;
        case Code::kSoldOut:
        case Code::kSaleCancelled:
        case Code::kSaleEnded:
        case Code::kUnknownSale:
          break;
        default:
          ++unexpected;
      }
      const Result<SaleStock> stock = inventory.ReadStock(sale, kStart);
      if (!stock.ok() && stock.status().code() != StatusCode::kNotFound) ++unexpected;
      if (stock.ok() && stock->lines[0].reserved > 1'000) ++unexpected;
      const Result<EventPage> page = inventory.ReadEvents(sale, 0, events);
      if (!page.ok() && page.status().code() != StatusCode::kNotFound) ++unexpected;
    }
  });
  CHECK(unexpected == 0);
  CHECK(held > 0);
}

TEST_CASE("of many who create a sale at once one makes it, of many who forget it one does") {
  const std::unique_ptr<Storage> storage = Open({.events_per_sale = 1'024});
  InventoryRepository& inventory = storage->inventory();
  for (int round = 0; round < Rounds(400); ++round) {
    Tallies created;
    AtOnce(4, [&](std::size_t) { created.Add(inventory.Create(Named("drop"))->code); });
    REQUIRE(created[Code::kDone] == 1);
    REQUIRE(created[Code::kAlreadyDone] == 3);
    Settle(inventory, "drop", kStart);
    Tallies forgotten;
    AtOnce(4, [&](std::size_t) { forgotten.Add(inventory.Forget("drop", kStart)->code); });
    REQUIRE(forgotten[Code::kDone] == 1);
    REQUIRE(forgotten[Code::kUnknownSale] == 3);
  }
}

std::size_t ResidentPages() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident;
}

TEST_CASE("what is forgotten gives its memory back") {
  if (kRoundsDivisor != 1) {
    MESSAGE("skipped: a sanitizer keeps memory of its own");
    return;
  }
  constexpr std::uint64_t kUsers = 300'000;
  const std::unique_ptr<Storage> storage = Open();
  InventoryRepository& inventory = storage->inventory();
  const std::size_t before = ResidentPages();
  REQUIRE(before != 0);
  for (int round = 0; round < 3; ++round) {
    SaleTerms terms = Named("drop", kUsers);
    terms.key_limits = {{.name = "device", .limit = 100}};
    REQUIRE(inventory.Create(terms)->code == Code::kDone);
    std::vector<Command> commands;
    std::vector<Outcome> outcomes(1'000);
    for (std::uint64_t i = 0; i < kUsers; ++i) {
      commands.push_back(Reserve(User(i), Id(i)));
      commands.back().keys[0] = LimitKey::FromInteger(i / 100);
      if (commands.size() < outcomes.size()) continue;
      REQUIRE(inventory.Apply("drop", kStart, commands, outcomes).ok());
      for (const Outcome& outcome : outcomes) REQUIRE(outcome.code == Code::kDone);
      commands.clear();
    }
    const std::size_t peak = ResidentPages();
    REQUIRE(peak > before + 20'000'000 / 4096);
    Settle(inventory, "drop", kStart);
    REQUIRE(inventory.Forget("drop", kStart)->code == Code::kDone);
    const std::size_t after = ResidentPages();
    CAPTURE(before);
    CAPTURE(peak);
    CAPTURE(after);
    CHECK(after < before + (peak - before) / 3);
  }
}

TEST_CASE("a small sale in which little happens takes little memory") {
  if (kRoundsDivisor != 1) {
    MESSAGE("skipped: a sanitizer keeps memory of its own");
    return;
  }
  constexpr std::uint64_t kSales = 500;
  const std::unique_ptr<Storage> storage = Open();
  InventoryRepository& inventory = storage->inventory();
  const std::size_t before = ResidentPages();
  for (std::uint64_t i = 0; i < kSales; ++i) {
    const std::string id = "small-" + std::to_string(i);
    REQUIRE(inventory.Create(Named(id.c_str(), 10))->code == Code::kDone);
    const Command command = Reserve(User(i), Id(i));
    Outcome outcome;
    REQUIRE(inventory.Apply(id.c_str(), kStart, {&command, 1}, {&outcome, 1}).ok());
    REQUIRE(outcome.code == Code::kDone);
  }
  const std::size_t pages_of_a_sale = (ResidentPages() - before) / kSales;
  CAPTURE(pages_of_a_sale);
  CHECK(pages_of_a_sale < 25);  // 100 KB
}

// Page faults of this thread that needed no disk.
long MinorFaults() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_minflt;
}

TEST_CASE(
    "a sale that took its memory at once waits for no page while it sells, limit keys or not") {
  if (kRoundsDivisor != 1) {
    MESSAGE("skipped: a sanitizer keeps memory of its own");
    return;
  }
  constexpr std::uint64_t kUsers = 50'000;
  for (const std::size_t keys : {0U, 1U, 3U}) {
    CAPTURE(keys);
    const std::unique_ptr<Storage> storage = Open({.prefault = true});
    InventoryRepository& inventory = storage->inventory();
    SaleTerms terms = Named("drop", kUsers);
    for (std::size_t i = 0; i < keys; ++i) {
      terms.key_limits.push_back({.name = "key-" + std::to_string(i), .limit = 1});
    }
    REQUIRE(inventory.Create(terms)->code == Code::kDone);
    const SaleRef sale = *inventory.Resolve("drop");
    std::uint64_t done = 0;
    const long before = MinorFaults();
    for (std::uint64_t i = 0; i < kUsers; ++i) {
      Command command = Reserve(User(i), Id(i));
      for (std::size_t key = 0; key < keys; ++key) command.keys[key] = LimitKey::FromInteger(i);
      Outcome outcome;
      if (!inventory.Apply(sale, kStart, {&command, 1}, {&outcome, 1}).ok()) break;
      done += outcome.code == Code::kDone ? 1U : 0U;
    }
    const long faults = MinorFaults() - before;
    CHECK(done == kUsers);
    CAPTURE(faults);
    CHECK(faults < 50);
  }
}

}  // namespace
}  // namespace flashsale
