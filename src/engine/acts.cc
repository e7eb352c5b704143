// The operators' acts about a sale.  One at a time; see the class comment for how they are ordered
// with shoppers' commands.

#include <algorithm>

#include "engine/sale_engine.h"
#include "flashsale/domain/flash_sale.h"

namespace flashsale::inline v0::engine {
namespace {

EventType EventOfAct(Verb act) {
  switch (act) {
    case Verb::kStart:
      return EventType::kStartedEarly;
    case Verb::kPause:
      return EventType::kPaused;
    case Verb::kResume:
      return EventType::kResumed;
    case Verb::kRelease:
      return EventType::kReleased;
    case Verb::kClose:
      return EventType::kClosed;
    case Verb::kCancelSale:
      return EventType::kSaleCancelled;
    default:
      return EventType::kSettled;
  }
}

}  // namespace

void SaleEngine::SetMarks(const SaleMarks& marks) {
  closed_at_us_.store(Micros(marks.closed_at), std::memory_order_relaxed);
  cut_us_.store(Micros(CutOf(marks, terms_.end_policy, terms_.end)), std::memory_order_release);
  const std::uint64_t bits = (marks.started_early ? kStartedEarly : 0) |
                             (marks.paused ? kPaused : 0) | (marks.closed ? kClosed : 0) |
                             (marks.cancelled ? kCancelled : 0) | (marks.settled ? kSettled : 0);
  const std::uint64_t acts = control_.load(std::memory_order_relaxed) & ~(kOneAct - 1);
  control_.store((acts + kOneAct) | bits,
                 std::memory_order_release);  // pairs with every load of it
}

void SaleEngine::ApplyAct(Time now, const Command& command, Outcome& outcome) {
  const MutexLock lock(operator_mutex_);
  Code code = JudgeAct(command.verb, Marks(), PhaseNow(now));
  outcome = Outcome{};
  if (code == Code::kDone) {
    switch (command.verb) {
      case Verb::kRelease:
        code = ApplyRelease(now, command, outcome);
        break;
      case Verb::kSettle:
        code = ApplySettle(now);
        break;
      case Verb::kStart:
      case Verb::kResume:
        ApplyOpening(now, command.verb);
        break;
      default:
        ApplyClosing(now, command.verb);
        break;
    }
  }
  outcome.code = code;
}

Code SaleEngine::ApplyRelease(Time now, const Command& command, Outcome& outcome) {
  if (command.line >= lines_.size() || command.units > LineOf(command.line).stock.limit()) {
    outcome.field = command.line >= lines_.size() ? Field::kLine : Field::kUnits;
    return Code::kInvalid;
  }
  Inventory& stock = LineOf(command.line).stock;
  const Units released = stock.Read().released;
  if (command.units <= released) return Code::kAlreadyDone;
  // What opens takes its number first, so that everything it makes possible comes after it.
  Event event;
  event.seq = events_.TakeNumbers(1);
  event.at = now;
  event.type = EventType::kReleased;
  event.line = command.line;
  event.units = command.units - released;
  stock.ReleaseUpTo(command.units);
  events_.Write(event);
  return Code::kDone;
}

void SaleEngine::ApplyOpening(Time now, Verb act) {
  const std::uint64_t seq = events_.TakeNumbers(1);
  SaleMarks marks = Marks();
  RecordAct(act, now, marks);
  SetMarks(marks);
  WriteAct(now, EventOfAct(act), seq);
}

void SaleEngine::ApplyClosing(Time now, Verb act) {
  // What closes does so while nobody is between judgement and number: nothing comes after it that
  // it forbids.
  std::uint64_t seq = 0;
  {
    const AllShardsLock all(shards_);
    seq = MarkUnderAllLocks(now, act);
  }
  WriteAct(now, EventOfAct(act), seq);
}

std::uint64_t SaleEngine::MarkUnderAllLocks(Time now, Verb act) {
  SaleMarks marks = Marks();
  RecordAct(act, now, marks);
  SetMarks(marks);
  return events_.TakeNumbers(1);
}

Code SaleEngine::ApplySettle(Time now) {
  constexpr std::size_t kSlice = 1024;
  std::uint64_t seq = 0;
  while (seq == 0) {
    while (ExpireSlice(now, kSlice).more) {
    }
    // Somebody whose clock is behind may still reserve, but not while all shards are held.
    const AllShardsLock all(shards_);
    const bool held = std::any_of(lines_.begin(), lines_.end(), [](const auto& line) {
      return line->stock.Read().reserved != 0;
    });
    if (!held) {
      seq = MarkUnderAllLocks(now, Verb::kSettle);
    } else if (!LapseIsDue(now)) {
      return Code::kHoldsRemain;  // what is still reserved lives, or waits in quarantine
    }
  }
  WriteAct(now, EventType::kSettled, seq);
  return Code::kDone;
}

void SaleEngine::WriteAct(Time now, EventType type, std::uint64_t seq) {
  Event event;
  event.seq = seq;
  event.at = now;
  event.type = type;
  events_.Write(event);
}

Code SaleEngine::JudgeForget(Time now) const {
  const SaleMarks marks = Marks();
  if (marks.settled) return Code::kDone;
  const Phase phase = PhaseNow(now);
  return phase == Phase::kOpen ? Code::kSaleOpen : AnswerToNewReserve(phase);
}

}  // namespace flashsale::inline v0::engine
