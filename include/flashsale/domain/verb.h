#ifndef FLASHSALE_DOMAIN_VERB_H_
#define FLASHSALE_DOMAIN_VERB_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "flashsale/export.h"

namespace flashsale::inline v0 {

// Everything that a command can ask for.  Nothing else moves stock, but the engine's own expiry.
// The numbers are stable across versions: they stand in journals and on wires.
enum class Verb : std::uint8_t {
  // Shoppers'.
  kReserve = 1,
  kConfirm = 2,
  kCancel = 3,
  kExtend = 4,

  // Operators', about one reservation.
  kVoid = 10,  // a purchase is refunded

  // Operators', about the sale.
  kStart = 20,  // early, before the start of the terms
  kPause = 21,
  kResume = 22,
  kRelease = 23,  // a wave: more stock for one line
  kClose = 24,
  kCancelSale = 25,
  kSettle = 26,
};

constexpr bool IsOperatorAct(Verb verb) { return verb >= Verb::kStart; }

// "reserve", "cancel-sale".
FLASHSALE_EXPORT std::string_view Name(Verb verb);
// The verb by its name; nothing where there is none.
FLASHSALE_EXPORT std::optional<Verb> ParseVerb(std::string_view name);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_DOMAIN_VERB_H_
