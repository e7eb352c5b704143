#ifndef FLASHSALE_SERVICE_COUNTDOWN_SERVICE_H_
#define FLASHSALE_SERVICE_COUNTDOWN_SERVICE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "flashsale/base/executor.h"
#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/export.h"
#include "flashsale/repository/flash_sale_repository.h"
#include "flashsale/repository/inventory_repository.h"

namespace flashsale::inline v0 {

// What a countdown shows.
//
// A client's own clock may be wrong by minutes.  It learns by how much from an answer to a request,
// as RFC 5905 section 8 does with both server stamps the same: with t1 the client's time when it
// sent the request, t4 when the answer came, and `as_of` the server's time in between,
//
//   offset = as_of - (t1 + t4) / 2,   wrong by (t4 - t1) / 2 at most
//
// and of several such samples the one with the shortest round trip counts.  Then the time left is
// next_at - (client's now + offset).  An update that was pushed has no t1: it says what changed,
// not what time it is.
struct Countdown {
  SaleId sale;
  // The server's time that it is true of.
  Time as_of{};
  Phase phase = Phase::kScheduled;
  SaleState state = SaleState::kNotStarted;
  bool sold_out_for_good = false;
  // What comes next by the clock alone and when: an operator, or a shopper, may come first.
  // Nothing, once it is over.
  struct Next {
    Phase phase = Phase::kOpen;
    Time at{};

    friend bool operator==(const Next&, const Next&) = default;
  };
  std::optional<Next> next = std::nullopt;

  friend bool operator==(const Countdown&, const Countdown&) = default;
};

// The countdown that terms and marks give; `available`: whether any line has units available.
struct CountdownFacts {
  const SaleId& sale;
  Time start{};
  Time end{};
  SaleMarks marks = {};
  bool available = false;
  bool sold_out_for_good = false;
};
FLASHSALE_EXPORT Countdown CountdownAt(const CountdownFacts& facts, Time now);

// Why an observer hears no more.
enum class DropReason : std::uint8_t {
  kSlow = 1,      // it had not finished with an update after `slow_after`
  kRefused = 2,   // its executor took no more
  kSaleGone = 3,  // there is no such sale any more
};
FLASHSALE_EXPORT std::string_view Name(DropReason reason);

// One who watches a sale: a page, a WebSocket, a cache.
//
// Implementer's duty: one call of OnUpdate at a time.  What it throws is counted and otherwise
// ignored.
class FLASHSALE_EXPORT CountdownObserver {
 public:
  virtual ~CountdownObserver() = default;
  // First soon after it subscribed, then with the changes: the present state, however many
  // there were since the last time.
  virtual void OnUpdate(const Countdown& countdown) = 0;
  // The last call; for kSlow perhaps while OnUpdate is still under way.  Not called where the
  // executor takes no task any more.
  virtual void OnDropped(DropReason reason) = 0;
};

struct CountdownOptions {
  // How often a sale with observers is read, besides the moment of its next transition; 1 ms to 1
  // h.
  Duration read_interval = std::chrono::milliseconds{100};
  // After an error of the store a sale is left alone for this long; 1 ms to 1 h.
  Duration retry_interval = std::chrono::seconds{1};
  // No observer gets updates faster than this, unless it asks for a longer interval; 0 to 1 h.
  Duration min_interval = std::chrono::milliseconds{250};
  // How long an observer may take for an update, waiting in its executor included; 1 ms to 1 h.
  Duration slow_after = std::chrono::seconds{30};
  // The most updates that one Poll gives to executors; 1 to 10,000,000.
  std::size_t max_updates_per_poll = 10'000;
  // 1 to 100,000,000.
  std::size_t max_observers = 1'000'000;
};

struct CountdownStats {
  std::uint64_t observers = 0;
  std::uint64_t updates = 0;   // given to executors
  std::uint64_t failures = 0;  // times that an observer threw
  std::uint64_t failing = 0;   // observers that threw at their last update
  std::uint64_t dropped_slow = 0;
  std::uint64_t dropped_refused = 0;
  std::uint64_t dropped_gone = 0;

  friend bool operator==(const CountdownStats&, const CountdownStats&) = default;
};

// Tells observers what state their sales are in and what comes next.  Updates are coalesced: an
// observer has one under way at most, gets the latest state, and no two within its interval.  While
// nothing changes a Poll costs nothing per observer, however many there are.
//
// Thread safety: any thread; Polls may overlap.
// Blocking: Poll, Read and the first Subscribe of a sale as the repositories (Poll also as an
// executor that runs tasks at once); nothing waits for an observer, the destructor included.
// Ownership: the repositories must outlive the service; an executor too, or until after Unsubscribe
// of its last observer has returned and no Poll is under way that began before.  A task that an
// executor still has after that is self-contained and, if it did not begin before, does nothing.
// Clock: none.
class FLASHSALE_EXPORT CountdownService {
 public:
  struct Repositories {
    InventoryRepository& inventory;
    FlashSaleRepository& sales;
  };
  // Errors: InvalidArgument (names the option).
  static Result<std::unique_ptr<CountdownService>> New(const Repositories& repositories,
                                                       const CountdownOptions& options = {});

  // REQUIRES: no call is under way.  Does not wait for observers.
  ~CountdownService();
  CountdownService(const CountdownService&) = delete;
  CountdownService& operator=(const CountdownService&) = delete;

  // The countdown of a sale at `now`: what a request is answered with.
  // Errors: NotFound, those of the stores.
  Result<Countdown> Read(const SaleId& sale, Time now);

  struct Subscription {
    SaleId sale;
    // Kept until it was told for the last time.
    std::shared_ptr<CountdownObserver> observer;
    // See the class for how long it must live.
    Executor& executor;
    // At least this long between updates; that of the options where it is longer.  0 to 1 h.
    Duration min_interval{0};
  };
  using SubscriptionId = std::uint64_t;
  // Errors: InvalidArgument, NotFound (the catalogue lacks the sale), ResourceExhausted
  // (max_observers), those of the store.
  Result<SubscriptionId> Subscribe(const Subscription& subscription);
  // No call begins any more; one under way may end later.  False where it was dropped already.
  bool Unsubscribe(SubscriptionId id);

  struct Report {
    std::uint64_t updates = 0;
    std::uint64_t dropped = 0;
    // Reads of a sale that failed, the last of the errors.
    std::uint64_t failures = 0;
    Status last_error;
    // More is due already.
    bool more = false;
    // When to call again, at the latest; Subscribe makes it earlier: now.
    Time next_poll{};
  };
  // REQUIRES: IsValid(now).
  Report Poll(Time now);

  CountdownStats Stats() const;

 private:
  struct State;
  explicit CountdownService(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SERVICE_COUNTDOWN_SERVICE_H_
