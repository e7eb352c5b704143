#include "service/observer_board.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace flashsale::inline v0::countdown_internal {
namespace {

// Whether an observer has to hear of it; when it was read is no news.
bool Differs(const Countdown& a, const Countdown& b) {
  Countdown read_together = b;
  read_together.as_of = a.as_of;
  return a != read_together;
}

}  // namespace

std::shared_ptr<WatchedSale> Board::Find(const SaleId& sale) const {
  const MutexLock lock(mutex_);
  const auto found = sales_.find(sale);
  return found == sales_.end() ? nullptr : found->second;
}

Result<std::uint64_t> Board::Add(const std::shared_ptr<WatchedSale>& sale,
                                 const CountdownService::Subscription& subscription) {
  // All memory that it will ever need comes first.
  auto observer = std::make_shared<Observer>();
  ObserverList one;
  one.push_back(observer);
  TimedObservers node;
  node.emplace(kMinTime, observer.get());
  observer->timed_node = node.extract(node.begin());
  observer->target = subscription.observer;
  observer->executor = &subscription.executor;
  observer->min_interval = std::max(subscription.min_interval, options_.min_interval);
  observer->self = one.begin();

  const MutexLock lock(mutex_);
  if (observers_.size() >= options_.max_observers) {
    return Status(StatusCode::kResourceExhausted,
                  fmt::format("max_observers: there are {} already", options_.max_observers));
  }
  // Another thread may have begun to watch the same sale meanwhile.
  observer->sale = sales_.try_emplace(sale->id, sale).first->second;
  observer->id = last_id_ + 1;
  observers_.emplace(observer->id, observer.get());
  ++last_id_;
  ++observer->sale->observers;
  observer->sale->stale.splice(observer->sale->stale.end(), one);
  return observer->id;
}

bool Board::Remove(std::uint64_t id) {
  ObserverList erased;  // destroyed without the lock: a host's destructor may call us
  const MutexLock lock(mutex_);
  const auto found = observers_.find(id);
  if (found == observers_.end()) return false;
  Erase(*found->second, erased);
  return true;
}

ObserverList& Board::ListOf(Place place, Observer& observer) {
  switch (place) {
    case Place::kCurrent:  // or made stale together with all others
      return observer.seen == observer.sale->version ? observer.sale->current
                                                     : observer.sale->stale;
    case Place::kStale:
      return observer.sale->stale;
    case Place::kTimed:
      return waiting_;
    case Place::kUnderWay:
    case Place::kGone:
      break;
  }
  return under_way_;
}

void Board::MoveTo(Place place, Observer& observer) {
  ObserverList& from = ListOf(observer.place, observer);
  ObserverList& to = ListOf(place, observer);
  if (observer.place == Place::kTimed) observer.timed_node = timed_.extract(observer.timed);
  to.splice(to.end(), from, observer.self);
  observer.place = place;
}

void Board::Erase(Observer& observer, ObserverList& erased) {
  if (observer.place == Place::kTimed) observer.timed_node = timed_.extract(observer.timed);
  const std::shared_ptr<WatchedSale> sale = observer.sale;
  ObserverList& list = ListOf(observer.place, observer);
  observer.place = Place::kGone;
  observers_.erase(observer.id);
  if (observer.failing) --stats_.failing;
  if (--sale->observers == 0) sales_.erase(sale->id);
  erased.splice(erased.end(), list, observer.self);
}

Board::Dropped Board::Drop(Observer& observer, DropReason reason) {
  Dropped dropped{.target = observer.target, .executor = observer.executor, .reason = reason};
  switch (reason) {
    case DropReason::kSlow:
      ++stats_.dropped_slow;
      break;
    case DropReason::kRefused:
      ++stats_.dropped_refused;
      break;
    case DropReason::kSaleGone:
      ++stats_.dropped_gone;
      break;
  }
  ObserverList erased;  // `dropped` still keeps the host's object
  Erase(observer, erased);
  return dropped;
}

std::vector<std::shared_ptr<WatchedSale>> Board::TakeDueReads(Time now) {
  const MutexLock lock(mutex_);
  std::vector<std::shared_ptr<WatchedSale>> due;
  due.reserve(sales_.size());
  for (const auto& [id, sale] : sales_) {
    if (sale->reading || sale->gone || now < sale->next_read) continue;
    sale->reading = true;
    due.push_back(sale);
  }
  return due;
}

void Board::Publish(WatchedSale& sale, const Countdown& countdown, Time next_read) {
  const MutexLock lock(mutex_);
  sale.reading = false;
  sale.next_read = next_read;
  const bool changed = sale.version == 0 || Differs(sale.latest, countdown);
  sale.latest = countdown;
  if (!changed) return;
  ++sale.version;
  sale.stale.splice(sale.stale.end(), sale.current);  // all of them at one stroke
}

void Board::ReadFailed(WatchedSale& sale, bool gone, Time next_read) {
  const MutexLock lock(mutex_);
  sale.reading = false;
  sale.next_read = next_read;
  if (!gone) return;
  sale.gone = true;
  ++sale.version;
  sale.stale.splice(sale.stale.end(), sale.current);
}

Board::Work Board::TakeWork(Time now, std::size_t most) {
  Work work;
  const MutexLock lock(mutex_);
  work.to_tell.reserve(most);
  work.dropped.reserve(most);
  std::vector<std::shared_ptr<WatchedSale>> turns;
  turns.reserve(sales_.size());  // from here on nothing throws
  std::size_t looked_at = 0;
  while (!under_way_.empty() && looked_at < most &&
         now - under_way_.front()->told_at >= options_.slow_after) {
    ++looked_at;
    work.dropped.push_back(Drop(*under_way_.front(), DropReason::kSlow));
  }
  while (!timed_.empty() && looked_at < most && timed_.begin()->first <= now) {
    ++looked_at;
    MoveTo(Place::kStale, *timed_.begin()->second);
  }
  // Sales take turns, so that one with many observers does not keep those of others waiting.
  const auto take = [&](const auto& entry) {
    if (!entry.second->stale.empty() && entry.second->version != 0) turns.push_back(entry.second);
  };
  const auto first = sales_.upper_bound(begin_after_);
  std::for_each(first, sales_.end(), take);
  std::for_each(sales_.begin(), first, take);
  while (!turns.empty() && looked_at < most) {
    for (const std::shared_ptr<WatchedSale>& sale : turns) {
      if (looked_at == most) break;
      ++looked_at;
      begin_after_ = sale->id;
      const std::shared_ptr<Observer> observer = sale->stale.front();
      observer->place = Place::kStale;
      if (sale->gone) {
        work.dropped.push_back(Drop(*observer, DropReason::kSaleGone));
        continue;
      }
      const Time allowed = SaturatingAdd(observer->told_at, observer->min_interval);
      if (observer->seen != 0 && now < allowed) {
        MoveTo(Place::kTimed, *observer);
        observer->timed_node.key() = allowed;
        observer->timed = timed_.insert(std::move(observer->timed_node));
        continue;
      }
      MoveTo(Place::kUnderWay, *observer);
      observer->told_at = now;
      ++stats_.updates;
      work.to_tell.push_back(observer);
    }
    std::erase_if(turns, [](const auto& sale) { return sale->stale.empty(); });
  }
  work.more = !turns.empty() || (!timed_.empty() && timed_.begin()->first <= now);
  return work;
}

std::optional<Board::Dropped> Board::Refuse(Observer& observer) {
  const MutexLock lock(mutex_);
  --stats_.updates;
  if (observer.place == Place::kGone) return std::nullopt;
  return Drop(observer, DropReason::kRefused);
}

std::optional<Countdown> Board::Begin(Observer& observer) {
  const MutexLock lock(mutex_);
  if (observer.place == Place::kGone) return std::nullopt;
  observer.seen = observer.sale->version;
  return observer.sale->latest;
}

void Board::End(Observer& observer, bool threw) {
  const MutexLock lock(mutex_);
  if (threw) ++stats_.failures;
  if (observer.place == Place::kGone) return;
  if (std::exchange(observer.failing, threw)) --stats_.failing;
  if (threw) ++stats_.failing;
  if (observer.place != Place::kUnderWay) return;
  MoveTo(observer.seen == observer.sale->version ? Place::kCurrent : Place::kStale, observer);
}

Time Board::NextPoll(Time now) const {
  const MutexLock lock(mutex_);
  Time next = kMaxTime;
  for (const auto& [id, sale] : sales_) {
    if (!sale->gone) next = std::min(next, sale->next_read);
    if (!sale->stale.empty() && sale->version != 0) next = now;
  }
  if (!timed_.empty()) next = std::min(next, timed_.begin()->first);
  if (!under_way_.empty()) {
    next = std::min(next, SaturatingAdd(under_way_.front()->told_at, options_.slow_after));
  }
  return next;
}

CountdownStats Board::Stats() const {
  const MutexLock lock(mutex_);
  CountdownStats stats = stats_;
  stats.observers = observers_.size();
  return stats;
}

void Board::Stop() {
  ObserverList erased;
  const MutexLock lock(mutex_);
  while (!observers_.empty()) Erase(*observers_.begin()->second, erased);
}

}  // namespace flashsale::inline v0::countdown_internal
