#ifndef FLASHSALE_SRC_SERVICE_EVENT_CHANNEL_H_
#define FLASHSALE_SRC_SERVICE_EVENT_CHANNEL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "flashsale/service/event_publisher.h"
#include "service/backoff.h"

namespace flashsale::inline v0::event_internal {

// The events of one sale on their way to one sink.
struct Channel {
  explicit Channel(const EventPublisherOptions& options)
      : backoff(options.first_backoff, options.longest_backoff) {}

  std::uint64_t cursor = 0;
  // Changes when the host sets the cursor: a delivery of before does not move it then.
  std::uint64_t epoch = 0;
  // Its sale was added; otherwise it only keeps a cursor.
  bool active = false;
  // A batch is being read or delivered.
  bool under_way = false;
  // The last delivery came to nothing; the next Poll, which knows the time, lets it rest.
  bool failed = false;
  // The sink, or its executor, did not take the last delivery.
  bool failing = false;
  // Events were lost, and it has not come to the end of the log since.
  bool behind_loss = false;
  Backoff backoff;
};

// One sink and everything that a delivery needs, so that it may end after the publisher has.
// Thread safety: any thread.  Blocking: never for longer than a few lines take.
class SinkState {
 public:
  SinkState(std::string name, std::shared_ptr<EventSink> sink, const EventPublisherOptions& options)
      : sink_(std::move(sink)), options_(options) {
    stats_.name = std::move(name);
  }

  void Activate(const SaleId& sale);
  void Remove(const SaleId& sale);
  void SetCursor(const SaleCursor& cursor);
  std::vector<SaleCursor> Cursors() const;
  SinkStats Stats() const;
  void Stop();

  // The sales with nothing under way, in turn: those first that come after the last one taken.
  std::vector<SaleId> Turns() const;

  struct Claim {
    std::shared_ptr<Channel> channel;
    std::uint64_t cursor = 0;
    std::uint64_t epoch = 0;
  };
  // Takes the right to make the next delivery of a sale; ended by Finish.  Nothing where the sale
  // is gone, at rest or under way, or the sink has its fill.
  std::optional<Claim> TryClaim(const SaleId& sale, Time now);

  enum class Ending : std::uint8_t {
    kNothingToDo,
    kStoreFailed,
    kRefused,
    kThrew,
    kBusy,
    kAccepted,
  };
  struct Delivered {
    std::uint64_t cursor = 0;
    std::uint64_t events = 0;
  };
  void Finish(const Claim& claim, Ending ending, const Delivered& delivered);
  void Finish(const Claim& claim, Ending ending) { Finish(claim, ending, Delivered()); }
  // The sink knows of the loss: it need not be told again if it does not take what follows.
  void Told(const Claim& claim, const EventPage::Lost& lost);

  // When the next sale that rests may be tried again; kMaxTime where none does.
  Time NextAttempt(Time now) const;

  bool stopped() const;
  EventSink& sink() { return *sink_; }

 private:
  Channel& Open(const SaleId& sale) FLASHSALE_REQUIRES(mutex_);

  const std::shared_ptr<EventSink> sink_;
  const EventPublisherOptions options_;

  mutable Mutex mutex_;
  std::map<SaleId, std::shared_ptr<Channel>> channels_ FLASHSALE_GUARDED_BY(mutex_);
  SaleId last_taken_ FLASHSALE_GUARDED_BY(mutex_);
  SinkStats stats_ FLASHSALE_GUARDED_BY(mutex_);
  bool stopped_ FLASHSALE_GUARDED_BY(mutex_) = false;
};

// One batch with an executor.  Run once at most; one that is destroyed before counts as refused.
class Delivery {
 public:
  Delivery(std::shared_ptr<SinkState> sink, SinkState::Claim claim, const SaleId& sale)
      : sink_(std::move(sink)), claim_(std::move(claim)), sale_(sale) {}
  ~Delivery() {
    if (!finished_) sink_->Finish(claim_, SinkState::Ending::kRefused);
  }
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  // REQUIRES: not posted yet.
  void Load(const EventPage& page, std::span<const Event> events) {
    events_.assign(events.begin(), events.end());
    page_ = page;
  }
  void Run();

 private:
  SinkState::Ending Deliver();

  const std::shared_ptr<SinkState> sink_;
  const SinkState::Claim claim_;
  const SaleId sale_;
  EventPage page_;
  std::vector<Event> events_;
  bool finished_ = false;
};

}  // namespace flashsale::inline v0::event_internal

#endif  // FLASHSALE_SRC_SERVICE_EVENT_CHANNEL_H_
