// FlashSaleService in steps, for hosts that apply commands themselves.

#include <chrono>
#include <memory>
#include <new>
#include <utility>

#include "flashsale/service/flash_sale_service.h"
#include "service/commands.h"
#include "service/guarded_call.h"
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

// What is told to somebody for whose call there is no memory, and who may send it again.
Outcome OutOfMemory() {
  return {.code = Code::kOverloaded, .when_us = Duration(std::chrono::seconds{1}).count()};
}

// Asks the detectors about a call; true where they take their time, and then make()'s OnBots is
// told. Out of memory is before any detector was asked.
template <typename Make>
bool WaitsForBots(const Gates& gates, const Gates::Passage& passage, Time now,
                  std::optional<Outcome>& refusal, Make make) {
  try {
    const auto pending = make();
    return gates.BotsArePending(
        passage, now, refusal,
        [pending](const std::optional<Outcome>& late) { pending->OnBots(late); });
  } catch (const std::bad_alloc&) {
    refusal = OutOfMemory();
    return false;
  }
}

}  // namespace

// A reserve that waits for a detector.  It keeps nothing of the request but what the store needs.
class FlashSaleService::State::PendingReserve {
 public:
  PendingReserve(State& state, const ReserveRequest& request, const ReserveCall& call,
                 StepSink& sink)
      : late_(state.late),
        sale_(request.sale),
        resend_(call.resend),
        command_(call.command),
        sink_(sink) {}

  void OnBots(const std::optional<Outcome>& refusal) const {
    // Until the sink is done, because the step must not outlive the service.
    const Door::Visit visit(late_->door);
    if (visit.inside()) {
      sink_.OnStep(Next(refusal));
    } else {
      // The service is gone: nobody is served any more.
      sink_.OnStep(Answered({.code = Code::kOverloaded}));
    }
  }

 private:
  Step Next(const std::optional<Outcome>& refusal) const {
    try {
      return GoOn(late_->state, refusal);
    } catch (...) {
      // The chain would count it, and nobody would be answered.
      return Answered(OutOfMemory());
    }
  }

  Step GoOn(State& state, const std::optional<Outcome>& refusal) const {
    const Time now = state.Now();
    const Sales::Visit visit(state.sales);
    const ServedSale* const sale = visit.Find(sale_.id(), sale_.hint());
    if (sale == nullptr) {
      state.CountAnswer(Operation::kReserve, {.code = Code::kUnknownSale});
      return Answered({.code = Code::kUnknownSale});
    }
    LoneReserve call(command_, resend_);
    call.passage.sale = sale;
    call.passage.user = command_.user;
    call.passage.action = GuardedAction::kReserve;
    if (sale->terms().requires_admission) {
      call.admission = state.admissions.Probe(sale->admissions(), command_.user);
    }
    // The phase may have turned meanwhile; the store judges that itself.
    call.Refuse(refusal);
    state.GuardOn(call, now);
    return state.StepOf(call, now);
  }

  const std::shared_ptr<Late> late_;
  const SaleRef sale_;
  const bool resend_;
  const Command command_;
  StepSink& sink_;
};

// A join that waits for a detector.
class FlashSaleService::State::PendingJoin {
 public:
  PendingJoin(State& state, const JoinRequest& request, PlaceSink& sink)
      : late_(state.late),
        sale_(request.sale),
        join_(state.JoinOf(request, state.Now())),
        sink_(sink) {}

  void OnBots(const std::optional<Outcome>& refusal) const {
    const Door::Visit visit(late_->door);
    if (visit.inside()) {
      sink_.OnPlace(Next(late_->state, refusal));
    } else {
      sink_.OnPlace(QueuePlace{.outcome = {.code = Code::kOverloaded}});
    }
  }

 private:
  Result<QueuePlace> Next(State& state, const std::optional<Outcome>& refusal) const {
    Result<QueuePlace> place = Guarded<Result<QueuePlace>>([&]() -> Result<QueuePlace> {
      const Sales::Pinned sale(state.sales, sale_.id(), sale_.hint());
      if (sale.get() == nullptr) {
        return QueuePlace{.outcome = refusal.value_or(Outcome{.code = Code::kUnknownSale})};
      }
      if (refusal.has_value()) return state.RefuseJoin(*sale, join_.user, *refusal, state.Now());
      // The phase may have turned meanwhile; the queue judges that itself.
      return state.Enqueue(*sale, join_, state.Now());
    });
    state.CountAnswer(Operation::kJoin, sale_, place);
    return place;
  }

  const std::shared_ptr<Late> late_;
  const SaleRef sale_;
  const QueueJoin join_;
  PlaceSink& sink_;
};

// The same to a waitlist.
class FlashSaleService::State::PendingWaitlistJoin {
 public:
  PendingWaitlistJoin(State& state, const JoinWaitlistRequest& request, WaitlistPlaceSink& sink)
      : late_(state.late), join_(state.ListJoinOf(request, state.Now())), sink_(sink) {}

  void OnBots(const std::optional<Outcome>& refusal) const {
    const Door::Visit visit(late_->door);
    if (visit.inside()) {
      sink_.OnPlace(Next(late_->state, refusal));
    } else {
      sink_.OnPlace(WaitlistPlace{.outcome = {.code = Code::kOverloaded}});
    }
  }

 private:
  Result<WaitlistPlace> Next(State& state, const std::optional<Outcome>& refusal) const {
    Result<WaitlistPlace> place = Guarded<Result<WaitlistPlace>>([&]() -> Result<WaitlistPlace> {
      const WaitlistRequest& asked = join_.place;
      const Sales::Pinned sale(state.sales, asked.sale.id(), asked.sale.hint());
      if (sale.get() == nullptr) {
        return WaitlistPlace{.outcome = refusal.value_or(Outcome{.code = Code::kUnknownSale})};
      }
      return state.WithWaves(
          asked, refusal.has_value() ? state.RefuseWaitlistJoin(*sale, asked, *refusal, state.Now())
                                     : state.EnterWaitlist(*sale, join_, state.Now()));
    });
    state.CountAnswer(Operation::kJoinWaitlist, join_.place.sale, place);
    return place;
  }

  const std::shared_ptr<Late> late_;
  const ListJoin join_;
  WaitlistPlaceSink& sink_;
};

Step FlashSaleService::State::Answered(const Outcome& outcome) {
  Step step;
  step.outcome_ = outcome;
  return step;
}

Step FlashSaleService::State::StepOf(ReserveCall& call, Time now) {
  if (call.stage != ReserveStage::kToStore) {
    CountAnswer(Operation::kReserve, call.outcome);
    return Answered(call.outcome);
  }
  Step step;
  step.kind_ = Step::Kind::kApply;
  step.sale_ = call.passage.sale->inventory();
  step.command_ = call.command;
  step.prepared_at_ = now;
  if (call.permit) {
    try {
      step.permit_ = std::make_shared<CircuitBreaker::Permit>(std::move(call.permit));
    } catch (const std::bad_alloc&) {
      CountAnswer(Operation::kReserve, OutOfMemory());
      return Answered(OutOfMemory());
    }
  }
  return step;
}

Step FlashSaleService::Prepare(const ReserveRequest& request, Time now, StepSink* later) {
  const State::Sales::Visit visit(state_->sales);
  State::LoneReserve call(request);
  state_->Begin(visit, request, now, call);
  state_->Probe(call);
  if (later == nullptr || !state_->gates.MayWaitForBots()) {
    state_->Guard(call, now);
    return state_->StepOf(call, now);
  }
  if (call.IsGuarded()) call.Refuse(state_->gates.CheckRates(call.passage, now));
  if (call.IsGuarded()) {
    std::optional<Outcome> refusal;
    if (WaitsForBots(state_->gates, call.passage, now, refusal, [&] {
          return std::make_shared<State::PendingReserve>(*state_, request, call, *later);
        })) {
      Step step;
      step.kind_ = Step::Kind::kPending;
      return step;
    }
    call.Refuse(refusal);
  }
  state_->GuardOn(call, now);
  return state_->StepOf(call, now);
}

std::optional<Result<QueuePlace>> FlashSaleService::Join(const JoinRequest& request,
                                                         PlaceSink& later) {
  if (!state_->gates.MayWaitForBots()) return Join(request);
  const Time now = state_->Now();
  const State::Sales::Visit visit(state_->sales);
  Gates::Passage passage;
  std::optional<Outcome> refusal = state_->BeginJoin(visit, request, now, passage);
  if (!refusal.has_value() && WaitsForBots(state_->gates, passage, now, refusal, [&] {
        return std::make_shared<State::PendingJoin>(*state_, request, later);
      })) {
    return std::nullopt;
  }
  Result<QueuePlace> place = [&]() -> Result<QueuePlace> {
    if (!refusal.has_value()) {
      return state_->Enqueue(*passage.sale, state_->JoinOf(request, now), now);
    }
    return state_->RefuseJoin(passage, *refusal, now);
  }();
  state_->CountAnswer(Operation::kJoin, request.sale, place);
  return place;
}

std::optional<Result<WaitlistPlace>> FlashSaleService::JoinWaitlist(
    const JoinWaitlistRequest& request, WaitlistPlaceSink& later) {
  if (!state_->gates.MayWaitForBots()) return JoinWaitlist(request);
  const Time now = state_->Now();
  const State::Sales::Visit visit(state_->sales);
  Gates::Passage passage;
  std::optional<Outcome> refusal = state_->BeginWaitlistJoin(visit, request, now, passage);
  if (!refusal.has_value() && WaitsForBots(state_->gates, passage, now, refusal, [&] {
        return std::make_shared<State::PendingWaitlistJoin>(*state_, request, later);
      })) {
    return std::nullopt;
  }
  const State::ListJoin join = state_->ListJoinOf(request, now);
  Result<WaitlistPlace> place = state_->WithWaves(join.place, [&]() -> Result<WaitlistPlace> {
    if (!refusal.has_value()) return state_->EnterWaitlist(*passage.sale, join, now);
    if (passage.sale == nullptr) return WaitlistPlace{.outcome = *refusal};
    return state_->RefuseWaitlistJoin(*passage.sale, join.place, *refusal, now);
  }());
  state_->CountAnswer(Operation::kJoinWaitlist, request.sale, place);
  return place;
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
  // A gate's answer: the store was not asked, and the breaker has nothing to learn.
  const bool was_asked = !applied.ok() || applied->code != Code::kOverloaded;
  if (step.permit_ != nullptr) {
    if (was_asked) {
      State::Report(*step.permit_, applied.status(), step.prepared_at_, now);
    } else {
      step.permit_->Withdraw();
    }
  }
  if (was_asked && state.options.queue.adaptive.has_value() &&
      step.command_.verb == Verb::kReserve) {
    state.made.queue->NoteStore(std::max(now - step.prepared_at_, Duration(0)),
                                applied.status().ok());
  }
  state.CountAnswer(operation, step.sale_, applied);
  if (!applied.ok()) return applied;
  const State::Sales::Pinned known(state.sales, step.sale_.id(), 0);
  if (known.get() != nullptr) state.Finish(*known, step.command_, *applied, now);
  return applied;
}

}  // namespace flashsale::inline v0
