#include "flashsale/runtime/async_service.h"

#include <new>
#include <string>
#include <utility>

#include "base/field_check.h"
#include "runtime/async_calls.h"
#include "runtime/call_desk.h"

namespace flashsale::inline v0 {
namespace {

Status Validate(const AsyncServiceOptions& options, const StorageTraits& storage) {
  FieldCheck check;
  check
      .That(options.lane.executor == nullptr, "lane.executor", "not null",
            "null; `executor` runs the completions")
      .That(!storage.may_block || options.blocking != nullptr, "blocking", "null",
            "an executor, because the storage may block");
  return check.status();
}

Status OutOfMemory() { return {StatusCode::kResourceExhausted, std::string()}; }

// Has the blocking executor go on with the call.
template <typename Call, typename Answer>
std::optional<Result<Answer>> Offload(CallDesk& desk, NewCall<Call> call,
                                      const Completion<Answer>& completion) {
  if (call == nullptr) return OutOfMemory();
  if (!desk.Offload(*call)) return Refused(desk.Overloaded(), completion);
  LetGo(call);
  return std::nullopt;
}

// What the step's command answers: at once, or through the lane.
std::optional<Result<Outcome>> Apply(NewCall<CommandCall> call, const Step& step) {
  if (step.kind() == Step::Kind::kAnswered) return step.outcome();
  std::optional<Result<Outcome>> refusal = call->SubmitToLane(step);
  if (!refusal.has_value()) LetGo(call);
  return refusal;
}

NewCall<CommandCall> NewCommandCall(CallDesk& desk, Completion<Outcome>& completion) {
  return NewCall<CommandCall>(new (std::nothrow) CommandCall(desk, completion));
}

// A confirm, a cancel or an extend, which pass no gate.
template <typename Request>
std::optional<Result<Outcome>> SubmitCommand(CallDesk& desk, const Request& request,
                                             Completion<Outcome>& completion) {
  const Entrance::Visit visit(desk.entrance());
  if (!visit.inside()) return desk.Overloaded();
  NewCall<CommandCall> call = NewCommandCall(desk, completion);
  if (call == nullptr) return OutOfMemory();
  return Apply(std::move(call), desk.service().Prepare(request, desk.Now()));
}

// What somebody asks who stands in the queue.
template <typename Request, typename Answer>
std::optional<Result<Answer>> SubmitToQueue(CallDesk& desk, const Request& request,
                                            Completion<Answer>& completion) {
  const Entrance::Visit visit(desk.entrance());
  if (!visit.inside()) return Refused(desk.Overloaded(), completion);
  if (!desk.may_block()) return Ask(desk.service(), request);
  using Call = QueueCall<Request, Answer>;
  return Offload(desk, NewCall<Call>(new (std::nothrow) Call(desk, request, completion)),
                 completion);
}

// Gives the call a copy of the request and has the blocking executor go on with it.
template <typename Call, typename Request, typename Answer>
std::optional<Result<Answer>> OffloadGates(CallDesk& desk, NewCall<Call> call,
                                           const Request& request, GuardedAction action,
                                           const Completion<Answer>& completion) {
  try {
    if (call != nullptr) call->Keep(std::make_unique<OwnedRequest<Request>>(request, action));
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
  return Offload(desk, std::move(call), completion);
}

template <typename Joining>
std::optional<Result<typename Joining::Place>> SubmitJoin(
    CallDesk& desk, const typename Joining::Request& request,
    Completion<typename Joining::Place>& completion) {
  const Entrance::Visit visit(desk.entrance());
  if (!visit.inside()) return Refused(desk.Overloaded(), completion);
  if (!desk.may_block() && !desk.service().MayWaitForDetectors()) {
    return Joining::Join(desk.service(), request);
  }
  NewCall<JoinCall<Joining>> call(new (std::nothrow) JoinCall<Joining>(desk, completion));
  if (call == nullptr) return OutOfMemory();
  if (desk.may_block()) {
    return OffloadGates(desk, std::move(call), request, GuardedAction::kJoin, completion);
  }
  std::optional<Result<typename Joining::Place>> place = call->Join(request);
  if (!place.has_value()) LetGo(call);
  return place;
}

}  // namespace

Result<std::unique_ptr<AsyncFlashSaleService>> AsyncFlashSaleService::New(
    FlashSaleService& service, AsyncServiceOptions options) {
  Status status = Validate(options, service.storage().traits());
  if (!status.ok()) return status;
  try {
    auto desk = std::make_shared<CallDesk>(service, options);
    auto lane = Lane::New(service.storage().inventory(), service.clock(), std::move(options.lane));
    if (!lane.ok()) {
      return Status(lane.status().code(), "lane." + lane.status().message());
    }
    desk->SetLane(*std::move(lane));
    return std::unique_ptr<AsyncFlashSaleService>(new AsyncFlashSaleService(std::move(desk)));
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
}

AsyncFlashSaleService::AsyncFlashSaleService(std::shared_ptr<CallDesk> desk)
    : desk_(std::move(desk)) {}

AsyncFlashSaleService::~AsyncFlashSaleService() {
  Drain();
  desk_->Retire();
}

std::optional<Result<Outcome>> AsyncFlashSaleService::Submit(const ReserveRequest& request,
                                                             Completion<Outcome>& completion) {
  CallDesk& desk = *desk_;
  const Entrance::Visit visit(desk.entrance());
  if (!visit.inside()) return desk.Overloaded();
  if (!desk.may_block() && !desk.service().MayWaitForDetectors()) {
    // Most of a crowd is refused here: it needs no call.
    const Step step = desk.service().Prepare(request, desk.Now());
    if (step.kind() == Step::Kind::kAnswered) return step.outcome();
    NewCall<CommandCall> call = NewCommandCall(desk, completion);
    if (call == nullptr) return OutOfMemory();
    return Apply(std::move(call), step);
  }
  NewCall<CommandCall> call = NewCommandCall(desk, completion);
  if (call == nullptr) return OutOfMemory();
  if (desk.may_block()) {
    return OffloadGates(desk, std::move(call), request, GuardedAction::kReserve, completion);
  }
  const std::optional<Step> step = call->Prepare(request);
  if (!step.has_value()) {
    LetGo(call);
    return std::nullopt;
  }
  return Apply(std::move(call), *step);
}

std::optional<Result<Outcome>> AsyncFlashSaleService::Submit(const ConfirmRequest& request,
                                                             Completion<Outcome>& completion) {
  return SubmitCommand(*desk_, request, completion);
}
std::optional<Result<Outcome>> AsyncFlashSaleService::Submit(const CancelRequest& request,
                                                             Completion<Outcome>& completion) {
  return SubmitCommand(*desk_, request, completion);
}
std::optional<Result<Outcome>> AsyncFlashSaleService::Submit(const ExtendRequest& request,
                                                             Completion<Outcome>& completion) {
  return SubmitCommand(*desk_, request, completion);
}

std::optional<Result<QueuePlace>> AsyncFlashSaleService::Submit(
    const JoinRequest& request, Completion<QueuePlace>& completion) {
  return SubmitJoin<QueueJoining>(*desk_, request, completion);
}
std::optional<Result<WaitlistPlace>> AsyncFlashSaleService::Submit(
    const JoinWaitlistRequest& request, Completion<WaitlistPlace>& completion) {
  return SubmitJoin<WaitlistJoining>(*desk_, request, completion);
}

std::optional<Result<QueuePlace>> AsyncFlashSaleService::Submit(
    const PositionRequest& request, Completion<QueuePlace>& completion) {
  return SubmitToQueue(*desk_, request, completion);
}
std::optional<Result<Outcome>> AsyncFlashSaleService::Submit(const HeartbeatRequest& request,
                                                             Completion<Outcome>& completion) {
  return SubmitToQueue(*desk_, request, completion);
}
std::optional<Result<Outcome>> AsyncFlashSaleService::Submit(const LeaveRequest& request,
                                                             Completion<Outcome>& completion) {
  return SubmitToQueue(*desk_, request, completion);
}

std::optional<Result<WaitlistPlace>> AsyncFlashSaleService::Submit(
    const WaitlistPositionRequest& request, Completion<WaitlistPlace>& completion) {
  return SubmitToQueue(*desk_, request, completion);
}
std::optional<Result<Outcome>> AsyncFlashSaleService::Submit(const LeaveWaitlistRequest& request,
                                                             Completion<Outcome>& completion) {
  return SubmitToQueue(*desk_, request, completion);
}

bool AsyncFlashSaleService::Poll(std::size_t max_batches) {
  return desk_->lane().Poll(max_batches);
}
void AsyncFlashSaleService::Close() { desk_->entrance().Close(); }
void AsyncFlashSaleService::Drain() { desk_->Drain(); }
AsyncServiceStatistics AsyncFlashSaleService::statistics() const { return desk_->statistics(); }

}  // namespace flashsale::inline v0
