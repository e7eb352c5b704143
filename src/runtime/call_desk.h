#ifndef FLASHSALE_SRC_RUNTIME_CALL_DESK_H_
#define FLASHSALE_SRC_RUNTIME_CALL_DESK_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/door.h"
#include "base/mutex.h"
#include "flashsale/base/outcome.h"
#include "flashsale/runtime/async_service.h"
#include "runtime/condition.h"
#include "runtime/entrance.h"
#include "runtime/task_ring.h"

namespace flashsale::inline v0 {

class CallDesk;

// A call that was accepted and not yet completed.  Whoever holds it may go on with it, and hands it
// to the next in the end: Submit, a detector, the blocking executor, the lane, and last the desk.
class OpenCall {
 public:
  virtual ~OpenCall() = default;
  OpenCall(const OpenCall&) = delete;
  OpenCall& operator=(const OpenCall&) = delete;

  CallDesk& desk() const { return desk_; }

  // What may block: on the blocking executor.
  virtual void Work() = 0;
  // Ends it before it has passed the gates.
  virtual void Refuse() = 0;
  // Calls the completion, and deletes itself.  False where that threw.
  virtual bool Deliver() = 0;

 protected:
  // Counts as open from here on.
  explicit OpenCall(CallDesk& desk);

 private:
  friend class CallDesk;
  CallDesk& desk_;
  OpenCall* next_ = nullptr;  // among the answered
};

// A detector that has not answered, and the call that waits for it.  It is the detector's to end.
class WaitingCall {
 private:
  friend class CallDesk;
  OpenCall* call_ = nullptr;  // null: nobody waits any more
  WaitingCall* previous_ = nullptr;
  WaitingCall* next_ = nullptr;
};

// What the open calls of an AsyncFlashSaleService share: where they wait, and where their answers
// go.
//
// Thread safety: any thread; Drain one at a time, Retire after all else.
// Blocking: Drain alone.
// Ownership: of the lane and the open calls.  It is kept alive by its service, by what is posted to
// the executors, and by detectors that have not answered; a call's own threads touch it only before
// the call is delivered, or while they hold it themselves.
class CallDesk : public std::enable_shared_from_this<CallDesk> {
 public:
  CallDesk(FlashSaleService& service, const AsyncServiceOptions& options);

  // REQUIRES: called once, before all else.
  void SetLane(std::unique_ptr<Lane> lane) { lane_ = std::move(lane); }

  FlashSaleService& service() { return service_; }
  Lane& lane() { return *lane_; }
  // For who submits a call and is no visitor of the entrance: once the call is accepted it may be
  // answered, and the desk retired, before Submit has returned.
  std::shared_ptr<Lane> HoldLane() const { return lane_; }
  Entrance& entrance() { return entrance_; }
  Time Now() { return service_.clock().Now(); }
  // Whether calls to the store have to go to the blocking executor.
  bool may_block() const { return may_block_; }
  Outcome Overloaded() const {
    return {.code = Code::kOverloaded, .when_us = retry_after_.count()};
  }

  // One call more, or less, than is open.
  void Begin() { open_.fetch_add(1, std::memory_order_relaxed); }
  void End(std::uint64_t calls) FLASHSALE_EXCLUDES(mutex_);

  // Has the call's Work done on the blocking executor.  False where it refuses; else the call is no
  // longer the caller's.
  bool Offload(OpenCall& call);
  // The call has its answer, and is no longer the caller's.
  void Answer(OpenCall& call) FLASHSALE_EXCLUDES(mutex_);

  // `call` waits for a detector.  False where nobody shall any more.
  bool Wait(WaitingCall& waiting, OpenCall& call) FLASHSALE_EXCLUDES(mutex_);
  // The call, which is the caller's again; null where it was refused meanwhile.
  OpenCall* StopWaiting(WaitingCall& waiting) FLASHSALE_EXCLUDES(mutex_);
  // Whether what has not passed the gates is refused.
  bool draining() FLASHSALE_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return draining_;
  }

  void Drain() FLASHSALE_EXCLUDES(mutex_);
  // Frees what is of no use to detectors that answer later.  REQUIRES: drained.
  void Retire() { lane_.reset(); }
  AsyncServiceStatistics statistics() const;

 private:
  void Deliver() FLASHSALE_EXCLUDES(mutex_);
  void RefuseWaiting() FLASHSALE_EXCLUDES(mutex_);
  OpenCall* Unlink(WaitingCall& waiting) FLASHSALE_REQUIRES(mutex_);

  FlashSaleService& service_;
  Executor* const executor_;
  Executor* const blocking_;
  const bool may_block_;
  const Duration retry_after_;
  std::shared_ptr<Lane> lane_;

  Entrance entrance_;
  Door working_;  // where the blocking executor's threads are while they work
  std::atomic<std::uint64_t> open_{0};
  // Relaxed: counts that order nothing.
  std::atomic<std::uint64_t> exceptions_{0};
  std::atomic<std::uint64_t> executor_refusals_{0};

  Mutex mutex_;
  Condition changed_;  // while it drains: there are answers, or nothing is open
  bool draining_ FLASHSALE_GUARDED_BY(mutex_) = false;
  // Answered, the oldest first.
  OpenCall* first_ FLASHSALE_GUARDED_BY(mutex_) = nullptr;
  OpenCall* last_ FLASHSALE_GUARDED_BY(mutex_) = nullptr;
  WaitingCall* waiting_ FLASHSALE_GUARDED_BY(mutex_) = nullptr;
};

inline OpenCall::OpenCall(CallDesk& desk) : desk_(desk) { desk.Begin(); }

// A call that nobody has been told of yet: it is taken back, unless it is released.
struct TakeBack {
  void operator()(OpenCall* call) const {
    CallDesk& desk = call->desk();
    delete call;
    desk.End(1);
  }
};
template <typename Call>
using NewCall = std::unique_ptr<Call, TakeBack>;

// What the pointer owns is another's from here on, who may have deleted it.
template <typename T, typename Deleter>
void LetGo(std::unique_ptr<T, Deleter>& pointer) {
  static_cast<void>(pointer.release());
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_RUNTIME_CALL_DESK_H_
