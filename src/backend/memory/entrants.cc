#include "backend/memory/entrants.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <tuple>

namespace flashsale::inline v0::memory {
namespace {

constexpr std::uint32_t kPlaces = WaitingBlock::kPlaces;
constexpr std::uint32_t kWordPlaces = WaitingBlock::kWordPlaces;
constexpr std::uint32_t kWords = WaitingBlock::kWords;

constexpr bool IsSet(const std::array<std::uint64_t, kWords>& bits, std::uint32_t i) {
  return (bits[i / kWordPlaces] >> (i % kWordPlaces) & 1) != 0;
}

}  // namespace

Entrants::Entrants(const PlaceLine& line, const WaitingBlocks& blocks, const Freeze& freeze)
    : blocks_(&blocks), places_(freeze.live) {
  line.ForEachBlock([&](std::uint32_t number) {
    const WaitingBlock& block = blocks[number];
    if (block.live == 0 || block.first_place > freeze.last_ticket) return;
    Stretch stretch{.block = number, .first_ticket = block.first_place, .bits = block.bits};
    // Behind the last of them, in their last block, may stand who came later.
    const std::uint32_t end = LowerBound(stretch, freeze.last_ticket + 1);
    for (std::uint32_t i = end; i < block.used; ++i) {
      stretch.bits[i / kWordPlaces] &= ~(std::uint64_t{1} << (i % kWordPlaces));
    }
    stretches_.push_back(stretch);
  });
}

std::uint64_t Entrants::TicketAt(const Stretch& stretch, std::uint32_t index) const {
  // Nobody was arranged yet: the place is the ticket.
  return stretch.first_ticket + blocks_->entry(WaitingBlocks::SpotOf(stretch.block, index)).place;
}

std::uint32_t Entrants::LowerBound(const Stretch& stretch, std::uint64_t ticket) const {
  if (ticket <= stretch.first_ticket) return 0;
  std::uint32_t low = 0;  // all before it are smaller
  std::uint32_t high = (*blocks_)[stretch.block].used;
  // Where all came to this tier, and none was moved, tickets are dense.
  const std::uint64_t guess = ticket - stretch.first_ticket;
  if (guess < high && TicketAt(stretch, static_cast<std::uint32_t>(guess)) == ticket) {
    return static_cast<std::uint32_t>(guess);
  }
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (TicketAt(stretch, middle) < ticket) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Entrants::Member Entrants::Find(std::uint64_t ticket) const {
  const auto behind = std::upper_bound(
      stretches_.begin(), stretches_.end(), ticket,
      [](std::uint64_t t, const Stretch& stretch) { return t < stretch.first_ticket; });
  if (behind == stretches_.begin()) return {.stretch = 0, .index = 0};
  const auto stretch = static_cast<std::size_t>(behind - stretches_.begin()) - 1;
  return {.stretch = stretch, .index = LowerBound(stretches_[stretch], ticket)};
}

bool Entrants::IsEntrant(const Member& member, std::uint64_t ticket) const {
  if (member.stretch == stretches_.size()) return false;
  const Stretch& stretch = stretches_[member.stretch];
  return member.index < (*blocks_)[stretch.block].used && IsSet(stretch.bits, member.index) &&
         TicketAt(stretch, member.index) == ticket;
}

std::size_t Entrants::Read(std::uint64_t after, std::span<Entrant> entrants) const {
  Member next = after == std::numeric_limits<std::uint64_t>::max()
                    ? Member{.stretch = stretches_.size(), .index = 0}
                    : Find(after + 1);
  std::size_t count = 0;
  for (; next.stretch < stretches_.size() && count < entrants.size(); ++next.stretch) {
    const Stretch& stretch = stretches_[next.stretch];
    for (std::uint32_t w = next.index / kWordPlaces; w < kWords; ++w) {
      std::uint64_t bits = stretch.bits[w];
      if (w == next.index / kWordPlaces) bits &= ~std::uint64_t{0} << (next.index % kWordPlaces);
      for (; bits != 0 && count < entrants.size(); bits &= bits - 1) {
        const Spot spot = PlaceLine::SpotInWord(stretch.block, w, bits);
        entrants[count++] = {.user = blocks_->entry(spot).user,
                             .ticket = TicketAt(stretch, WaitingBlocks::IndexOf(spot))};
      }
    }
    next.index = 0;
  }
  return count;
}

Status Entrants::Place(const Arrangement& arrangement) {
  const std::size_t count = arrangement.tickets.size();
  if (arrangement.first > places_ || count > places_ - arrangement.first) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("arrangement: places {} to {}, expected at most the {} entrants",
                              arrangement.first, arrangement.first + count, places_));
  }
  std::vector<Member> who(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t ticket = arrangement.tickets[i];
    who[i] = Find(ticket);
    if (IsEntrant(who[i], ticket)) continue;
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("arrangement.tickets[{}]: {}, expected a ticket of an entrant of "
                              "tier {}",
                              i, ticket, arrangement.tier));
  }
  if (count != 0 && ranks_.empty()) ranks_.resize(stretches_.size() * kPlaces, kUnplaced);
  for (std::size_t i = 0; i < count; ++i) {
    RankOf(who[i]) = static_cast<std::uint32_t>(arrangement.first + i);
  }
  return Status();
}

template <typename Visit>
void Entrants::ForEachRank(Visit visit) const {
  for (std::size_t s = 0; s < stretches_.size(); ++s) {
    const WaitingBlock& block = (*blocks_)[stretches_[s].block];
    for (std::uint32_t w = 0; w < kWords; ++w) {
      for (std::uint64_t bits = stretches_[s].bits[w] & block.bits[w]; bits != 0;
           bits &= bits - 1) {
        const Spot spot = PlaceLine::SpotInWord(stretches_[s].block, w, bits);
        if (!visit(spot, ranks_[s * kPlaces + WaitingBlocks::IndexOf(spot)])) return;
      }
    }
  }
}

bool Entrants::placed_in_part() const {
  if (!arranged()) return false;
  bool in_part = false;
  ForEachRank([&in_part](Spot /*spot*/, std::uint32_t rank) {
    in_part = rank == kUnplaced;
    return !in_part;
  });
  return in_part;
}

std::vector<Entrants::Placed> Entrants::InOrder() const {
  constexpr Spot kNobody = WaitingBlock::kNone;
  // As a rule each place was given once.
  std::vector<Placed> order(places_, {.spot = kNobody, .rank = 0});
  bool clash = false;
  ForEachRank([&](Spot spot, std::uint32_t rank) {
    clash = order[rank].spot != kNobody;
    order[rank] = {.spot = spot, .rank = rank};
    return !clash;
  });
  if (!clash) {
    std::erase_if(order, [](const Placed& placed) { return placed.spot == kNobody; });
    return order;
  }
  // Stretches that contradict each other: by place, then by ticket, in whose order they come.
  struct Come {
    Placed placed;
    std::size_t number;
  };
  std::vector<Come> all;
  ForEachRank([&all](Spot spot, std::uint32_t rank) {
    all.push_back({.placed = {.spot = spot, .rank = rank}, .number = all.size()});
    return true;
  });
  std::sort(all.begin(), all.end(), [](const Come& a, const Come& b) {
    return std::tie(a.placed.rank, a.number) < std::tie(b.placed.rank, b.number);
  });
  order.clear();
  for (const Come& come : all) order.push_back(come.placed);
  return order;
}

}  // namespace flashsale::inline v0::memory
