// The operators' side of FlashSaleService.

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "flashsale/service/flash_sale_service.h"
#include "service/service_state.h"

namespace flashsale::inline v0 {
namespace {

// How often a catalogue entry that others write too is tried.
constexpr int kMostCatalogueTries = 8;

constexpr std::string_view kOperatorAct = "operator_act";

bool WasCarriedOut(Code code) { return code == Code::kDone || code == Code::kAlreadyDone; }

}  // namespace

void FlashSaleService::State::NoteInCatalogue(const SaleId& sale, Verb act, Time now) {
  for (int i = 0; i < kMostCatalogueTries; ++i) {
    Result<FlashSale> entry = catalogue.Get(sale);
    if (!entry.ok()) return;
    const SaleMarks before = entry->marks;
    RecordAct(act, now, entry->marks);
    if (entry->marks == before) return;
    // The catalogue tells of intent; the store, which decides, has the act already.
    if (catalogue.Put(*entry).status().code() != StatusCode::kConflict) return;
  }
}

Result<Outcome> FlashSaleService::State::Act(Operation operation, const SaleRef& sale,
                                             const Command& command) {
  return Counted<Result<Outcome>>(operation, sale, [&] { return Carry(sale, command); });
}

void FlashSaleService::State::LogAct(const SaleId& sale, const Command& command,
                                     const Outcome& outcome) {
  if (!made.logger->Wants(LogLevel::kInfo)) return;
  const LogField act{"act", Name(command.verb)};
  const LogField answer{"answer", Name(outcome.code)};
  if (command.verb == Verb::kRelease) {
    const std::array<LogField, 4> fields = {act, answer, LogField{"line", command.line},
                                            LogField{"units", command.units}};
    Log(LogLevel::kInfo, kOperatorAct, sale, fields);
  } else if (command.verb == Verb::kVoid) {
    const std::string user = command.user.ToString();
    const std::string id = command.id.ToString();
    const std::array<LogField, 4> fields = {act, answer, LogField{"user", user},
                                            LogField{"id", id}};
    Log(LogLevel::kInfo, kOperatorAct, sale, fields);
  } else {
    const std::array<LogField, 2> fields = {act, answer};
    Log(LogLevel::kInfo, kOperatorAct, sale, fields);
  }
}

Result<Outcome> FlashSaleService::State::Carry(const SaleRef& sale, const Command& command) {
  const Time now = Now();
  Outcome outcome;
  Status status = inventory.Apply(sale.id(), now, {&command, 1}, {&outcome, 1});
  if (!status.ok()) return status;
  LogAct(sale.id(), command, outcome);
  if (!IsOperatorAct(command.verb) || !WasCarriedOut(outcome.code)) return outcome;
  {
    const Sales::Pinned known(sales, sale.id(), sale.hint());
    if (known.get() != nullptr) {
      if (command.verb != Verb::kRelease) known->NoteAct(command.verb, now);
      LogPoll("waves_failed", made.waves->Poll(sale.id(), now).last_error);
      made.waitlist->Poll(sale.id(), now);
      if (known->terms().requires_admission) made.queue->Poll(sale.id(), now);
    }
  }
  if (command.verb != Verb::kRelease) NoteInCatalogue(sale.id(), command.verb, now);
  return outcome;
}

Result<Outcome> FlashSaleService::Start(const SaleRef& sale) {
  return state_->Act(Operation::kStart, sale, {.verb = Verb::kStart});
}
Result<Outcome> FlashSaleService::Pause(const SaleRef& sale) {
  return state_->Act(Operation::kPause, sale, {.verb = Verb::kPause});
}
Result<Outcome> FlashSaleService::Resume(const SaleRef& sale) {
  return state_->Act(Operation::kResume, sale, {.verb = Verb::kResume});
}
Result<Outcome> FlashSaleService::Close(const SaleRef& sale) {
  return state_->Act(Operation::kClose, sale, {.verb = Verb::kClose});
}
Result<Outcome> FlashSaleService::CancelSale(const SaleRef& sale) {
  return state_->Act(Operation::kCancelSale, sale, {.verb = Verb::kCancelSale});
}
Result<Outcome> FlashSaleService::Settle(const SaleRef& sale) {
  return state_->Act(Operation::kSettle, sale, {.verb = Verb::kSettle});
}
Result<Outcome> FlashSaleService::Release(const ReleaseRequest& request) {
  return state_->Act(Operation::kRelease, request.sale,
                     {.verb = Verb::kRelease, .line = request.line, .units = request.units});
}
Result<Outcome> FlashSaleService::Void(const VoidRequest& request) {
  return state_->Act(Operation::kVoid, request.sale,
                     {.verb = Verb::kVoid, .user = request.user, .id = request.id});
}

Result<Outcome> FlashSaleService::Forget(const SaleRef& sale) {
  return state_->Counted<Result<Outcome>>(Operation::kForget, sale, [&] {
    Result<Outcome> forgotten = state_->Forget(sale);
    if (forgotten.ok()) {
      const std::array<LogField, 2> fields = {LogField{"act", Name(Operation::kForget)},
                                              LogField{"answer", Name(forgotten->code)}};
      state_->Log(LogLevel::kInfo, kOperatorAct, sale.id(), fields);
    }
    return forgotten;
  });
}

Result<Outcome> FlashSaleService::State::Forget(const SaleRef& sale) {
  Result<Outcome> forgotten = inventory.Forget(sale.id(), Now());
  if (!forgotten.ok()) return forgotten.status();
  // UnknownSale: an earlier call may have come as far as here.
  if (forgotten->code != Code::kDone && forgotten->code != Code::kUnknownSale) return *forgotten;
  if (Status status = Drop(sale.id()); !status.ok()) return status;
  // How many lines it had stands in the catalogue, which is the last to forget it.
  if (const Result<FlashSale> entry = catalogue.Get(sale.id()); entry.ok()) {
    Status status = made.waitlist->Forget(sale.id(), entry->terms.lines.size());
    if (!status.ok()) return status;
  } else if (entry.status().code() != StatusCode::kNotFound) {
    return entry.status();
  }
  Status status = options.storage.queue().Forget(sale.id());
  if (!status.ok() && status.code() != StatusCode::kNotFound) return status;
  for (int i = 0; i < kMostCatalogueTries; ++i) {
    const Result<FlashSale> entry = catalogue.Get(sale.id());
    if (!entry.ok()) {
      if (entry.status().code() == StatusCode::kNotFound) return *forgotten;
      return entry.status();
    }
    status = catalogue.Remove(sale.id(), entry->revision);
    if (status.ok() || status.code() == StatusCode::kNotFound) return *forgotten;
    if (status.code() != StatusCode::kConflict) return status;
  }
  return status;
}

}  // namespace flashsale::inline v0
