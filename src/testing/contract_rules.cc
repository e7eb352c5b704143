#include "testing/contract_rules.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace flashsale::inline v0::contract {
namespace {

std::size_t Column(Phase phase) { return static_cast<std::size_t>(phase) - 1; }

bool NothingAvailable(std::span<const Units> available) {
  return std::all_of(available.begin(), available.end(), [](Units units) { return units == 0; });
}

}  // namespace

Time AddUpToMax(Time t, Duration d) {
  // Both are below 2^53, so the sum cannot overflow.
  return std::min(t + d, kMaxTime);
}

Phase PhaseOf(const SaleTerms& terms, const SaleMarks& marks, Time now) {
  if (marks.cancelled) return Phase::kCancelled;
  if (marks.settled) return Phase::kSettled;
  if (marks.closed) return Phase::kClosed;
  if (now >= terms.end) return Phase::kClosed;
  if (now < terms.start && !marks.started_early) return Phase::kScheduled;
  if (marks.paused) return Phase::kPaused;
  return Phase::kOpen;
}

Time EndOfHold(const SaleTerms& terms, const SaleMarks& marks, const Reservation& hold) {
  Time end = hold.deadline;
  if (terms.end_policy == EndPolicy::kCut) {
    end = std::min(end, terms.end);
    if (marks.closed) end = std::min(end, marks.closed_at);
  }
  return end;
}

bool IsOver(const SaleTerms& terms, const SaleMarks& marks, const Reservation& hold, Time now) {
  return marks.cancelled || now >= EndOfHold(terms, marks, hold);
}

bool RevivesIn(const SaleTerms& terms, Phase phase) {
  if (terms.late_confirm != LateConfirm::kRevive) return false;
  if (phase == Phase::kOpen || phase == Phase::kPaused) return true;
  return phase == Phase::kClosed && terms.end_policy == EndPolicy::kGrace;
}

Time DeadlineOfHold(const SaleTerms& terms, Time now, Duration hold) {
  const Time wished = AddUpToMax(now, hold);
  // A sale that takes new holds is not closed, so the end alone may cut it short.
  return terms.end_policy == EndPolicy::kCut ? std::min(wished, terms.end) : wished;
}

Time DeadlineAfterExtend(const SaleTerms& terms, const SaleMarks& marks, const Reservation& hold,
                         Time now) {
  Time wished = AddUpToMax(now, terms.hold);
  wished = std::min(wished, AddUpToMax(hold.reserved_at, *terms.longest_hold));
  if (terms.end_policy == EndPolicy::kCut) {
    wished = std::min(wished, terms.end);
    if (marks.closed) wished = std::min(wished, marks.closed_at);
  }
  return std::max(hold.deadline, wished);
}

Field ShapeErrorOf(const Command& c) {
  const bool reserve = c.verb == Verb::kReserve;
  const bool release = c.verb == Verb::kRelease;
  const bool confirm = c.verb == Verb::kConfirm;
  const bool about_reservation = reserve || confirm || c.verb == Verb::kCancel ||
                                 c.verb == Verb::kExtend || c.verb == Verb::kVoid;
  const bool about_sale = release || c.verb == Verb::kStart || c.verb == Verb::kPause ||
                          c.verb == Verb::kResume || c.verb == Verb::kClose ||
                          c.verb == Verb::kCancelSale || c.verb == Verb::kSettle;

  if (!about_reservation && !about_sale) return Field::kVerb;
  if (c.flags != 0) return Field::kFlags;
  if (c.quote != 0 && !reserve) return Field::kFlags;
  if (c.user.is_nil() && about_reservation) return Field::kUser;
  if (!c.user.is_nil() && about_sale) return Field::kUser;
  if (c.id.is_nil() && about_reservation) return Field::kReservation;
  if (!c.id.is_nil() && about_sale) return Field::kReservation;
  if (c.line != 0 && !reserve && !release) return Field::kLine;
  if (c.units == 0 && (reserve || release)) return Field::kUnits;
  if (c.units > (Units{1} << 30)) return Field::kUnits;
  if (c.units != 0 && !reserve && !release && !confirm) return Field::kUnits;
  if (c.user_limit > (Units{1} << 30)) return Field::kUserLimit;
  if (c.user_limit != 0 && !reserve) return Field::kUserLimit;
  for (const LimitKey& key : c.keys) {
    if (!key.is_nil() && !reserve) return Field::kLimitKeys;
  }
  if (c.admission_number >= (std::uint64_t{1} << 53)) return Field::kAdmission;
  if (c.admission_number == 0 && c.admission_grant != 0) return Field::kAdmission;
  if (c.admission_number != 0 && c.admission_grant == 0) return Field::kAdmission;
  if (c.admission_number != 0 && !reserve) return Field::kAdmission;
  if (c.hold < Duration{0} || c.hold > std::chrono::days{30}) return Field::kHold;
  if (c.hold != Duration{0} && !reserve) return Field::kHold;
  return Field::kNone;
}

Code AnswerToKnown(Verb verb, ReservationState state) {
  struct Row {
    Verb verb;
    Code live, expired, purchased, cancelled;
  };
  constexpr std::array kRows = {
      Row{Verb::kConfirm, Code::kDone, Code::kExpired, Code::kAlreadyDone, Code::kCancelled},
      Row{Verb::kCancel, Code::kDone, Code::kExpired, Code::kAlreadyPurchased, Code::kAlreadyDone},
      Row{Verb::kExtend, Code::kDone, Code::kExpired, Code::kAlreadyPurchased, Code::kCancelled},
      Row{Verb::kVoid, Code::kNotPurchased, Code::kExpired, Code::kDone, Code::kAlreadyDone},
  };
  const auto row = std::find_if(kRows.begin(), kRows.end(),
                                [verb](const Row& candidate) { return candidate.verb == verb; });
  if (row == kRows.end()) return Code::kInvalid;
  switch (state) {
    case ReservationState::kActive:
      return row->live;
    case ReservationState::kExpired:
      return row->expired;
    case ReservationState::kPurchased:
      return row->purchased;
    case ReservationState::kCancelled:
      return row->cancelled;
    case ReservationState::kNone:
      break;
  }
  return Code::kUnknownReservation;
}

Code AnswerToAct(Act act, Phase phase, const SaleMarks& marks) {
  constexpr Code kDone = Code::kDone;
  constexpr Code kAgain = Code::kAlreadyDone;
  constexpr Code kEnded = Code::kSaleEnded;
  constexpr Code kCancelled = Code::kSaleCancelled;
  constexpr Code kEarly = Code::kNotStarted;
  constexpr Code kOpen = Code::kSaleOpen;
  constexpr Code kPaused = Code::kPaused;
  using Row = std::array<Code, 6>;
  constexpr std::array<Row, 8> kTable = {
      // scheduled, open, paused, closed, cancelled, settled
      Row{kDone, kAgain, kAgain, kEnded, kCancelled, kEnded},  // start
      Row{kDone, kDone, kAgain, kEnded, kCancelled, kEnded},   // pause
      Row{kAgain, kAgain, kDone, kEnded, kCancelled, kEnded},  // resume
      Row{kDone, kDone, kDone, kEnded, kCancelled, kEnded},    // release
      Row{kDone, kDone, kDone, kAgain, kCancelled, kAgain},    // close
      Row{kDone, kDone, kDone, kDone, kAgain, kEnded},         // cancel-sale
      Row{kEarly, kOpen, kPaused, kDone, kDone, kAgain},       // settle
      Row{kEarly, kOpen, kPaused, kEnded, kCancelled, kDone},  // forget
  };
  if (phase == Phase::kScheduled && marks.paused) {
    if (act == Act::kPause) return kAgain;
    if (act == Act::kResume) return kDone;
  }
  if (phase == Phase::kCancelled && marks.settled) {
    if (act == Act::kSettle) return kAgain;
    if (act == Act::kForget) return kDone;
  }
  return kTable[static_cast<std::size_t>(act)][Column(phase)];
}

Act ActOf(Verb verb) {
  switch (verb) {
    case Verb::kStart:
      return Act::kStart;
    case Verb::kPause:
      return Act::kPause;
    case Verb::kResume:
      return Act::kResume;
    case Verb::kRelease:
      return Act::kRelease;
    case Verb::kClose:
      return Act::kClose;
    case Verb::kCancelSale:
      return Act::kCancelSale;
    case Verb::kSettle:
    case Verb::kReserve:
    case Verb::kConfirm:
    case Verb::kCancel:
    case Verb::kExtend:
    case Verb::kVoid:
      break;
  }
  return Act::kSettle;
}

EdgeTracker::EdgeTracker(const SaleTerms& terms) : start_(terms.start), end_(terms.end) {
  for (const SaleLine& line : terms.lines) {
    available_.push_back(line.released_at_first.value_or(line.units));
  }
}

bool EdgeTracker::StartDue(Time at) const { return !started_ && !ended_ && at >= start_; }

bool EdgeTracker::EndDue(Time at) const { return !ended_ && at >= end_; }

Edges EdgeTracker::After(const Event& event, std::span<const Stock> lines) {
  Edges edges;
  const bool starts_early = event.type == EventType::kStartedEarly && !started_ && !ended_;
  const bool ends_early =
      (event.type == EventType::kClosed || event.type == EventType::kSaleCancelled) && !ended_;
  const bool starts = StartDue(event.at) || starts_early;
  const bool ends = EndDue(event.at) || ends_early;
  if (starts) edges.Add(Edge::kSaleStarted);
  if (ends) edges.Add(Edge::kSaleEnded);
  started_ = started_ || starts;
  ended_ = ended_ || ends;

  const bool was_sold_out = NothingAvailable(available_);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Units now = lines[i].released - lines[i].reserved - lines[i].sold;
    if (i == event.line && available_[i] != 0 && now == 0) edges.Add(Edge::kLineSoldOut);
    if (i == event.line && available_[i] == 0 && now != 0) edges.Add(Edge::kLineRestocked);
    available_[i] = now;
  }
  const bool is_sold_out = NothingAvailable(available_);
  if (!was_sold_out && is_sold_out) edges.Add(Edge::kSoldOut);
  if (was_sold_out && !is_sold_out) edges.Add(Edge::kRestocked);

  const bool for_good = std::all_of(lines.begin(), lines.end(),
                                    [](const Stock& line) { return line.sold == line.limit; });
  if (for_good && !sold_out_for_good_) edges.Add(Edge::kSoldOutForGood);
  sold_out_for_good_ = for_good;
  return edges;
}

}  // namespace flashsale::inline v0::contract
