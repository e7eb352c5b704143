#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "flashsale/backend/memory.h"
#include "flashsale/testing/history.h"
#include "flashsale/testing/linearizability.h"
#include "tests/linearizability/lawful_log.h"
#include "tests/linearizability/preemption.h"
#include "tests/linearizability/random_history.h"

namespace flashsale {
namespace {

constexpr std::size_t kMostThreads = 5;

std::uint64_t HistoriesToCheck() {
  const char* const full = std::getenv("FLASHSALE_TEST_FULL");
  return full != nullptr && std::string_view(full) == "1" ? 50'000 : 2'500;
}

// How many pairs of calls of different threads overlapped: a history without any proves nothing.
std::size_t OverlapsIn(const History& history) {
  std::size_t overlaps = 0;
  for (const Call& a : history) {
    for (const Call& b : history) {
      if (a.thread < b.thread && a.invoked < b.returned && b.invoked < a.returned) ++overlaps;
    }
  }
  return overlaps;
}

// Lets all threads of a history go on together: they meet here spinning, so that those that have a
// processor begin their next calls within the same microsecond.
class MeetingPoint {
 public:
  explicit MeetingPoint(std::size_t threads) : threads_(threads) {}

  void Meet() {
    const std::size_t meeting = arrivals_.fetch_add(1, std::memory_order_acq_rel) / threads_;
    while (arrivals_.load(std::memory_order_acquire) < (meeting + 1) * threads_) {
      std::this_thread::yield();
    }
  }

 private:
  const std::size_t threads_;
  std::atomic<std::size_t> arrivals_{0};
};

TEST_CASE("concurrent histories of the memory backend are linearizable, their logs lawful") {
  const std::uint64_t histories = HistoriesToCheck();
  constexpr std::uint64_t kFirstSeed = 1;
  MESSAGE("seeds " << kFirstSeed << " to " << kFirstSeed + histories - 1);

  // The threads live on from one history to the next, so that all begin at the same moment.
  std::uint64_t seed = kFirstSeed;
  std::unique_ptr<RandomWorld> world;
  std::unique_ptr<HistoryRecorder> recorder;
  std::unique_ptr<MeetingPoint> meeting;
  std::atomic<int> failures = 0;
  std::atomic<bool> over = false;
  std::barrier start(kMostThreads + 1);
  std::barrier end(kMostThreads + 1);
  std::vector<std::jthread> threads;
  for (std::size_t thread = 0; thread < kMostThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (;;) {
        start.arrive_and_wait();
        if (over) return;
        if (thread < world->threads.size()) {
          const Preemption preemption(seed * kMostThreads + thread);
          const std::vector<RandomWorld::Step>& steps = world->threads[thread];
          for (std::size_t i = 0; i < steps.size(); ++i) {
            // Every second step, so that calls of neighbouring steps overlap, too.
            if (i % 2 == 0) meeting->Meet();
            if (!Take(steps[i], recorder->client(thread))) ++failures;
          }
        }
        end.arrive_and_wait();
      }
    });
  }

  std::size_t overlapping = 0;
  std::size_t most_configurations = 0;
  std::string failure;
  for (seed = kFirstSeed; seed < kFirstSeed + histories && failure.empty(); ++seed) {
    world = std::make_unique<RandomWorld>(seed);
    const Result<std::unique_ptr<Storage>> storage =
        OpenMemoryStorage({.events_per_sale = 1'024, .hash_seed = seed});
    REQUIRE(storage.ok());
    InventoryRepository& inventory = (*storage)->inventory();
    const Result<Outcome> created = inventory.Create(world->terms);
    REQUIRE_MESSAGE(created.ok(), created.status().ToString());
    recorder = std::make_unique<HistoryRecorder>(inventory, *inventory.Resolve(world->terms.id),
                                                 world->threads.size());
    meeting = std::make_unique<MeetingPoint>(world->threads.size());
    start.arrive_and_wait();
    end.arrive_and_wait();
    const History history = recorder->TakeHistory();
    if (OverlapsIn(history) > 0) ++overlapping;
    const LinearizabilityReport report = CheckLinearizable(world->terms, history);
    most_configurations = std::max(most_configurations, report.configurations);
    if (!report.ok()) failure = "seed " + std::to_string(seed) + ": " + report.explanation;
    // The log is a linearization of its own: each prefix of it must be lawful, too.
    const std::string complaint = ComplaintAboutLog(inventory, world->terms);
    if (!complaint.empty()) failure = "seed " + std::to_string(seed) + ": " + complaint;
  }
  over = true;
  start.arrive_and_wait();
  threads.clear();

  MESSAGE(overlapping << " of " << histories << " histories had calls that overlapped; at most "
                      << most_configurations << " configurations");
  CHECK_MESSAGE(failure.empty(), failure);
  CHECK(failures == 0);
  CHECK(overlapping > histories / 20);
}

}  // namespace
}  // namespace flashsale
