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

std::optional<Outcome> FlashSaleService::State::GuardWaitlist(const ServedSale& sale,
                                                              const JoinWaitlistRequest& request,
                                                              Time now) const {
  Gates::Passage passage;
  passage.sale = &sale;
  passage.context = &request.context;
  passage.user = request.user;
  passage.action = GuardedAction::kJoin;
  gates.Probe(passage);
  passage.is_probed = true;
  std::optional<Outcome> refusal = gates.CheckRates(passage, now);
  if (!refusal.has_value()) refusal = gates.CheckBots(passage, now);
  return refusal;
}

Result<WaitlistPlace> FlashSaleService::State::EnterWaitlist(const ServedSale& sale,
                                                             const JoinWaitlistRequest& request,
                                                             Time now) {
  CircuitBreaker::Permit permit;
  if (const std::optional<Outcome> refusal = gates.CheckStore(request.user, now, permit)) {
    return WaitlistPlace{.outcome = *refusal};
  }
  const auto enter = [&]() -> Result<WaitlistPlace> {
    const Result<bool> has_all = gates.HasBoughtAll(sale, request.user);
    if (!has_all.ok()) return has_all.status();
    if (*has_all) return WaitlistPlace{.outcome = {.code = Code::kUserLimit}};
    return made.waitlist->Join(sale.waitlist(), request.line, request.user, now);
  };
  Result<WaitlistPlace> place = OrUnknownSale(enter());
  NoteStore(permit, place.status(), now);
  return place;
}

Result<WaitlistPlace> FlashSaleService::State::JoinWaitlist(const JoinWaitlistRequest& request) {
  const Time now = Now();
  const Sales::Pinned sale(sales, request.sale.id(), request.sale.hint());
  if (const auto refusal =
          RefuseWaitlistCall(request.sale, request.user, request.line, sale.get())) {
    return WaitlistPlace{.outcome = *refusal};
  }
  if (const Code phase = AnswerToWaitlistJoin(PhaseOf(*sale, now)); phase != Code::kDone) {
    return WaitlistPlace{.outcome = {.code = phase}};
  }
  const std::optional<Outcome> refusal = GuardWaitlist(*sale, request, now);
  if (!refusal.has_value()) return EnterWaitlist(*sale, request, now);
  // Who has a place is told so, whatever the gates say.
  if (gates.MayLookUp(now)) {
    Result<WaitlistPlace> place =
        made.waitlist->Position(sale->waitlist(), request.line, request.user, now);
    if (place.ok() && place->outcome.code == Code::kDone) {
      place->outcome.code = Code::kAlreadyDone;
      return place;
    }
  }
  return WaitlistPlace{.outcome = *refusal};
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
        Result<WaitlistPlace> place = state_->JoinWaitlist(request);
        if (place.ok()) place->waves = state_->made.waves->Read(request.sale.id(), request.line);
        return place;
      });
}

Result<WaitlistPlace> FlashSaleService::WaitlistPosition(const WaitlistRequest& request) {
  return state_->Counted<Result<WaitlistPlace>>(
      Operation::kWaitlistPosition, request.sale, [&]() -> Result<WaitlistPlace> {
        Result<WaitlistPlace> place =
            state_->WithWaitlist<WaitlistPlace>(request, [&](const SaleRef& name, Time now) {
              return state_->made.waitlist->Position(name, request.line, request.user, now);
            });
        if (place.ok()) place->waves = state_->made.waves->Read(request.sale.id(), request.line);
        return place;
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
