// What a disk can do to a durable sale, short of losing its power.
#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "flashsale/backend/memory.h"
#include "tests/sqlite/disk_world.h"
#include "tests/sqlite/simulated_disk.h"

namespace flashsale::sqlite_test {
namespace {

using Kind = DiskOperation::Kind;

struct FaultKind {
  const char* name;
  Kind of;
  int code;
  std::size_t written = 0;
  bool for_good = false;  // from then on every time
};
constexpr std::array kFaults = {
    FaultKind{"a write fails", Kind::kWrite, SQLITE_IOERR_WRITE},
    FaultKind{"a write fails half way", Kind::kWrite, SQLITE_IOERR_WRITE, 100},
    FaultKind{"the disk is full", Kind::kWrite, SQLITE_FULL},
    FaultKind{"the disk is full half way", Kind::kWrite, SQLITE_FULL, 1'000},
    FaultKind{"the disk is full and stays so", Kind::kWrite, SQLITE_FULL, 0, true},
    FaultKind{"a sync fails", Kind::kSync, SQLITE_IOERR_FSYNC},
    FaultKind{"every write fails from then on", Kind::kWrite, SQLITE_IOERR_WRITE, 0, true},
    FaultKind{"a truncation fails", Kind::kTruncate, SQLITE_IOERR_TRUNCATE},
    FaultKind{"a file cannot be made", Kind::kCreate, SQLITE_IOERR},
    FaultKind{"a file cannot be removed", Kind::kDelete, SQLITE_IOERR_DELETE},
};

// The states that the same commands bring about where nothing fails, each once.
struct Script {
  std::vector<std::vector<Command>> batches;
  std::vector<Time> times;
  std::map<std::string, std::size_t> number_of;  // of a state
  std::vector<std::size_t> state_after;          // each batch
};

Script Write(std::uint64_t seed, int batches) {
  Script script;
  std::mt19937_64 random(seed);
  const auto memory = *OpenMemoryStorage({.events_per_sale = 1'024});
  script.number_of[""] = 0;
  REQUIRE(memory->inventory().Create(Terms()).ok());
  std::size_t state = script.number_of.emplace(StateOf(*memory), 1).first->second;
  Time now = kStart;
  for (int i = 0; i < batches; ++i) {
    now += Duration(static_cast<Duration::rep>(random() % 2'000'000));
    std::vector<Command> batch(1 + random() % 3);
    for (Command& command : batch) command = Any(random);
    std::vector<Outcome> outcomes(batch.size());
    REQUIRE(memory->inventory().Apply("drop", now, batch, outcomes).ok());
    script.batches.push_back(std::move(batch));
    script.times.push_back(now);
    const auto [found, is_new] =
        script.number_of.emplace(StateOf(*memory), script.number_of.size());
    state = found->second;
    script.state_after.push_back(state);
  }
  return script;
}

struct Outcomes {
  std::size_t acknowledged = 0;  // the last state of the script that was
  // Where somebody was refused for want of room: another state than the script's.
  std::string other = {};
};

// Plays the script on a disk with a fault, as far as it goes.
Outcomes PlayWithFault(const Script& script, SimulatedDisk& disk) {
  Outcomes result;
  auto opened = OpenOn(disk);
  if (!opened.ok()) return result;
  const std::unique_ptr<Storage> storage = *std::move(opened);
  if (!storage->inventory().Create(Terms()).ok()) return result;
  result.acknowledged = 1;
  for (std::size_t i = 0; i < script.batches.size(); ++i) {
    std::vector<Outcome> outcomes(script.batches[i].size());
    // Sent again where the answer is unknown, as a caller does.
    Status status;
    for (int attempt = 0; attempt < 3; ++attempt) {
      status = storage->inventory().Apply("drop", script.times[i], script.batches[i], outcomes);
      if (status.ok()) break;
    }
    if (!status.ok()) return result;
    // What tells of no record waits for nothing.
    const auto stock = storage->inventory().ReadStock("drop", script.times[i]);
    if (!stock.ok()) return result;
    for (const Outcome& outcome : outcomes) {
      if (outcome.code != Code::kStorageFull) continue;
      result.other = StateOf(*storage);
      return result;
    }
    result.acknowledged = script.state_after[i];
  }
  return result;
}

TEST_CASE(
    "whatever the disk answers, at whatever call, what was acknowledged is there afterwards") {
  const Script script = Write(3, 60);
  std::size_t operations = 0;
  {
    SimulatedDisk disk;
    REQUIRE(PlayWithFault(script, disk).acknowledged == script.state_after.back());
    operations = disk.operations().size();
  }
  std::mt19937_64 random(4);
  std::size_t runs = 0;
  std::size_t unharmed = 0;
  for (std::size_t at = 0; at < operations; ++at) {
    for (const FaultKind& fault : kFaults) {
      SimulatedDisk disk;
      bool happened = false;
      disk.before = [&](std::size_t number, const DiskOperation& operation) {
        const bool now =
            number >= at && operation.kind == fault.of && (fault.for_good || !happened);
        happened = happened || now;
        return now ? SimulatedDisk::Fault{fault.code, fault.written} : SimulatedDisk::Fault{};
      };
      CAPTURE(fault.name);
      CAPTURE(at);
      const Outcomes result = PlayWithFault(script, disk);
      ++runs;
      unharmed += result.acknowledged == script.state_after.back() ? 1U : 0U;
      PowerLoss lost({});
      for (const DiskOperation& operation : disk.operations()) lost.Do(operation);
      for (const DiskImage& image : {disk.image(), lost.After(Loss::kAll, random)}) {
        SimulatedDisk mended(image);
        const auto storage = OpenOn(mended);
        REQUIRE_MESSAGE(storage.ok(), storage.status().ToString());
        const std::string state = StateOf(**storage);
        if (!result.other.empty()) {
          REQUIRE(state == result.other);
          continue;
        }
        const auto found = script.number_of.find(state);
        REQUIRE(found != script.number_of.end());
        REQUIRE(found->second >= result.acknowledged);
      }
    }
  }
  MESSAGE(runs << " runs, " << unharmed << " of them to the end");
  CHECK(unharmed > 0);
  CHECK(unharmed < runs);
}

TEST_CASE("on a full disk all who hold something can buy it, and later others can hold again") {
  constexpr Units kUnits = 2'000;
  SimulatedDisk disk;
  std::size_t capacity = std::size_t{200} << 10;
  disk.before = [&](std::size_t, const DiskOperation& operation) {
    if (operation.kind != Kind::kWrite) return SimulatedDisk::Fault{};
    std::size_t used = 0;
    for (const auto& [name, bytes] : disk.image()) {
      const bool grows = name == operation.file;
      used +=
          grows ? std::max(bytes.size(), operation.offset + operation.bytes.size()) : bytes.size();
    }
    return used > capacity ? SimulatedDisk::Fault{SQLITE_FULL, 0} : SimulatedDisk::Fault{};
  };
  SqliteOptions options{.path = kPath,
                        .reserved_bytes = std::uint64_t{64} << 10,
                        .checkpoint_thread = false,
                        .vfs = disk.name()};
  options.journal.memory.events_per_sale = 1'024;
  const auto opened = OpenSqliteStorage(options);
  REQUIRE_MESSAGE(opened.ok(), opened.status().ToString());
  Storage& storage = **opened;
  REQUIRE(storage.inventory().Create(SmallSale(kUnits)).ok());
  const auto apply = [&storage](const std::vector<Command>& batch) {
    std::vector<Outcome> outcomes(batch.size());
    const Status status = storage.inventory().Apply("drop", kStart, batch, outcomes);
    REQUIRE_MESSAGE(status.ok(), status.ToString());
    return outcomes;
  };
  // Until nobody else is taken.
  std::vector<std::uint64_t> holders;
  bool is_full = false;
  for (std::uint64_t user = 1; !is_full; ++user) {
    REQUIRE(user <= kUnits);
    const Code code = apply({Reserve(User(user), Id(user))})[0].code;
    is_full = code == Code::kStorageFull;
    if (!is_full) {
      REQUIRE(code == Code::kDone);
      holders.push_back(user);
    }
  }
  REQUIRE(holders.size() > 20);
  // Everybody at once, as a lane would send them.
  std::vector<Command> confirms;
  confirms.reserve(holders.size());
  for (const std::uint64_t user : holders) {
    confirms.push_back(About(Verb::kConfirm, User(user), Id(user)));
  }
  for (const Outcome& outcome : apply(confirms)) CHECK(outcome.code == Code::kDone);
  CHECK(apply({Reserve(User(5'000), Id(1))})[0].code == Code::kStorageFull);
  capacity *= 10;
  // It is looked for room now and then, by whoever commits.
  Code code = Code::kStorageFull;
  for (int i = 0; i < 200 && code == Code::kStorageFull; ++i) {
    const auto user = holders[static_cast<std::size_t>(i) % holders.size()];
    apply({About(Verb::kVoid, User(user), Id(user))});
    code = apply({Reserve(User(5'000), Id(1))})[0].code;
  }
  CHECK(code == Code::kDone);
}

// As many as the room that is set aside is said to be enough for, and each call a commit of its
// own, which is what is dearest.
TEST_CASE("when others have filled the disk each holder by themselves can buy what they hold") {
  for (const std::size_t batch : {std::size_t{1}, std::size_t{64}, std::size_t{2'048}}) {
    CAPTURE(batch);
    constexpr std::size_t kHolders = 2'048;
    SimulatedDisk disk;
    std::size_t capacity = std::numeric_limits<std::size_t>::max();
    const auto used_with = [&disk](const DiskOperation* operation) {
      std::size_t used = 0;
      for (const auto& [name, bytes] : disk.image()) {
        const bool grows = operation != nullptr && name == operation->file;
        used += grows ? std::max(bytes.size(), operation->offset + operation->bytes.size())
                      : bytes.size();
      }
      return used;
    };
    disk.before = [&](std::size_t, const DiskOperation& operation) {
      const bool fits = operation.kind != Kind::kWrite || used_with(&operation) <= capacity;
      return fits ? SimulatedDisk::Fault{} : SimulatedDisk::Fault{SQLITE_FULL, 0};
    };
    const SqliteOptions options{.path = kPath,
                                .reserved_bytes = std::uint64_t{1} << 20,
                                .checkpoint_thread = false,
                                .vfs = disk.name()};
    const auto opened = OpenSqliteStorage(options);
    REQUIRE_MESSAGE(opened.ok(), opened.status().ToString());
    InventoryRepository& inventory = (*opened)->inventory();
    REQUIRE(inventory.Create(SmallSale(2 * kHolders)).ok());
    for (std::uint64_t user = 1; user <= kHolders; user += batch) {
      std::vector<Command> commands;
      commands.reserve(batch);
      for (std::uint64_t i = user; i < user + batch; ++i) {
        commands.push_back(Reserve(User(i), Id(i)));
      }
      std::vector<Outcome> outcomes(batch);
      REQUIRE(inventory.Apply("drop", kStart, commands, outcomes).ok());
      for (const Outcome& outcome : outcomes) REQUIRE(outcome.code == Code::kDone);
    }
    capacity = used_with(nullptr);
    const auto answer = [&inventory](const Command& command) {
      Outcome outcome;
      const Status status = inventory.Apply("drop", kStart, {&command, 1}, {&outcome, 1});
      REQUIRE_MESSAGE(status.ok(), status.ToString());
      return outcome.code;
    };
    std::size_t bought = 0;
    for (std::uint64_t user = 1; user <= kHolders; ++user) {
      CAPTURE(user);
      const Code code = answer(About(Verb::kConfirm, User(user), Id(user)));
      bought += code == Code::kDone ? 1U : 0U;
    }
    CHECK(bought == kHolders);
  }
}

}  // namespace
}  // namespace flashsale::sqlite_test
