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
#include "runtime/sale_turns.h"
#include "runtime/slot_lists.h"

namespace flashsale::inline v0 {

// A slot goes from the free ones to the inbox (Submit), from there to its sale's queue, into a
// batch, and to the answered ones (Serve), and is free again just before its completion is called
// (Deliver). Each of the three is called by whoever has a thread for it.

// The sales that fall to one worker, with or without a thread of its own.
// Thread safety: any thread; one Serve at a time.
// Blocking: Submit never, Deliver as the completions, Serve as the store.
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
    // Another thread is serving.
    kBusy,
  };
  // Sends one batch, if there is anything to send; or several, where the store keeps what they did
  // together.
  Served Serve();
  // Completes what has been answered.
  void Deliver();

  // For a thread that serves: until there may be something to serve.
  void Wait() const { inbox_.Wait(); }
  void Notify() { inbox_.Notify(); }
  // Lets more come, unless the next batch is full or has waited long enough.
  void Linger();

  void Close() { inbox_.Close(); }
  // Nothing waits to be served.
  bool idle();
  // The same, for ever.
  bool finished();
  // Returns when every accepted call has been completed, by whichever threads do it.
  // REQUIRES: closed, and finished or served by others.
  void WaitUntilCompleted() const;

  void CountException() { Count(exceptions_); }
  void CountExecutorRefusal() { Count(executor_refusals_); }
  void AddTo(LaneStatistics& statistics) const;

 private:
  using Counter = std::atomic<std::uint64_t>;

  // Answered slots, the newest first, as SlotInbox::Push takes them.
  struct Answered {
    SlotIndex newest = kNoSlot;
    SlotIndex oldest = kNoSlot;
  };

  // Relaxed: counts that order nothing.
  static void Count(Counter& counter, std::uint64_t by = 1) {
    counter.fetch_add(by, std::memory_order_relaxed);
  }
  void TakeInbox() FLASHSALE_REQUIRES(serving_);
  // Adds to `answered`, and to what has to be kept before that is delivered.
  void SendBatch(Answered& answered, CommitTicket& ticket) FLASHSALE_REQUIRES(serving_);
  // Returns when all of this may be delivered.
  void AwaitCommit(const CommitTicket& ticket, const Answered& answered)
      FLASHSALE_REQUIRES(serving_);
  Status Apply(const SaleRef& sale, Time now, std::size_t size, CommitTicket& ticket)
      FLASHSALE_REQUIRES(serving_);
  Status TryApply(const SaleRef& sale, Time now, std::size_t size, CommitTicket& ticket)
      FLASHSALE_REQUIRES(serving_);
  void Add(SlotIndex slot, Answered& answered) FLASHSALE_REQUIRES(serving_);
  Outcome Overloaded() const;
  void End(std::uint64_t calls);

  InventoryRepository& store_;
  Clock& clock_;
  const LaneOptions& options_;

  std::vector<LaneSlot> slots_;
  SlotLinks links_;
  FreeSlots free_;
  SlotInbox inbox_;
  SlotInbox answered_;
  // Accepted and not yet completed.
  alignas(64) std::atomic<std::uint64_t> depth_{0};

  // Held while a batch is made and sent.
  alignas(64) Mutex serving_;
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
