#ifndef FLASHSALE_SRC_SERVICE_SERVED_WAITLIST_H_
#define FLASHSALE_SRC_SERVICE_SERVED_WAITLIST_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "flashsale/base/id.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/inventory.h"
#include "flashsale/domain/queue_entry.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/command.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/queue_repository.h"
#include "flashsale/service/waitlist.h"
#include "service/foreign_turns.h"

namespace flashsale::inline v0 {

// What is to be told to the observer, once no lock is held.
struct WaitlistNews {
  struct End {
    WaitlistOffer offer;
    OfferEnd end;
    Outcome outcome;
  };
  std::vector<WaitlistOffer> offered = {};
  std::vector<End> ended = {};
};

// The waitlist of one line as this process serves it.
//
// An offer takes three steps, each of which may be repeated: the next in line are let in (Admit),
// a unit is held for each (Apply, under OfferId), and the list is looked at again: who has left
// meanwhile has the hold cancelled, of the others the list is told that they have something.  Whose
// second or third step is wanting is `pending` here.
//
// Thread safety: any thread.
class ServedWaitlist {
 public:
  struct Parts {
    QueueRepository& lists;
    InventoryRepository& inventory;
    QueueRepository& queues;
    const WaitlistOptions& options;
  };
  struct Line {
    SaleRef sale;  // as the inventory names it
    std::uint16_t number;
    SaleRef list;
    Duration offer_hold;
    bool requires_admission;
    Units limit_per_user;
    EndPolicy end_policy;
    Time end;
  };

  ServedWaitlist(const Parts& parts, const Line& line) : parts_(parts), line_(line) {}

  Result<WaitlistPlace> Join(const UserId& user, Time now, WaitlistNews& news);
  Result<WaitlistPlace> Position(const UserId& user, Time now, WaitlistNews& news);
  Result<Outcome> Leave(const UserId& user, Time now, WaitlistNews& news);

  // Offers what `stock` has for it, and follows the phase.  One at a time.
  // Errors: Conflict where another server has let people in just now; those of the repositories.
  struct Turn {
    Status status = {};
    bool more = false;  // there is more to be done at once
    bool over = false;  // the sale is over: no further turn is needed
  };
  Turn TakeTurn(const SaleStock& stock, Time now, WaitlistNews& news);
  // How many waited when the sale was over, as last looked at; 0 before.
  std::uint64_t waited() const { return waited_.load(std::memory_order_relaxed); }

  // Events of the sale; those of other lines, and that end no offer, change nothing.
  Status FollowEvents(std::span<const Event> events, Time now, WaitlistNews& news);

  // How many units are spoken for, as last looked at: one for each who waits, or whose turn it is
  // and who has none yet.
  std::uint64_t claims() const { return claims_.load(std::memory_order_relaxed) & kMostClaims; }
  void AddTo(WaitlistStats& stats) const;

 private:
  // What became of somebody whose turn it is.
  enum class Fate : std::uint8_t {
    kHeld,   // a unit is held, or was bought
    kWaits,  // none could be held now
    kOver,   // they stand in line no longer
  };
  struct Turned {
    QueueEntry entry;
    Fate fate = Fate::kWaits;
    Outcome outcome = {};
  };
  // Relaxed throughout: each is a number by itself.
  struct Counts {
    std::atomic<std::uint64_t> waiting{0};
    std::atomic<std::uint64_t> on_offer{0};
    std::atomic<std::uint64_t> made{0};
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> lapsed{0};
    std::atomic<std::uint64_t> refused{0};
    std::atomic<std::uint64_t> withdrawn{0};
  };
  static constexpr std::uint64_t kMostClaims = 0xffffffff;

  Result<QueueAnswer> Do(QueueVerb verb, const UserId& user, Time now) const;
  OfferKey KeyOf(const QueueEntry& entry, Time epoch) const;
  WaitlistOffer OfferOf(const QueueEntry& entry, const ReservationId& id, Time until) const;

  // Holds a unit for each, all of whom the list has let in, and tells both sides.
  Status MakeOffers(Time now, Time epoch, std::span<Turned> turns, WaitlistNews& news);
  // The reserve for one; nothing where it must wait a moment for its admission.
  Result<std::optional<Command>> CommandFor(const QueueEntry& entry, Time epoch, Time now) const;
  static Fate FateOf(const Outcome& outcome);
  // Of those who hold something: looks whether they are still there.
  Status Settle(Time now, Time epoch, std::span<Turned* const> held, WaitlistNews& news);
  // Of those who are offered a unit, whoever can hold no more is through with the queue, too.
  void FreeSlots(Time now, std::span<const WaitlistOffer> offered);
  // Takes somebody off whose turn is over; tells it if nobody was quicker.
  Status End(Time now, const WaitlistOffer& offer, const QueueEntry& entry, const Outcome& outcome,
             WaitlistNews& news);
  // Somebody whose turn it is, as they are told.
  Result<WaitlistPlace> TurnOf(const QueueEntry& entry, Time now, WaitlistNews& news);

  Status OfferWhatIsThere(const SaleStock& stock, Time now, Turn& turn, WaitlistNews& news)
      FLASHSALE_REQUIRES(turn_mutex_);
  Status FollowPhase(Phase phase, const QueueState& state, Time now, Turn& turn)
      FLASHSALE_EXCLUDES(mutex_);
  Status Close(const QueueState& state, Time now) FLASHSALE_EXCLUDES(mutex_);
  // Looks at the list again.
  Status Look(Time now);
  // First those who are pending, then the next in line.
  Status OfferNext(const SaleStock& stock, const QueueState& state, Time now, Turn& turn,
                   bool& changed, WaitlistNews& news) FLASHSALE_REQUIRES(turn_mutex_);
  Status OfferPending(Time now, Time epoch, std::vector<Turned>& turns, WaitlistNews& news)
      FLASHSALE_REQUIRES(turn_mutex_);
  // Those who are still there, in the order of their turns.
  Result<std::vector<Turned>> TakePending(Time now) FLASHSALE_EXCLUDES(mutex_);
  // From here on those are pending who wait, and the others not.
  void Keep(std::span<const Turned> turns) FLASHSALE_EXCLUDES(mutex_);
  void NoteState(const QueueState& state, std::uint64_t seen_claims);
  void NoteStock(const SaleStock& stock);
  void Describe(WaitlistPlace& place) const;
  // Done; where the sale is over, as far as is known here, what it answers.
  Code AnswerWhenOver(Time now) const;
  // The place with when to ask again; where the sale is over, and nothing is held for them, that.
  WaitlistPlace Told(WaitlistPlace place, Time now) const;
  Time NextPoll(const UserId& user, std::uint64_t position, Time now) const;

  const Parts parts_;
  const Line line_;

  // In the upper half how often somebody has joined here, so that a look that began before does not
  // forget them; in the lower the claims.
  std::atomic<std::uint64_t> claims_{0};
  std::atomic<Duration::rep> epoch_us_{0};
  std::atomic<Units> units_left_{0};
  std::atomic<Units> units_held_{0};
  std::atomic<Phase> phase_{Phase::kScheduled};
  std::atomic<std::uint64_t> waited_{0};
  std::atomic<Duration::rep> cut_us_{kMaxTime.time_since_epoch().count()};
  Counts counts_;

  Mutex turn_mutex_;
  ForeignTurns foreign_ FLASHSALE_GUARDED_BY(turn_mutex_);
  std::atomic<std::uint64_t> given_up_{0};  // written under the turn_mutex_
  Mutex mutex_;
  std::vector<QueueEntry> pending_ FLASHSALE_GUARDED_BY(mutex_);  // by ticket
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_SERVED_WAITLIST_H_
