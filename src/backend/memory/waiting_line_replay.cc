// A line is made anew from what happened in it, by what made it.
#include <algorithm>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "backend/memory/waiting_line.h"

namespace flashsale::inline v0::memory {

void WaitingLine::Show(std::unique_ptr<LineLog> log) {
  const MutexLock lock(mutex_);
  log_ = std::move(log);
  if (waiting_ != nullptr) waiting_->set_log(log_.get());
}

void WaitingLine::FinishReplay(Time latest) {
  const MutexLock lock(mutex_);
  latest_ = std::max(latest_, latest);
  made_anew_ = true;
}

const char* WaitingLine::Replay(const QueueEvent& event) {
  using Kind = QueueEvent::Kind;
  const MutexLock lock(mutex_);
  latest_ = std::max(latest_, event.at);
  const Time at = clock_.At(latest_);
  EndPassedWindows(at);
  switch (event.kind) {
    case Kind::kJoined:
    case Kind::kPlaced:
    case Kind::kFellSilent:
    case Kind::kLeft:
    case Kind::kAdmitted:
    case Kind::kCompleted:
    case Kind::kUsed:
      return ReplayTicket(event, at);
    case Kind::kFrozen:
    case Kind::kListed:
    case Kind::kArranged:
    case Kind::kBegun:
      return ReplayStage(event);
    case Kind::kTurn:
      ++revision_;
      strategy_ = event.number;
      return nullptr;
    case Kind::kPaceChanged:
      if (!Validate(event.pace).ok()) return "a pace that there cannot be";
      ChangePace(event.pace);
      return nullptr;
    case Kind::kPaused:
      if (clock_.paused()) return "a pause in a pause";
      clock_.Pause(latest_);
      break;
    case Kind::kResumed:
      if (!clock_.paused()) return "the end of a pause that there was not";
      clock_.Resume(latest_);
      break;
    case Kind::kClosed:
      if (waiting_ == nullptr) return "a queue is closed twice";
      waiting_.reset();
      stages_.fill(QueueStage::kClosed);
      ++revision_;
      return nullptr;
  }
  admissions_.SetClock(clock_);
  ++revision_;
  return nullptr;
}

const char* WaitingLine::ReplayTicket(const QueueEvent& event, Time at) {
  using Kind = QueueEvent::Kind;
  const std::uint64_t hash = hash_(event.user.bytes());
  const std::optional<LiveAdmission> admission = admissions_.Find(hash, event.user);
  const Entry entry =
      waiting_ == nullptr ? WaitingTickets::kNone : waiting_->Find(hash, event.user);
  const bool waits = entry != WaitingTickets::kNone;
  if (event.kind == Kind::kJoined) {
    if (waiting_ == nullptr) return "somebody joins a closed queue";
    if (waits || admission.has_value()) return "somebody joins who has a ticket";
    if (event.user.is_nil() || event.tier >= terms_.tiers) return "nobody joins, or no tier";
    const Entry joined = waiting_->Join({.hash = hash,
                                         .user = event.user,
                                         .tier = event.tier,
                                         .ticket = last_ticket_ + 1,
                                         .joined_at = latest_,
                                         .restored_place = event.place},
                                        at);
    if (joined == WaitingTickets::kNone) throw std::bad_alloc();
    ++last_ticket_;
    if (event.place != 0) ++restored_;
    return nullptr;
  }
  const bool is_waiting = waits && (*waiting_)[entry].ticket == event.ticket;
  const bool is_admitted = admission.has_value() && admission->ticket == event.ticket;
  if (event.kind == Kind::kUsed) {
    if (is_admitted) admissions_.MarkUsed(hash, event.user, event.number);
    return nullptr;
  }
  if (event.kind == Kind::kCompleted || (event.kind == Kind::kLeft && is_admitted)) {
    if (!is_admitted) return "an admission ends that there is not";
    admissions_.Erase(*admission);
    ++(event.kind == Kind::kCompleted ? completed_ : left_);
    return nullptr;
  }
  if (!is_waiting) return "a change of somebody who does not wait";
  bool done = true;
  QueueEntry admitted;
  switch (event.kind) {
    case Kind::kPlaced:
      done = waiting_->Restore(entry, event.place);
      ++restored_;
      break;
    case Kind::kFellSilent:
      FallSilent(entry, hash);
      break;
    case Kind::kLeft:
      done = Leave(entry, hash);
      break;
    default:
      done = LetIn(entry, at, admitted);
      break;
  }
  if (!done) throw std::bad_alloc();
  return nullptr;
}

const char* WaitingLine::ReplayStage(const QueueEvent& event) {
  using Kind = QueueEvent::Kind;
  if (event.tier >= terms_.tiers) return "a stage of no tier";
  const QueueStage needed =
      event.kind == Kind::kFrozen ? QueueStage::kGathering : QueueStage::kFrozen;
  if (stages_[event.tier] != needed) return "a stage of a tier that cannot follow";
  Status status;
  switch (event.kind) {
    case Kind::kFrozen:
      Freeze(event.tier);
      return nullptr;
    case Kind::kListed:
      if (!waiting_->ListEntrants(event.tier)) throw std::bad_alloc();
      return nullptr;
    case Kind::kArranged:
      status =
          waiting_->Arrange({.tier = event.tier, .first = event.number, .tickets = event.tickets});
      break;
    default:
      status = waiting_->Begin(event.tier);
      if (status.ok()) {
        stages_[event.tier] = QueueStage::kRunning;
        ++revision_;
      }
      break;
  }
  if (status.code() == StatusCode::kResourceExhausted) throw std::bad_alloc();
  return status.ok() ? nullptr : "an order of entrants that there cannot be";
}

}  // namespace flashsale::inline v0::memory
