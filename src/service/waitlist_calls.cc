// The waitlists' side of FlashSaleService.

#include <optional>
#include <type_traits>
#include <utility>

#include "flashsale/service/flash_sale_service.h"
#include "service/service_state.h"

namespace flashsale::inline v0 {
namespace {

// What a call about a waitlist answers where there is none, or nobody asks.
std::optional<Outcome> RefuseWaitlistCall(const SaleRef& name, const UserId& user,
                                          std::uint16_t line, const ServedSale* sale) {
  if (!name.id().valid()) return Outcome{.code = Code::kInvalid, .field = Field::kSale};
  if (user.is_nil()) return Outcome{.code = Code::kInvalid, .field = Field::kUser};
  if (sale == nullptr) return Outcome{.code = Code::kUnknownSale};
  if (!sale->has_waitlist()) return Outcome{.code = Code::kInvalid, .field = Field::kSale};
  if (line >= sale->terms().lines.size()) {
    return Outcome{.code = Code::kInvalid, .field = Field::kLine};
  }
  return std::nullopt;
}

// Before the start nothing is gone that anybody could wait for.
Code AnswerToWaitlistJoin(Phase phase) {
  return phase == Phase::kPaused ? Code::kDone : AnswerToNewReserve(phase);
}

template <typename Answer>
Answer AnswerOf(const Outcome& outcome) {
  if constexpr (std::is_same_v<Answer, Outcome>) {
    return outcome;
  } else {
    return Answer{.outcome = outcome};
  }
}

// The sale was forgotten while the call was under way, or by another process.
template <typename Answer>
Result<Answer> OrUnknownSale(Result<Answer> answer) {
  if (answer.ok() || answer.status().code() != StatusCode::kNotFound) return answer;
  return AnswerOf<Answer>({.code = Code::kUnknownSale});
}

}  // namespace

std::optional<Outcome> FlashSaleService::State::BeginWaitlistJoin(
    const Sales::Visit& visit, const JoinWaitlistRequest& request, Time now,
    Gates::Passage& passage) {
  passage.sale = nullptr;
  const ServedSale* const sale = visit.Find(request.sale.id(), request.sale.hint());
  if (auto refusal = RefuseWaitlistCall(request.sale, request.user, request.line, sale)) {
    return refusal;
  }
  if (const Code phase = AnswerToWaitlistJoin(PhaseOf(*sale, now)); phase != Code::kDone) {
    return Outcome{.code = phase};
  }
  passage.sale = sale;
  passage.context = &request.context;
  passage.user = request.user;
  passage.action = GuardedAction::kJoin;
  gates.Probe(passage);
  passage.is_probed = true;
  return gates.CheckRates(passage, now);
}

FlashSaleService::State::ListJoin FlashSaleService::State::ListJoinOf(
    const JoinWaitlistRequest& request, Time now) const {
  ListJoin join{.place = {.sale = request.sale, .user = request.user, .line = request.line}};
  if (request.admission.empty() || made.tokens == nullptr) return join;
  const std::optional<AdmissionClaims> shown = made.tokens->ReadAdmission(
      request.admission, {.sale = request.sale.id(), .user = request.user, .now = now});
  if (shown.has_value()) join.shown = {.number = shown->number, .grant = shown->grant};
  return join;
}

Result<WaitlistPlace> FlashSaleService::State::EnterWaitlist(const ServedSale& sale,
                                                             const ListJoin& join, Time now) {
  const WaitlistRequest& place = join.place;
  if (sale.terms().requires_admission) {
    Admission found;
    const AdmissionProbe probe = admissions.Probe(sale.admissions(), place.user);
    std::optional<Outcome> refusal = gates.FindAdmissions(now, {&probe, 1}, {&found, 1});
    if (refusal.has_value() && join.shown.number != 0) {
      refusal.reset();  // the queue cannot be asked, and need not be
    } else if (refusal.has_value() || found.number == 0) {
      // Who has a place keeps it, whatever has become of the admission.
      if (std::optional<WaitlistPlace> known = FindInList(sale, place, now)) return *known;
      if (!refusal.has_value()) {
        Gates::Passage passage;
        passage.sale = &sale;
        passage.user = place.user;
        Command shown{.admission_grant = join.shown.grant, .admission_number = join.shown.number};
        refusal = gates.CheckAdmission(passage, found, now, shown);
      }
    }
    if (refusal.has_value()) return WaitlistPlace{.outcome = *refusal};
  }
  CircuitBreaker::Permit permit;
  if (const std::optional<Outcome> refusal = gates.CheckStore(place.user, now, permit)) {
    return WaitlistPlace{.outcome = *refusal};
  }
  const auto enter = [&]() -> Result<WaitlistPlace> {
    const Result<bool> has_all = gates.HasBoughtAll(sale, place.user);
    if (!has_all.ok()) return has_all.status();
    if (*has_all) return WaitlistPlace{.outcome = {.code = Code::kUserLimit}};
    return made.waitlist->Join(sale.waitlist(), place.line, place.user, now);
  };
  Result<WaitlistPlace> entered = OrUnknownSale(enter());
  NoteStore(permit, entered.status(), now);
  return entered;
}

Result<WaitlistPlace> FlashSaleService::State::RefuseWaitlistJoin(const ServedSale& sale,
                                                                  const WaitlistRequest& place,
                                                                  const Outcome& refusal,
                                                                  Time now) {
  if (gates.MayLookUp(now)) {
    if (std::optional<WaitlistPlace> known = FindInList(sale, place, now)) return *known;
  }
  return WaitlistPlace{.outcome = refusal};
}

std::optional<WaitlistPlace> FlashSaleService::State::FindInList(const ServedSale& sale,
                                                                 const WaitlistRequest& place,
                                                                 Time now) {
  Result<WaitlistPlace> known =
      made.waitlist->Position(sale.waitlist(), place.line, place.user, now);
  if (!known.ok() || known->outcome.code != Code::kDone) return std::nullopt;
  known->outcome.code = Code::kAlreadyDone;
  return *std::move(known);
}

Result<WaitlistPlace> FlashSaleService::State::WithWaves(const WaitlistRequest& request,
                                                         Result<WaitlistPlace> place) {
  if (place.ok()) place->waves = made.waves->Read(request.sale.id(), request.line);
  return place;
}

Result<WaitlistPlace> FlashSaleService::State::JoinWaitlist(const JoinWaitlistRequest& request) {
  const Time now = Now();
  const Sales::Visit visit(sales);
  Gates::Passage passage;
  std::optional<Outcome> refusal = BeginWaitlistJoin(visit, request, now, passage);
  if (passage.sale == nullptr) return WaitlistPlace{.outcome = *refusal};
  if (!refusal.has_value()) refusal = gates.CheckBots(passage, now);
  const ListJoin join = ListJoinOf(request, now);
  if (refusal.has_value()) return RefuseWaitlistJoin(*passage.sale, join.place, *refusal, now);
  return EnterWaitlist(*passage.sale, join, now);
}

template <typename Answer, typename Use>
Result<Answer> FlashSaleService::State::WithWaitlist(const WaitlistRequest& request, Use use) {
  const Sales::Pinned sale(sales, request.sale.id(), request.sale.hint());
  if (const auto refusal =
          RefuseWaitlistCall(request.sale, request.user, request.line, sale.get())) {
    return AnswerOf<Answer>(*refusal);
  }
  return OrUnknownSale<Answer>(use(sale->waitlist(), Now()));
}

Result<WaitlistPlace> FlashSaleService::JoinWaitlist(const JoinWaitlistRequest& request) {
  return state_->Counted<Result<WaitlistPlace>>(
      Operation::kJoinWaitlist, request.sale, [&]() -> Result<WaitlistPlace> {
        return state_->WithWaves({.sale = request.sale, .user = request.user, .line = request.line},
                                 state_->JoinWaitlist(request));
      });
}

Result<WaitlistPlace> FlashSaleService::WaitlistPosition(const WaitlistRequest& request) {
  return state_->Counted<Result<WaitlistPlace>>(
      Operation::kWaitlistPosition, request.sale, [&]() -> Result<WaitlistPlace> {
        return state_->WithWaves(
            request,
            state_->WithWaitlist<WaitlistPlace>(request, [&](const SaleRef& name, Time now) {
              return state_->made.waitlist->Position(name, request.line, request.user, now);
            }));
      });
}

Result<Outcome> FlashSaleService::LeaveWaitlist(const WaitlistRequest& request) {
  return state_->Counted<Result<Outcome>>(Operation::kLeaveWaitlist, request.sale, [&] {
    return state_->WithWaitlist<Outcome>(request, [&](const SaleRef& name, Time now) {
      return state_->made.waitlist->Leave(name, request.line, request.user, now);
    });
  });
}

}  // namespace flashsale::inline v0
