#include "backend/memory/waiting_tickets.h"

#include <fmt/format.h>

#include <new>
#include <optional>
#include <utility>

namespace flashsale::inline v0::memory {
namespace {

Status OutOfMemory() { return Status(StatusCode::kResourceExhausted, "out of memory"); }

}  // namespace

WaitingTickets::WaitingTickets(const QueueTerms& terms, const engine::KeyedHash& hash)
    : timeout_(terms.heartbeat_timeout),
      hash_(hash),
      lines_(terms.tiers, PlaceLine(blocks_, entries_)),
      wheel_(entries_) {}

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
  entries_[entry] = {.user = newcomer.user,
                     .last_seen = now,
                     .place = 0,
                     .next = kNone,
                     .previous = kNone,
                     .list = 0,
                     .tier = newcomer.tier,
                     .gone = false,
                     .ticket = newcomer.ticket,
                     .joined_at = newcomer.joined_at};
  line.Append(entry);
  index_.Insert(newcomer.hash, entry);
  File(entry, now + timeout_);
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
  if (entries_[entry].ticket <= last_entrant_) {
    entries_[entry].gone = true;  // stays on the list of entrants until the queue begins
  } else {
    entries_.Give(entry);
  }
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

Status WaitingTickets::Freeze(std::uint64_t last_ticket) {
  try {
    std::vector<Entrants> entrants;
    entrants.reserve(lines_.size());
    for (const PlaceLine& line : lines_) entrants.emplace_back(line, entries_);
    entrants_ = std::move(entrants);
    last_entrant_ = last_ticket;
    return Status();
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
}

Result<std::size_t> WaitingTickets::ReadEntrants(std::size_t tier, std::uint64_t after,
                                                 std::span<Entrant> entrants) const {
  return entrants_[tier].Read(after, entrants);
}

Status WaitingTickets::Arrange(const Arrangement& arrangement) {
  try {
    return entrants_[arrangement.tier].Place(arrangement);
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
    if (entries_[entry].ticket > last_entrant_) append(entry);
  });
  return room;
}

Status WaitingTickets::Begin() {
  for (std::size_t tier = 0; tier < entrants_.size(); ++tier) {
    if (!entrants_[tier].placed_in_part()) continue;
    return Status(StatusCode::kFailedPrecondition,
                  fmt::format("arrangement: tier {} in part, expected all of its entrants", tier));
  }
  std::vector<PlaceLine> built;
  bool complete = true;
  try {
    built.assign(entrants_.size(), PlaceLine(blocks_, entries_));
    for (std::size_t tier = 0; tier < entrants_.size() && complete; ++tier) {
      if (!entrants_[tier].arranged()) continue;
      complete = Build(tier, entrants_[tier].InOrder(), built[tier]);
    }
  } catch (const std::bad_alloc&) {
    complete = false;
  }
  if (!complete) {
    for (std::size_t tier = 0; tier < built.size(); ++tier) {
      built[tier].Clear();
      lines_[tier].TellPlaces();
    }
    return OutOfMemory();
  }
  for (std::size_t tier = 0; tier < entrants_.size(); ++tier) {
    if (entrants_[tier].arranged()) {
      lines_[tier].Clear();
      std::swap(lines_[tier], built[tier]);
    }
    for (const Entry entry : entrants_[tier].entries()) {
      if (entries_[entry].gone) entries_.Give(entry);
    }
  }
  entrants_ = {};
  last_entrant_ = 0;
  return Status();
}

}  // namespace flashsale::inline v0::memory
