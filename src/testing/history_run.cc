#include "flashsale/testing/history_run.h"

#include <algorithm>
#include <array>
#include <barrier>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "flashsale/testing/faults.h"
#include "flashsale/testing/history.h"
#include "flashsale/testing/linearizability.h"
#include "testing/meeting_point.h"
#include "testing/random_world.h"
#include "testing/sale_audit.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::size_t kMostThreads = RandomWorld::kMostThreads;
// A search that finds no order has to go through all of them, and the first failure tells enough.
constexpr std::size_t kMostFailures = 5;

bool HasOverlaps(const History& history) {
  for (const Call& a : history) {
    for (const Call& b : history) {
      if (a.thread < b.thread && a.invoked < b.returned && b.invoked < a.returned) return true;
    }
  }
  return false;
}

// One history after the other.  The threads live on in between, so that all begin at one moment.
class HistoryRun {
 public:
  HistoryRun(const StorageFactory& open, const HistoryRunOptions& options)
      : open_(open), options_(options) {
    for (std::size_t i = 0; i < kMostThreads; ++i) {
      threads_[i] = std::jthread([this, i] { Work(i); });
    }
  }
  ~HistoryRun() {
    over_ = true;
    start_.arrive_and_wait();
  }

  HistoryRunReport Run() {
    std::size_t failures = 0;
    for (std::uint64_t i = 0; i < options_.histories && failures < kMostFailures; ++i) {
      const std::uint64_t seed = options_.first_seed + i;
      std::string error = RunOne(seed);
      const bool passed = error.empty();
      if (!passed) ++failures;
      report_.results.push_back({.name = "history/seed=" + std::to_string(seed),
                                 .passed = passed,
                                 .message = std::move(error)});
    }
    return std::move(report_);
  }

 private:
  // What is asked of the threads: written between two histories, read during one.
  struct Task {
    Task(std::uint64_t seed_of_it, const RandomWorld& world_of_it, InventoryRepository& repository,
         const SaleRef& sale)
        : seed(seed_of_it),
          world(world_of_it),
          recorder(repository, sale, world.threads.size()),
          meeting(world.threads.size()) {}

    const std::uint64_t seed;
    const RandomWorld& world;
    HistoryRecorder recorder;
    MeetingPoint meeting;
    // By thread.
    std::array<Status, kMostThreads> failed{};
  };

  // What went wrong; empty if nothing did.
  std::string RunOne(std::uint64_t seed) {
    const RandomWorld world(seed);
    Result<std::unique_ptr<Storage>> opened = open_({});
    if (!opened.ok()) return opened.status().ToString();
    // The threads repeat what fails themselves, as calls of their own.  Here only answers count.
    InventoryRepository& called = opened.value()->inventory();
    const std::unique_ptr<Storage> storage = NewResendingStorage(std::move(opened).value());
    InventoryRepository& answering = storage->inventory();
    const Result<Outcome> created = answering.Create(world.terms);
    if (!created.ok()) return "Create: " + created.status().ToString();
    const Result<SaleRef> sale = answering.Resolve(world.terms.id);
    if (!sale.ok()) return "Resolve: " + sale.status().ToString();

    task_.emplace(seed, world, called, *sale);
    start_.arrive_and_wait();
    end_.arrive_and_wait();
    for (const Status& status : task_->failed) {
      if (!status.ok()) return "a call failed: " + status.ToString();
    }
    std::string error = CheckOrder(world.terms, task_->recorder.TakeHistory());
    return error.empty() ? SaleAudit(answering, world.terms).CheckAll(world.latest) : error;
  }

  std::string CheckOrder(const SaleTerms& terms, const History& history) {
    if (HasOverlaps(history)) ++report_.overlapping;
    LinearizabilityReport report = CheckLinearizable(terms, history);
    report_.most_configurations = std::max(report_.most_configurations, report.configurations);
    return std::move(report.explanation);
  }

  void Work(std::size_t index) {
    for (;;) {
      start_.arrive_and_wait();
      if (over_) return;
      if (index < task_->world.threads.size()) {
        const auto calls = [this, index] { MakeCalls(index); };
        if (options_.around) {
          options_.around({.seed = task_->seed, .index = index}, calls);
        } else {
          calls();
        }
      }
      end_.arrive_and_wait();
    }
  }

  void MakeCalls(std::size_t index) {
    const std::vector<RandomWorld::Step>& steps = task_->world.threads[index];
    for (std::size_t i = 0; i < steps.size(); ++i) {
      // Every second step, so that calls of neighbouring steps overlap, too.
      if (i % 2 == 0) task_->meeting.Meet();
      Status status = Take(steps[i], task_->recorder.client(index));
      if (!status.ok()) task_->failed[index] = std::move(status);
    }
  }

  const StorageFactory& open_;
  const HistoryRunOptions& options_;
  HistoryRunReport report_;
  // The barriers order all access to these two.
  std::optional<Task> task_;
  bool over_ = false;
  std::barrier<> start_{kMostThreads + 1};
  std::barrier<> end_{kMostThreads + 1};
  std::array<std::jthread, kMostThreads> threads_;  // last: they end before what they use
};

}  // namespace

HistoryRunReport RunHistories(const StorageFactory& open, const HistoryRunOptions& options) {
  return HistoryRun(open, options).Run();
}

}  // namespace flashsale::inline v0
