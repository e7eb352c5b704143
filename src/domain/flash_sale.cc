#include "flashsale/domain/flash_sale.h"

namespace flashsale::inline v0 {

std::string_view Name(Phase phase) {
  switch (phase) {
    case Phase::kScheduled: return "scheduled";
    case Phase::kOpen: return "open";
    case Phase::kPaused: return "paused";
    case Phase::kClosed: return "closed";
    case Phase::kCancelled: return "cancelled";
    case Phase::kSettled: return "settled";
  }
  return "?";
}

std::string_view Name(SaleState state) {
  switch (state) {
    case SaleState::kNotStarted: return "NOT_STARTED";
    case SaleState::kActive: return "ACTIVE";
    case SaleState::kSoldOut: return "SOLD_OUT";
    case SaleState::kEnded: return "ENDED";
    case SaleState::kPaused: return "PAUSED";
    case SaleState::kCancelled: return "CANCELLED";
  }
  return "?";
}

namespace {

Code DoneUnless(bool in_force) { return in_force ? Code::kAlreadyDone : Code::kDone; }

bool BeforeClosed(Phase phase) {
  return phase == Phase::kScheduled || phase == Phase::kOpen || phase == Phase::kPaused;
}

// The code of a phase that forbids an operator's act.
Code RefusalOf(Phase phase) {
  return phase == Phase::kOpen ? Code::kSaleOpen : AnswerToNewReserve(phase);
}

}  // namespace

Code JudgeAct(Verb act, const SaleMarks& marks, Phase phase) {
  switch (act) {
    case Verb::kStart:
      return BeforeClosed(phase) ? DoneUnless(phase != Phase::kScheduled) : RefusalOf(phase);
    case Verb::kPause: return BeforeClosed(phase) ? DoneUnless(marks.paused) : RefusalOf(phase);
    case Verb::kResume: return BeforeClosed(phase) ? DoneUnless(!marks.paused) : RefusalOf(phase);
    case Verb::kRelease: return BeforeClosed(phase) ? Code::kDone : RefusalOf(phase);
    case Verb::kClose:
      return phase == Phase::kCancelled ? Code::kSaleCancelled : DoneUnless(!BeforeClosed(phase));
    case Verb::kCancelSale:
      return phase == Phase::kSettled ? Code::kSaleEnded : DoneUnless(phase == Phase::kCancelled);
    case Verb::kSettle: return BeforeClosed(phase) ? RefusalOf(phase) : DoneUnless(marks.settled);
    case Verb::kReserve:
    case Verb::kConfirm:
    case Verb::kCancel:
    case Verb::kExtend:
    case Verb::kVoid: break;
  }
  return Code::kInvalid;
}

void RecordAct(Verb act, Time now, SaleMarks& marks) {
  switch (act) {
    case Verb::kStart: marks.started_early = true; break;
    case Verb::kPause: marks.paused = true; break;
    case Verb::kResume: marks.paused = false; break;
    case Verb::kClose:
      marks.closed = true;
      marks.closed_at = now;
      break;
    case Verb::kCancelSale: marks.cancelled = true; break;
    case Verb::kSettle: marks.settled = true; break;
    case Verb::kRelease:
    case Verb::kReserve:
    case Verb::kConfirm:
    case Verb::kCancel:
    case Verb::kExtend:
    case Verb::kVoid: break;
  }
}

}  // namespace flashsale::inline v0
