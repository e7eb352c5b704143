#ifndef FLASHSALE_SRC_BACKEND_MEMORY_WAITING_ENTRY_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_WAITING_ENTRY_H_

#include <cstdint>
#include <type_traits>

#include "backend/memory/slab.h"
#include "flashsale/base/id.h"
#include "flashsale/base/time.h"

namespace flashsale::inline v0::memory {

// Somebody who waits.  There are millions of them: every byte counts.
struct WaitingEntry {
  UserId user;
  Time last_seen;       // in the queue's time
  std::uint32_t place;  // in the line of its tier, see PlaceLine
  std::uint32_t next;   // in its list of the SilenceWheel
  std::uint32_t previous;
  std::uint16_t list;  // which of the wheel's
  std::uint8_t tier;
  bool gone;  // since the freeze: remembered as an entrant, no more
  std::uint64_t ticket;
  Time joined_at;      // in the host's time
  std::uint32_t rank;  // 1 + the place of the arrangement; 0: none
};
static_assert(sizeof(WaitingEntry) == 64 && std::is_trivially_copyable_v<WaitingEntry>);

using WaitingEntries = Slab<WaitingEntry, 1U << 17>;

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_WAITING_ENTRY_H_
