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

namespace flashsale::inline v0::engine {

constexpr std::int64_t Micros(Time t) { return t.time_since_epoch().count(); }
constexpr Time FromMicros(std::uint64_t us) {
  return Time(Duration(static_cast<std::int64_t>(us)));
}

// Which record of a user: kFirst, or a number among their shard's further records.
using Ordinal = std::uint32_t;
inline constexpr Ordinal kFirst = 0;
inline constexpr Ordinal kNoRecord = std::numeric_limits<Ordinal>::max();

// A reservation or a tombstone, packed.  Times and admission numbers stay below 2^53, lines below
// 2^10, so three words have room for what else there is to say.
struct Record {
  ReservationId id;
  std::uint64_t quote;
  std::uint64_t deadline_us : 53;
  std::uint64_t state_bits : 3;
  std::uint64_t extended : 1;  // its entry in the expiry queue names an earlier deadline
  std::uint64_t reserved_us : 53;
  std::uint64_t line : 11;
  std::uint64_t admission : 53;
  Units asked;
  Units units;

  ReservationState state() const { return static_cast<ReservationState>(state_bits); }
  void set_state(ReservationState state) { state_bits = static_cast<std::uint64_t>(state) & 7; }
  bool is_tombstone() const { return asked == 0; }
  bool is_active() const { return state() == ReservationState::kActive; }
  Time deadline() const { return FromMicros(deadline_us); }
  Time reserved_at() const { return FromMicros(reserved_us); }
};
static_assert(sizeof(Record) == 56 && std::is_trivially_copyable_v<Record>);

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_RECORD_H_
