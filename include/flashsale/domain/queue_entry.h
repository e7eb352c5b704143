#ifndef FLASHSALE_DOMAIN_QUEUE_ENTRY_H_
#define FLASHSALE_DOMAIN_QUEUE_ENTRY_H_

#include <cstdint>
#include <string_view>

#include "flashsale/base/id.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// The life of a ticket.
//
//   WAITING -> ADMITTED | GONE      GONE: left, or silent for too long
//   ADMITTED -> GONE                completed, left, or the window has passed
//
// A user who is gone may join again, with a new ticket behind all others.
enum class TicketState : std::uint8_t {
  kNone = 0,  // the queue does not know this user
  kWaiting = 1,
  kAdmitted = 2,
};
FLASHSALE_EXPORT std::string_view Name(TicketState state);

// The right, bounded in time and amount, to reserve.
struct Admission {
  // Grows from one admission of a user to the next, even if the queue's memory is lost between
  // them: it is no less than the microsecond in which it was given.  Below 2^53.  0: none.
  std::uint64_t number = 0;
  // How many reserves it is good for.
  std::uint32_t grant = 0;
  // When it ends.  Moves while the queue is paused.
  Time until{};

  friend bool operator==(const Admission&, const Admission&) = default;
};

// A place in the virtual queue.  A plain value.
struct QueueEntry {
  UserId user = {};
  TicketState state = TicketState::kNone;
  std::uint8_t tier = 0;
  // From 1, in the order of joining: one sequence for the sale.
  std::uint64_t ticket = 0;
  // Of who waits: never falls along the line of the tier.  The ticket, until an arrangement makes
  // it 1 + the place there: so a ticket of a queue that was lost can be put back among others.
  std::uint64_t place = 0;
  // Where they stood in a queue that was lost, as they have brought it back, until this line
  // begins: then it has become their place.  0: nothing was brought back.
  std::uint64_t restored_place = 0;
  Time joined_at{};
  // Only where it is admitted.
  Admission admission = {};

  friend bool operator==(const QueueEntry&, const QueueEntry&) = default;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_DOMAIN_QUEUE_ENTRY_H_
