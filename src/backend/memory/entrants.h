#ifndef FLASHSALE_SRC_BACKEND_MEMORY_ENTRANTS_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_ENTRANTS_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "backend/memory/place_line.h"
#include "backend/memory/waiting_entry.h"
#include "flashsale/base/status.h"
#include "flashsale/repository/queue_repository.h"

namespace flashsale::inline v0::memory {

// Those of one tier who came before the freeze, and the order that they are given.  They stay the
// same until the queue begins, whoever leaves meanwhile: servers that read them at different times
// draw from one list.
//
// Thread safety: as an int.  Ownership: the entries, which must outlive it, stay where they are
// until the owner gives them back; see WaitingEntry::gone.
class Entrants {
 public:
  // Those of the line with tickets up to `last_ticket`.  Throws std::bad_alloc.
  Entrants(const PlaceLine& line, WaitingEntries& entries, std::uint64_t last_ticket);

  // Copies those after the ticket `after`, in the order of tickets; how many.
  std::size_t Read(std::uint64_t after, std::span<Entrant> entrants,
                   const std::unordered_map<std::uint32_t, std::uint64_t>& restored_places) const;

  // Errors: InvalidArgument; then nothing was placed.  Throws std::bad_alloc: likewise.
  Status Place(const Arrangement& arrangement);

  bool arranged() const { return !ranks_.empty(); }
  // Somebody who is still there was given no place, although others were.
  bool placed_in_part() const;
  // Those who are still there in the order that they were given.  REQUIRES: arranged() and not
  // placed_in_part().  Throws std::bad_alloc.
  std::vector<std::uint32_t> InOrder() const;

  // Calls tell(entry, 1 + place) for all who were given a place.
  template <typename Tell>
  void ForEachRank(Tell tell) const {
    for (std::size_t i = 0; i < ranks_.size(); ++i) {
      if (ranks_[i] != kUnplaced) tell(members_[i], ranks_[i] + 1);
    }
  }

  // All of them, in the order of tickets.
  std::span<const std::uint32_t> entries() const { return members_; }

 private:
  static constexpr std::uint32_t kUnplaced = std::numeric_limits<std::uint32_t>::max();

  std::uint64_t TicketOf(std::size_t i) const { return (*entries_)[members_[i]].ticket; }
  // The first whose ticket is at least this one.
  std::size_t LowerBound(std::uint64_t ticket) const;

  WaitingEntries* entries_;
  std::vector<std::uint32_t> members_;
  std::vector<std::uint32_t> ranks_;  // of each member; empty before the first is given
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_ENTRANTS_H_
