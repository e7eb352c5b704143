#ifndef FLASHSALE_SRC_RUNTIME_LANE_WORKER_H_
#define FLASHSALE_SRC_RUNTIME_LANE_WORKER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "base/mutex.h"
#include "flashsale/base/clock.h"
#include "flashsale/runtime/lane.h"
#include "runtime/event_count.h"
#include "runtime/sale_turns.h"
#include "runtime/slot_lists.h"
#include "runtime/uncommitted_calls.h"

namespace flashsale::inline v0 {

// A slot goes from the free ones to the inbox (Submit), from there to its sale's queue, into a
// batch, and to the answered ones (Serve), and is free again just before its completion is called
// (Deliver).  Where the store keeps later what it does, a slot waits for that between batch and
// answer: in Serve, or, so that others are served meanwhile, for another thread (Keep).  Each of
// the four is called by whoever has a thread for it.

// The sales that fall to one worker, with or without a thread of its own.
// Thread safety: any thread; one Serve and one Keep at a time.
// Blocking: Submit never, Deliver as the completions, Serve as the store, Keep until there is
// something to keep, and as the store.
// Ownership: the store, the clock and the options must outlive it.  Clock: one reading a batch.
class LaneWorker {
 public:
  LaneWorker(InventoryRepository& store, Clock& clock, const LaneOptions& options);
  LaneWorker(const LaneWorker&) = delete;
  LaneWorker& operator=(const LaneWorker&) = delete;

  enum class Submitted : std::uint8_t { kRefused, kWakes, kBehindOthers };
  // kWakes: whoever serves may be asleep; see Notify.
  Submitted Submit(const LaneCall& call, std::uint64_t sale_hash, LaneCompletion& completion);

  enum class Served : std::uint8_t {
    kNothing,
    // There are answers, and Deliver is to be called.
    kAnswers,
    // The same, but somebody has already been told of earlier ones and will find these too.
    kMoreAnswers,
    // What was done is now for Keep to wait for.
    kUncommitted,
    // Another thread is serving.
    kBusy,
  };
  // Sends one batch, if there is anything to send, or several, where the store keeps what they did
  // together.  While Keep waits for earlier ones only many calls are worth a batch.
  Served Serve();
  // Waits for calls that have to be kept, and then until they are; kNothing after EndKeeping, when
  // there are none any more.
  Served Keep();
  // From here on another thread calls Keep, until it returns kNothing.
  void BeginKeeping();
  void EndKeeping() { uncommitted_.Close(); }
  // The store has been seen to keep later what it does.
  bool keeps_later() const { return keeps_later_.load(std::memory_order_relaxed); }
  // Completes what has been answered.
  void Deliver();

  // For the thread that serves: what it may find to do is announced.
  EventCount& events() { return events_; }
  // Lets more come, unless the next batch is full or has waited long enough.  False where there is
  // none yet: what comes now has not been waited with.
  bool Linger();

  void Close() {
    inbox_.Close();
    events_.Announce();
  }
  // Nothing waits to be served.
  bool idle();
  // The same, for ever, and nothing waits to be kept.
  bool finished();
  // Returns when every accepted call has been completed, by whichever threads do it.
  // REQUIRES: closed, and finished or served by others.
  void WaitUntilCompleted() const;

  void CountException() { Count(exceptions_); }
  void CountExecutorRefusal() { Count(executor_refusals_); }
  void AddTo(LaneStatistics& statistics) const;

 private:
  using Counter = std::atomic<std::uint64_t>;

  // Relaxed: counts that order nothing.
  static void Count(Counter& counter, std::uint64_t by = 1) {
    counter.fetch_add(by, std::memory_order_relaxed);
  }
  // So many calls wait to be carried out that they should not wait for a commit as well.
  bool many_wait() const {
    // Relaxed, and not at one time: it is a matter of speed alone.
    const std::uint64_t depth = depth_.load(std::memory_order_relaxed);
    return depth >= carried_out_.load(std::memory_order_relaxed) + options_.max_batch;
  }
  void TakeInbox() FLASHSALE_REQUIRES(serving_);
  // Adds to `done`.
  void SendBatch(CarriedOut& done) FLASHSALE_REQUIRES(serving_);
  // Returns when all of this may be told.
  void AwaitCommit(const CarriedOut& done);
  Served Answer(const CarriedOut& done);
  Status Apply(const SaleRef& sale, Time now, std::size_t size, CommitTicket& ticket)
      FLASHSALE_REQUIRES(serving_);
  Status TryApply(const SaleRef& sale, Time now, std::size_t size, CommitTicket& ticket)
      FLASHSALE_REQUIRES(serving_);
  Outcome Overloaded() const;
  void End(std::uint64_t calls);

  InventoryRepository& store_;
  Clock& clock_;
  const LaneOptions& options_;

  std::vector<LaneSlot> slots_;
  SlotLinks links_;
  FreeSlots free_;
  SlotInbox inbox_;
  UncommittedCalls uncommitted_;
  SlotInbox answered_;
  EventCount events_;
  // Accepted and not yet completed.
  alignas(64) std::atomic<std::uint64_t> depth_{0};
  // Of those: that were in a batch, or whose time was up.
  std::atomic<std::uint64_t> carried_out_{0};

  // Held while a batch is made and sent.
  alignas(64) Mutex serving_;
  std::atomic<bool> keeps_later_{false};
  bool has_keeper_ FLASHSALE_GUARDED_BY(serving_) = false;
  SaleTurns turns_ FLASHSALE_GUARDED_BY(serving_);
  // The batch that is being sent.
  std::vector<SlotIndex> batch_ FLASHSALE_GUARDED_BY(serving_);
  std::vector<Command> commands_ FLASHSALE_GUARDED_BY(serving_);
  std::vector<Outcome> outcomes_ FLASHSALE_GUARDED_BY(serving_);

  Counter refused_{0};
  Counter completed_{0};
  Counter expired_{0};
  Counter failed_{0};
  Counter batches_{0};
  Counter resends_{0};
  std::array<Counter, std::tuple_size_v<decltype(LaneStatistics::batch_sizes)>> batch_sizes_{};
  Counter exceptions_{0};
  Counter executor_refusals_{0};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_RUNTIME_LANE_WORKER_H_
