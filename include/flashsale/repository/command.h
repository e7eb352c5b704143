#ifndef FLASHSALE_REPOSITORY_COMMAND_H_
#define FLASHSALE_REPOSITORY_COMMAND_H_

#include <cstdint>
#include <type_traits>

#include "flashsale/base/id.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/domain/verb.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// One change that a caller asks for, as plain data: the same fields are a slot of a ring, a record
// of a journal, a group of a script's arguments.  A member that its verb does not use must be zero.
struct Command {
  Verb verb = Verb::kReserve;
  // Bits for commands that must succeed together; none is defined yet, so 0.
  std::uint8_t flags = 0;
  // kReserve, kRelease: which line of the terms, from 0.
  std::uint16_t line = 0;
  // kReserve: how many.  kConfirm: how many of those held, 0 for all; the rest returns to stock.
  // kRelease: how many shall have been released in all, so that a resend releases nothing twice.
  Units units = 0;
  // kReserve: the limit that the host grants this user, up to the ceiling; 0: that of the terms.
  Units user_limit = 0;
  // kReserve: the admission it is taken under, i.e. the right, bounded in amount, to reserve.  The
  // most reserves that may be taken under it; 0 if and only if there is none.
  std::uint32_t admission_grant = 0;
  // 0: none.  Below 2^53; grows from one admission of a user to the next.
  std::uint64_t admission_number = 0;
  // kReserve: kept with the hold and returned by Find and in events.
  std::uint64_t quote = 0;
  // All but the operators' acts about the sale.
  UserId user = {};
  ReservationId id = {};
  // kReserve.
  LimitKeys keys = {};
  // kReserve: how long it is held, to the microsecond, up to the longest hold of the terms; 0: as
  // the terms say.  Operators' parts choose it, shoppers do not.
  Duration hold{0};

  friend bool operator==(const Command&, const Command&) = default;
};
static_assert(std::is_trivially_copyable_v<Command>);
static_assert(sizeof(Command) == 120);

// What is wrong with the shape of a command, whatever sale it is for: Field::kNone if nothing is.
// Every backend asks this first and answers Invalid with the field.
FLASHSALE_EXPORT Field FindShapeError(const Command& command);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_REPOSITORY_COMMAND_H_
