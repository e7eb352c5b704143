#include "backend/memory/waiting_tickets.h"

#include <fmt/format.h>

#include <new>
#include <utility>

namespace flashsale::inline v0::memory {
namespace {

Status OutOfMemory() { return Status(StatusCode::kResourceExhausted, "out of memory"); }

}  // namespace

WaitingTickets::WaitingTickets(const QueueTerms& terms, const engine::KeyedHash& hash)
    : terms_(terms),
      hash_(hash),
      lines_(terms.tiers, PlaceLine(blocks_, entries_)),
      wheel_(entries_),
      frozen_(terms.tiers) {}

WaitingTickets::Entry WaitingTickets::PrefetchEntry(std::uint64_t hash) const {
  const Entry entry = index_.Guess(hash);
  if (entry == kNone) return kNone;
  const auto* const bytes = reinterpret_cast<const std::byte*>(&entries_[entry]);
  __builtin_prefetch(bytes);
  __builtin_prefetch(bytes + sizeof(WaitingEntry) - 1);
  return entry;
}

void WaitingTickets::PrefetchPlace(Entry entry) const {
  LineOf(entry).Prefetch(entries_[entry].place);
}

WaitingTickets::Entry WaitingTickets::Join(const Newcomer& newcomer, Time now) {
  PlaceLine& line = lines_[newcomer.tier];
  const bool room =
      line.MakeRoom() && index_.MakeRoom(
                             newcomer.hash, [this](Entry other) { return HashOf(other); },
                             [this](Entry other) { __builtin_prefetch(&entries_[other].user); });
  if (!room) return kNone;
  const Entry entry = entries_.Take();
  if (entry == kNone) return kNone;
  if (newcomer.restored_place != 0) {
    try {
      restored_places_[entry] = newcomer.restored_place;
    } catch (const std::bad_alloc&) {
      entries_.Give(entry);
      return kNone;
    }
  }
  entries_[entry] = {.user = newcomer.user,
                     .last_seen = now,
                     .place = 0,
                     .next = kNone,
                     .previous = kNone,
                     .list = 0,
                     .tier = newcomer.tier,
                     .gone = false,
                     .ticket = newcomer.ticket,
                     .joined_at = newcomer.joined_at,
                     .rank = 0};
  line.Append(entry);
  index_.Insert(newcomer.hash, entry);
  File(entry, Deadline(entry));
  ++waiting_;
  return entry;
}

void WaitingTickets::Remove(Entry entry) {
  wheel_.Unfile(entry);
  RemoveUnfiled(entry);
}

void WaitingTickets::RemoveUnfiled(Entry entry) {
  index_.Erase(HashOf(entry), entry);
  LineOf(entry).Remove(entry);
  --waiting_;
  const WaitingEntry& who = entries_[entry];
  const Frozen& frozen = frozen_[who.tier];
  if (frozen.entrants.has_value() && who.ticket <= frozen.last_entrant) {
    entries_[entry].gone = true;  // stays on the list of entrants until the line begins
    return;
  }
  if (!restored_places_.empty()) restored_places_.erase(entry);
  entries_.Give(entry);
}

std::uint64_t WaitingTickets::Sweep(Time now, std::uint64_t most, std::uint64_t visits) {
  if (now < next_look_) return 0;
  std::uint64_t freed = 0;
  for (; freed < most && visits != 0; --visits) {
    const std::optional<Entry> due = wheel_.TakeDue(now);
    if (!due.has_value()) break;
    if (IsSilent(*due, now)) {
      RemoveUnfiled(*due);
      ++freed;
    } else {
      wheel_.File(*due, Deadline(*due));
    }
  }
  next_look_ = wheel_.next_due();
  return freed;
}

Entrants& WaitingTickets::EntrantsOf(std::size_t tier) {
  Frozen& frozen = frozen_[tier];
  if (!frozen.entrants.has_value()) {
    frozen.entrants.emplace(lines_[tier], entries_, frozen.last_entrant);
  }
  return *frozen.entrants;
}

Result<std::size_t> WaitingTickets::ReadEntrants(std::size_t tier, std::uint64_t after,
                                                 std::span<Entrant> entrants) {
  try {
    return EntrantsOf(tier).Read(after, entrants, restored_places_);
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
}

Status WaitingTickets::Arrange(const Arrangement& arrangement) {
  try {
    return EntrantsOf(arrangement.tier).Place(arrangement);
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
}

bool WaitingTickets::Build(std::size_t tier, std::span<const Entry> order, PlaceLine& line) {
  bool room = true;
  const auto append = [&](Entry entry) {
    room = room && line.MakeRoom();
    if (room) line.Append(entry);
  };
  for (const Entry entry : order) append(entry);
  lines_[tier].ForEach([&](Entry entry) {
    if (entries_[entry].ticket > frozen_[tier].last_entrant) append(entry);
  });
  return room;
}

Status WaitingTickets::Begin(std::size_t tier) {
  Frozen& frozen = frozen_[tier];
  if (!frozen.entrants.has_value()) {
    if (!restored_places_.empty()) {
      lines_[tier].ForEach([this](Entry entry) { restored_places_.erase(entry); });
    }
    frozen = {};
    return Status();
  }
  const Entrants& entrants = *frozen.entrants;
  if (entrants.placed_in_part()) {
    return Status(StatusCode::kFailedPrecondition,
                  fmt::format("arrangement: tier {} in part, expected all of its entrants", tier));
  }
  if (entrants.arranged()) {
    PlaceLine built(blocks_, entries_);
    bool complete = false;
    try {
      complete = Build(tier, entrants.InOrder(), built);
    } catch (const std::bad_alloc&) {
    }
    if (!complete) {
      built.Clear();
      lines_[tier].TellPlaces();
      return OutOfMemory();
    }
    lines_[tier].Clear();
    std::swap(lines_[tier], built);
    entrants.ForEachRank([this](Entry entry, std::uint32_t rank) { entries_[entry].rank = rank; });
  }
  for (const Entry entry : entrants.entries()) {
    restored_places_.erase(entry);
    if (entries_[entry].gone) entries_.Give(entry);
  }
  frozen = {};
  return Status();
}

}  // namespace flashsale::inline v0::memory
