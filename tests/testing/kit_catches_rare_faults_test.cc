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
#include "tests/testing/lying_queues.h"
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

// The last batch of a queue, with its answers.
struct LastQueueBatch {
  std::mutex mutex;
  std::thread::id thread;
  Time now;
  std::vector<QueueCommand> commands;
  std::vector<QueueAnswer> answers;
};

// Has a batch of a queue that comes again, of several commands, not looks alone, done by `again`.
QueueLies DoingAgain(
    std::function<Status(QueueRepository& inner, const SaleRef& sale, const LastQueueBatch& last,
                         std::span<QueueAnswer> answers)>
        again) {
  const auto last = std::make_shared<LastQueueBatch>();
  return {.apply = [last, again = std::move(again)](
                       QueueRepository& inner, const SaleRef& sale, Time now,
                       std::span<const QueueCommand> commands, std::span<QueueAnswer> answers) {
    const std::lock_guard lock(last->mutex);
    const bool same = commands.size() > 1 && last->thread == std::this_thread::get_id() &&
                      last->now == now && std::ranges::equal(last->commands, commands) &&
                      std::ranges::any_of(commands, [](const QueueCommand& command) {
                        return command.verb != QueueVerb::kLook;
                      });
    if (same) return again(inner, sale, *last, answers);
    Status status = inner.Apply(sale, now, commands, answers);
    if (!status.ok()) return status;
    last->thread = std::this_thread::get_id();
    last->now = now;
    last->commands.assign(commands.begin(), commands.end());
    last->answers.assign(answers.begin(), answers.end());
    return status;
  }};
}

QueueLies QueueRepliesFromMemory() {
  return DoingAgain([](QueueRepository&, const SaleRef&, const LastQueueBatch& last,
                       std::span<QueueAnswer> answers) {
    std::ranges::copy(last.answers, answers.begin());
    return Status();
  });
}

// Its joins make another ticket each.
QueueLies QueueAppliesAgain() {
  return DoingAgain([](QueueRepository& inner, const SaleRef& sale, const LastQueueBatch& last,
                       std::span<QueueAnswer> answers) {
    for (std::size_t i = 0; i < last.commands.size(); ++i) {
      const QueueCommand& command = last.commands[i];
      const QueueCommand leave{.verb = QueueVerb::kLeave, .user = command.user};
      QueueAnswer left;
      if (command.verb == QueueVerb::kJoin) {
        static_cast<void>(inner.Apply(sale, last.now, {&leave, 1}, {&left, 1}));
      }
      Status status = inner.Apply(sale, last.now, {&command, 1}, answers.subspan(i, 1));
      if (!status.ok()) return status;
    }
    return Status();
  });
}

// Whoever completes the admission before their present one completes that.
QueueLies CompletesWhatComesAfter() {
  struct Numbers {
    std::mutex mutex;
    std::map<UserId, std::pair<std::uint64_t, std::uint64_t>> before_and_present;
  };
  const auto numbers = std::make_shared<Numbers>();
  return {.command =
              [numbers](QueueCommand& command, Time&) {
                const std::lock_guard lock(numbers->mutex);
                const auto [before, present] = numbers->before_and_present[command.user];
                const bool late = command.verb == QueueVerb::kComplete && before != 0;
                if (late && command.admission == before) command.admission = present;
              },
          .admit =
              [numbers](QueueRepository& inner, const SaleRef& sale, Time now,
                        const AdmitPlan& plan, std::span<QueueEntry> admitted) {
                Result<std::size_t> count = inner.Admit(sale, now, plan, admitted);
                const std::lock_guard lock(numbers->mutex);
                for (std::size_t i = 0; count.ok() && i < *count; ++i) {
                  auto& [before, present] = numbers->before_and_present[admitted[i].user];
                  before = std::exchange(present, admitted[i].admission.number);
                }
                return count;
              }};
}

struct Fault {
  std::string name;
  // For each storage anew: what they remember is of that storage.
  std::function<Lie()> lie = [] { return Lie(); };
  std::function<QueueLies()> queue_lies = [] { return QueueLies(); };
  // The parts of the suite that reject it, all of them.
  std::set<std::string> parts;
  // Which checks of the part with faults do, at least.
  std::set<std::string> checks;
};

std::vector<Fault> FaultsOfSales() {
  return {
      {.name = "none", .parts = {}, .checks = {}},
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

std::vector<Fault> FaultsOfQueues() {
  return {
      {.name = "a queue's batch that comes again is answered as the first time",
       .queue_lies = QueueRepliesFromMemory,
       .parts = {"faults"},
       .checks = {"queues/random"}},
      {.name = "a queue's batch that comes again is carried out again",
       .queue_lies = QueueAppliesAgain,
       .parts = {"faults"},
       .checks = {"queues", "queues/random"}},
      {.name = "a completion that comes late ends the admission after it",
       .queue_lies = CompletesWhatComesAfter,
       .parts = {"faults"},
       .checks = {"queues"}},
  };
}

StorageFactory Telling(const Fault& fault) {
  return [&fault](const StorageNeeds& needs) -> Result<std::unique_ptr<Storage>> {
    ReferenceOptions options;
    if (needs.max_records_per_sale.has_value()) {
      options.max_records_per_sale = *needs.max_records_per_sale;
    }
    return std::unique_ptr<Storage>(std::make_unique<StorageOfLyingQueues>(
        std::make_unique<LyingStorage>(NewReferenceStorage(options), fault.lie()),
        fault.queue_lies()));
  };
}

// Runs those parts of the suite against each that `looks_at` names.
void ExpectRejected(const std::vector<Fault>& faults,
                    const std::function<bool(std::string_view part)>& looks_at) {
  ConformanceOptions options;
  options.random.seeds = 5;
  options.faults.random.seeds = 5;
  for (const Fault& fault : faults) {
    std::set<std::string> parts;
    std::set<std::string> checks;
    std::string first;
    for (const ConformancePart& part : ConformanceParts()) {
      if (!looks_at(part.name)) continue;
      for (const CheckResult& result : part.run(Telling(fault), options)) {
        if (result.passed) continue;
        parts.insert(part.name);
        if (part.name == "faults") checks.insert(result.name.substr(0, result.name.rfind('/')));
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

// The whole suite, several times over: minutes where a sanitizer looks on, who has seen it by then.
TEST_SUITE("long") {
  TEST_CASE("each part of the suite rejects what it is there for, and nothing that is right") {
    ExpectRejected(FaultsOfSales(), [](std::string_view) { return true; });
  }
}  // TEST_SUITE

TEST_CASE("resends to a queue that go wrong are rejected by the part with faults alone") {
  // No other part has anything to do with a queue.
  ExpectRejected(FaultsOfQueues(),
                 [](std::string_view part) { return part == "queues" || part == "faults"; });
}

}  // namespace
}  // namespace flashsale
