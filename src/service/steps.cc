// FlashSaleService in steps, for hosts that apply commands themselves.

#include <memory>
#include <utility>

#include "flashsale/service/flash_sale_service.h"
#include "service/commands.h"
#include "service/service_state.h"

namespace flashsale::inline v0 {

namespace {

Operation OperationOf(Verb verb) {
  switch (verb) {
    case Verb::kConfirm:
      return Operation::kConfirm;
    case Verb::kCancel:
      return Operation::kCancel;
    case Verb::kExtend:
      return Operation::kExtend;
    default:
      return Operation::kReserve;
  }
}

}  // namespace

// A reserve that waits for a detector.  It keeps nothing of the request but what the store needs.
class FlashSaleService::State::PendingReserve {
 public:
  PendingReserve(const std::shared_ptr<State>& state, const ReserveRequest& request,
                 const ReserveCall& call, StepSink& sink)
      : state_(state),
        sale_(request.sale),
        resend_(call.resend),
        command_(call.command),
        sink_(sink) {}

  void OnBots(const std::optional<Outcome>& refusal) const {
    const std::shared_ptr<State> state = state_.lock();
    // The service is gone: nobody is served any more.
    sink_.OnStep(state == nullptr ? Answered({.code = Code::kOverloaded}) : GoOn(*state, refusal));
  }

 private:
  static Step Answered(const Outcome& outcome) {
    Step step;
    step.outcome_ = outcome;
    return step;
  }

  Step GoOn(State& state, const std::optional<Outcome>& refusal) const {
    const Time now = state.Now();
    const Sales::Visit visit(state.sales);
    const ServedSale* const sale = visit.Find(sale_.id(), sale_.hint());
    if (sale == nullptr) return Answered({.code = Code::kUnknownSale});
    ReserveCall call;
    call.resend = resend_;
    call.command = command_;
    call.to_store = false;
    call.passage.sale = sale;
    call.passage.user = command_.user;
    call.passage.action = GuardedAction::kReserve;
    if (sale->terms().requires_admission) {
      call.passage.admission = state.made.queue->Probe(sale->queue(), command_.user);
    }
    // The phase may have turned meanwhile; the store judges that itself.
    state.GuardOn(call, refusal, now);
    return state.StepOf(call, now);
  }

  const std::weak_ptr<State> state_;
  const SaleRef sale_;
  const bool resend_;
  const Command command_;
  StepSink& sink_;
};

Step FlashSaleService::State::StepOf(ReserveCall& call, Time now) {
  Step step;
  step.outcome_ = call.outcome;
  if (!call.to_store) {
    CountAnswer(Operation::kReserve, call.outcome);
    return step;
  }
  step.kind_ = Step::Kind::kApply;
  step.sale_ = call.passage.sale->inventory();
  step.command_ = call.command;
  step.prepared_at_ = now;
  if (call.permit) {
    step.permit_ = std::make_shared<CircuitBreaker::Permit>(std::move(call.permit));
  }
  return step;
}

Step FlashSaleService::Prepare(const ReserveRequest& request, Time now, StepSink* later) {
  const State::Sales::Visit visit(state_->sales);
  State::ReserveCall call;
  state_->Begin(visit, request, now, call);
  if (later == nullptr || !call.guarded || !state_->gates.MayWaitForBots()) {
    state_->Guard(call, now);
    return state_->StepOf(call, now);
  }
  std::optional<Outcome> refusal = state_->gates.CheckRates(call.passage, now);
  if (!refusal.has_value()) {
    const auto pending = std::make_shared<State::PendingReserve>(state_, request, call, *later);
    const bool waits = state_->gates.BotsArePending(
        call.passage, now, refusal,
        [pending](const std::optional<Outcome>& late) { pending->OnBots(late); });
    if (waits) {
      Step step;
      step.kind_ = Step::Kind::kPending;
      return step;
    }
  }
  state_->GuardOn(call, refusal, now);
  return state_->StepOf(call, now);
}
Step FlashSaleService::State::StepFor(const SaleRef& sale, const Command& command) {
  const Sales::Pinned known(sales, sale.id(), sale.hint());
  Step step;
  step.kind_ = Step::Kind::kApply;
  step.sale_ = known.get() == nullptr ? SaleRef(sale.id()) : known->inventory();
  step.command_ = command;
  return step;
}

Step FlashSaleService::Prepare(const ConfirmRequest& request, Time /*now*/) {
  return state_->StepFor(request.sale, CommandOf(request));
}
Step FlashSaleService::Prepare(const CancelRequest& request, Time /*now*/) {
  return state_->StepFor(request.sale, CommandOf(request));
}
Step FlashSaleService::Prepare(const ExtendRequest& request, Time /*now*/) {
  return state_->StepFor(request.sale, CommandOf(request));
}

Result<Outcome> FlashSaleService::Complete(const Step& step, const Result<Outcome>& applied,
                                           Time now) {
  if (step.kind_ != Step::Kind::kApply) return applied;
  State& state = *state_;
  const Operation operation = OperationOf(step.command_.verb);
  if (step.permit_ != nullptr)
    State::Report(*step.permit_, applied.status(), step.prepared_at_, now);
  if (!applied.ok()) {
    state.LogFailure(operation, step.sale_, applied.status());
    if (state.made.metrics != nullptr) {
      state.CountFailure(operation, applied.status(), State::NotTimed());
    }
    return applied;
  }
  state.CountAnswer(operation, *applied);
  const State::Sales::Pinned known(state.sales, step.sale_.id(), 0);
  if (known.get() != nullptr) state.Finish(*known, step.command_, *applied, now);
  return applied;
}

}  // namespace flashsale::inline v0
