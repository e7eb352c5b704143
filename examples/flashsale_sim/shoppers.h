#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_SHOPPERS_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_SHOPPERS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "examples/flashsale_sim/calendar.h"
#include "examples/flashsale_sim/challenge.h"
#include "examples/flashsale_sim/cohorts.h"
#include "examples/flashsale_sim/crowd_tally.h"
#include "examples/flashsale_sim/dice.h"
#include "examples/flashsale_sim/histogram.h"
#include "examples/flashsale_sim/queue_audit.h"
#include "examples/flashsale_sim/queue_meter.h"
#include "examples/flashsale_sim/simulation_plan.h"
#include "examples/flashsale_sim/storefront.h"
#include "examples/flashsale_sim/turn_audit.h"
#include "examples/flashsale_sim/visitor.h"
#include "examples/flashsale_sim/wait_audit.h"
#include "examples/flashsale_sim/waitlist_audit.h"
#include "flashsale/base/status.h"
#include "flashsale/domain/queue_entry.h"
#include "flashsale/service/virtual_queue.h"
#include "flashsale/service/waitlist.h"

namespace flashsale::sim {

// Everybody in a simulated sale, and what each does next.
//
//   COMING -> WAITING -> SHOPPING -> HOLDING -> GONE
//
// and, where there is a waitlist, for those to whom everything is sold out
//
//   LISTING -> LISTED -> OFFERED -> GONE
//
// Who a shopper is, and every choice they make, is rolled from their number whenever it is needed;
// kept is only where they stand: sixteen bytes each.
// Thread safety: one thread.
// Blocking: as the storefront.  Ownership: all references must outlive it.
// Clock: the storefront's.
class Shoppers {
 public:
  struct Parts {
    const SimulationPlan& plan;
    const Dice& dice;
    Storefront& storefront;
    Calendar& calendar;
    QueueAudit& queue_audit;
    TurnAudit& turn_audit;
    WaitAudit& wait_audit;
    QueueMeter& meter;
    WaitlistAudit* waitlist_audit;  // null: no waitlist
    const ChallengeDesk& challenges;
  };
  explicit Shoppers(const Parts& parts);

  // Puts the arrival of everybody into the calendar.
  void PlanArrivals();

  // Lets everybody act whose turn this tick is.  Errors: those of the service.
  Status Act(Calendar::Tick tick);

  // They were let in.
  void OnAdmitted(std::span<const QueueEntry> admitted);

  // A unit is held for somebody who waited, or nothing could be.
  void OnOffered(const WaitlistOffer& offer);
  void OnWithdrawn(const WaitlistOffer& offer);

  // The ticket that somebody was given last in the queue or, later, in the waitlist.
  std::uint64_t TicketOf(const UserId& user) const;

  // Tells the audit who waits still.
  void TellWhoWaits();

  const CrowdTally& tally() const { return tally_; }
  const Cohorts& cohorts() const { return cohorts_; }
  const Histogram& waits_ms() const { return waits_ms_; }
  std::size_t memory_bytes() const { return shoppers_.capacity() * sizeof(Shopper); }

  // How often anything is tried again that a gate or an empty shelf has refused.
  static constexpr std::uint8_t kMostTries = 3;
  // How long who waits may be silent; people look more often than that.
  static constexpr Duration kHeartbeatTimeout = std::chrono::minutes(5);
  // How long who was let in may take to reserve; who is not told looks twice within it.
  static constexpr Duration kAdmissionWindow = std::chrono::seconds(90);

 private:
  using Index = std::uint32_t;

  enum class Stage : std::uint8_t {
    kComing,
    kWaiting,
    kShopping,
    kHolding,
    kListing,  // is about to join the waitlist
    kListed,   // has a place there
    kOffered,  // a unit is held for them, and they know it
    kGone
  };
  enum Flag : std::uint8_t {
    kSeen = 1,        // came at all
    kAdmitted = 2,    // was let in, and may not know it yet
    kResending = 4,   // did not see the last answer, and sends again
    kChallenged = 8,  // was asked for proof to be a person
    kHasProof = 16,
    kExtended = 32,
    kListedOnce = 64,  // has tried the waitlist
  };
  struct Shopper {
    Calendar::Tick due = Calendar::kNever;
    Calendar::Tick joined = 0;
    std::uint32_t ticket = 0;  // 0: none
    Stage stage = Stage::kComing;
    std::uint8_t flags = 0;
    std::uint8_t tries = 0;     // of what this stage is about
    std::uint8_t requests = 0;  // so that no two requests of a shopper roll alike

    bool Has(Flag flag) const { return (flags & flag) != 0; }
    void Set(Flag flag) { flags = static_cast<std::uint8_t>(flags | flag); }
    void Clear(Flag flag) { flags = static_cast<std::uint8_t>(flags & ~flag); }
  };
  static_assert(sizeof(Shopper) == 16);

  Status Step(Index index);
  Status Join(Index index);
  Status LookAtPosition(Index index);
  Status Reserve(Index index);
  Status Pay(Index index);
  Status Confirm(Index index);
  Status Cancel(Index index);
  // Gives up the ticket or the admission; Leave goes home then.
  Status LeaveQueue(Index index);
  Status Leave(Index index);

  // Of the waitlist.
  Status JoinList(Index index);
  Status TryList(Index index);
  Status LookAtList(Index index);
  Status AnswerOffer(Index index);
  Status LeaveList(Index index);
  // What to do about an offer that is known.
  void OnOffer(Index index);
  // Whether they would stand in a waitlist.
  bool WantsList(Index index) const;
  // Nothing is left for them: they stand in the waitlist, or go home.
  void GoToList(Index index);
  WaitlistRequest ListRequestOf(Index index) const;
  WaitlistAudit::Place ListPlaceOf(Index index) const;

  // Goes on waiting, or has had enough.
  Status Wait(Index index, const QueuePlace& place);
  Status OnSoldOut(Index index);
  // What to do about a gate's refusal: comes back later, or not at all.
  void OnGate(Index index, const Outcome& outcome);
  void GoShopping(Index index, Duration after);
  void GoHome(Index index);
  void Schedule(Index index, Duration after);
  // Whether the answer is lost on its way back; then the same call is made again a little later.
  bool LosesAnswer(Index index);
  const RequestContext& ContextOf(Index index);

  Time now() const { return parts_.storefront.now(); }
  Persona PersonaOf(Index index) const;
  // Whether the page tells them that they were let in; else they see it when they look.
  bool IsTold(Index index) const;
  static UserId UserOf(Index index) { return UserId::FromInteger(index); }
  static Index IndexOf(const UserId& user);
  Duration ArrivalOf(Index index) const;
  // From `least`, up to `spread` more, more often short than long.
  Duration Thought(Index index, Duration least, Duration spread) const;
  std::uint64_t Roll(Dice::Purpose purpose, Index index) const;
  std::uint16_t LineFor(Index index) const;
  // The line that they would rather have than any other.
  std::uint16_t FavouriteOf(Index index) const;
  std::uint8_t TierOf(Index index) const;
  Cohorts::Who WhoIs(Index index) const;
  // When the line that they stand in opens.
  Time LineOpensFor(Index index) const;

  const Parts parts_;
  const Time start_;
  const Time end_;
  Visitor visitor_;
  std::vector<Shopper> shoppers_;
  CrowdTally tally_;
  Cohorts cohorts_;
  Histogram waits_ms_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_SHOPPERS_H_
