#include "service/reserve_batch.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace flashsale::inline v0 {

Status FlashSaleService::State::ReserveBatch::Carry(const Sales::Visit& visit,
                                                    std::span<const ReserveRequest> requests) {
  for (const ReserveRequest& request : requests) {
    state_.Begin(visit, request, now_, calls_.emplace_back(request));
  }
  Probe();
  for (ReserveCall& call : calls_) {
    if (call.IsGuarded()) call.Refuse(state_.gates.CheckRates(call.passage, now_));
  }
  for (ReserveCall& call : calls_) {
    if (call.IsGuarded()) call.Refuse(state_.gates.CheckBots(call.passage, now_));
  }
  for (ReserveCall& call : calls_) {
    if (call.IsGuarded()) call.Refuse(Gates::CheckLimit(*call.passage.sale, call.command));
  }
  CheckAdmissions();
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    CheckStore(i);
    if (!LookUp(i) || !Answer(i)) return status_;
  }
  Flush();
  return status_;
}

std::size_t FlashSaleService::State::ReserveBatch::GuardedFrom(std::size_t first) const {
  std::size_t end = first + 1;
  while (end < calls_.size() && calls_[first].IsGuarded() && calls_[end].IsGuarded() &&
         calls_[end].passage.sale == calls_[first].passage.sale) {
    ++end;
  }
  return end - first;
}

void FlashSaleService::State::ReserveBatch::Probe() {
  UpToMost<UserId> users;
  for (ReserveCall& call : calls_) {
    users.push_back(call.command.user);
    if (call.IsGuarded()) state_.gates.Probe(call.passage);
  }
  probes_.resize(calls_.size(), boost::container::default_init);
  for (std::size_t first = 0, count = 0; first < calls_.size(); first += count) {
    count = GuardedFrom(first);
    if (!calls_[first].IsGuarded()) continue;
    const ServedSale& sale = *calls_[first].passage.sale;
    const std::span<const UserId> of(users.data() + first, count);
    if (sale.terms().requires_admission) {
      state_.admissions.ProbeAll(sale.admissions(), of, {probes_.data() + first, count});
    }
    state_.inventory.Prefetch(sale.inventory(), of);
  }
}

void FlashSaleService::State::ReserveBatch::CheckAdmissions() {
  UpToMost<Admission> found(calls_.size());
  for (std::size_t first = 0, count = 0; first < calls_.size(); first += count) {
    count = GuardedFrom(first);
    if (!calls_[first].IsGuarded()) continue;
    if (!calls_[first].passage.sale->terms().requires_admission) continue;
    const std::optional<Outcome> refusal = state_.gates.FindAdmissions(
        now_, {probes_.data() + first, count}, {found.data() + first, count});
    for (std::size_t i = first; i < first + count; ++i) {
      ReserveCall& call = calls_[i];
      if (!refusal.has_value()) {
        call.Refuse(state_.gates.CheckAdmission(call.passage, found[i], now_, call.command));
      } else if (call.command.admission_number == 0) {
        call.Refuse(refusal);
      }
    }
  }
}

void FlashSaleService::State::ReserveBatch::CheckStore(std::size_t i) {
  ReserveCall& call = calls_[i];
  if (!call.IsGuarded()) return;
  call.Refuse(state_.gates.CheckWaitlist(*call.passage.sale, call.command));
  if (!call.IsGuarded()) return;
  call.Refuse(state_.gates.CheckStore(call.command.user, now_, call.permit));
  if (call.IsGuarded()) call.stage = ReserveStage::kToStore;
}

bool FlashSaleService::State::ReserveBatch::LookUp(std::size_t i) {
  ReserveCall& call = calls_[i];
  if (call.stage != ReserveStage::kRefused) return true;
  const bool may_be_known =
      std::any_of(commands_.begin(), commands_.end(),
                  [&call](const Command& before) { return before.user == call.command.user; });
  if (may_be_known && !Flush()) return false;
  state_.LookUp(call, now_);
  return true;
}

bool FlashSaleService::State::ReserveBatch::Answer(std::size_t i) {
  const ReserveCall& call = calls_[i];
  if (call.stage != ReserveStage::kToStore) {
    outcomes_[i] = call.outcome;
    return true;
  }
  const bool elsewhere =
      !waiting_.empty() && calls_[waiting_.front()].passage.sale != call.passage.sale;
  if (elsewhere && !Flush()) return false;
  commands_.push_back(call.command);
  waiting_.push_back(i);
  // What becomes of a probe decides about the next.
  return !call.permit.is_probe() || Flush();
}

bool FlashSaleService::State::ReserveBatch::Flush() {
  if (waiting_.empty()) return true;
  const ServedSale& sale = *calls_[waiting_.front()].passage.sale;
  UpToMost<Outcome> outcomes(waiting_.size());
  status_ = state_.inventory.Apply(sale.inventory(), now_, {commands_.data(), commands_.size()},
                                   {outcomes.data(), outcomes.size()});
  const bool watched = state_.options.queue.adaptive.has_value();
  if (state_.made.breaker != nullptr || watched) {
    const Time after = state_.Now();
    for (const std::size_t i : waiting_) {
      if (calls_[i].permit) Report(calls_[i].permit, status_, now_, after);
    }
    if (watched) state_.made.queue->NoteStore(std::max(after - now_, Duration(0)), status_.ok());
  }
  if (!status_.ok()) return false;
  for (std::size_t k = 0; k < waiting_.size(); ++k) {
    outcomes_[waiting_[k]] = outcomes[k];
    CountUnits(sale, commands_[k], outcomes[k]);
  }
  if (sale.terms().requires_admission) MarkUsed({outcomes.data(), outcomes.size()});
  commands_.clear();
  waiting_.clear();
  return true;
}

void FlashSaleService::State::ReserveBatch::MarkUsed(std::span<const Outcome> outcomes) {
  UpToMost<std::uint64_t> numbers;
  // Their probes move up to the first of those who waited: nobody needs the ones there any more.
  AdmissionProbe* const probes = probes_.data() + waiting_.front();
  for (std::size_t k = 0; k < waiting_.size(); ++k) {
    if (outcomes[k].code != Code::kDone || commands_[k].admission_number == 0) continue;
    const AdmissionProbe& probe = probes_[waiting_[k]];
    AdmissionProbe& place = probes[numbers.size()];
    if (&place != &probe) place = probe;
    numbers.push_back(commands_[k].admission_number);
  }
  if (numbers.empty()) return;
  // What the queue does not hear of now, the end of the window heals.
  (void)state_.admissions.MarkUsed(now_, {probes, numbers.size()},
                                   {numbers.data(), numbers.size()});
}

}  // namespace flashsale::inline v0
