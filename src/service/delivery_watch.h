#ifndef FLASHSALE_SRC_SERVICE_DELIVERY_WATCH_H_
#define FLASHSALE_SRC_SERVICE_DELIVERY_WATCH_H_

#include <atomic>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "flashsale/base/time.h"
#include "flashsale/service/countdown_service.h"
#include "flashsale/service/event_publisher.h"
#include "flashsale/service/log.h"
#include "flashsale/service/virtual_queue.h"
#include "flashsale/service/waitlist.h"

namespace flashsale::inline v0 {

// Tells the log how sinks and observers fare: once where one begins to fail, to lose events or to
// be dropped, and once where that is over, however often it happens in between.
//
// Thread safety: any thread; of two that look at once, one does.  Blocking: as the log's sink.
// Ownership: its parts must outlive it.  Clock: none.
class DeliveryWatch {
 public:
  struct Parts {
    const EventPublisher& events;
    const CountdownService& countdown;
    const VirtualQueue& queue;
    const Waitlist& waitlist;
    Logger& logger;
  };
  explicit DeliveryWatch(const Parts& parts) : parts_(parts) {}

  // REQUIRES: IsValid(now).
  void Look(Time now) noexcept;

 private:
  // A sink as it was last seen, and what was told of it.
  struct Sink {
    SinkStats stats = {};
    bool failing = false;
    bool losing = false;
  };

  void LookAtSinks(Time now);
  void LookAtSink(Time now, const SinkStats& stats, Sink& seen);
  void LookAtObservers(Time now);
  void LookAtQueue(Time now);
  void LookAtWaitlist(Time now);
  void Tell(Time now, LogLevel level, std::string_view event,
            std::span<const LogField> fields = {});

  const Parts parts_;
  // Somebody looks, to whom alone belongs what follows.  No mutex, because the log's sink is called
  // meanwhile, and it may poll.
  std::atomic<bool> looking_{false};
  std::map<std::string, Sink> sinks_;
  CountdownStats observers_;
  bool observers_failing_ = false;
  bool dropping_ = false;
  bool admission_observer_fails_ = false;
  bool waitlist_observer_fails_ = false;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_DELIVERY_WATCH_H_
