// FlashSaleService in steps, for hosts that apply commands themselves.

#include <memory>
#include <utility>

#include "flashsale/service/flash_sale_service.h"
#include "service/commands.h"
#include "service/service_state.h"

namespace flashsale::inline v0 {

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
    return StepOf(call);
  }

  const std::weak_ptr<State> state_;
  const SaleRef sale_;
  const bool resend_;
  const Command command_;
  StepSink& sink_;
};

Step FlashSaleService::State::StepOf(const ReserveCall& call) {
  Step step;
  step.outcome_ = call.outcome;
  if (!call.to_store) return step;
  step.kind_ = Step::Kind::kApply;
  step.sale_ = call.passage.sale->inventory();
  step.is_queued_ = call.passage.sale->terms().requires_admission;
  step.command_ = call.command;
  return step;
}

Step FlashSaleService::Prepare(const ReserveRequest& request, Time now, StepSink* later) {
  const State::Sales::Visit visit(state_->sales);
  State::ReserveCall call;
  state_->Begin(visit, request, now, call);
  if (later == nullptr || !call.guarded || !state_->gates.MayWaitForBots()) {
    state_->Guard(call, now);
    return State::StepOf(call);
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
  return State::StepOf(call);
}
Step FlashSaleService::State::StepFor(const SaleRef& sale, const Command& command) {
  const Sales::Pinned known(sales, sale.id(), sale.hint());
  Step step;
  step.kind_ = Step::Kind::kApply;
  step.sale_ = known.get() == nullptr ? SaleRef(sale.id()) : known->inventory();
  step.is_queued_ = known.get() != nullptr && known->terms().requires_admission;
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
  if (!applied.ok() || step.kind_ != Step::Kind::kApply || !step.is_queued_) return applied;
  const State::Sales::Pinned known(state_->sales, step.sale_.id(), 0);
  if (known.get() != nullptr) state_->TellQueue(*known, step.command_, *applied, now);
  return applied;
}

}  // namespace flashsale::inline v0
