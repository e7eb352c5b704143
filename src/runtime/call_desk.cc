#include "runtime/call_desk.h"

namespace flashsale::inline v0 {

CallDesk::CallDesk(FlashSaleService& service, const AsyncServiceOptions& options)
    : service_(service),
      executor_(options.executor),
      blocking_(options.blocking),
      may_block_(service.storage().traits().may_block),
      retry_after_(options.lane.retry_after) {}

void CallDesk::End(std::uint64_t calls) {
  // Release pairs with Drain: what the completions did comes before.
  if (open_.fetch_sub(calls, std::memory_order_acq_rel) != calls) return;
  const MutexLock lock(mutex_);
  if (draining_) changed_.NotifyAll();
}

bool CallDesk::Offload(OpenCall& call) {
  bool posted = false;
  // A reference alone: so small a task needs no memory.
  const bool answered = RunsWithoutThrowing([&] {
    posted = blocking_->Post([&call] {
      // Once the call is delivered nothing else may keep the desk for the rest of this task.
      const std::shared_ptr<CallDesk> desk = call.desk().shared_from_this();
      // The call may be refused, and so be over, while this is still busy with the service.
      const Door::Visit working(desk->working_);
      call.Work();
    });
  });
  if (!answered) exceptions_.fetch_add(1, std::memory_order_relaxed);
  if (!posted) executor_refusals_.fetch_add(1, std::memory_order_relaxed);
  return posted;
}

void CallDesk::Answer(OpenCall& call) {
  {
    const MutexLock lock(mutex_);
    const bool first = first_ == nullptr;
    if (first) {
      first_ = &call;
    } else {
      last_->next_ = &call;
    }
    last_ = &call;
    if (draining_) {
      // Drain delivers it.
      changed_.NotifyAll();
      return;
    }
    // Whoever was told of earlier answers will find this too.
    if (!first) return;
  }
  if (executor_ != nullptr) {
    bool posted = false;
    const bool answered = RunsWithoutThrowing(
        [&] { posted = executor_->Post([desk = shared_from_this()] { desk->Deliver(); }); });
    if (!answered) exceptions_.fetch_add(1, std::memory_order_relaxed);
    if (posted) return;
    executor_refusals_.fetch_add(1, std::memory_order_relaxed);
  }
  Deliver();
}

void CallDesk::Deliver() {
  OpenCall* call = nullptr;
  {
    const MutexLock lock(mutex_);
    call = std::exchange(first_, nullptr);
  }
  std::uint64_t calls = 0;
  while (call != nullptr) {
    OpenCall* const next = call->next_;
    if (!call->Deliver()) exceptions_.fetch_add(1, std::memory_order_relaxed);
    ++calls;
    call = next;
  }
  if (calls > 0) End(calls);
}

bool CallDesk::Wait(WaitingCall& waiting, OpenCall& call) {
  const MutexLock lock(mutex_);
  if (draining_) return false;
  waiting.call_ = &call;
  waiting.next_ = waiting_;
  if (waiting_ != nullptr) waiting_->previous_ = &waiting;
  waiting_ = &waiting;
  return true;
}

OpenCall* CallDesk::StopWaiting(WaitingCall& waiting) {
  const MutexLock lock(mutex_);
  return waiting.call_ == nullptr ? nullptr : Unlink(waiting);
}

OpenCall* CallDesk::Unlink(WaitingCall& waiting) {
  (waiting.previous_ == nullptr ? waiting_ : waiting.previous_->next_) = waiting.next_;
  if (waiting.next_ != nullptr) waiting.next_->previous_ = waiting.previous_;
  return std::exchange(waiting.call_, nullptr);
}

void CallDesk::RefuseWaiting() {
  for (;;) {
    OpenCall* call = nullptr;
    {
      const MutexLock lock(mutex_);
      if (waiting_ == nullptr) return;
      call = Unlink(*waiting_);
    }
    call->Refuse();
  }
}

void CallDesk::Drain() {
  entrance_.Close();
  // From here on nothing is begun; what was accepted is somebody's.
  entrance_.WaitUntilEmpty();
  {
    const MutexLock lock(mutex_);
    draining_ = true;
  }
  RefuseWaiting();
  lane_->Drain();
  for (;;) {
    {
      const MutexLock lock(mutex_);
      while (first_ == nullptr && open_.load(std::memory_order_acquire) != 0) {
        changed_.Wait(mutex_);
      }
      if (first_ == nullptr) break;
    }
    Deliver();
  }
  // What comes later is of calls that were refused, and asks nothing of the service.
  working_.Close();
  working_.WaitUntilEmpty();
}

AsyncServiceStatistics CallDesk::statistics() const {
  return {.open = open_.load(std::memory_order_relaxed),
          .exceptions = exceptions_.load(std::memory_order_relaxed),
          .executor_refusals = executor_refusals_.load(std::memory_order_relaxed),
          .lane = lane_->statistics()};
}

}  // namespace flashsale::inline v0
