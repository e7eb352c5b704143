#ifndef FLASHSALE_DOMAIN_QUEUE_EVENT_H_
#define FLASHSALE_DOMAIN_QUEUE_EVENT_H_

#include <cstdint>
#include <span>

#include "flashsale/base/id.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/queue_terms.h"

namespace flashsale::inline v0 {

// Something that happened in a queue or a waitlist, as far as it takes to make it anew: what all of
// them did, in order, is the state that there is.  Not told is what follows from the time alone, as
// the end of an admission's window, and when somebody was heard of: a queue that was made anew has
// heard of all at its first call.  A plain value.
struct QueueEvent {
  // The numbers are stable across versions.
  enum class Kind : std::uint8_t {
    kJoined = 1,      // user, ticket, tier, place (0: none was brought back)
    kPlaced = 2,      // ticket, place: one was brought back
    kFellSilent = 3,  // ticket
    kLeft = 4,        // ticket; waiting or admitted
    kAdmitted = 5,    // ticket
    kCompleted = 6,   // ticket
    kTurn = 7,  // number: what the strategy keeps; those admitted since the last were one plan
    kPaceChanged = 8,  // pace
    kPaused = 9,
    kResumed = 10,
    kFrozen = 11,    // tier
    kListed = 12,    // tier: from here on its entrants are who they are
    kArranged = 13,  // tier, number: the place of the first; tickets
    kBegun = 14,     // tier
    kClosed = 15,
    kUsed = 16,  // ticket, number: of the admission, which may be over
  };

  Kind kind = Kind::kJoined;
  std::uint8_t tier = 0;
  // Of the host's; kMinTime for what has no time of its own (kFellSilent, kTurn, kListed,
  // kArranged, kUsed).
  Time at = kMinTime;
  // Whose the ticket is.
  UserId user = {};
  std::uint64_t ticket = 0;
  std::uint64_t place = 0;
  std::uint64_t number = 0;
  QueuePace pace = {};
  std::span<const std::uint64_t> tickets = {};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_DOMAIN_QUEUE_EVENT_H_
