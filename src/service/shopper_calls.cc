// The shoppers' side of FlashSaleService.

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "flashsale/service/flash_sale_service.h"
#include "service/commands.h"
#include "service/reserve_batch.h"
#include "service/service_state.h"

namespace flashsale::inline v0 {
namespace {

// How many commands go to the store at once.
constexpr std::size_t kWindow = 32;

Outcome Invalid(Field field) { return {.code = Code::kInvalid, .field = field}; }

// What a join answers in a phase: Done stands for "go on".
Code AnswerToJoin(Phase phase) { return IsOver(phase) ? AnswerToNewReserve(phase) : Code::kDone; }

// What a call about the queue answers where there is none, or nobody asks.
std::optional<Outcome> RefuseQueueCall(const SaleRef& name, const UserId& user,
                                       const ServedSale* sale) {
  if (!name.id().valid()) return Invalid(Field::kSale);
  if (user.is_nil()) return Invalid(Field::kUser);
  if (sale == nullptr) return Outcome{.code = Code::kUnknownSale};
  if (!sale->terms().requires_admission) return Invalid(Field::kSale);
  return std::nullopt;
}

// The sale was forgotten while the call was under way, or by another process.
Result<Outcome> OrUnknownSale(Result<Outcome> answer) {
  if (answer.ok() || answer.status().code() != StatusCode::kNotFound) return answer;
  return Outcome{.code = Code::kUnknownSale};
}
Result<QueuePlace> OrUnknownSale(Result<QueuePlace> place) {
  if (place.ok() || place.status().code() != StatusCode::kNotFound) return place;
  return QueuePlace{.outcome = {.code = Code::kUnknownSale}};
}

Status SizesDiffer(std::size_t requests, std::size_t outcomes) {
  return Status(StatusCode::kInvalidArgument,
                fmt::format("outcomes: {} of them, expected one for each of {} requests", outcomes,
                            requests));
}

}  // namespace

// --- reserves

void FlashSaleService::State::Begin(const Sales::Visit& visit, const ReserveRequest& request,
                                    Time now, ReserveCall& call) {
  call.passage.sale = nullptr;
  if (!request.sale.id().valid()) {
    call.End(ReserveStage::kAnswered, Invalid(Field::kSale));
    return;
  }
  if (!IsValid(now)) {
    call.End(ReserveStage::kAnswered, Invalid(Field::kTime));
    return;
  }
  if (const Field field = FindShapeError(call.command); field != Field::kNone) {
    call.End(ReserveStage::kAnswered, Invalid(field));
    return;
  }
  const ServedSale* const sale = visit.Find(request.sale.id(), request.sale.hint());
  if (sale == nullptr) {
    call.End(ReserveStage::kAnswered, {.code = Code::kUnknownSale});
    return;
  }
  call.passage.sale = sale;
  call.passage.context = &request.context;
  call.passage.user = request.user;
  call.passage.action = GuardedAction::kReserve;
  if (sale->terms().requires_admission && !request.admission.empty() && made.tokens != nullptr) {
    const std::optional<AdmissionClaims> shown = made.tokens->ReadAdmission(
        request.admission, {.sale = sale->terms().id, .user = request.user, .now = now});
    if (shown.has_value()) {
      call.command.admission_number = shown->number;
      call.command.admission_grant = shown->grant;
    }
  }
  const Code phase = AnswerToNewReserve(PhaseOf(*sale, now));
  if (phase != Code::kDone) call.End(ReserveStage::kRefused, {.code = phase});
}

void FlashSaleService::State::Probe(LoneReserve& call) {
  if (!call.IsGuarded()) return;
  const ServedSale& sale = *call.passage.sale;
  const std::span<const UserId> user(&call.passage.user, 1);
  gates.Probe(call.passage);
  if (sale.terms().requires_admission) {
    admissions.ProbeAll(sale.admissions(), user, {&call.admission, 1});
  }
  inventory.Prefetch(sale.inventory(), user);
}

void FlashSaleService::State::Guard(LoneReserve& call, Time now) {
  if (call.IsGuarded()) call.Refuse(gates.CheckRates(call.passage, now));
  if (call.IsGuarded()) call.Refuse(gates.CheckBots(call.passage, now));
  GuardOn(call, now);
}

void FlashSaleService::State::GuardOn(LoneReserve& call, Time now) {
  const ServedSale* const sale = call.passage.sale;
  if (call.IsGuarded()) call.Refuse(Gates::CheckLimit(*sale, call.command));
  if (call.IsGuarded() && sale->terms().requires_admission) {
    Admission admission;
    const std::optional<Outcome> unknown =
        gates.FindAdmissions(now, {&call.admission, 1}, {&admission, 1});
    if (!unknown.has_value()) {
      call.Refuse(gates.CheckAdmission(call.passage, admission, now, call.command));
    } else if (call.command.admission_number == 0) {
      call.Refuse(unknown);
    }
  }
  if (call.IsGuarded()) call.Refuse(gates.CheckWaitlist(*sale, call.command));
  if (call.IsGuarded()) call.Refuse(gates.CheckStore(call.command.user, now, call.permit));
  if (call.IsGuarded()) call.stage = ReserveStage::kToStore;
  LookUp(call, now);
}

void FlashSaleService::State::LookUp(ReserveCall& call, Time now) {
  if (call.stage != ReserveStage::kRefused) return;
  const bool known = gates.IsKnown(*call.passage.sale, call.command, call.resend, now);
  call.stage = known ? ReserveStage::kToStore : ReserveStage::kAnswered;
}

void FlashSaleService::State::Report(CircuitBreaker::Permit& permit, const Status& status,
                                     Time start, Time now) {
  const Duration latency = std::max(now - start, Duration(0));
  if (status.ok()) {
    permit.Success(now, latency);
  } else {
    permit.Failure(now, latency);
  }
}

void FlashSaleService::State::NoteStore(CircuitBreaker::Permit& permit, const Status& status,
                                        Time start) {
  const bool watched = options.queue.adaptive.has_value();
  if (!permit && !watched) return;
  const Time now = Now();
  if (permit) Report(permit, status, start, now);
  if (watched) made.queue->NoteStore(std::max(now - start, Duration(0)), status.ok());
}

void FlashSaleService::State::TellQueue(const ServedSale& sale, const Command& command,
                                        const Outcome& outcome, Time now,
                                        const AdmissionProbe* probe) {
  if (outcome.code != Code::kDone && outcome.code != Code::kRevived) return;
  if (command.verb == Verb::kReserve) {
    if (command.admission_number == 0) return;
    // What the queue does not hear of now, the end of the window heals; so with the rest.
    const std::span<const std::uint64_t> number(&command.admission_number, 1);
    if (probe != nullptr) {
      (void)admissions.MarkUsed(now, {probe, 1}, number);
    } else {
      const AdmissionProbe made_now = admissions.Probe(sale.admissions(), command.user);
      (void)admissions.MarkUsed(now, {&made_now, 1}, number);
    }
    return;
  }
  if (command.verb != Verb::kConfirm && command.verb != Verb::kCancel) return;
  const Result<Tally> tally = inventory.ReadTally(sale.inventory(), TallyKey::Of(command.user));
  if (!tally.ok() || tally->admission == 0 || tally->open_holds != 0) return;
  Admission admission;
  const AdmissionProbe holder = admissions.Probe(sale.admissions(), command.user);
  if (!admissions.FindAdmissions(now, {&holder, 1}, {&admission, 1}).ok()) return;
  if (IsOver(admission, *tally, sale.terms().limit_per_user)) {
    (void)made.queue->Complete(sale.queue(), command.user, admission.number, now);
  }
}

Result<Outcome> FlashSaleService::State::Reserve(const ReserveRequest& request) {
  const Time now = Now();
  const Sales::Visit visit(sales);
  LoneReserve call(request);
  Begin(visit, request, now, call);
  Probe(call);
  Guard(call, now);
  if (call.stage != ReserveStage::kToStore) return call.outcome;
  const ServedSale& sale = *call.passage.sale;
  Outcome outcome;
  Status status = inventory.Apply(sale.inventory(), now, {&call.command, 1}, {&outcome, 1});
  NoteStore(call.permit, status, now);
  if (!status.ok()) return status;
  Finish(sale, call.command, outcome, now, &call.admission);
  return outcome;
}

void FlashSaleService::State::Finish(const ServedSale& sale, const Command& command,
                                     const Outcome& outcome, Time now,
                                     const AdmissionProbe* probe) {
  CountUnits(sale, command, outcome);
  if (sale.terms().requires_admission) TellQueue(sale, command, outcome, now, probe);
}

Result<Outcome> FlashSaleService::Reserve(const ReserveRequest& request) {
  return state_->Counted<Result<Outcome>>(Operation::kReserve, request.sale,
                                          [&] { return state_->Reserve(request); });
}

Status FlashSaleService::State::ReserveAll(std::span<const ReserveRequest> requests,
                                           std::span<Outcome> outcomes) {
  if (requests.size() != outcomes.size()) return SizesDiffer(requests.size(), outcomes.size());
  const Time now = Now();
  const Sales::Visit visit(sales);
  for (std::size_t first = 0; first < requests.size();) {
    const std::size_t count = std::min(ReserveBatch::kMost, requests.size() - first);
    ReserveBatch batch(*this, now, outcomes.subspan(first, count));
    Status status = batch.Carry(visit, requests.subspan(first, count));
    if (!status.ok()) return status;
    first += count;
  }
  return {};
}

Status FlashSaleService::Reserve(std::span<const ReserveRequest> requests,
                                 std::span<Outcome> outcomes) {
  Status status = state_->ReserveAll(requests, outcomes);
  state_->CountBatch(Operation::kReserve, {}, status, outcomes);
  return status;
}

// --- calls about a reservation

Result<Outcome> FlashSaleService::State::ApplyOne(const SaleRef& sale, const Command& command) {
  const Time now = Now();
  const Sales::Pinned known(sales, sale.id(), sale.hint());
  Outcome outcome;
  Status status = inventory.Apply(known.get() == nullptr ? SaleRef(sale.id()) : known->inventory(),
                                  now, {&command, 1}, {&outcome, 1});
  if (!status.ok()) return status;
  if (known.get() != nullptr) Finish(*known, command, outcome, now);
  return outcome;
}

template <typename Request>
Status FlashSaleService::State::ApplyAll(Operation operation, std::span<const Request> requests,
                                         std::span<Outcome> outcomes) {
  if (requests.size() != outcomes.size()) return SizesDiffer(requests.size(), outcomes.size());
  const Time now = Now();
  const Sales::Visit visit(sales);
  std::array<Command, kWindow> commands;
  for (std::size_t first = 0; first < requests.size();) {
    const SaleRef& name = requests[first].sale;
    std::size_t run = 0;
    while (run < kWindow && first + run < requests.size() &&
           requests[first + run].sale.id() == name.id()) {
      commands[run] = CommandOf(requests[first + run]);
      ++run;
    }
    const ServedSale* const known = visit.Find(name.id(), name.hint());
    Status status = inventory.Apply(known == nullptr ? SaleRef(name.id()) : known->inventory(), now,
                                    std::span(commands).first(run), outcomes.subspan(first, run));
    if (!status.ok()) {
      CountBatch(operation, name, status, {});
      return status;
    }
    if (known != nullptr) {
      for (std::size_t i = 0; i < run; ++i) {
        Finish(*known, commands[i], outcomes[first + i], now);
      }
    }
    CountBatch(operation, name, status, outcomes.subspan(first, run));
    first += run;
  }
  return {};
}

Result<Outcome> FlashSaleService::Confirm(const ConfirmRequest& request) {
  return state_->Counted<Result<Outcome>>(Operation::kConfirm, request.sale, [&] {
    return state_->ApplyOne(request.sale, CommandOf(request));
  });
}
Result<Outcome> FlashSaleService::Cancel(const CancelRequest& request) {
  return state_->Counted<Result<Outcome>>(Operation::kCancel, request.sale, [&] {
    return state_->ApplyOne(request.sale, CommandOf(request));
  });
}
Result<Outcome> FlashSaleService::Extend(const ExtendRequest& request) {
  return state_->Counted<Result<Outcome>>(Operation::kExtend, request.sale, [&] {
    return state_->ApplyOne(request.sale, CommandOf(request));
  });
}
Status FlashSaleService::Confirm(std::span<const ConfirmRequest> requests,
                                 std::span<Outcome> outcomes) {
  return state_->ApplyAll(Operation::kConfirm, requests, outcomes);
}
Status FlashSaleService::Cancel(std::span<const CancelRequest> requests,
                                std::span<Outcome> outcomes) {
  return state_->ApplyAll(Operation::kCancel, requests, outcomes);
}
Status FlashSaleService::Extend(std::span<const ExtendRequest> requests,
                                std::span<Outcome> outcomes) {
  return state_->ApplyAll(Operation::kExtend, requests, outcomes);
}

Result<SaleStock> FlashSaleService::ReadStock(const SaleRef& sale) {
  return state_->inventory.ReadStock(sale.id(), state_->Now());
}
Result<std::optional<Reservation>> FlashSaleService::Find(const SaleRef& sale, const UserId& user,
                                                          const ReservationId& id) {
  return state_->inventory.Find(sale.id(), user, id);
}

// --- the queue

Result<QueuePlace> FlashSaleService::Join(const JoinRequest& request) {
  return state_->Counted<Result<QueuePlace>>(Operation::kJoin, request.sale,
                                             [&] { return state_->Join(request); });
}

std::optional<Outcome> FlashSaleService::State::BeginJoin(const Sales::Visit& visit,
                                                          const JoinRequest& request, Time now,
                                                          Gates::Passage& passage) {
  passage.sale = nullptr;
  passage.is_probed = false;
  const ServedSale* const sale = visit.Find(request.sale.id(), request.sale.hint());
  if (const auto refusal = RefuseQueueCall(request.sale, request.user, sale)) return refusal;
  passage.sale = sale;
  if (const Code phase = AnswerToJoin(PhaseOf(*sale, now)); phase != Code::kDone) {
    return Outcome{.code = phase};
  }
  passage.context = &request.context;
  passage.user = request.user;
  passage.action = GuardedAction::kJoin;
  gates.Probe(passage);
  passage.is_probed = true;
  return gates.CheckRates(passage, now);
}

QueuePlace FlashSaleService::State::RefuseJoin(const ServedSale& sale, const UserId& user,
                                               const Outcome& refusal, Time now) const {
  const std::optional<QueuePlace> place = gates.FindTicket(sale, user, now);
  return place.has_value() ? *place : made.queue->Refused(sale.queue(), refusal);
}

QueuePlace FlashSaleService::State::RefuseJoin(const Gates::Passage& passage,
                                               const Outcome& refusal, Time now) const {
  if (passage.is_probed) return RefuseJoin(*passage.sale, passage.user, refusal, now);
  if (passage.sale == nullptr) return QueuePlace{.outcome = refusal};
  return made.queue->Refused(passage.sale->queue(), refusal);
}

Result<QueuePlace> FlashSaleService::State::Enqueue(const ServedSale& sale, const QueueJoin& join,
                                                    Time now) {
  CircuitBreaker::Permit permit;
  if (const std::optional<Outcome> refusal = gates.CheckStore(join.user, now, permit)) {
    return made.queue->Refused(sale.queue(), *refusal);
  }
  Result<QueuePlace> place = OrUnknownSale(gates.Enqueue(sale, join, now));
  NoteStore(permit, place.status(), now);
  return place;
}

Result<QueuePlace> FlashSaleService::State::Join(const JoinRequest& request) {
  const Time now = Now();
  const Sales::Visit visit(sales);
  Gates::Passage passage;
  std::optional<Outcome> refusal = BeginJoin(visit, request, now, passage);
  if (!refusal.has_value()) refusal = gates.CheckBots(passage, now);
  if (refusal.has_value()) return RefuseJoin(passage, *refusal, now);
  return Enqueue(*passage.sale, JoinOf(request, now), now);
}

QueueJoin FlashSaleService::State::JoinOf(const JoinRequest& request, Time now) const {
  QueueJoin join{.user = request.user, .tier = request.tier, .credits = request.credits};
  if (request.ticket.empty() || made.tokens == nullptr) return join;
  const std::optional<TicketClaims> shown = made.tokens->ReadTicket(
      request.ticket, {.sale = request.sale.id(), .user = request.user, .now = now});
  if (!shown.has_value() || shown->epoch >= made.queue->Epoch(request.sale.id())) return join;
  join.tier = shown->tier;
  join.credits = 0;  // the place is one in that tier
  join.restored_place = ServiceTokens::PlaceToRestore(*shown);
  return join;
}

Result<std::string> FlashSaleService::IssueToken(const SaleRef& sale, const QueuePlace& place,
                                                 TokenFormat format) {
  if (state_->made.tokens == nullptr) {
    return Status(StatusCode::kFailedPrecondition, "token_keys: none, expected a ring of keys");
  }
  const State::Sales::Pinned known(state_->sales, sale.id(), sale.hint());
  if (known.get() == nullptr) {
    return Status(StatusCode::kNotFound, "sale: expected one that is served here");
  }
  return state_->made.tokens->Issue(known->terms(), place, format, state_->Now());
}

Result<QueuePlace> FlashSaleService::Position(const SaleRef& sale, const UserId& user) {
  return state_->Counted<Result<QueuePlace>>(
      Operation::kPosition, sale, [&]() -> Result<QueuePlace> {
        const State::Sales::Pinned known(state_->sales, sale.id(), sale.hint());
        if (const auto refusal = RefuseQueueCall(sale, user, known.get()))
          return QueuePlace{.outcome = *refusal};
        const Time now = state_->Now();
        if (const Code over = AnswerToJoin(state_->PhaseOf(*known, now)); over != Code::kDone) {
          return state_->made.queue->Refused(known->queue(), {.code = over});
        }
        return OrUnknownSale(state_->made.queue->Position(known->queue(), user, now));
      });
}

Result<Outcome> FlashSaleService::Heartbeat(const SaleRef& sale, const UserId& user) {
  return state_->Counted<Result<Outcome>>(Operation::kHeartbeat, sale, [&]() -> Result<Outcome> {
    const State::Sales::Pinned known(state_->sales, sale.id(), sale.hint());
    if (const auto refusal = RefuseQueueCall(sale, user, known.get())) return *refusal;
    const Time now = state_->Now();
    if (const Code over = AnswerToJoin(state_->PhaseOf(*known, now)); over != Code::kDone) {
      return Outcome{.code = over};
    }
    return OrUnknownSale(state_->made.queue->Heartbeat(known->queue(), user, now));
  });
}

Result<Outcome> FlashSaleService::Leave(const SaleRef& sale, const UserId& user) {
  return state_->Counted<Result<Outcome>>(Operation::kLeave, sale, [&]() -> Result<Outcome> {
    const State::Sales::Pinned known(state_->sales, sale.id(), sale.hint());
    if (const auto refusal = RefuseQueueCall(sale, user, known.get())) return *refusal;
    return OrUnknownSale(state_->made.queue->Leave(known->queue(), user, state_->Now()));
  });
}

}  // namespace flashsale::inline v0
