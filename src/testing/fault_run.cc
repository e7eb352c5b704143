#include "flashsale/testing/fault_run.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "flashsale/testing/faults.h"
#include "flashsale/testing/script.h"
#include "testing/catalogue_check.h"
#include "testing/queue_check.h"
#include "testing/queue_comparison.h"

namespace flashsale::inline v0 {
namespace {

// Opens the backend under test with faults before it, other ones each time.
class FaultyFactory {
 public:
  FaultyFactory(const StorageFactory& open, std::uint64_t seed) : open_(open), seed_(seed) {}

  // Whoever calls it meets the faults.
  StorageFactory Failing(const FaultMix& mix) {
    return [this, mix](const StorageNeeds& needs) -> Result<std::unique_ptr<Storage>> {
      Result<std::unique_ptr<Storage>> storage = open_(needs);
      if (!storage.ok()) return storage;
      FaultMix next = mix;
      next.seed = seed_++;
      return NewFaultyStorage(std::move(storage).value(), {.decide = RandomFaults(next)});
    };
  }

  // Whoever calls it sees nothing of them: what fails is made again underneath.
  StorageFactory Resending(const FaultMix& mix) {
    return [failing = Failing(mix)](const StorageNeeds& needs) -> Result<std::unique_ptr<Storage>> {
      Result<std::unique_ptr<Storage>> storage = failing(needs);
      if (!storage.ok()) return storage;
      return NewResendingStorage(std::move(storage).value());
    };
  }

 private:
  const StorageFactory& open_;
  std::uint64_t seed_;
};

class FaultRun {
 public:
  FaultRun(const StorageFactory& open, const FaultRunOptions& options)
      : open_(open), options_(options), faulty_(open, options.seed) {}

  std::vector<CheckResult> Run() {
    const StorageFactory resending =
        faulty_.Resending({.refused = kPerThousand, .lost_requests = kPerThousand});
    RunScripts(resending, ScriptMode::kSingly, "singly, through faults");
    RunScripts(resending, ScriptMode::kBatched, "batched, through faults");
    RunScripts(open_, ScriptMode::kTwice, "each command twice");
    Add(CheckCatalogue(faulty_.Resending({.refused = kPerThousand})), "through refusals");
    RunQueues();
    Add(RunRandom(resending, options_.random), "through faults");
    ContentionOptions contention = options_.contention;
    for (std::size_t i = 0; i < options_.contention_runs; ++i, ++contention.seed) {
      Add({CheckContention(resending, contention)}, "through faults");
    }
    Add(RunHistories(
            faulty_.Failing({.lost_requests = kLostPerThousand, .lost_replies = kLostPerThousand}),
            options_.histories)
            .results,
        "through faults");
    return std::move(results_);
  }

 private:
  static constexpr std::uint32_t kPerThousand = 100;
  // A lost call may take effect at any time, which multiplies the orders that a history can have:
  // so few are lost that two or three of a history are.
  static constexpr std::uint32_t kLostPerThousand = 60;

  void RunScripts(const StorageFactory& open, ScriptMode mode, std::string_view how) {
    for (const ScriptSource& script : ContractScripts()) Add(RunScript(script, open, mode), how);
  }

  void RunQueues() {
    constexpr std::uint64_t kSeeds = 10;
    constexpr std::uint32_t kResentPerThousand = 300;
    Add(RunChecks(open_, QueueFaultChecks()), "without answers");
    Add(CompareQueues(open_, {.seeds = kSeeds, .resent_per_thousand = kResentPerThousand}),
        "resent");
    Add(CompareQueues(faulty_.Resending({.refused = kPerThousand}), {.seeds = kSeeds}),
        "through refusals");
  }

  void Add(std::vector<CheckResult> results, std::string_view how) {
    for (CheckResult& result : results) {
      result.name.append(" (").append(how).append(")");
      results_.push_back(std::move(result));
    }
  }

  const StorageFactory& open_;
  const FaultRunOptions& options_;
  FaultyFactory faulty_;
  std::vector<CheckResult> results_;
};

}  // namespace

std::vector<CheckResult> RunFaults(const StorageFactory& open, const FaultRunOptions& options) {
  return FaultRun(open, options).Run();
}

}  // namespace flashsale::inline v0
