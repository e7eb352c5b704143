#ifndef FLASHSALE_SRC_TESTING_CONTRACT_RULES_H_
#define FLASHSALE_SRC_TESTING_CONTRACT_RULES_H_

#include <cstdint>
#include <span>
#include <vector>

#include "flashsale/base/outcome.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/inventory.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/command.h"

// The tables of docs/contract.md, written down a second time.  They use the types of domain/ and
// none of its judgements, so that a mistake in one of the two is seen.
namespace flashsale::inline v0::contract {

Phase PhaseOf(const SaleTerms& terms, const SaleMarks& marks, Time now);

// The instant from which this hold no longer lives.
Time EndOfHold(const SaleTerms& terms, const SaleMarks& marks, const Reservation& hold);

// Whether a hold that is recorded ACTIVE is over at `now`, by time or because the sale was
// cancelled.
bool IsOver(const SaleTerms& terms, const SaleMarks& marks, const Reservation& hold, Time now);

bool RevivesIn(const SaleTerms& terms, Phase phase);

// The deadline of a hold that is taken at `now`.
Time DeadlineOfHold(const SaleTerms& terms, Time now, Duration hold);

// The deadline that an extension at `now` gives.
Time DeadlineAfterExtend(const SaleTerms& terms, const SaleMarks& marks, const Reservation& hold,
                         Time now);

Time AddUpToMax(Time t, Duration d);

Field ShapeErrorOf(const Command& command);

// The rows about a known id; `verb` is not kReserve.  kDone and kRevived still depend on units,
// deadline and stock.
Code AnswerToKnown(Verb verb, ReservationState state);

// What operators may ask for about the sale, in the order of the contract's table.
enum class Act : std::uint8_t {
  kStart,
  kPause,
  kResume,
  kRelease,
  kClose,
  kCancelSale,
  kSettle,
  kForget,
};

// The contract's table with its footnotes, but for what depends on stock and holds.
Code AnswerToAct(Act act, Phase phase, const SaleMarks& marks);

Act ActOf(Verb verb);

// Tells which edges an event must carry.  Feed it every event, in order of `seq`.
class EdgeTracker {
 public:
  explicit EdgeTracker(const SaleTerms& terms);

  // `lines` as they are after the event.
  Edges After(const Event& event, std::span<const Stock> lines);

  // Whether time alone has passed an edge that no event carries yet.
  bool IsClockDue(Time now) const { return StartDue(now) || EndDue(now); }

 private:
  bool StartDue(Time at) const;
  bool EndDue(Time at) const;

  Time start_;
  Time end_;
  bool started_ = false;
  bool ended_ = false;
  std::vector<Units> available_;
  bool sold_out_for_good_ = false;
};

}  // namespace flashsale::inline v0::contract

#endif  // FLASHSALE_SRC_TESTING_CONTRACT_RULES_H_
