#ifndef FLASHSALE_SRC_ENGINE_RECORD_H_
#define FLASHSALE_SRC_ENGINE_RECORD_H_

#include <cstdint>
#include <limits>
#include <type_traits>

#include "flashsale/base/id.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/repository/command.h"

namespace flashsale::inline v0::engine {

constexpr std::int64_t Micros(Time t) { return t.time_since_epoch().count(); }
constexpr Time FromMicros(std::uint64_t us) {
  return Time(Duration(static_cast<std::int64_t>(us)));
}

// Which record of a user: kFirst, or a number among their shard's further records.
using Ordinal = std::uint32_t;
inline constexpr Ordinal kFirst = 0;
inline constexpr Ordinal kNoRecord = std::numeric_limits<Ordinal>::max();

// A reservation or a tombstone, packed.  Times and admission numbers stay below 2^53 and lines
// below 2^10, so two words have room for what else there is to say.
struct Record {
  ReservationId id;
  std::uint64_t quote;
  std::uint64_t deadline_and_state;  // microseconds | state << 53
  std::uint64_t reserved_and_line;   // microseconds | line << 53
  std::uint64_t admission;
  Units asked;
  Units units;

  // Member by member, in place: a record put together elsewhere and copied costs as much again.
  void BecomeHold(const Command& command, Time now, std::int64_t deadline_us) {
    id = command.id;
    quote = command.quote;
    deadline_and_state =
        static_cast<std::uint64_t>(deadline_us) | StateBits(ReservationState::kActive);
    reserved_and_line = static_cast<std::uint64_t>(Micros(now)) | std::uint64_t{command.line}
                                                                      << kUpper;
    admission = command.admission_number;
    asked = command.units;
    units = command.units;
  }
  void BecomeTombstone(const ReservationId& of) {
    *this = {.id = of, .deadline_and_state = StateBits(ReservationState::kCancelled)};
  }

  ReservationState state() const {
    return static_cast<ReservationState>(deadline_and_state >> kUpper & 7);
  }
  void set_state(ReservationState state) {
    deadline_and_state = (deadline_and_state & ~StateBits(ReservationState{7})) | StateBits(state);
  }
  bool is_tombstone() const { return asked == 0; }
  bool is_active() const { return state() == ReservationState::kActive; }

  std::int64_t deadline_us() const {
    return static_cast<std::int64_t>(deadline_and_state & kMaxExactInteger);
  }
  void set_deadline_us(std::int64_t deadline_us) {
    deadline_and_state =
        (deadline_and_state & ~kMaxExactInteger) | static_cast<std::uint64_t>(deadline_us);
  }
  Time deadline() const { return Time(Duration(deadline_us())); }
  Time reserved_at() const { return FromMicros(reserved_and_line & kMaxExactInteger); }
  std::uint16_t line() const { return static_cast<std::uint16_t>(reserved_and_line >> kUpper); }

 private:
  static constexpr int kUpper = 53;
  static constexpr std::uint64_t StateBits(ReservationState state) {
    return static_cast<std::uint64_t>(state) << kUpper;
  }
};
static_assert(sizeof(Record) == 56 && std::is_trivially_copyable_v<Record>);

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_RECORD_H_
