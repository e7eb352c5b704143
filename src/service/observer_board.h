#ifndef FLASHSALE_SRC_SERVICE_OBSERVER_BOARD_H_
#define FLASHSALE_SRC_SERVICE_OBSERVER_BOARD_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "flashsale/service/countdown_service.h"

namespace flashsale::inline v0::countdown_internal {

struct Observer;
struct WatchedSale;
// An observer stands in one list at a time and moves from list to list without memory being asked
// for.
using ObserverList = std::list<std::shared_ptr<Observer>>;
using TimedObservers = std::multimap<Time, Observer*>;

// Where an observer stands.
enum class Place : std::uint8_t {
  kCurrent,   // knows the latest state of its sale
  kStale,     // does not
  kTimed,     // does not, and has to wait for its interval
  kUnderWay,  // is being told
  kGone,
};

struct Observer {
  std::uint64_t id = 0;
  std::shared_ptr<CountdownObserver> target;
  Executor* executor = nullptr;
  Duration min_interval{0};
  std::shared_ptr<WatchedSale> sale;

  Place place = Place::kStale;
  ObserverList::iterator self;
  // Its place in TimedObservers: there while it is kTimed, otherwise kept here.
  TimedObservers::node_type timed_node;
  TimedObservers::iterator timed;
  bool failing = false;    // threw at its last update
  std::uint64_t seen = 0;  // the version of its sale
  Time told_at = kMinTime;
};

struct WatchedSale {
  SaleId id;
  Time start{};
  Time end{};

  Countdown latest;
  std::uint64_t version = 0;  // of `latest`; 0: not read yet
  Time next_read = kMinTime;
  bool reading = false;
  bool gone = false;
  std::size_t observers = 0;
  ObserverList current;
  ObserverList stale;
};

// Who watches what, and who is to be told next.  Outlives the service for as long as a task does.
// Thread safety: any thread.  Blocking: never for longer than a step takes.
// Ownership: of the observers' targets, as shared.  Clock: none.
class Board {
 public:
  explicit Board(const CountdownOptions& options) : options_(options) {}

  // Null where nobody watches it.
  std::shared_ptr<WatchedSale> Find(const SaleId& sale) const;
  // Errors: ResourceExhausted.
  Result<std::uint64_t> Add(const std::shared_ptr<WatchedSale>& sale,
                            const CountdownService::Subscription& subscription);
  bool Remove(std::uint64_t id);

  // Sales that are to be read now; each is to be handed back by one of the next two.
  std::vector<std::shared_ptr<WatchedSale>> TakeDueReads(Time now);
  void Publish(WatchedSale& sale, const Countdown& countdown, Time next_read);
  void ReadFailed(WatchedSale& sale, bool gone, Time next_read);

  struct Dropped {
    std::shared_ptr<CountdownObserver> target;
    Executor* executor;
    DropReason reason;
  };
  struct Work {
    std::vector<std::shared_ptr<Observer>> to_tell;
    std::vector<Dropped> dropped;
    bool more = false;
  };
  // Up to `most` observers that are to be told or dropped now.
  Work TakeWork(Time now, std::size_t most);
  // The executor of one that was to be told refused.  Nothing where it is gone already.
  std::optional<Dropped> Refuse(Observer& observer);

  // What to tell an observer as its task begins; nothing where it is gone.
  std::optional<Countdown> Begin(Observer& observer);
  void End(Observer& observer, bool threw);

  Time NextPoll(Time now) const;
  CountdownStats Stats() const;
  // Lets go of all observers: they and their sales hold one another.
  void Stop();

 private:
  void MoveTo(Place place, Observer& observer) FLASHSALE_REQUIRES(mutex_);
  void Erase(Observer& observer, ObserverList& erased) FLASHSALE_REQUIRES(mutex_);
  Dropped Drop(Observer& observer, DropReason reason) FLASHSALE_REQUIRES(mutex_);
  ObserverList& ListOf(Place place, Observer& observer) FLASHSALE_REQUIRES(mutex_);

  const CountdownOptions options_;
  mutable Mutex mutex_;
  std::map<SaleId, std::shared_ptr<WatchedSale>> sales_ FLASHSALE_GUARDED_BY(mutex_);
  std::unordered_map<std::uint64_t, Observer*> observers_ FLASHSALE_GUARDED_BY(mutex_);
  TimedObservers timed_ FLASHSALE_GUARDED_BY(mutex_);
  ObserverList waiting_ FLASHSALE_GUARDED_BY(mutex_);    // owns those in timed_
  ObserverList under_way_ FLASHSALE_GUARDED_BY(mutex_);  // by the time they were told
  SaleId begin_after_ FLASHSALE_GUARDED_BY(mutex_);
  std::uint64_t last_id_ FLASHSALE_GUARDED_BY(mutex_) = 0;
  CountdownStats stats_ FLASHSALE_GUARDED_BY(mutex_);
};

}  // namespace flashsale::inline v0::countdown_internal

#endif  // FLASHSALE_SRC_SERVICE_OBSERVER_BOARD_H_
