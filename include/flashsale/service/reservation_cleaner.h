#ifndef FLASHSALE_SERVICE_RESERVATION_CLEANER_H_
#define FLASHSALE_SERVICE_RESERVATION_CLEANER_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"
#include "flashsale/repository/flash_sale_repository.h"
#include "flashsale/repository/inventory_repository.h"

namespace flashsale::inline v0 {

struct ReservationCleanerOptions {
  // About how many holds one Poll expires at most, over all sales; 1 to 10,000,000.  Looking at a
  // sale that has nothing due counts as one.
  std::size_t max_holds_per_poll = 10'000;
  // How many of one sale before the next has its turn; 1 to max_holds_per_poll.
  std::size_t slice = 256;
  // Polls are asked for no sooner than `min_interval` after one another, unless more is due
  // already, and no later than `max_interval`: 1 ms to 1 h, the first at most the second.
  Duration min_interval = std::chrono::milliseconds{10};
  Duration max_interval = std::chrono::seconds{1};
  // After an error of the store its sale rests for `first_backoff`, twice as long after each
  // further one, up to `longest_backoff`: 1 ms to 1 h, the first at most the second.
  Duration first_backoff = std::chrono::milliseconds{100};
  Duration longest_backoff = std::chrono::seconds{30};

  // Where the sales are found, if they are not all Added: those whose [start, end) meets
  // [now - look_back, now + look_ahead], at most `max_found`; looked up every `find_interval`.
  // After its end a sale has holds for as long as they were made for: look_back is at least the
  // longest hold.  0 to 365 days; 1 to 1,000,000; 1 ms to 1 day.  Null: only those Added.
  FlashSaleRepository* catalogue = nullptr;
  Duration look_back = std::chrono::hours{24 * 30};
  Duration look_ahead = std::chrono::minutes{1};
  std::size_t max_found = 10'000;
  Duration find_interval = std::chrono::seconds{5};
};

// Expires holds that nobody asks for any more, so that counters, events and tallies catch up with
// the clock.  Stock does not wait for it: a reserve that needs what has lapsed takes it.
//
// After a Poll whose report says `!more`, no failures and none resting, no hold of its sales that
// had lapsed at `now` when the Poll began is recorded ACTIVE, but those in quarantine; unless
// another Poll is at work on the same sale just then.
//
// Fair: every sale with something due has a slice in its turn, and where a Poll's budget ends, the
// next one goes on.  A sale whose store fails rests and is tried again; the others do not notice.
//
// Thread safety: any thread; Polls of one cleaner share the sales among them, and several cleaners
// may serve the same sales.
// Blocking: as the repositories; Add and Remove wait for no repository.
// Ownership: the repositories must outlive it.  Clock: none.
class FLASHSALE_EXPORT ReservationCleaner {
 public:
  // Errors: InvalidArgument (names the option).
  static Result<std::unique_ptr<ReservationCleaner>> New(
      InventoryRepository& inventory, const ReservationCleanerOptions& options = {});

  ~ReservationCleaner();
  ReservationCleaner(const ReservationCleaner&) = delete;
  ReservationCleaner& operator=(const ReservationCleaner&) = delete;

  // From the next Poll on, until it is removed; a sale that is there already stays as it is.
  // Errors: InvalidArgument (not a valid id).
  Status Add(const SaleId& sale);
  // False where it was not there.  One from the catalogue comes back if it is still found there.
  bool Remove(const SaleId& sale);
  std::size_t sale_count() const;

  struct Report {
    // Holds that this call recorded EXPIRED (or CANCELLED, in a cancelled sale).
    std::uint64_t expired = 0;
    // Holds in quarantine, over the sales that this call looked at.
    std::uint64_t quarantined = 0;
    // Calls of the repositories that failed.
    std::uint64_t failures = 0;
    // The last of those errors; OK where there was none.
    Status last_error;
    // Sales that this call looked at.
    std::uint64_t sales = 0;
    // Sales that it left alone, because a call about them failed not long ago.
    std::uint64_t resting = 0;
    // The budget ended before all sales were through.
    bool more = false;
    // When to call again, at the latest.
    Time next_poll{};
  };
  // Bounded work; see the class.  REQUIRES: IsValid(now).
  Report Poll(Time now);

 private:
  struct State;
  explicit ReservationCleaner(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SERVICE_RESERVATION_CLEANER_H_
