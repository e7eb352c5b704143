#ifndef FLASHSALE_SERVICE_EVENT_PUBLISHER_H_
#define FLASHSALE_SERVICE_EVENT_PUBLISHER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "flashsale/base/executor.h"
#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/event.h"
#include "flashsale/export.h"
#include "flashsale/repository/inventory_repository.h"

namespace flashsale::inline v0 {

// What a sink says to a batch.
enum class SinkAnswer : std::uint8_t {
  kAccepted = 1,
  kBusy = 2,  // none of it was taken; the same events come again after a rest
};

// Where events go: a message broker, a webhook, an audit table.
//
// Implementer's duty: for one sale it is called by one thread at a time, for several sales by as
// many as its executor has.  Events of a sale come in order of `seq` and at least once: whoever
// must not count one twice keeps the last `seq` of each sale.  What it throws counts as kBusy.
class FLASHSALE_EXPORT EventSink {
 public:
  virtual ~EventSink() = default;

  virtual SinkAnswer Deliver(const SaleId& sale, std::span<const Event> events) = 0;

  // Events that the store no longer keeps: what comes next begins after lost.to.  Told before it,
  // at least once.
  virtual void OnLost(const SaleId& sale, const EventPage::Lost& lost) = 0;
};

// How far a sink has come with a sale: it accepted everything up to `seq`.
struct SaleCursor {
  SaleId sale;
  std::uint64_t seq = 0;

  friend bool operator==(const SaleCursor&, const SaleCursor&) = default;
};

struct EventPublisherOptions {
  // The most events of one delivery; 1 to 65,536.
  std::size_t max_batch = 1'024;
  // The most deliveries of one sink that are with its executor or under way; each holds its events
  // in memory.  1 to 1,024.
  std::size_t max_outstanding = 8;
  // The most deliveries that one Poll makes; 1 to 1,000,000.
  std::size_t max_batches_per_poll = 256;
  // How long after a Poll that came to the end of all logs the next one is asked for; 1 ms to 1 h.
  Duration poll_interval = std::chrono::milliseconds{10};
  // After a refusal, an exception or an error of the store that sink and sale rest for
  // `first_backoff`, twice as long after each further one, up to `longest_backoff`: 1 ms to 1 h,
  // the first at most the second.
  Duration first_backoff = std::chrono::milliseconds{50};
  Duration longest_backoff = std::chrono::seconds{10};
};

// One sink and where it is called.
struct SinkRegistration {
  // For logs and metrics; 1 to 64 of `A-Z a-z 0-9 . _ -`; unique in a publisher.
  std::string name;
  // Kept until the last delivery to it has ended.
  std::shared_ptr<EventSink> sink;
  // See EventPublisher for how long it must live.
  Executor& executor;
  // Where to go on from; sales not named here begin at their first event.
  std::vector<SaleCursor> cursors = {};
};

// What became of deliveries, since the sink was added.
struct SinkStats {
  std::string name;
  std::uint64_t delivered_batches = 0;
  std::uint64_t delivered_events = 0;
  std::uint64_t busy = 0;      // answered kBusy
  std::uint64_t failures = 0;  // threw
  std::uint64_t refused = 0;   // by its executor, or dropped there
  std::uint64_t lost_events = 0;
  std::size_t outstanding = 0;
  // Sales whose last delivery was answered kBusy, threw or was refused.
  std::size_t failing = 0;
  // Sales of which events were lost, and with which it has not caught up since.
  std::size_t behind_loss = 0;

  friend bool operator==(const SinkStats&, const SinkStats&) = default;
};

// Carries the events of sales from their logs to sinks: in order, at least once, each sink at its
// own pace.  A sink that is slow, throws or blocks for ever keeps to itself: it has an executor,
// cursors and a bound on what is under way of its own, and of each sale one delivery at a time.  A
// batch that a sink never accepts stops that sale for that sink, and nothing else.
//
// Cursors are in memory.  A host that wants to go on after a restart stores what Cursors() says, or
// the last `seq` that its sink has stored with the data, and gives it to SinkRegistration.  One
// beyond the end of the log, as after a backup was put back, is a failure of that sale, reported at
// each attempt until SetCursor: what is sold anew meanwhile is not passed over, unless it has
// reached that number before anybody looks.
//
// Thread safety: any thread; Polls may overlap.
// Blocking: Poll as the repository (and as an executor that runs tasks at once); nothing waits for
// a sink, the destructor included. Ownership: the repository must outlive the publisher; an
// executor too, or until after RemoveSink for its sink has returned and no Poll is under way that
// began before.  A task that an executor still has after that is self-contained: it calls no
// executor, repository or publisher, and if it did not begin before, not even its sink.  An
// executor that never runs what it accepted should destroy it: otherwise that delivery counts as
// under way for ever. Clock: none.
class FLASHSALE_EXPORT EventPublisher {
 public:
  // Errors: InvalidArgument (names the option).
  static Result<std::unique_ptr<EventPublisher>> New(InventoryRepository& inventory,
                                                     const EventPublisherOptions& options = {});

  // REQUIRES: no call is under way.  Does not wait for deliveries.
  ~EventPublisher();
  EventPublisher(const EventPublisher&) = delete;
  EventPublisher& operator=(const EventPublisher&) = delete;

  // Errors: InvalidArgument (name, null sink, cursor), AlreadyExists (the name).
  Status AddSink(const SinkRegistration& registration);
  // Makes no further deliveries to it; one under way goes on.  False where it was not there.
  bool RemoveSink(const std::string& name);

  // A sale for all sinks, present and to come.  One that is there already stays as it is.
  // Errors: InvalidArgument.
  Status AddSale(const SaleId& sale);
  // With its cursors.  A delivery under way goes on, beside the next one where the sale is added
  // again at once, as a sale is that was forgotten and created anew.
  bool RemoveSale(const SaleId& sale);

  // Where a sink stands, by sale.  Errors: NotFound.
  Result<std::vector<SaleCursor>> Cursors(const std::string& name) const;
  // Makes a sink go on after `cursor.seq`; a delivery under way does not move it.
  // Errors: NotFound (the sink), InvalidArgument.
  Status SetCursor(const std::string& name, const SaleCursor& cursor);

  std::vector<SinkStats> Stats() const;

  struct Report {
    // Given to executors by this call.
    std::uint64_t batches = 0;
    std::uint64_t events = 0;
    // Reads of a log that failed, the last of the errors.
    std::uint64_t failures = 0;
    Status last_error;
    // More may be done at once.
    bool more = false;
    // When to call again, at the latest.
    Time next_poll{};
  };
  // Bounded work.  REQUIRES: IsValid(now).
  Report Poll(Time now);

  // No delivery begins any more.  Does not wait for those under way.
  void Stop();

 private:
  struct State;
  explicit EventPublisher(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SERVICE_EVENT_PUBLISHER_H_
