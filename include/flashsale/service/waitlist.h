#ifndef FLASHSALE_SERVICE_WAITLIST_H_
#define FLASHSALE_SERVICE_WAITLIST_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "flashsale/base/id.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/queue_entry.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/export.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/queue_repository.h"
#include "flashsale/service/stock_outlook.h"

namespace flashsale::inline v0 {

// The waitlists of one sale, one for each line of its terms.
struct WaitlistSetup {
  bool enabled = false;
  // The most people who may wait for one line at once; 1 to 2^31.
  std::uint64_t max_waiting = 1'000'000;
  // How long an offered unit is held; 1 ms to a day, and to the longest hold of the terms.  Not
  // set: the hold of the terms, or a day where that is less.  An Extend prolongs an offer as any
  // hold: by the hold of the terms, and up to the longest, counted from when the offer was made.
  std::optional<Duration> offer_hold = std::nullopt;

  friend bool operator==(const WaitlistSetup&, const WaitlistSetup&) = default;
};

// What an offer is made for: one place in the waitlist of one line.
struct OfferKey {
  SaleId sale;
  std::uint16_t line = 0;
  UserId user = {};
  // When the list was opened (QueueState::opened_at): the tickets of one that was lost with its
  // store's memory begin at 1 again.
  Time epoch{};
  std::uint64_t ticket = 0;
};

// The id of the reservation that an offer is: the first 16 bytes of
// SHA-256("flashsale/1/offer/SALE/LINE/USER/EPOCH/TICKET"), the user as UUID text, the rest as
// decimal numbers, the epoch in microseconds.  Whoever makes the offer, and however often, makes
// the same reserve, so nothing doubles.
//
// A ticket is good for one offer of one unit: whoever lets it lapse stands in line no longer, and
// with a new ticket if they join again.  So the ticket is what counts the offers of a user.
FLASHSALE_EXPORT ReservationId OfferId(const OfferKey& key);

// A unit that is held for somebody who waited: theirs by a confirm of `id` before `until`.
struct WaitlistOffer {
  SaleId sale;
  std::uint16_t line = 0;
  UserId user = {};
  std::uint64_t ticket = 0;
  ReservationId id = {};
  Time until{};

  friend bool operator==(const WaitlistOffer&, const WaitlistOffer&) = default;
};

// Why somebody's turn is over without a purchase.  The numbers are stable across versions.
enum class OfferEnd : std::uint8_t {
  kLapsed = 1,     // not confirmed in time
  kRefused = 2,    // they cancelled it, or left
  kWithdrawn = 3,  // nothing can be held for them: they have all that they may, for example
};

// What somebody who waits is told.
struct WaitlistPlace {
  // See the calls.
  Outcome outcome = {};
  // kWaiting: in line.  kAdmitted: it is their turn.
  QueueEntry entry = {};
  // Live tickets ahead of theirs, plus one; exact.  0: they do not wait.
  std::uint64_t position = 0;
  // The unit that is held for them; nil while there is none.  Where it is their turn and this is
  // nil, somebody was quicker: the next unit is theirs.
  ReservationId offer = {};
  // When the offer lapses.
  Time offer_until{};
  // When to ask again, for who waits or has a turn and no unit yet; spread, see WaitlistOptions.
  // kMinTime for others: who has an offer knows until when.
  Time next_poll_at{};
  // Of the line, as last looked at.
  Units units_left = 0;
  // Held, in carts and as offers: they may come back.
  Units units_held = 0;
  WavesToCome waves = {};
};

// Hears of offers, so that the host can tell people.
//
// Implementer's duty: quick; called by Poll, and by calls about a place, on their threads.  Neither
// forgets a sale nor detaches one.
class FLASHSALE_EXPORT WaitlistObserver {
 public:
  virtual ~WaitlistObserver() = default;
  // At least once for each offer: again where a server was not sure that it had been made.
  virtual void OnOffered(Time now, std::span<const WaitlistOffer> offers) = 0;
  // Once, on one of the servers, as far as it is known: where an offer, or a turn for which no unit
  // could be held (then `offer.id` was never a reservation), is over without a purchase. `outcome`:
  // what the store answered; for kLapsed Expired, for kRefused Cancelled.
  virtual void OnEnded(Time now, const WaitlistOffer& offer, OfferEnd end,
                       const Outcome& outcome) = 0;
  // Once on each server that serves the lists, unless they were over before: the sale is over,
  // ended or cancelled, and so is the wait of those who waited in its lists, `waited` in all, as
  // last looked at.  Offers that were made go on as all holds do.  Does nothing here.
  virtual void OnOver(Time now, const SaleId& sale, std::uint64_t waited);
};

// The waitlists of one sale as one server sees them, over all lines.
struct WaitlistStats {
  std::uint64_t waiting = 0;   // as last looked at
  std::uint64_t on_offer = 0;  // let in, and neither bought nor gone; as last looked at
  // Since the sale is served here: offers that this server made, and ends of offers that it was the
  // first to see.
  std::uint64_t made = 0;
  std::uint64_t accepted = 0;
  std::uint64_t lapsed = 0;
  std::uint64_t refused = 0;
  std::uint64_t withdrawn = 0;

  friend bool operator==(const WaitlistStats&, const WaitlistStats&) = default;
};

struct WaitlistOptions {
  // How often units that came back are offered, at the least; 1 ms to 10 s.
  Duration period = std::chrono::milliseconds{100};
  // How many offers one Poll makes for one line; 1 to 100,000.
  std::size_t batch = 1'024;
  // A waiting person is asked to come again after the shortest of these for each who stands no
  // further back, themselves included, up to the longest; and no later than a fourth of the time
  // for which a unit is held for them.  Up to a quarter earlier, so that they do not come together.
  // 10 ms to 1 h, the shortest no more than the longest.
  Duration shortest_poll = std::chrono::seconds{1};
  Duration longest_poll = std::chrono::seconds{30};
};

// Whoever comes when the units of a line are gone may wait for those that come back: by a cancel, a
// lapse, a confirm of a part, a refund or a wave.  They are offered in the order of joining, before
// anybody else may ask for them: a unit is held for the next in line, who is told, and is theirs if
// they confirm it in time.  Who refuses, or lets it lapse, stands in line no longer, and the unit
// goes to the next.
//
//   - A place is for one unit.  A user has at most one in each line's list.
//   - Of a sale with a queue it is for who was let in: FlashSaleService sees to that, not this
//   class.
//   - Nobody has to say that they still wait: a ticket lasts for 400 days, or until the sale
//   closes.
//   - An offer is a reservation like others, under OfferId: confirm accepts it, cancel refuses it.
//     It is charged to the user alone, by the limit of the terms, and to no limit key.
//   - Where the sale requires admissions, the offer is one, for this reserve, and uses up none of
//     the queue's (but where the user is in the midst of using one up: then it is one of its
//     reserves).  Who can hold no more by then is through with the queue.  See docs/contract.md.
//   - It is first let in, then held for.  What fails or crashes in between is made good by whoever
//     let them in, and by any server that they ask; somebody whose unit was taken meanwhile keeps
//     the turn, for a day.  Where whoever let them in is gone and they do not ask, the unit goes to
//     the next in line after ten seconds.
//
// Thread safety: any thread; several servers that share a store may each Poll.  Blocking: as the
// repositories.  Ownership: repositories and observers must outlive it.  Clock: none.
class FLASHSALE_EXPORT Waitlist {
 public:
  struct Parts {
    QueueRepository& lists;  // Storage::waitlists()
    InventoryRepository& inventory;
    QueueRepository& queues;  // Storage::queue(): whose admissions it leaves alone
  };
  // Errors: InvalidArgument (names the option); ResourceExhausted.
  static Result<std::unique_ptr<Waitlist>> New(const Parts& parts,
                                               const WaitlistOptions& options = {});
  ~Waitlist();
  Waitlist(const Waitlist&) = delete;
  Waitlist& operator=(const Waitlist&) = delete;

  // OK where `setup` fits these terms; else an InvalidArgument that names the field, its value and
  // what was expected.  REQUIRES: terms that Validate gave.
  static Status Check(const SaleTerms& terms, const WaitlistSetup& setup);

  // Makes the waitlists of a sale, or finds those that were made by the same call, and serves them
  // from here on.  REQUIRES: setup.enabled; terms that Validate gave.
  // Errors: those of Check; AlreadyExists (made with another setup; names the member); NotFound
  // (there is no such sale); those of the store.
  Status Open(const SaleTerms& terms, const WaitlistSetup& setup, Time now);
  // Serves those that another server, or an earlier run, has made.  False where the sale has none.
  // Errors: those of the store.
  Result<bool> Serve(const SaleTerms& terms, Time now);
  // A name that makes later calls quicker.  Errors: NotFound where the sale's are not served here.
  Result<SaleRef> Resolve(const SaleId& sale);
  // Serves them no longer; they stay.
  void Detach(const SaleId& sale);
  // Removes the waitlists of a sale of so many lines.  OK where there are none.
  Status Forget(const SaleId& sale, std::size_t lines);

  // Told of the offers that are made here, and of those that are seen to end here; null: nobody is.
  void Observe(WaitlistObserver* observer);

  // Errors of all below: NotFound where the sale is not served; those of the store.  A line that
  // there is not: Invalid (line).

  // Gives a place, or tells the one they have: Done, AlreadyDone.  InStock where more units are
  // available than people wait for; WaitingPage where too many wait; SaleEnded, SaleCancelled.
  Result<WaitlistPlace> Join(const SaleRef& sale, std::uint16_t line, const UserId& user, Time now);
  // Done; UnknownTicket; SaleEnded or SaleCancelled where the sale is over, unless a unit is held
  // for them that they may still buy.  Where it is their turn and no unit is held for them yet,
  // holds one, if there is one; what the store answers where nothing can be held for them, and then
  // they stand in line no longer.
  Result<WaitlistPlace> Position(const SaleRef& sale, std::uint16_t line, const UserId& user,
                                 Time now);
  // The place is free, an offer refused.  Done; AlreadyDone where they have none, or have bought.
  Result<Outcome> Leave(const SaleRef& sale, std::uint16_t line, const UserId& user, Time now);

  // Whether somebody in the waitlist of the line is to be asked before others, as last looked at.
  bool AsksFirst(const SaleRef& sale, std::uint16_t line) const;
  // How many of the units that are available in `stock` are going to be offered, over all lines.
  std::uint64_t Claimed(const SaleRef& sale, const SaleStock& stock) const;

  // Nothing where the sale is not served.
  std::optional<WaitlistStats> Read(const SaleRef& sale) const;

  // What went wrong without anybody being there to be told.
  struct Failures {
    std::uint64_t store = 0;     // a repository answered an error to a Poll
    std::uint64_t observer = 0;  // threw
    Status last = {};
    bool observer_fails = false;  // it threw when it was last told
  };
  Failures failures() const;

  // Offers what has come back, follows the phase of each sale and the ends of offers.  Bounded
  // work.  To be called again at the time returned, or earlier.
  Time Poll(Time now);
  // The same for one sale, due or not, but for the ends of offers.
  Time Poll(const SaleId& sale, Time now);

 private:
  struct State;
  explicit Waitlist(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SERVICE_WAITLIST_H_
