#ifndef FLASHSALE_SRC_ENGINE_LINE_STATE_H_
#define FLASHSALE_SRC_ENGINE_LINE_STATE_H_

#include <atomic>
#include <cstdint>

#include "flashsale/base/units.h"
#include "flashsale/domain/inventory.h"

namespace flashsale::inline v0::engine {

// The stock of a line and what is written together with it: one cache line to move per reserve.  It
// takes two, because processors fetch them in pairs.
// Thread safety: any thread; lock-free.
struct alignas(128) LineState {
  LineState(Units limit, Units released) : stock(limit, released) {}

  Inventory stock;
  // How many holds have entered expiry.
  std::atomic<std::uint64_t> entries{0};
  // The next event's number.  That of the first line counts for the whole sale.
  std::atomic<std::uint64_t> next_seq{1};

  // A hold has entered expiry and is about to take stock: who looked before must look again.
  void CountEntries(std::uint64_t holds) { entries.fetch_add(holds, std::memory_order_acq_rel); }

  enum class Look : std::uint8_t {
    kAvailable,  // there is enough
    kLapsed,     // something has lapsed, or may have: reclaim first
    kChanged,    // holds entered meanwhile: look again
    kSoldOut,    // honestly: too little is available, and nothing had lapsed at that instant
  };

  // Every hold in the stock word has entered expiry before it took.  If none entered between the
  // two looks at the count, what `lapse_is_due` says of the holds' deadlines speaks for all of
  // them.
  template <typename LapseIsDue>
  Look LookFor(Units units, LapseIsDue lapse_is_due) const {
    const std::uint64_t before = entries.load(std::memory_order_acquire);
    if (lapse_is_due()) return Look::kLapsed;
    if (stock.available() >= units) return Look::kAvailable;
    return entries.load(std::memory_order_acquire) == before ? Look::kSoldOut : Look::kChanged;
  }
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_LINE_STATE_H_
