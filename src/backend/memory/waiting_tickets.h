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
#include "backend/memory/line_log.h"
#include "backend/memory/place_line.h"
#include "backend/memory/silence_wheel.h"
#include "backend/memory/ticket_index.h"
#include "backend/memory/waiting_blocks.h"
#include "engine/keyed_hash.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/queue_entry.h"
#include "flashsale/domain/queue_terms.h"

namespace flashsale::inline v0::memory {

// All who wait in one queue: found by user, placed by tier, watched for silence.  28 bytes each
// where they stand, 8 more where they were drawn, and 7 to 14 in the index; memory grows with the
// most who ever waited at once, not with those who pass through.
//
// Thread safety: as an int.  Clock: none; all times are the queue's own, but joined_at.
class WaitingTickets {
 public:
  // Where somebody stands; may be another place after anybody has joined or gone.
  using Entry = Spot;
  static constexpr Entry kNone = WaitingBlocks::kNone;

  WaitingTickets(const QueueTerms& terms, const engine::KeyedHash& hash);
  WaitingTickets(const WaitingTickets&) = delete;
  WaitingTickets& operator=(const WaitingTickets&) = delete;

  // Hears of who falls silent in passing; may be null, else must outlive it.
  void set_log(LineLog* log) { log_ = log; }

  // Two steps that bring what a command is going to touch into the caches: for a batch each step
  // for all before the next.
  void PrefetchIndex(std::uint64_t hash) const { index_.Prefetch(hash); }
  void PrefetchEntry(std::uint64_t hash) const { Guess(hash); }

  // kNone where the user does not wait.
  Entry Find(std::uint64_t hash, const UserId& user) const {
    return index_.Find(hash, [&](Entry entry) { return blocks_.entry(entry).user == user; });
  }
  // Whom the hash likely means, not looked at; kNone where that cannot be said.
  Entry Guess(std::uint64_t hash) const {
    const Entry entry = index_.Guess(hash);
    if (entry != kNone) blocks_.Prefetch(entry);
    return entry;
  }
  bool Is(Entry entry, const UserId& user) const { return blocks_.entry(entry).user == user; }

  // Tells all of somebody who waits but an admission.
  void Describe(Entry entry, QueueEntry& told) const {
    const WaitingBlock& block = blocks_[WaitingBlocks::BlockOf(entry)];
    const WaitingEntry& who = blocks_.entry(entry);
    told.user = who.user;
    told.state = TicketState::kWaiting;
    told.tier = block.tier;
    told.place = block.first_place + who.place;
    told.ticket = told.place;
    told.restored_place = 0;
    told.joined_at = block.first_joined + Duration(who.joined);
    if (block.arranged != kNone) DescribeArranged(entry, told);
    if (has_restored_) told.restored_place = RestoredPlaceOf(block.tier, told.ticket);
  }
  QueueEntry operator[](Entry entry) const {
    QueueEntry told;
    Describe(entry, told);
    return told;
  }

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
  // The same where it can be told at once that the user does not wait, and nothing has to grow or
  // to be remembered beside.  False, and nothing changed, where it cannot.
  bool TryJoin(const Newcomer& newcomer, Time now) {
    PlaceLine& line = lines_[newcomer.tier];
    const Placement placement = PlacementOf(newcomer, now);
    if (newcomer.ticket > kLastTicket || !line.HasRoom(placement)) return false;
    // The index is looked at last: until then its memory is on the way.
    if (!index_.TryInsert(newcomer.hash, line.LayDown(placement))) return false;
    StandUp(line, placement);
    return true;
  }
  // Remembers where they stood in a queue that was lost; false, and nothing changed, where memory
  // ran out.
  bool Restore(Entry entry, std::uint64_t place);
  void Touch(Entry entry, Time now) { blocks_.entry(entry).set_heard_ms(Milliseconds(now)); }
  // The same for everybody.
  void TouchAll(Time now);
  // The place is free at once.
  void Remove(Entry entry) { Remove(entry, room_.HashOf(entry)); }
  void Remove(Entry entry, std::uint64_t hash);

  bool IsSilent(Entry entry, Time now) const {
    return room_.IsSilent(blocks_.entry(entry).heard_ms(), now);
  }
  std::uint64_t Ahead(Entry entry) const {
    const WaitingBlock& block = blocks_[WaitingBlocks::BlockOf(entry)];
    return lines_[block.tier].Ahead(block, WaitingBlocks::IndexOf(entry));
  }
  std::uint64_t waiting(std::size_t tier) const { return lines_[tier].live(); }
  std::uint64_t waiting() const { return waiting_; }
  // The first of a tier; kNone where nobody waits.
  Entry Front(std::size_t tier) const { return lines_[tier].Front(); }
  // Calls ask_for(hash) for the first `count` of a tier, and asks for what Remove needs of them.
  template <typename AskFor>
  void PrefetchFront(std::size_t tier, std::size_t count, AskFor ask_for) const {
    lines_[tier].ForEach([&](Entry entry) {
      const std::uint64_t hash = room_.HashOf(entry);
      index_.Prefetch(hash);
      ask_for(hash);
      return --count != 0;
    });
  }

  // How many places a look at about `visits` people freed, of those who fell silent; no more than
  // `most`.  What is too few visits for a look is kept for the next call.
  std::uint64_t Sweep(Time now, std::uint64_t most, std::uint64_t visits) {
    return now < next_look_ ? 0 : SweepDue(now, most, visits);
  }
  // Nobody falls silent before.
  Time next_silence() const { return next_look_; }

  // From here on only tickets up to the last that was given are entrants of the tier.
  void Freeze(std::size_t tier, std::uint64_t last_ticket) {
    stages_[tier].freeze = {.last_ticket = last_ticket, .live = lines_[tier].live()};
  }
  // Whether the entrants of a frozen tier are listed: from then on they are who they are.
  bool HasEntrants(std::size_t tier) const { return stages_[tier].entrants.has_value(); }
  // Lists them, if they are not.  False, and nothing changed, where memory ran out.
  bool ListEntrants(std::size_t tier);
  // Of a frozen tier; see QueueRepository.  Errors: InvalidArgument; ResourceExhausted.
  Result<std::size_t> ReadEntrants(std::size_t tier, std::uint64_t after,
                                   std::span<Entrant> entrants);
  Status Arrange(const Arrangement& arrangement);
  // Puts everybody where they were placed.  Where there was an arrangement, the line is there twice
  // while the new one is laid down, and 8 bytes of the order for each.
  // Errors: FailedPrecondition, ResourceExhausted; then nothing changed.
  Status Begin(std::size_t tier);

 private:
  // What a tier knows until its line begins.
  struct Stage {
    Entrants::Freeze freeze;
    // Made when they are first asked for; then it stays as it is.
    std::optional<Entrants> entrants;
    // By ticket, of who brought back one of a queue that was lost.
    std::unordered_map<std::uint64_t, std::uint64_t> restored_places;
  };

  // The end of the millisecond.
  static std::uint64_t Milliseconds(Time now) {
    return static_cast<std::uint64_t>((now.time_since_epoch().count() + 999) / 1'000);
  }
  static Placement PlacementOf(const Newcomer& newcomer, Time now) {
    return {.user = newcomer.user,
            .heard_ms = Milliseconds(now),
            .place = newcomer.ticket,
            .ticket = newcomer.ticket,
            .joined_at = newcomer.joined_at};
  }
  void StandUp(PlaceLine& line, const Placement& placement) {
    line.StandUp(placement);
    next_look_ = std::min(next_look_, room_.SilentFrom(placement.heard_ms));
    ++waiting_;
  }
  std::uint64_t SweepDue(Time now, std::uint64_t most, std::uint64_t visits);
  void DescribeArranged(Entry entry, QueueEntry& told) const;
  std::uint64_t RestoredPlaceOf(std::size_t tier, std::uint64_t ticket) const;
  // What is about to go is no longer brought back.
  void ForgetPlace(Entry entry);
  // Frees who is silent in a block that no list of the wheel has; how many.
  std::uint64_t Look(std::uint32_t block, Time now, std::uint64_t most);
  // Throws std::bad_alloc.
  Entrants& EntrantsOf(std::size_t tier);
  // Throws std::bad_alloc.
  bool Rearrange(std::size_t tier);

  const engine::KeyedHash hash_;
  LineLog* log_ = nullptr;
  WaitingBlocks blocks_;
  TicketIndex index_;
  SilenceWheel wheel_;
  const WaitingRoom room_;
  std::vector<PlaceLine> lines_;  // by tier
  std::vector<Stage> stages_;     // by tier
  bool has_restored_ = false;     // some stage has, or had, places that were brought back
  Time next_look_ = kMaxTime;
  std::uint64_t visits_ = 0;  // that a look may take
  std::uint64_t waiting_ = 0;
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_WAITING_TICKETS_H_
