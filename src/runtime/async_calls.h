#ifndef FLASHSALE_SRC_RUNTIME_ASYNC_CALLS_H_
#define FLASHSALE_SRC_RUNTIME_ASYNC_CALLS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "flashsale/base/status.h"
#include "flashsale/policy/owned_bot_query.h"
#include "flashsale/runtime/async_service.h"
#include "flashsale/service/requests.h"
#include "flashsale/service/step.h"
#include "runtime/call_desk.h"
#include "runtime/task_ring.h"

namespace flashsale::inline v0 {

// What an answer is where a call was refused.
inline Result<Outcome> Refused(const Outcome& refusal, const Completion<Outcome>& /*tag*/) {
  return refusal;
}
inline Result<QueuePlace> Refused(const Outcome& refusal, const Completion<QueuePlace>& /*tag*/) {
  return QueuePlace{.outcome = refusal};
}

// A call whose completion hears an Answer.
template <typename Answer>
class AnswerCall : public OpenCall {
 public:
  void Refuse() override { Finish(Refused(desk().Overloaded(), completion_)); }

  bool Deliver() final {
    // The completion may drop whatever the call refers to.
    const std::unique_ptr<AnswerCall> self(this);
    return RunsWithoutThrowing([this] { completion_.Complete(answer_); });
  }

 protected:
  AnswerCall(CallDesk& desk, Completion<Answer>& completion)
      : OpenCall(desk), completion_(completion) {}

  // The call is its desk's from here on.
  void Finish(Result<Answer>&& answer) {
    answer_ = std::move(answer);
    desk().Answer(*this);
  }

 private:
  Completion<Answer>& completion_;
  Result<Answer> answer_ = Answer{};
};

// A request whose context has been copied, to be worked on when its memory is gone.
template <typename Request>
class OwnedRequest {
 public:
  // Throws std::bad_alloc.
  OwnedRequest(const Request& request, GuardedAction action)
      : owned_({.sale = request.sale.id(),
                .user = request.user,
                .action = action,
                .context = request.context}),
        request_(request) {
    request_.context = owned_.query().context;
  }
  OwnedRequest(const OwnedRequest&) = delete;
  OwnedRequest& operator=(const OwnedRequest&) = delete;

  const Request& request() const { return request_; }

 private:
  const OwnedBotQuery owned_;
  Request request_;
};

// A reserve, a confirm, a cancel or an extend.
class CommandCall final : public AnswerCall<Outcome>, public LaneCompletion {
 public:
  CommandCall(CallDesk& desk, Completion<Outcome>& completion) : AnswerCall(desk, completion) {}

  // Passes the gates.  The step, if there is one and it is at hand; nothing: the call is a
  // detector's, or was refused because the desk drains, and no longer the caller's.
  std::optional<Step> Prepare(const ReserveRequest& request);
  // Hands the step's command to the lane.  What the lane refuses; nothing: the call is the lane's.
  // REQUIRES: kApply.
  std::optional<Result<Outcome>> SubmitToLane(const Step& step);

  // For the blocking executor: the gates of `request`.
  void Keep(std::unique_ptr<OwnedRequest<ReserveRequest>> request) {
    request_ = std::move(request);
  }

  // After the gates.
  void GoOn(const Step& step);

  // The lane's answer.
  void Complete(const Result<Outcome>& answer) override;
  void Work() override;

 private:
  class LateStep;

  // Tells the service what the lane has answered, and the caller.
  void Settle();

  std::unique_ptr<OwnedRequest<ReserveRequest>> request_;  // not null: before the gates
  Step step_;
  Result<Outcome> applied_ = Outcome{};
};

// A join that waits for a detector or for the blocking executor.
class JoinCall final : public AnswerCall<QueuePlace> {
 public:
  JoinCall(CallDesk& desk, Completion<QueuePlace>& completion) : AnswerCall(desk, completion) {}

  // As CommandCall::Prepare.
  std::optional<Result<QueuePlace>> Join(const JoinRequest& request);
  void Keep(std::unique_ptr<OwnedRequest<JoinRequest>> request) { request_ = std::move(request); }
  void Work() override;

 private:
  class LatePlace;

  std::unique_ptr<OwnedRequest<JoinRequest>> request_;
};

inline Result<QueuePlace> Ask(FlashSaleService& service, const PositionRequest& request) {
  return service.Position(request.sale, request.user);
}
inline Result<Outcome> Ask(FlashSaleService& service, const HeartbeatRequest& request) {
  return service.Heartbeat(request.sale, request.user);
}
inline Result<Outcome> Ask(FlashSaleService& service, const LeaveRequest& request) {
  return service.Leave(request.sale, request.user);
}

// What somebody asks who stands in the queue, where the storage may block.
template <typename Request, typename Answer>
class QueueCall final : public AnswerCall<Answer> {
 public:
  QueueCall(CallDesk& desk, const Request& request, Completion<Answer>& completion)
      : AnswerCall<Answer>(desk, completion), request_(request) {}

  void Work() override {
    CallDesk& desk = this->desk();
    if (desk.draining()) {
      this->Refuse();
    } else {
      this->Finish(Ask(desk.service(), request_));
    }
  }

 private:
  const Request request_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_RUNTIME_ASYNC_CALLS_H_
