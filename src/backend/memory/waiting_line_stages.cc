// The operators' side of a queue: its pace, its pauses and its stages.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "backend/memory/waiting_line.h"

namespace flashsale::inline v0::memory {
namespace {

Status NotFrozen(std::uint8_t tier) {
  return Status(StatusCode::kFailedPrecondition,
                fmt::format("stage: expected that tier {} is frozen", tier));
}

}  // namespace

void WaitingLine::SetPace(Time now, const QueuePace& pace) {
  const MutexLock lock(mutex_);
  Enter(now);
  if (pace == pace_) return;
  Log({.kind = QueueEvent::Kind::kPaceChanged, .at = latest_, .pace = pace});
  ChangePace(pace);
}

void WaitingLine::ChangePace(const QueuePace& pace) {
  pace_ = pace;
  pace_set_at_ = latest_;
  rate_ = RateOf(pace);
  ++revision_;
}

void WaitingLine::Pause(Time now) {
  const MutexLock lock(mutex_);
  Enter(now);
  if (clock_.paused()) return;
  Log({.kind = QueueEvent::Kind::kPaused, .at = latest_});
  clock_.Pause(latest_);
  admissions_.SetClock(clock_);
  ++revision_;
}

void WaitingLine::Resume(Time now) {
  const MutexLock lock(mutex_);
  Enter(now);
  if (!clock_.paused()) return;
  Log({.kind = QueueEvent::Kind::kResumed, .at = latest_});
  clock_.Resume(latest_);
  admissions_.SetClock(clock_);
  ++revision_;
}

void WaitingLine::FreezeTier(std::size_t tier, Time at) {
  // Whoever is silent by now is no entrant.
  constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
  fell_silent_ += waiting_->Sweep(at, kAll, kAll);
  Log({.kind = QueueEvent::Kind::kFrozen, .tier = static_cast<std::uint8_t>(tier), .at = latest_});
  Freeze(tier);
}

void WaitingLine::Freeze(std::size_t tier) {
  waiting_->Freeze(tier, last_ticket_);
  stages_[tier] = QueueStage::kFrozen;
  ++revision_;
}

void WaitingLine::Freeze(Time now, std::uint8_t tier) {
  const MutexLock lock(mutex_);
  const Time at = Enter(now);
  if (stages_[tier] == QueueStage::kGathering) FreezeTier(tier, at);
}

Status WaitingLine::ListEntrants(std::uint8_t tier) {
  if (stages_[tier] != QueueStage::kFrozen) return NotFrozen(tier);
  if (waiting_->HasEntrants(tier)) return Status();
  if (!waiting_->ListEntrants(tier)) {
    return Status(StatusCode::kResourceExhausted, "out of memory");
  }
  Log({.kind = QueueEvent::Kind::kListed, .tier = tier});
  return Status();
}

bool WaitingLine::AnyRuns() const {
  return std::find(stages_.begin(), stages_.end(), QueueStage::kRunning) != stages_.end();
}

Result<std::size_t> WaitingLine::ReadEntrants(std::uint8_t tier, std::uint64_t after,
                                              std::span<Entrant> entrants) {
  const MutexLock lock(mutex_);
  Status listed = ListEntrants(tier);
  if (!listed.ok()) return listed;
  return waiting_->ReadEntrants(tier, after, entrants);
}

Status WaitingLine::Arrange(const Arrangement& arrangement) {
  const MutexLock lock(mutex_);
  Status status = ListEntrants(arrangement.tier);
  if (status.ok()) status = waiting_->Arrange(arrangement);
  if (!status.ok()) return status;
  Log({.kind = QueueEvent::Kind::kArranged,
       .tier = arrangement.tier,
       .number = arrangement.first,
       .tickets = arrangement.tickets});
  return status;
}

Status WaitingLine::Begin(Time now, std::uint8_t tier) {
  const MutexLock lock(mutex_);
  const Time at = Enter(now);
  if (stages_[tier] == QueueStage::kRunning) return Status();
  if (stages_[tier] == QueueStage::kClosed) {
    return Status(StatusCode::kFailedPrecondition, "stage: closed, expected gathering or frozen");
  }
  if (stages_[tier] == QueueStage::kGathering) FreezeTier(tier, at);
  Status begun = waiting_->Begin(tier);
  if (!begun.ok()) return begun;
  Log({.kind = QueueEvent::Kind::kBegun, .tier = tier, .at = latest_});
  stages_[tier] = QueueStage::kRunning;
  ++revision_;
  return Status();
}

void WaitingLine::Close(Time now) {
  // Goes after the lock: to return gigabytes to the system takes a while.
  std::unique_ptr<WaitingTickets> gone;
  const MutexLock lock(mutex_);
  Enter(now);
  if (stages_.front() == QueueStage::kClosed) return;
  Log({.kind = QueueEvent::Kind::kClosed, .at = latest_});
  gone = std::move(waiting_);
  stages_.fill(QueueStage::kClosed);
  ++revision_;
}

}  // namespace flashsale::inline v0::memory
