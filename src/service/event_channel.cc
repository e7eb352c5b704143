#include "service/event_channel.h"

#include <algorithm>

namespace flashsale::inline v0::event_internal {

Channel& SinkState::Open(const SaleId& sale) {
  const auto found = channels_.find(sale);
  if (found != channels_.end()) return *found->second;
  auto channel = std::make_shared<Channel>(options_);
  return *channels_.emplace(sale, std::move(channel)).first->second;
}

void SinkState::Activate(const SaleId& sale) {
  const MutexLock lock(mutex_);
  Open(sale).active = true;
}

void SinkState::Remove(const SaleId& sale) {
  const MutexLock lock(mutex_);
  channels_.erase(sale);
}

void SinkState::SetCursor(const SaleCursor& cursor) {
  const MutexLock lock(mutex_);
  Channel& channel = Open(cursor.sale);
  channel.cursor = cursor.seq;
  ++channel.epoch;
}

std::vector<SaleCursor> SinkState::Cursors() const {
  const MutexLock lock(mutex_);
  std::vector<SaleCursor> cursors;
  cursors.reserve(channels_.size());
  for (const auto& [sale, channel] : channels_) {
    cursors.push_back({.sale = sale, .seq = channel->cursor});
  }
  return cursors;
}

SinkStats SinkState::Stats() const {
  const MutexLock lock(mutex_);
  SinkStats stats = stats_;
  for (const auto& [sale, channel] : channels_) {
    stats.failing += channel->failing ? 1U : 0U;
    stats.behind_loss += channel->behind_loss ? 1U : 0U;
  }
  return stats;
}

void SinkState::Stop() {
  const MutexLock lock(mutex_);
  stopped_ = true;
}

bool SinkState::stopped() const {
  const MutexLock lock(mutex_);
  return stopped_;
}

std::vector<SaleId> SinkState::Turns() const {
  const MutexLock lock(mutex_);
  std::vector<SaleId> turns;
  turns.reserve(channels_.size());
  const auto take = [&](const auto& entry) {
    if (entry.second->active && !entry.second->under_way) turns.push_back(entry.first);
  };
  const auto first = channels_.upper_bound(last_taken_);
  std::for_each(first, channels_.end(), take);
  std::for_each(channels_.begin(), first, take);
  return turns;
}

std::optional<SinkState::Claim> SinkState::TryClaim(const SaleId& sale, Time now) {
  const MutexLock lock(mutex_);
  if (stopped_ || stats_.outstanding >= options_.max_outstanding) return std::nullopt;
  const auto found = channels_.find(sale);
  if (found == channels_.end()) return std::nullopt;
  Channel& channel = *found->second;
  if (!channel.active || channel.under_way) return std::nullopt;
  if (std::exchange(channel.failed, false)) channel.backoff.Failed(now);
  if (channel.backoff.Rests(now)) return std::nullopt;
  channel.under_way = true;
  last_taken_ = sale;
  ++stats_.outstanding;
  return Claim{.channel = found->second, .cursor = channel.cursor, .epoch = channel.epoch};
}

void SinkState::Finish(const Claim& claim, Ending ending, const Delivered& delivered) {
  const MutexLock lock(mutex_);
  Channel& channel = *claim.channel;
  channel.under_way = false;
  --stats_.outstanding;
  switch (ending) {
    case Ending::kNothingToDo:
      channel.failing = false;
      channel.behind_loss = false;
      return;
    case Ending::kStoreFailed:
      break;
    case Ending::kRefused:
      ++stats_.refused;
      break;
    case Ending::kThrew:
      ++stats_.failures;
      break;
    case Ending::kBusy:
      ++stats_.busy;
      break;
    case Ending::kAccepted:
      ++stats_.delivered_batches;
      stats_.delivered_events += delivered.events;
      if (channel.epoch == claim.epoch) channel.cursor = delivered.cursor;
      channel.failing = false;
      if (delivered.events < options_.max_batch) channel.behind_loss = false;
      channel.backoff.Succeeded();
      return;
  }
  channel.failed = true;
  if (ending != Ending::kStoreFailed) channel.failing = true;
}

void SinkState::Told(const Claim& claim, const EventPage::Lost& lost) {
  const MutexLock lock(mutex_);
  stats_.lost_events += lost.to - lost.from + 1;
  claim.channel->behind_loss = true;
  if (claim.channel->epoch == claim.epoch) claim.channel->cursor = lost.to;
}

Time SinkState::NextAttempt(Time now) const {
  const MutexLock lock(mutex_);
  Time next = kMaxTime;
  for (const auto& [sale, channel] : channels_) {
    if (channel->active && channel->backoff.Rests(now)) {
      next = std::min(next, channel->backoff.until());
    }
  }
  return next;
}

SinkState::Ending Delivery::Deliver() {
  if (sink_->stopped()) return SinkState::Ending::kRefused;
  try {
    if (page_.lost.has_value()) {
      sink_->sink().OnLost(sale_, *page_.lost);
      sink_->Told(claim_, *page_.lost);
    }
    if (events_.empty()) return SinkState::Ending::kAccepted;
    return sink_->sink().Deliver(sale_, events_) == SinkAnswer::kAccepted
               ? SinkState::Ending::kAccepted
               : SinkState::Ending::kBusy;
  } catch (...) {
    return SinkState::Ending::kThrew;
  }
}

void Delivery::Run() {
  const SinkState::Ending ending = Deliver();
  finished_ = true;
  std::uint64_t cursor = page_.cursor;
  if (page_.lost.has_value()) cursor = std::max(cursor, page_.lost->to);
  sink_->Finish(claim_, ending, {.cursor = cursor, .events = events_.size()});
}

}  // namespace flashsale::inline v0::event_internal
