#include "runtime/async_calls.h"

#include <new>

namespace flashsale::inline v0 {
namespace {

// The answer, or the code of its status alone where there is no memory for the message.
template <typename Answer>
Result<Answer> CopyOf(const Result<Answer>& answer) noexcept {
  try {
    return answer;
  } catch (const std::bad_alloc&) {
    return Status(answer.status().code(), std::string());
  }
}

}  // namespace

// Where the step of a call goes that waits for a detector.  Deletes itself when it is told.
class CommandCall::LateStep final : public StepSink, public WaitingCall {
 public:
  explicit LateStep(CallDesk& desk) : desk_(desk.shared_from_this()) {}

  void OnStep(const Step& step) override {
    const std::shared_ptr<CallDesk> desk = desk_;
    auto* const call = static_cast<CommandCall*>(desk->StopWaiting(*this));
    delete this;
    // Null: the desk has refused it.  The step's permit goes with the step.
    if (call != nullptr) call->GoOn(step);
  }

 private:
  const std::shared_ptr<CallDesk> desk_;
};

std::optional<Step> CommandCall::Prepare(const ReserveRequest& request) {
  CallDesk& desk = this->desk();
  FlashSaleService& service = desk.service();
  if (!service.MayWaitForDetectors()) return service.Prepare(request, desk.Now());
  std::unique_ptr<LateStep> late(new (std::nothrow) LateStep(desk));
  if (late == nullptr || !desk.Wait(*late, *this)) {
    Refuse();
    return std::nullopt;
  }
  Step step = service.Prepare(request, desk.Now(), late.get());
  // The detector's, which may have answered; this call may be gone.
  if (step.kind() == Step::Kind::kPending) {
    LetGo(late);
    return std::nullopt;
  }
  if (desk.StopWaiting(*late) == nullptr) return std::nullopt;
  return step;
}

std::optional<Result<Outcome>> CommandCall::SubmitToLane(const Step& step) {
  step_ = step;
  // From here on the call may be gone, unless it is refused.
  CallDesk& desk = this->desk();
  const std::optional<Outcome> refusal =
      desk.lane().Submit({.sale = step.sale(), .command = step.command()}, *this);
  if (!refusal.has_value()) return std::nullopt;
  return desk.service().Complete(std::exchange(step_, Step()), *refusal, desk.Now());
}

void CommandCall::GoOn(const Step& step) {
  if (step.kind() == Step::Kind::kAnswered) {
    Finish(step.outcome());
    return;
  }
  const std::shared_ptr<Lane> lane = desk().HoldLane();
  std::optional<Result<Outcome>> refusal = SubmitToLane(step);
  if (refusal.has_value()) Finish(*std::move(refusal));
}

void CommandCall::Complete(const Result<Outcome>& answer) {
  applied_ = CopyOf(answer);
  if (desk().may_block() && desk().Offload(*this)) return;
  Settle();
}

void CommandCall::Work() {
  const std::unique_ptr<OwnedRequest<ReserveRequest>> request = std::move(request_);
  if (request == nullptr) {
    Settle();
  } else if (desk().draining()) {
    Refuse();
  } else if (const std::optional<Step> step = Prepare(request->request())) {
    GoOn(*step);
  }
}

void CommandCall::Settle() {
  {
    // The step has done its work; its permit goes here.
    const Step step = std::exchange(step_, Step());
    RunsWithoutThrowing(
        [&] { applied_ = desk().service().Complete(step, applied_, desk().Now()); });
  }
  Finish(std::move(applied_));
}

// Where the place of a call goes that waits for a detector.  Deletes itself when it is told.
template <typename Joining>
class JoinCall<Joining>::LatePlace final : public Joining::Sink, public WaitingCall {
 public:
  explicit LatePlace(CallDesk& desk) : desk_(desk.shared_from_this()) {}

  void OnPlace(const Result<Place>& place) override {
    const std::shared_ptr<CallDesk> desk = desk_;
    auto* const call = static_cast<JoinCall*>(desk->StopWaiting(*this));
    delete this;
    if (call != nullptr) call->Finish(CopyOf(place));
  }

 private:
  const std::shared_ptr<CallDesk> desk_;
};

template <typename Joining>
std::optional<Result<typename Joining::Place>> JoinCall<Joining>::Join(const Request& request) {
  CallDesk& desk = this->desk();
  FlashSaleService& service = desk.service();
  if (!service.MayWaitForDetectors()) return Joining::Join(service, request);
  std::unique_ptr<LatePlace> late(new (std::nothrow) LatePlace(desk));
  if (late == nullptr || !desk.Wait(*late, *this)) {
    this->Refuse();
    return std::nullopt;
  }
  std::optional<Result<Place>> place = Joining::Join(service, request, *late);
  if (!place.has_value()) {
    LetGo(late);
    return std::nullopt;
  }
  if (desk.StopWaiting(*late) == nullptr) return std::nullopt;
  return place;
}

template <typename Joining>
void JoinCall<Joining>::Work() {
  const std::unique_ptr<OwnedRequest<Request>> request = std::move(request_);
  if (this->desk().draining()) {
    this->Refuse();
  } else if (std::optional<Result<Place>> place = Join(request->request())) {
    this->Finish(*std::move(place));
  }
}

template class JoinCall<QueueJoining>;
template class JoinCall<WaitlistJoining>;

}  // namespace flashsale::inline v0
