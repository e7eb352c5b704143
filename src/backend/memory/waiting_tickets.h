#ifndef FLASHSALE_SRC_BACKEND_MEMORY_WAITING_TICKETS_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_WAITING_TICKETS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "backend/memory/entrants.h"
#include "backend/memory/place_line.h"
#include "backend/memory/silence_wheel.h"
#include "backend/memory/ticket_index.h"
#include "backend/memory/waiting_entry.h"
#include "engine/keyed_hash.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/queue_terms.h"

namespace flashsale::inline v0::memory {

// All who wait in one queue: found by user, placed by tier, watched for silence.  About 75 bytes
// each; memory grows with the most who ever waited at once, not with those who pass through.
//
// Thread safety: as an int.  Clock: none; all times are the queue's own, but joined_at.
class WaitingTickets {
 public:
  using Entry = std::uint32_t;
  static constexpr Entry kNone = WaitingEntries::kNone;

  // `hash` must outlive it.
  WaitingTickets(const QueueTerms& terms, const engine::KeyedHash& hash);
  WaitingTickets(const WaitingTickets&) = delete;
  WaitingTickets& operator=(const WaitingTickets&) = delete;

  // Three steps that bring what a command is going to touch into the caches: for a batch each step
  // for all before the next.  The second returns whom the hash may mean; kNone: nobody.
  void PrefetchIndex(std::uint64_t hash) const { index_.Prefetch(hash); }
  Entry PrefetchEntry(std::uint64_t hash) const;
  void PrefetchPlace(Entry entry) const;

  // kNone where the user does not wait.
  Entry Find(std::uint64_t hash, const UserId& user) const {
    return index_.Find(hash, [&](Entry entry) { return entries_[entry].user == user; });
  }
  const WaitingEntry& operator[](Entry entry) const { return entries_[entry]; }

  struct Newcomer {
    std::uint64_t hash;
    UserId user;
    std::uint8_t tier;
    std::uint64_t ticket;
    Time joined_at;
    std::uint64_t restored_place = 0;
  };
  // Behind all others of the tier.  kNone, and nothing changed, where memory ran out.
  // REQUIRES: the user does not wait.
  Entry Join(const Newcomer& newcomer, Time now);
  void Touch(Entry entry, Time now) { entries_[entry].last_seen = now; }
  // The place is free at once.
  void Remove(Entry entry);

  bool IsSilent(Entry entry, Time now) const { return now >= Deadline(entry); }
  std::uint64_t Ahead(Entry entry) const { return LineOf(entry).Ahead(entry); }
  std::uint64_t waiting(std::size_t tier) const { return lines_[tier].live(); }
  std::uint64_t waiting() const { return waiting_; }
  // The first of a tier; kNone where nobody waits.
  Entry Front(std::size_t tier) const { return lines_[tier].Front(); }

  // How many places a look at `visits` entries freed, of those who fell silent; no more than
  // `most`.
  std::uint64_t Sweep(Time now, std::uint64_t most, std::uint64_t visits);
  // Nobody falls silent before.
  Time next_silence() const { return next_look_; }

  // From here on only tickets up to the last that was given are entrants of the tier.
  void Freeze(std::size_t tier, std::uint64_t last_ticket) {
    frozen_[tier] = {.last_entrant = last_ticket, .entrants = std::nullopt};
  }
  // Of a frozen tier; see QueueRepository.  Errors: InvalidArgument; ResourceExhausted.
  Result<std::size_t> ReadEntrants(std::size_t tier, std::uint64_t after,
                                   std::span<Entrant> entrants);
  Status Arrange(const Arrangement& arrangement);
  // Puts everybody where they were placed.
  // Errors: FailedPrecondition, ResourceExhausted; then nothing changed.
  Status Begin(std::size_t tier);

 private:
  // A tier from its freeze to its beginning.
  struct Frozen {
    std::uint64_t last_entrant = 0;  // their last ticket
    // Made when they are first asked for; then it stays as it is.
    std::optional<Entrants> entrants;
  };

  Time Deadline(Entry entry) const { return SilentFrom(terms_, entries_[entry].last_seen); }
  PlaceLine& LineOf(Entry entry) { return lines_[entries_[entry].tier]; }
  const PlaceLine& LineOf(Entry entry) const { return lines_[entries_[entry].tier]; }
  std::uint64_t HashOf(Entry entry) const { return hash_(entries_[entry].user.bytes()); }
  void File(Entry entry, Time due) {
    next_look_ = std::min(next_look_, due);
    wheel_.File(entry, due);
  }
  // REQUIRES: the wheel does not have it.
  void RemoveUnfiled(Entry entry);
  // Throws std::bad_alloc.
  Entrants& EntrantsOf(std::size_t tier);
  // The line of a tier as it will be.  False where memory ran out.
  bool Build(std::size_t tier, std::span<const Entry> order, PlaceLine& line);

  const QueueTerms terms_;
  const engine::KeyedHash& hash_;
  WaitingEntries entries_;
  TicketIndex index_;
  PlaceBlocks blocks_;
  std::vector<PlaceLine> lines_;  // by tier
  SilenceWheel wheel_;
  Time next_look_ = kMaxTime;
  std::uint64_t waiting_ = 0;
  std::vector<Frozen> frozen_;  // by tier
  // Of who brought back a ticket and waits for the line to begin.
  std::unordered_map<Entry, std::uint64_t> restored_places_;
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_WAITING_TICKETS_H_
