// Backends that are right nearly always: as long as one thread calls them, or as long as every
// answer arrives.  Each must be rejected by the parts of the suite that are there for it, and could
// not have been by any other.

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "flashsale/testing/conformance.h"
#include "flashsale/testing/reference_model.h"
#include "tests/testing/lying_storage.h"

namespace flashsale {
namespace {

// Who called last about whom, of a storage that several threads call.
class LastCallers {
 public:
  void Note(const UserId& user) {
    const std::lock_guard lock(mutex_);
    last_[user] = std::this_thread::get_id();
  }
  bool AnotherThreadWas(const UserId& user) const {
    const std::lock_guard lock(mutex_);
    const auto found = last_.find(user);
    return found != last_.end() && found->second != std::this_thread::get_id();
  }

 private:
  mutable std::mutex mutex_;
  std::map<UserId, std::thread::id> last_;
};

// An answer is right only where the thread itself has brought about what it speaks of.
Lie LimitsOfOnesOwn() {
  const auto callers = std::make_shared<LastCallers>();
  return {.outcome = [callers](const Command& command, Outcome& outcome) {
    if (outcome.code == Code::kUserLimit && callers->AnotherThreadWas(command.user)) {
      outcome.code = Code::kSoldOut;
    }
    callers->Note(command.user);
  }};
}

// A look is right only where the thread itself was the last to change what it looks at.
Lie StaleLooks() {
  const auto callers = std::make_shared<LastCallers>();
  return {.command = [callers](Command& command, Time&) { callers->Note(command.user); },
          .record =
              [callers](Reservation& record) {
                if (callers->AnotherThreadWas(record.user))
                  record.state = ReservationState::kActive;
              }};
}

// The last batch of each thread, with its answers, of a storage that several call.
class LastBatches {
 public:
  void Note(const Batch& batch, std::span<const Outcome> outcomes) {
    const std::lock_guard lock(mutex_);
    last_[std::this_thread::get_id()] = {batch, {outcomes.begin(), outcomes.end()}};
  }
  // The answers of this thread's last batch where this is the same again, and one of several
  // commands; else none.
  std::vector<Outcome> AnswersIfAgain(const Batch& batch) const {
    const std::lock_guard lock(mutex_);
    const auto found = last_.find(std::this_thread::get_id());
    const bool again = found != last_.end() && found->second.first == batch;
    return again && batch.commands.size() > 1 ? found->second.second : std::vector<Outcome>();
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::thread::id, std::pair<Batch, std::vector<Outcome>>> last_;
};

// Requests are told apart as a whole, and one that comes again is answered as it was.
Lie RepliesFromMemory() {
  const auto batches = std::make_shared<LastBatches>();
  return {
      .batch =
          [batches](const Batch& batch, std::span<Outcome> outcomes) {
            const std::vector<Outcome> answers = batches->AnswersIfAgain(batch);
            std::copy(answers.begin(), answers.end(), outcomes.begin());
            return !answers.empty();
          },
      .answered = [batches](const Batch& batch,
                            std::span<const Outcome> outcomes) { batches->Note(batch, outcomes); }};
}

// A batch that comes again is carried out again: its reserves take another hold each.
Lie AppliesAgain() {
  const auto batches = std::make_shared<LastBatches>();
  const auto again = std::make_shared<std::pair<std::mutex, std::map<std::thread::id, bool>>>();
  return {
      .command =
          [again](Command& command, Time&) {
            const std::lock_guard lock(again->first);
            if (command.verb == Verb::kReserve && !command.id.is_nil() &&
                again->second[std::this_thread::get_id()]) {
              command.id = ReservationId::FromText(command.id.ToString());
            }
          },
      .batch =
          [batches, again](const Batch& batch, std::span<Outcome>) {
            const std::lock_guard lock(again->first);
            again->second[std::this_thread::get_id()] = !batches->AnswersIfAgain(batch).empty();
            return false;
          },
      .answered = [batches](const Batch& batch,
                            std::span<const Outcome> outcomes) { batches->Note(batch, outcomes); }};
}

struct Fault {
  std::string name;
  // For each storage anew: what it remembers is of that storage.
  std::function<Lie()> lie;
  // The parts of the suite that reject it, all of them.
  std::set<std::string> parts;
  // Which checks of the part with faults do, at least.
  std::set<std::string> checks;
};

std::vector<Fault> Faults() {
  return {
      {.name = "none", .lie = [] { return Lie(); }, .parts = {}, .checks = {}},
      {.name = "a limit reached through another thread is told as sold out",
       .lie = LimitsOfOnesOwn,
       .parts = {"histories", "faults"},
       .checks = {"history"}},
      {.name = "a thread sees a hold as it was",
       .lie = StaleLooks,
       .parts = {"histories", "faults"},
       .checks = {"history"}},
      {.name = "a batch that comes again is answered as the first time",
       .lie = RepliesFromMemory,
       .parts = {"faults"},
       .checks = {"random", "contention"}},
      {.name = "a batch that comes again is carried out again",
       .lie = AppliesAgain,
       .parts = {"faults"},
       .checks = {"random", "contention"}},
  };
}

StorageFactory Telling(const std::function<Lie()>& lie) {
  return [lie](const StorageNeeds& needs) -> Result<std::unique_ptr<Storage>> {
    ReferenceOptions options;
    if (needs.max_records_per_sale.has_value()) {
      options.max_records_per_sale = *needs.max_records_per_sale;
    }
    return std::unique_ptr<Storage>(
        std::make_unique<LyingStorage>(NewReferenceStorage(options), lie()));
  };
}

TEST_CASE("each part of the suite rejects what it is there for, and nothing that is right") {
  ConformanceOptions options;
  options.random.seeds = 5;
  options.faults.random.seeds = 5;
  for (const Fault& fault : Faults()) {
    std::set<std::string> parts;
    std::set<std::string> checks;
    std::string first;
    for (const ConformancePart& part : ConformanceParts()) {
      for (const CheckResult& result : part.run(Telling(fault.lie), options)) {
        if (result.passed) continue;
        parts.insert(part.name);
        if (part.name == "faults") checks.insert(result.name.substr(0, result.name.find('/')));
        if (first.empty()) first = result.name + ": " + result.message;
      }
    }
    CAPTURE(first);
    CHECK_MESSAGE(parts == fault.parts, fault.name);
    CHECK_MESSAGE(
        std::includes(checks.begin(), checks.end(), fault.checks.begin(), fault.checks.end()),
        fault.name);
  }
}

}  // namespace
}  // namespace flashsale
