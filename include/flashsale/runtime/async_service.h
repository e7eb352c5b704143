#ifndef FLASHSALE_RUNTIME_ASYNC_SERVICE_H_
#define FLASHSALE_RUNTIME_ASYNC_SERVICE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>

#include "flashsale/base/executor.h"
#include "flashsale/base/id.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/status.h"
#include "flashsale/export.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/runtime/awaitable.h"
#include "flashsale/runtime/completion.h"
#include "flashsale/runtime/lane.h"
#include "flashsale/service/flash_sale_service.h"
#include "flashsale/service/requests.h"
#include "flashsale/service/virtual_queue.h"
#include "flashsale/service/waitlist.h"

namespace flashsale::inline v0 {

class CallDesk;

// What a waiting person asks, as the calls of FlashSaleService of the same names.
struct PositionRequest {
  SaleRef sale;
  UserId user = {};
};
struct HeartbeatRequest {
  SaleRef sale;
  UserId user = {};
};
struct LeaveRequest {
  SaleRef sale;
  UserId user = {};
};
// The same of a waitlist.
struct WaitlistPositionRequest {
  SaleRef sale;
  UserId user = {};
  std::uint16_t line = 0;
};
struct LeaveWaitlistRequest {
  SaleRef sale;
  UserId user = {};
  std::uint16_t line = 0;
};

struct AsyncServiceOptions {
  // The lane in front of the store.  Its own `executor` stays null: see the next one.
  LaneOptions lane = {};

  // Where completions run: one Post for what is answered at a time, and not one a call.  Null, or
  // where it refuses: on the thread that has the answer.
  Executor* executor = nullptr;

  // Where the gates, the queue and what follows a command are worked on if the storage may block;
  // not used with one that never does.  It needs threads of its own, as many as round trips shall
  // be on their way at once, e.g. a ThreadPoolExecutor's.  Where it refuses, the call is answered
  // Overloaded.
  Executor* blocking = nullptr;
};

// The figures are read one after the other.
struct AsyncServiceStatistics {
  // Calls that were accepted and whose completions have not run.
  std::uint64_t open = 0;
  // Of completions.
  std::uint64_t exceptions = 0;
  // Times that `executor` or `blocking` refused.
  std::uint64_t executor_refusals = 0;
  LaneStatistics lane = {};
};

// FlashSaleService for a host that must not wait: each call goes through the same gates, what they
// let pass is batched by a Lane, and the answer comes to a completion or resumes a coroutine.
//
//   auto async = AsyncFlashSaleService::New(service, {.executor = &loop, .blocking = &pool});
//   std::optional<Result<Outcome>> at_once = (*async)->Submit(request, completion);
//   ...
//   const Result<Outcome> held = co_await (*async)->Reserve(request);
//
// Order: confirms, cancels and extends of a sale reach the store in the order in which they were
// submitted, and so do reserves, unless they wait for a detector or the storage may block.  With a
// storage that never blocks the completions of one sale are posted in that order.  A cancel that
// overtakes its own reserve leaves a tombstone, and the reserve answers Cancelled.
//
// Shutdown: Close or Drain this (or destroy it), then the service, then the executors and the
// storage.  What has not passed the gates by then is answered Overloaded; what the lane has is
// carried out.
//
// Thread safety: any thread, completions included, but for Drain (one caller at a time) and the
// destructor (no other call).
// Blocking: Submit never, if the detectors and executors keep their duties; Drain and the
// destructor until everything has been completed; Poll as the store.
// Ownership: of its lane.  The service and the executors must outlive it, a completion its call.  A
// request, with all that its context shows, may go as soon as Submit has returned.
// Clock: that of the service.
class FLASHSALE_EXPORT AsyncFlashSaleService {
  // First, because its type has to be known to the calls for coroutines.
  template <typename Answer, typename Request>
  auto Call(const Request& request) {
    return Await<Answer>(
        [this, request](Completion<Answer>& completion) { return Submit(request, completion); });
  }

 public:
  // Errors: InvalidArgument (names the option); ResourceExhausted (no memory, no thread).
  static Result<std::unique_ptr<AsyncFlashSaleService>> New(FlashSaleService& service,
                                                            AsyncServiceOptions options = {});
  // Drains.
  ~AsyncFlashSaleService();
  AsyncFlashSaleService(const AsyncFlashSaleService&) = delete;
  AsyncFlashSaleService& operator=(const AsyncFlashSaleService&) = delete;

  // The answer, where there is one at once: then `completion` hears nothing.  So most answers of a
  // crowd (what gates and phases refuse) cost no allocation and no executor.  Nothing where the
  // call was accepted: then `completion` hears the answer once, perhaps before Submit returns.
  //
  // Overloaded, with how long to wait, where the lane or `blocking` is full, or after Close: the
  // store was not asked.  Else the answers are those of FlashSaleService, and a Status is a lane's:
  // see LaneCompletion.
  [[nodiscard]] std::optional<Result<Outcome>> Submit(const ReserveRequest& request,
                                                      Completion<Outcome>& completion);
  [[nodiscard]] std::optional<Result<Outcome>> Submit(const ConfirmRequest& request,
                                                      Completion<Outcome>& completion);
  [[nodiscard]] std::optional<Result<Outcome>> Submit(const CancelRequest& request,
                                                      Completion<Outcome>& completion);
  [[nodiscard]] std::optional<Result<Outcome>> Submit(const ExtendRequest& request,
                                                      Completion<Outcome>& completion);
  // Of the queue: answered at once, unless the storage may block or a detector takes its time.
  [[nodiscard]] std::optional<Result<QueuePlace>> Submit(const JoinRequest& request,
                                                         Completion<QueuePlace>& completion);
  [[nodiscard]] std::optional<Result<QueuePlace>> Submit(const PositionRequest& request,
                                                         Completion<QueuePlace>& completion);
  [[nodiscard]] std::optional<Result<Outcome>> Submit(const HeartbeatRequest& request,
                                                      Completion<Outcome>& completion);
  [[nodiscard]] std::optional<Result<Outcome>> Submit(const LeaveRequest& request,
                                                      Completion<Outcome>& completion);
  // Of the waitlists, in the same way.
  [[nodiscard]] std::optional<Result<WaitlistPlace>> Submit(const JoinWaitlistRequest& request,
                                                            Completion<WaitlistPlace>& completion);
  [[nodiscard]] std::optional<Result<WaitlistPlace>> Submit(const WaitlistPositionRequest& request,
                                                            Completion<WaitlistPlace>& completion);
  [[nodiscard]] std::optional<Result<Outcome>> Submit(const LeaveWaitlistRequest& request,
                                                      Completion<Outcome>& completion);

  // The same for coroutines: co_await gives what Submit or the completion would.  See Awaitable for
  // where the coroutine goes on, and for one that is destroyed meanwhile.  The request is submitted
  // when it is awaited; what its context shows must live until then.
  auto Reserve(const ReserveRequest& request) { return Call<Outcome>(request); }
  auto Confirm(const ConfirmRequest& request) { return Call<Outcome>(request); }
  auto Cancel(const CancelRequest& request) { return Call<Outcome>(request); }
  auto Extend(const ExtendRequest& request) { return Call<Outcome>(request); }
  auto Join(const JoinRequest& request) { return Call<QueuePlace>(request); }
  auto Position(const PositionRequest& request) { return Call<QueuePlace>(request); }
  auto Heartbeat(const HeartbeatRequest& request) { return Call<Outcome>(request); }
  auto Leave(const LeaveRequest& request) { return Call<Outcome>(request); }
  auto JoinWaitlist(const JoinWaitlistRequest& request) { return Call<WaitlistPlace>(request); }
  auto WaitlistPosition(const WaitlistPositionRequest& request) {
    return Call<WaitlistPlace>(request);
  }
  auto LeaveWaitlist(const LeaveWaitlistRequest& request) { return Call<Outcome>(request); }

  // With LaneOptions::workers = 0: see Lane::Poll.
  bool Poll(std::size_t max_batches = std::numeric_limits<std::size_t>::max());

  // Refuses further calls.  Those that were accepted go on.
  void Close();

  // Closes, answers Overloaded to what has not passed the gates, and returns when every accepted
  // call has been completed.  What the executor has not begun to run by then completes on this
  // thread, so that the thread that runs a ManualExecutor may call it.
  // REQUIRES: not called by a completion or on a thread of `blocking`, which goes on with its tasks
  // meanwhile.
  void Drain();

  AsyncServiceStatistics statistics() const;

 private:
  explicit AsyncFlashSaleService(std::shared_ptr<CallDesk> desk);

  // Shared with what was posted to the executor, and with detectors that have not answered.
  const std::shared_ptr<CallDesk> desk_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_RUNTIME_ASYNC_SERVICE_H_
