#ifndef FLASHSALE_RUNTIME_AWAITABLE_H_
#define FLASHSALE_RUNTIME_AWAITABLE_H_

#include <coroutine>
#include <memory>

#include "flashsale/base/outcome.h"
#include "flashsale/base/status.h"
#include "flashsale/export.h"
#include "flashsale/runtime/lane.h"

namespace flashsale::inline v0 {

// A lane's answer, awaited by a coroutine; made by CallLane.
//
// The coroutine goes on where the lane's completions run, i.e. on its executor; at once, without
// suspending, where the lane refuses.
//
// A coroutine that is destroyed while it waits is forgotten by the lane: nothing of it is touched
// any more.  The command may be applied all the same; whoever gives up a hold sends a cancel.
// REQUIRES: it is not destroyed while the answer is resuming it, i.e. on the executor's thread, or
// after the lane was drained.
class FLASHSALE_EXPORT LaneAwaitable {
 public:
  LaneAwaitable(Lane& lane, const LaneCall& call);
  ~LaneAwaitable();
  LaneAwaitable(const LaneAwaitable&) = delete;
  LaneAwaitable& operator=(const LaneAwaitable&) = delete;

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiting);
  Result<Outcome> await_resume();

 private:
  class Wait;

  Lane& lane_;
  const LaneCall call_;
  // Shared by the coroutine and the lane, because either may be the first to go.
  Wait* wait_ = nullptr;
  Result<Outcome> answer_ = Outcome{};
};

// co_await CallLane(lane, {.sale = …, .command = …}): the answer as Lane::Submit gives it or its
// completion hears it, a refusal (Overloaded) included.
inline LaneAwaitable CallLane(Lane& lane, const LaneCall& call) { return {lane, call}; }

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_RUNTIME_AWAITABLE_H_
