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
template <typename Place>
Result<Place> Refused(const Outcome& refusal, const Completion<Place>& /*tag*/) {
  return Place{.outcome = refusal};
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

// What joins there are: to the queue, and to a waitlist.
struct QueueJoining {
  using Request = JoinRequest;
  using Place = QueuePlace;
  using Sink = PlaceSink;
  static Result<Place> Join(FlashSaleService& service, const Request& request) {
    return service.Join(request);
  }
  static std::optional<Result<Place>> Join(FlashSaleService& service, const Request& request,
                                           Sink& later) {
    return service.Join(request, later);
  }
};
struct WaitlistJoining {
  using Request = JoinWaitlistRequest;
  using Place = WaitlistPlace;
  using Sink = WaitlistPlaceSink;
  static Result<Place> Join(FlashSaleService& service, const Request& request) {
    return service.JoinWaitlist(request);
  }
  static std::optional<Result<Place>> Join(FlashSaleService& service, const Request& request,
                                           Sink& later) {
    return service.JoinWaitlist(request, later);
  }
};

// A join that waits for a detector or for the blocking executor.
template <typename Joining>
class JoinCall final : public AnswerCall<typename Joining::Place> {
 public:
  using Request = typename Joining::Request;
  using Place = typename Joining::Place;

  JoinCall(CallDesk& desk, Completion<Place>& completion) : AnswerCall<Place>(desk, completion) {}

  // As CommandCall::Prepare.
  std::optional<Result<Place>> Join(const Request& request);
  void Keep(std::unique_ptr<OwnedRequest<Request>> request) { request_ = std::move(request); }
  void Work() override;

 private:
  class LatePlace;

  std::unique_ptr<OwnedRequest<Request>> request_;
};
extern template class JoinCall<QueueJoining>;
extern template class JoinCall<WaitlistJoining>;

inline Result<QueuePlace> Ask(FlashSaleService& service, const PositionRequest& request) {
  return service.Position(request.sale, request.user);
}
inline Result<Outcome> Ask(FlashSaleService& service, const HeartbeatRequest& request) {
  return service.Heartbeat(request.sale, request.user);
}
inline Result<Outcome> Ask(FlashSaleService& service, const LeaveRequest& request) {
  return service.Leave(request.sale, request.user);
}

inline Result<WaitlistPlace> Ask(FlashSaleService& service,
                                 const WaitlistPositionRequest& request) {
  return service.WaitlistPosition(
      {.sale = request.sale, .user = request.user, .line = request.line});
}
inline Result<Outcome> Ask(FlashSaleService& service, const LeaveWaitlistRequest& request) {
  return service.LeaveWaitlist({.sale = request.sale, .user = request.user, .line = request.line});
}

// What somebody asks who stands in a line, where the storage may block.
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
