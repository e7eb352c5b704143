// The operators' side of a queue: its pace, its pauses and its stages.
#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "backend/memory/waiting_line.h"

namespace flashsale::inline v0::memory {
namespace {

Status NotFrozen() {
  return Status(StatusCode::kFailedPrecondition, "stage: expected a frozen queue");
}

}  // namespace

void WaitingLine::SetPace(Time now, const QueuePace& pace) {
  const MutexLock lock(mutex_);
  Enter(now);
  if (pace == pace_) return;
  pace_ = pace;
  rate_ = RateOf(pace);
  ++revision_;
}

void WaitingLine::Pause(Time now) {
  const MutexLock lock(mutex_);
  Enter(now);
  if (clock_.paused()) return;
  clock_.Pause(latest_);
  admissions_.SetClock(clock_);
  ++revision_;
}

void WaitingLine::Resume(Time now) {
  const MutexLock lock(mutex_);
  Enter(now);
  if (!clock_.paused()) return;
  clock_.Resume(latest_);
  admissions_.SetClock(clock_);
  ++revision_;
}

Status WaitingLine::Freeze(Time now) {
  const MutexLock lock(mutex_);
  const Time at = Enter(now);
  if (stage_ != QueueStage::kGathering) return Status();
  // Whoever is silent by now is no entrant.
  constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
  fell_silent_ += waiting_->Sweep(at, kAll, kAll);
  Status frozen = waiting_->Freeze(last_ticket_);
  if (!frozen.ok()) return frozen;
  stage_ = QueueStage::kFrozen;
  ++revision_;
  return Status();
}

Result<std::size_t> WaitingLine::ReadEntrants(std::uint8_t tier, std::uint64_t after,
                                              std::span<Entrant> entrants) {
  const MutexLock lock(mutex_);
  if (stage_ != QueueStage::kFrozen) return NotFrozen();
  return waiting_->ReadEntrants(tier, after, entrants);
}

Status WaitingLine::Arrange(const Arrangement& arrangement) {
  const MutexLock lock(mutex_);
  if (stage_ != QueueStage::kFrozen) return NotFrozen();
  return waiting_->Arrange(arrangement);
}

Status WaitingLine::Begin(Time now) {
  const MutexLock lock(mutex_);
  Enter(now);
  if (stage_ == QueueStage::kRunning) return Status();
  if (stage_ == QueueStage::kClosed) {
    return Status(StatusCode::kFailedPrecondition, "stage: closed, expected gathering or frozen");
  }
  if (stage_ == QueueStage::kFrozen) {
    Status begun = waiting_->Begin();
    if (!begun.ok()) return begun;
  }
  stage_ = QueueStage::kRunning;
  ++revision_;
  return Status();
}

void WaitingLine::Close(Time now) {
  // Goes after the lock: to return gigabytes to the system takes a while.
  std::unique_ptr<WaitingTickets> gone;
  const MutexLock lock(mutex_);
  Enter(now);
  if (stage_ == QueueStage::kClosed) return;
  gone = std::move(waiting_);
  stage_ = QueueStage::kClosed;
  ++revision_;
}

}  // namespace flashsale::inline v0::memory
