#ifndef FLASHSALE_SRC_BACKEND_MEMORY_ENTRANTS_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_ENTRANTS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <unordered_map>
#include <vector>

#include "backend/memory/place_line.h"
#include "backend/memory/waiting_blocks.h"
#include "flashsale/base/status.h"
#include "flashsale/repository/queue_repository.h"

namespace flashsale::inline v0::memory {

// Those of one tier who came before the freeze, and the order that they are given.  They stay the
// same until the line begins, whoever leaves meanwhile: servers that read them at different times
// draw from one list.
//
// Thread safety: as an int.  Ownership: the line's blocks, which must outlive it and be held.
class Entrants {
 public:
  // The line as it was when it froze.
  struct Freeze {
    std::uint64_t last_ticket = 0;  // of an entrant
    std::uint64_t live = 0;         // how many they were; some may have left since
  };

  // Those of them who are still there.  Throws std::bad_alloc.
  Entrants(const PlaceLine& line, const WaitingBlocks& blocks, const Freeze& freeze);

  // Copies those after the ticket `after`, in the order of tickets; how many.
  std::size_t Read(std::uint64_t after, std::span<Entrant> entrants) const;

  // Errors: InvalidArgument; then nothing was placed.  Throws std::bad_alloc: likewise.
  Status Place(const Arrangement& arrangement);

  bool arranged() const { return !ranks_.empty(); }
  // Somebody who is still there was given no place, although others were.
  bool placed_in_part() const;

  struct Placed {
    Spot spot;
    std::uint32_t rank;
  };
  // Those who are still there in the order that they were given, with their places in it, from 0.
  // REQUIRES: arranged() and not placed_in_part().  Throws std::bad_alloc.
  std::vector<Placed> InOrder() const;

 private:
  static constexpr std::uint32_t kUnplaced = std::numeric_limits<std::uint32_t>::max();
  // Those who stand in one block.
  struct Stretch {
    std::uint32_t block;
    std::uint64_t first_ticket;  // none of them has a smaller one
    std::array<std::uint64_t, WaitingBlock::kWords> bits;
  };
  // One of them: the stretch and the place in it.
  struct Member {
    std::size_t stretch;
    std::uint32_t index;
  };

  std::uint64_t TicketAt(const Stretch& stretch, std::uint32_t index) const;
  // The first place of a stretch whose ticket is at least this one.
  std::uint32_t LowerBound(const Stretch& stretch, std::uint64_t ticket) const;
  // Where somebody with this ticket or a larger one may stand first.
  Member Find(std::uint64_t ticket) const;
  bool IsEntrant(const Member& member, std::uint64_t ticket) const;
  std::uint32_t& RankOf(const Member& member) {
    return ranks_[member.stretch * WaitingBlock::kPlaces + member.index];
  }
  // Calls visit(spot, rank) for all who are still there, in the order of tickets, until it is
  // false.
  template <typename Visit>
  void ForEachRank(Visit visit) const;

  const WaitingBlocks* blocks_;
  std::vector<Stretch> stretches_;
  std::size_t places_;                // that they may be given
  std::vector<std::uint32_t> ranks_;  // by stretch and place; empty before the first is given
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_ENTRANTS_H_
