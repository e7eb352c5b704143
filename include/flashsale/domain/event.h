#ifndef FLASHSALE_DOMAIN_EVENT_H_
#define FLASHSALE_DOMAIN_EVENT_H_

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "flashsale/base/id.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// What an event records.  The numbers are stable across versions.
enum class EventType : std::uint8_t {
  kReserved = 1,
  kConfirmed = 2,
  kRevived = 3,    // EXPIRED -> PURCHASED
  kCancelled = 4,  // by the shopper, or because the sale was cancelled
  kTombstoned = 5,  // a cancel of an id never seen
  kExtended = 6,
  kExpired = 7,
  kVoided = 8,  // PURCHASED -> CANCELLED

  kStartedEarly = 20,
  kPaused = 21,
  kResumed = 22,
  kReleased = 23,
  kClosed = 24,
  kSaleCancelled = 25,
  kSettled = 26,

  kClock = 30,  // time alone passed an edge
};

// Turns of the sale as a whole, each seen once: on the first event after it.
enum class Edge : std::uint16_t {
  kSaleStarted = 1 << 0,
  kSaleEnded = 1 << 1,       // closed, or the end is past
  kSoldOut = 1 << 2,         // no line has units available
  kRestocked = 1 << 3,       // a line has units available again
  kSoldOutForGood = 1 << 4,  // every unit of every line is sold
  kLineSoldOut = 1 << 5,     // the event's own line has none available
  kLineRestocked = 1 << 6,   // the event's own line has units available again
};

// A set of edges.
class Edges {
 public:
  constexpr Edges() = default;
  constexpr explicit Edges(std::uint16_t bits) : bits_(bits) {}

  constexpr void Add(Edge edge) { bits_ = static_cast<std::uint16_t>(bits_ | Bit(edge)); }
  constexpr bool Has(Edge edge) const { return (bits_ & Bit(edge)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr std::uint16_t bits() const { return bits_; }

  friend bool operator==(const Edges&, const Edges&) = default;

 private:
  static constexpr std::uint16_t Bit(Edge edge) { return static_cast<std::uint16_t>(edge); }
  std::uint16_t bits_ = 0;
};

// One transition of one sale, or one operator's act, as its log keeps it.  The state of a sale is
// the fold of its events over its terms; `seq` is dense, from 1.
struct Event {
  std::uint64_t seq = 0;
  Time at{};
  EventType type = EventType::kClock;
  Edges edges = {};
  // Of the reservation, or of the release.
  std::uint16_t line = 0;
  // Units that the transition is about: reserved, bought, given back, released by this wave.
  Units units = 0;
  // Units that a confirm of a part gave back to stock.
  Units returned = 0;

  // Of the reservation; nil and zero for operators' acts about the sale and for kClock.
  UserId user = {};
  ReservationId id = {};
  Time deadline{};
  std::uint64_t quote = 0;
  std::uint64_t admission = 0;
  // For kReserved and kRevived: the limit of the user that it was judged by.
  Units user_limit = 0;
  LimitKeys keys = {};

  friend bool operator==(const Event&, const Event&) = default;
};
static_assert(std::is_trivially_copyable_v<Event>);

FLASHSALE_EXPORT std::string_view Name(EventType type);
FLASHSALE_EXPORT std::string_view Name(Edge edge);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_DOMAIN_EVENT_H_
