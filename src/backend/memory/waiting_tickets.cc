#include "backend/memory/waiting_tickets.h"

#include <fmt/format.h>

#include <bit>
#include <new>
#include <utility>

#include "base/prefetch.h"

namespace flashsale::inline v0::memory {
namespace {

constexpr std::uint32_t kWords = WaitingBlock::kWords;
constexpr std::uint64_t kWordPlaces = WaitingBlock::kWordPlaces;

Status OutOfMemory() { return Status(StatusCode::kResourceExhausted, "out of memory"); }

}  // namespace

WaitingTickets::WaitingTickets(const QueueTerms& terms, const engine::KeyedHash& hash)
    : hash_(hash),
      wheel_(blocks_),
      room_{.blocks = blocks_,
            .index = index_,
            .wheel = wheel_,
            .hash = hash_,
            .timeout = terms.heartbeat_timeout},
      stages_(terms.tiers) {
  lines_.reserve(terms.tiers);
  for (std::uint32_t tier = 0; tier < terms.tiers; ++tier) {
    lines_.emplace_back(room_, static_cast<std::uint8_t>(tier));
  }
}

void WaitingTickets::DescribeArranged(Entry entry, QueueEntry& told) const {
  const ArrangedEntry& arranged = blocks_.arranged(entry);
  told.ticket = arranged.ticket;
  const std::uint64_t joined =
      std::uint64_t{arranged.joined_high} << 32 | blocks_.entry(entry).joined;
  told.joined_at = kMinTime + Duration(static_cast<Duration::rep>(joined));
}

std::uint64_t WaitingTickets::RestoredPlaceOf(std::size_t tier, std::uint64_t ticket) const {
  const auto& places = stages_[tier].restored_places;
  const auto found = places.find(ticket);
  return found == places.end() ? 0 : found->second;
}

bool WaitingTickets::Restore(Entry entry, std::uint64_t place) {
  const QueueEntry who = (*this)[entry];
  try {
    stages_[who.tier].restored_places[who.ticket] = place;
  } catch (const std::bad_alloc&) {
    return false;
  }
  has_restored_ = true;
  return true;
}

WaitingTickets::Entry WaitingTickets::Join(const Newcomer& newcomer, Time now) {
  PlaceLine& line = lines_[newcomer.tier];
  const Placement placement = PlacementOf(newcomer, now);
  const bool room = newcomer.ticket <= kLastTicket && line.MakeRoom(placement) &&
                    index_.MakeRoom(
                        newcomer.hash, [this](Entry other) { return room_.HashOf(other); },
                        [this](Entry other) { AskFor(&blocks_.entry(other).user); });
  if (!room) return kNone;
  if (newcomer.restored_place != 0) {
    try {
      stages_[newcomer.tier].restored_places[newcomer.ticket] = newcomer.restored_place;
      has_restored_ = true;
    } catch (const std::bad_alloc&) {
      return kNone;
    }
  }
  const Entry entry = line.LayDown(placement);
  index_.Insert(newcomer.hash, entry);
  StandUp(line, placement);
  return entry;
}

void WaitingTickets::TouchAll(Time now) {
  for (const PlaceLine& line : lines_) {
    line.ForEach([&](Entry entry) {
      Touch(entry, now);
      return true;
    });
  }
}

void WaitingTickets::ForgetPlace(Entry entry) {
  Stage& stage = stages_[blocks_[WaitingBlocks::BlockOf(entry)].tier];
  // Entrants stay what they are.
  if (stage.restored_places.empty() || stage.entrants.has_value()) return;
  stage.restored_places.erase((*this)[entry].ticket);
}

void WaitingTickets::Remove(Entry entry, std::uint64_t hash) {
  ForgetPlace(entry);
  lines_[blocks_[WaitingBlocks::BlockOf(entry)].tier].Remove(entry, hash);
  --waiting_;
}

std::uint64_t WaitingTickets::Look(std::uint32_t number, Time now, std::uint64_t most) {
  WaitingBlock& block = blocks_[number];
  PlaceLine& line = lines_[block.tier];
  std::uint64_t freed = 0;
  for (std::uint32_t w = 0; w < kWords && freed < most && visits_ >= kWordPlaces; ++w) {
    if (block.bits[w] == 0 || now < room_.SilentFrom(block.heard[w])) continue;
    visits_ -= kWordPlaces;
    std::uint64_t silent = 0;
    std::uint64_t heard = WaitingBlock::kNobody;
    for (std::uint64_t bits = block.bits[w]; bits != 0; bits &= bits - 1) {
      const Entry entry = PlaceLine::SpotInWord(number, w, bits);
      if (IsSilent(entry, now) && freed < most) {
        silent |= bits & (~bits + 1);
        if (log_ != nullptr) {
          log_->OnEvent({.kind = QueueEvent::Kind::kFellSilent, .ticket = (*this)[entry].ticket});
        }
        ForgetPlace(entry);
        ++freed;
      } else {
        heard = std::min(heard, blocks_.entry(entry).heard_ms());
      }
    }
    block.heard[w] = heard;
    if (silent != 0) line.Remove(number, w, silent);
  }
  line.File(number);
  if (freed != 0) line.Tidy(number);
  return freed;
}

std::uint64_t WaitingTickets::SweepDue(Time now, std::uint64_t most, std::uint64_t visits) {
  constexpr std::uint64_t kMostVisits = std::uint64_t{1} << 60;
  visits_ = std::min(visits_ + std::min(visits, kMostVisits), kMostVisits);
  // To take out a block costs something, whether or not anybody in it is due.
  constexpr std::uint64_t kOfBlock = 8;
  std::uint64_t freed = 0;
  std::optional<std::uint32_t> due;
  while (freed < most && visits_ >= kWordPlaces + kOfBlock &&
         (due = wheel_.TakeDue(now)).has_value()) {
    visits_ -= kOfBlock;
    const std::uint64_t here = Look(*due, now, most - freed);
    waiting_ -= here;
    freed += here;
  }
  visits_ = std::min(visits_, kWordPlaces + kOfBlock);
  next_look_ = wheel_.next_due();
  return freed;
}

Entrants& WaitingTickets::EntrantsOf(std::size_t tier) {
  Stage& stage = stages_[tier];
  if (!stage.entrants.has_value()) {
    stage.entrants.emplace(lines_[tier], blocks_, stage.freeze);
    lines_[tier].Hold();
  }
  return *stage.entrants;
}

bool WaitingTickets::ListEntrants(std::size_t tier) {
  try {
    EntrantsOf(tier);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

Result<std::size_t> WaitingTickets::ReadEntrants(std::size_t tier, std::uint64_t after,
                                                 std::span<Entrant> entrants) {
  try {
    const std::size_t count = EntrantsOf(tier).Read(after, entrants);
    const auto& restored_places = stages_[tier].restored_places;
    if (restored_places.empty()) return count;
    for (Entrant& entrant : entrants.first(count)) {
      const auto restored = restored_places.find(entrant.ticket);
      if (restored != restored_places.end()) entrant.restored_place = restored->second;
    }
    return count;
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

bool WaitingTickets::Rearrange(std::size_t tier) {
  constexpr std::size_t kAhead = 16;  // so many at once as have their memory on the way together
  constexpr std::uint32_t kLater = ~std::uint32_t{0};
  PlaceLine& line = lines_[tier];
  const std::uint64_t last_entrant = stages_[tier].freeze.last_ticket;
  std::vector<Entrants::Placed> order = stages_[tier].entrants->InOrder();
  // Behind them who came later.
  order.reserve(line.live());
  line.ForEachBlock([&](std::uint32_t block) {
    if (blocks_[block].first_place + kMostPlacesApart <= last_entrant) return;
    PlaceLine::ForEachIn(blocks_, block, [&](Entry entry) {
      if ((*this)[entry].ticket > last_entrant) order.push_back({entry, kLater});
    });
  });

  PlaceLine built(room_, static_cast<std::uint8_t>(tier));
  built.Hold();
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i + kAhead < order.size()) blocks_.Prefetch(order[i + kAhead].spot);
    const QueueEntry who = (*this)[order[i].spot];
    const bool arranged = order[i].rank != kLater;
    const Placement placement{.user = who.user,
                              .heard_ms = blocks_.entry(order[i].spot).heard_ms(),
                              .place = arranged ? order[i].rank + std::uint64_t{1} : who.place,
                              .ticket = who.ticket,
                              .joined_at = who.joined_at,
                              .arranged = arranged};
    if (!built.MakeRoom(placement)) {
      built.Clear();
      return false;
    }
    built.Append(placement);
  }
  // From here on nothing fails.
  built.ForEachBlock([&built](std::uint32_t block) { built.File(block); });
  std::array<std::uint64_t, kAhead> hashes;
  std::array<Entry, kAhead> spots;
  std::size_t moved = 0;
  std::size_t count = 0;
  const auto move_group = [&] {
    for (std::size_t i = 0; i < count; ++i) {
      index_.Move(hashes[i], order[moved++].spot, spots[i]);
    }
    count = 0;
  };
  built.ForEach([&](Entry entry) {
    hashes[count] = room_.HashOf(entry);
    index_.Prefetch(hashes[count]);
    spots[count++] = entry;
    if (count == kAhead) move_group();
    return true;
  });
  move_group();
  line.Swap(built);
  built.Clear();
  return true;
}

Status WaitingTickets::Begin(std::size_t tier) {
  Stage& stage = stages_[tier];
  if (stage.entrants.has_value()) {
    if (stage.entrants->placed_in_part()) {
      return Status(
          StatusCode::kFailedPrecondition,
          fmt::format("arrangement: tier {} in part, expected all of its entrants", tier));
    }
    try {
      if (stage.entrants->arranged() && !Rearrange(tier)) return OutOfMemory();
    } catch (const std::bad_alloc&) {
      return OutOfMemory();
    }
    lines_[tier].Release();
  }
  stage = {};
  next_look_ = std::min(next_look_, wheel_.next_due());
  return Status();
}

}  // namespace flashsale::inline v0::memory
