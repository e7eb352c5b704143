#ifndef FLASHSALE_TESTING_HISTORY_RUN_H_
#define FLASHSALE_TESTING_HISTORY_RUN_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "flashsale/export.h"
#include "flashsale/testing/check_result.h"
#include "flashsale/testing/storage_factory.h"

namespace flashsale::inline v0 {

// One thread of one history.
struct HistoryThread {
  std::uint64_t seed = 0;
  std::size_t index = 0;
};

struct HistoryRunOptions {
  std::uint64_t first_seed = 1;
  std::uint64_t histories = 1'000;
  // Makes the calls of one thread, once, on that thread; where it is not set they are just made. A
  // place for what belongs to a thread while it calls: a timer that interrupts it, a session.  Run
  // by several threads at once.
  std::function<void(const HistoryThread& thread, const std::function<void()>& calls)> around = {};
};

struct HistoryRunReport {
  // One a history that was checked.
  std::vector<CheckResult> results;
  // Histories in which calls of different threads overlapped.  The others ask less of a backend;
  // how many they are is a matter of the machine and of how long a call takes, not of right and
  // wrong.
  std::uint64_t overlapping = 0;
  // The most that the checker visited for one history.
  std::size_t most_configurations = 0;
};

// Lets two to five threads make seeded calls (commands, batches, reads, cleaning) about a sale of
// very few units and users, a storage of its own each time, and checks what they were told: some
// order of the calls must give every one of them its very answer (CheckLinearizable), every prefix
// of the log must be lawful, and the books at the end must be what the log says.
//
// A call that the storage refuses, or leaves without an answer, is made again, and both stand in
// the history: what was lost may have taken effect once, or not at all.
//
// One result a seed, "history/seed=17"; the same seed makes the same calls, but they interleave as
// the scheduler likes.  Ends early after a handful of histories that fail.
FLASHSALE_EXPORT HistoryRunReport RunHistories(const StorageFactory& open,
                                               const HistoryRunOptions& options = {});

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_TESTING_HISTORY_RUN_H_
