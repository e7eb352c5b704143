#include "testing/duel.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "flashsale/testing/digest.h"
#include "testing/contract_rules.h"

namespace flashsale::inline v0 {
namespace {

// No hold lapses earlier than this, as far as a snapshot tells.
class EarliestEnd final : public SnapshotVisitor {
 public:
  void OnSale(const Sale& sale) override {
    terms_ = sale.terms;
    marks_ = sale.marks;
  }
  void OnUser(const UserId&, const Tally&, std::span<const Reservation> records) override {
    for (const Reservation& record : records) {
      if (record.state != ReservationState::kActive) continue;
      const Time end = marks_.cancelled ? kMinTime : contract::EndOfHold(terms_, marks_, record);
      earliest_ = std::min(earliest_, end);
    }
  }
  void OnKey(const TallyKey&, const Tally&) override {}

  Time earliest() const { return earliest_; }

 private:
  SaleTerms terms_;
  SaleMarks marks_;
  Time earliest_ = kMaxTime;
};

}  // namespace

Duel::Duel(const Scenario& scenario, Storage& backend, Storage& reference,
           std::uint32_t batches_per_snapshot)
    : scenario_(scenario),
      backend_(backend.inventory()),
      reference_(reference.inventory()),
      sale_(scenario.terms.id),
      batches_per_snapshot_(batches_per_snapshot),
      audit_(backend_, scenario.terms) {}

std::string Duel::Run() {
  const Result<Outcome> created = backend_.Create(scenario_.terms);
  if (!created.ok()) return "Create: " + created.status().ToString();
  if (!reference_.Create(scenario_.terms).ok()) return "the reference refuses the terms";

  std::uint32_t batches = 0;
  Time last = scenario_.terms.start;
  for (std::size_t i = 0; i < scenario_.moves.size() && !forgotten_;) {
    const Move& move = scenario_.moves[i];
    std::string error;
    if (lapses_.IsDueBefore(move)) error = RecordLapses(lapses_.due_at(move));
    if (!error.empty()) return error;
    lapses_.OnMove(move);
    if (IsValid(move.now)) last = move.now;

    const std::size_t size = BatchAt(i);
    switch (move.kind) {
      case Move::Kind::kCommand:
        error = PlayBatch(std::span(scenario_.moves).subspan(i, size));
        break;
      case Move::Kind::kExpire:
        error = PlayExpire(move.now, move.max_holds);
        break;
      case Move::Kind::kForget:
        error = PlayForget(move);
        break;
    }
    if (error.empty() && ++batches % batches_per_snapshot_ == 0 && !forgotten_) {
      error = CheckDigests(last);
    }
    if (!error.empty()) return error;
    i += size;
  }
  return forgotten_ ? std::string() : CheckDigests(last);
}

std::size_t Duel::BatchAt(std::size_t begin) const {
  const std::vector<Move>& moves = scenario_.moves;
  std::size_t end = begin + 1;
  while (end < moves.size() && IsInBatchOf(moves[begin], moves[end]) &&
         !lapses_.IsDueBefore(moves[end])) {
    ++end;
  }
  return end - begin;
}

std::string Duel::PlayBatch(std::span<const Move> batch) {
  commands_.clear();
  for (const Move& move : batch) commands_.push_back(move.command);
  outcomes_.assign(batch.size(), Outcome{});
  expected_.assign(batch.size(), Outcome{});
  const Time now = batch.front().now;
  const Status status = backend_.Apply(sale_, now, commands_, outcomes_);
  if (!status.ok()) return "Apply: " + status.ToString();
  if (!reference_.Apply(sale_, now, commands_, expected_).ok()) return "the reference failed";
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (outcomes_[i] != expected_[i]) {
      return fmt::format("{} of a batch of {}: expected {}, got {}", Name(commands_[i].verb),
                         batch.size(), ToString(expected_[i]), ToString(outcomes_[i]));
    }
  }
  return CheckAfter(batch);
}

std::string Duel::CheckAfter(std::span<const Move> batch) {
  std::string error = audit_.CatchUp();
  if (error.empty()) error = CheckStock(batch.front().now);
  for (const Move& move : batch) {
    if (!error.empty()) return error;
    error = audit_.CheckTally(TallyKey::Of(move.command.user));
    for (std::size_t i = 0; i < scenario_.terms.key_limits.size() && error.empty(); ++i) {
      if (move.command.keys[i].is_nil()) continue;
      error = audit_.CheckTally(TallyKey::Of(i, move.command.keys[i]));
    }
  }
  return error.empty() ? CheckFind(batch.back().command) : error;
}

std::string Duel::CheckStock(Time now) {
  if (!IsValid(now)) return {};
  std::string error = audit_.CheckStock(now);
  if (!error.empty()) return error;
  const Result<SaleStock> stock = backend_.ReadStock(sale_, now);
  const Result<SaleStock> expected = reference_.ReadStock(sale_, now);
  if (!stock.ok()) return "ReadStock: " + stock.status().ToString();
  if (!expected.ok()) return "the reference failed";
  if (stock->phase != expected->phase) {
    return fmt::format("ReadStock: expected phase {}, got {}", Name(expected->phase),
                       Name(stock->phase));
  }
  // What lapsed holds keep may come back at different times; what is sold may not.
  for (std::size_t i = 0; i < expected->lines.size(); ++i) {
    if (stock->lines[i].sold != expected->lines[i].sold ||
        stock->lines[i].released != expected->lines[i].released) {
      return fmt::format("line {}: expected {} sold of {} released, got {} of {}", i,
                         expected->lines[i].sold, expected->lines[i].released, stock->lines[i].sold,
                         stock->lines[i].released);
    }
  }
  if (stock->sold_out_for_good != expected->sold_out_for_good) {
    return "ReadStock: sold out for good, or not";
  }
  return {};
}

std::string Duel::CheckFind(const Command& command) {
  const Result<std::optional<Reservation>> found = backend_.Find(sale_, command.user, command.id);
  if (!found.ok()) return "Find: " + found.status().ToString();
  const Reservation* by_events = audit_.fold().Find(command.user, command.id);
  if ((by_events != nullptr) != found->has_value()) return "Find: known, or not";
  if (by_events == nullptr) return {};
  Reservation record = **found;
  // The deadline of what is no longer held is of no consequence.
  if (record.state != ReservationState::kActive) record.deadline = by_events->deadline;
  return record == *by_events ? std::string() : "Find tells another reservation than the events";
}

std::string Duel::PlayExpire(Time now, std::size_t max_holds) {
  const Result<ExpireReport> report = backend_.ExpireDue(sale_, now, max_holds);
  if (!report.ok()) return "ExpireDue: " + report.status().ToString();
  if (!reference_.ExpireDue(sale_, now, max_holds).ok()) return "the reference failed";
  std::string error = audit_.CatchUp();
  if (error.empty()) error = CheckStock(now);
  if (!error.empty()) return error;

  EarliestEnd end;
  audit_.fold().Show(end);
  if (report->quarantined != 0) return "ExpireDue: holds that it cannot expire";
  if (!report->more && end.earliest() <= now) return "ExpireDue: more was due than it says";
  if (report->next_due > end.earliest() && !report->more) {
    return "ExpireDue: a hold lapses before the next one is due";
  }
  return {};
}

std::string Duel::RecordLapses(Time now) {
  std::string error = PlayExpire(now, scenario_.moves.size());
  lapses_.OnExpired();
  return error;
}

std::string Duel::PlayForget(const Move& move) {
  const Result<Outcome> outcome = backend_.Forget(sale_, move.now);
  const Result<Outcome> expected = reference_.Forget(sale_, move.now);
  if (!outcome.ok()) return "Forget: " + outcome.status().ToString();
  if (!expected.ok() || *outcome != *expected) {
    return fmt::format("forget: expected {}, got {}", ToString(*expected), ToString(*outcome));
  }
  forgotten_ = outcome->code == Code::kDone;
  return {};
}

std::string Duel::CheckDigests(Time now) {
  std::string error = audit_.CheckAll(now);
  if (!error.empty()) return error;
  const Result<std::string> expected = ReadDigest(reference_, sale_, now);
  if (!expected.ok()) return "the reference failed";
  return *expected == audit_.Digest(now) ? std::string()
                                         : "another digest than the reference model's";
}

}  // namespace flashsale::inline v0
