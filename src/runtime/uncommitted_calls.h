#ifndef FLASHSALE_SRC_RUNTIME_UNCOMMITTED_CALLS_H_
#define FLASHSALE_SRC_RUNTIME_UNCOMMITTED_CALLS_H_

#include <algorithm>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "flashsale/repository/inventory_repository.h"
#include "runtime/condition.h"
#include "runtime/slot_lists.h"

namespace flashsale::inline v0 {

// Calls that were carried out, the newest first, as SlotInbox::Push takes them, and what has to be
// kept before they are told.
struct CarriedOut {
  SlotIndex newest = kNoSlot;
  SlotIndex oldest = kNoSlot;
  CommitTicket ticket = {};

  void Add(SlotIndex slot, SlotLinks& links) {
    links[slot] = newest;
    newest = slot;
    if (oldest == kNoSlot) oldest = slot;
  }
};

// Such calls on their way from the thread that serves to one that waits for commits.
// Thread safety: any thread; one Take and what follows on it at a time.
class UncommittedCalls {
 public:
  explicit UncommittedCalls(SlotLinks& links) : links_(links) {}

  // They are behind all before.  REQUIRES: not closed.
  void Add(const CarriedOut& calls) {
    {
      const MutexLock lock(mutex_);
      if (waiting_.newest == kNoSlot) {
        waiting_ = calls;
      } else {
        links_[calls.oldest] = waiting_.newest;
        waiting_.newest = calls.newest;
        waiting_.ticket.number = std::max(waiting_.ticket.number, calls.ticket.number);
      }
    }
    changed_.NotifyOne();
  }

  // All there are, once there are some; nothing when it was closed.  What was taken is out until
  // Return.
  std::optional<CarriedOut> Take() {
    const MutexLock lock(mutex_);
    while (waiting_.newest == kNoSlot && !closed_) changed_.Wait(mutex_);
    if (waiting_.newest == kNoSlot) return std::nullopt;
    out_ = true;
    return std::exchange(waiting_, {});
  }
  // What was taken has been answered.
  void Return() {
    const MutexLock lock(mutex_);
    out_ = false;
  }

  // None waits and none is out.
  bool empty() {
    const MutexLock lock(mutex_);
    return waiting_.newest == kNoSlot && !out_;
  }

  void Close() {
    {
      const MutexLock lock(mutex_);
      closed_ = true;
    }
    changed_.NotifyOne();
  }

 private:
  SlotLinks& links_;
  Mutex mutex_;
  Condition changed_;
  CarriedOut waiting_ FLASHSALE_GUARDED_BY(mutex_);
  bool out_ FLASHSALE_GUARDED_BY(mutex_) = false;
  bool closed_ FLASHSALE_GUARDED_BY(mutex_) = false;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_RUNTIME_UNCOMMITTED_CALLS_H_
