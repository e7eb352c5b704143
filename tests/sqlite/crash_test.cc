// The power is lost at every write and every sync of a sale, and of its recovery.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/sqlite/disk_world.h"
#include "tests/sqlite/simulated_disk.h"

namespace flashsale::sqlite_test {
namespace {

// A sale as it was played on a disk.
struct Played {
  std::vector<DiskOperation> operations;
  // After so many operations the state with this number, from 0, was acknowledged.
  std::vector<std::pair<std::size_t, std::size_t>> acknowledged;
  // The states, in order; each once.
  std::vector<std::string> states;
};

Played Play(std::uint64_t seed, int commands) {
  Played played;
  SimulatedDisk disk;
  const auto note = [&](Storage& storage) {
    std::string state = StateOf(storage);
    if (played.states.empty() || played.states.back() != state) {
      played.states.push_back(std::move(state));
    }
    played.acknowledged.emplace_back(disk.operations().size(), played.states.size() - 1);
  };
  played.states.emplace_back();  // before anything
  std::mt19937_64 random(seed);
  Time now = kStart;
  std::unique_ptr<Storage> storage;
  for (int i = 0; i < commands; ++i) {
    // Closed and opened anew now and then.
    if (i % 700 == 0) {
      storage = nullptr;
      auto opened = OpenOn(disk);
      REQUIRE_MESSAGE(opened.ok(), opened.status().ToString());
      storage = *std::move(opened);
      REQUIRE(storage->inventory().Create(Terms()).ok());
      note(*storage);
      REQUIRE(storage->queue().Open(LineTerms(), kStart).ok());
      note(*storage);
    }
    now += Duration(static_cast<Duration::rep>(random() % 2'000'000));
    std::array<Command, 3> batch;
    const std::size_t size = 1 + random() % batch.size();
    for (Command& command : batch) command = Any(random);
    std::array<Outcome, 3> outcomes;
    REQUIRE(storage->inventory()
                .Apply("drop", now, std::span(batch).first(size), std::span(outcomes).first(size))
                .ok());
    note(*storage);
    if (random() % 4 == 0) {
      DoInLine(*storage, random, now);
      note(*storage);
    }
  }
  storage = nullptr;
  played.operations = disk.operations();
  return played;
}

// What must have been acknowledged before the power was lost after so many operations.
std::size_t AcknowledgedBy(const Played& played, std::size_t operations) {
  std::size_t state = 0;
  for (const auto& [after, number] : played.acknowledged) {
    if (after <= operations) state = number;
  }
  return state;
}

constexpr std::array kLosses = {Loss::kNothing, Loss::kAll, Loss::kTorn, Loss::kScattered};

class Judge {
 public:
  explicit Judge(const Played& played) {
    for (std::size_t i = 0; i < played.states.size(); ++i) number_of_[played.states[i]] = i;
  }

  // Opens what is left: it must be a state from `least` on.
  void Require(const DiskImage& image, std::size_t least, const std::string& where,
               std::vector<DiskOperation>* recovery = nullptr) {
    SimulatedDisk disk(image);
    {
      const auto storage = OpenOn(disk);
      if (!storage.ok()) FAIL(where << ": " << storage.status().ToString());
      const auto found = number_of_.find(StateOf(**storage));
      if (found == number_of_.end()) FAIL(where << ": a state that there never was");
      if (found->second < least) {
        FAIL(where << ": state " << found->second << ", but " << least << " was acknowledged");
      }
    }
    if (recovery != nullptr) *recovery = disk.operations();
    ++images_;
  }
  std::uint64_t images() const { return images_; }

 private:
  std::map<std::string, std::size_t> number_of_;
  std::uint64_t images_ = 0;
};

TEST_CASE("whenever the power is lost, what was acknowledged is there, and nothing by halves") {
  const Played played = Play(1, 2'000);
  Judge judge(played);
  std::mt19937_64 random(2);
  PowerLoss disk({});
  // A tenth of the images, another one each time the numbers change.
  const std::size_t one_in = IsFull() ? 1 : 10;
  for (std::size_t done = 0; done < played.operations.size(); ++done) {
    disk.Do(played.operations[done]);
    const std::size_t least = AcknowledgedBy(played, done + 1);
    for (const Loss loss : kLosses) {
      if (random() % one_in != 0) continue;
      const DiskImage image = disk.After(loss, random);
      const std::string where =
          "operation " + std::to_string(done) + ", loss " + std::to_string(static_cast<int>(loss));
      std::vector<DiskOperation> recovery;
      const bool twice = random() % 40 == 0;
      judge.Require(image, least, where, twice ? &recovery : nullptr);
      if (!twice) continue;
      // And once more while that is recovered.
      PowerLoss again(image);
      for (std::size_t i = 0; i < recovery.size(); ++i) {
        again.Do(recovery[i]);
        for (const Loss second : kLosses) {
          judge.Require(again.After(second, random), least,
                        where + ", then operation " + std::to_string(i) + " of the recovery");
        }
      }
    }
  }
  MESSAGE(played.operations.size() << " operations, " << judge.images() << " images");
  CHECK(judge.images() > (IsFull() ? 20'000 : 1'000));
}

// What was written of a commit that never ended stands where the next one is written.
TEST_CASE("a commit of many pages that is half written is no harm to the one that follows on it") {
  Played played;
  SimulatedDisk world;
  {
    auto storage = OpenOn(world);
    REQUIRE_MESSAGE(storage.ok(), storage.status().ToString());
    SaleTerms terms = Terms();
    terms.limit_per_user = 300;
    REQUIRE((*storage)->inventory().Create(terms).ok());
    for (std::uint64_t commit = 0; commit < 2; ++commit) {
      played.states.push_back(StateOf(**storage));
      played.acknowledged.emplace_back(world.operations().size(), played.states.size() - 1);
      std::vector<Command> batch;
      for (std::uint64_t i = 0; i < 120; ++i) {
        batch.push_back(Reserve(User(1'000 * commit + i), Id(i)));
      }
      std::vector<Outcome> outcomes(batch.size());
      REQUIRE((*storage)->inventory().Apply("drop", kStart, batch, outcomes).ok());
    }
    played.states.push_back(StateOf(**storage));
  }
  const std::size_t first = played.acknowledged.front().first;
  played.operations = world.operations();
  Judge judge(played);
  std::mt19937_64 random(3);
  PowerLoss disk({});
  for (std::size_t done = 0; done < played.operations.size(); ++done) {
    disk.Do(played.operations[done]);
    if (done < first) continue;
    const std::size_t least = AcknowledgedBy(played, done + 1);
    for (const Loss loss : kLosses) {
      const DiskImage image = disk.After(loss, random);
      const std::string where =
          "operation " + std::to_string(done) + ", loss " + std::to_string(static_cast<int>(loss));
      std::vector<DiskOperation> recovery;
      judge.Require(image, least, where, &recovery);
      PowerLoss again(image);
      for (std::size_t i = 0; i < recovery.size(); ++i) {
        again.Do(recovery[i]);
        for (const Loss second : kLosses) {
          judge.Require(again.After(second, random), least,
                        where + ", then operation " + std::to_string(i) + " of the recovery");
        }
      }
    }
  }
  MESSAGE(judge.images() << " images");
}

}  // namespace
}  // namespace flashsale::sqlite_test
