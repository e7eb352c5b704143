#include "backend/memory/entrants.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace flashsale::inline v0::memory {
namespace {

__extension__ using Wide = unsigned __int128;

}  // namespace

Entrants::Entrants(const PlaceLine& line, WaitingEntries& entries, std::uint64_t last_ticket)
    : entries_(&entries) {
  members_.reserve(line.live());
  line.ForEach([this, last_ticket](std::uint32_t entry) {
    if ((*entries_)[entry].ticket <= last_ticket) members_.push_back(entry);
  });
}

std::size_t Entrants::LowerBound(std::uint64_t ticket) const {
  std::size_t low = 0;                 // all before it are smaller
  std::size_t high = members_.size();  // it and all behind it are not
  // Tickets of one tier are spread evenly, or nearly: a guess or two by proportion, each of which
  // costs a cache miss, spare most of the twenty halvings of a million.
  constexpr std::size_t kFew = 8;
  for (int guess = 0; guess < 3 && high - low > kFew; ++guess) {
    const std::uint64_t lowest = TicketOf(low);
    const std::uint64_t highest = TicketOf(high - 1);
    if (ticket <= lowest) return low;
    if (ticket > highest) return high;
    const auto middle = low + static_cast<std::size_t>(Wide{ticket - lowest} * (high - 1 - low) /
                                                       (highest - lowest));
    // The answer lies close by, on either side.
    const std::size_t left = middle - std::min(middle - low, kFew);
    const std::size_t right = std::min(middle + kFew, high - 1);
    if (TicketOf(left) < ticket) {
      low = left + 1;
    } else {
      high = left;
    }
    if (right >= low && right < high) {
      if (TicketOf(right) >= ticket) {
        high = right;
      } else {
        low = right + 1;
      }
    }
  }
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (TicketOf(middle) < ticket) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::size_t Entrants::Read(
    std::uint64_t after, std::span<Entrant> entrants,
    const std::unordered_map<std::uint32_t, std::uint64_t>& restored_places) const {
  const std::size_t first = LowerBound(after + 1);
  const std::size_t count = std::min(entrants.size(), members_.size() - first);
  for (std::size_t i = 0; i < count; ++i) {
    const WaitingEntry& entry = (*entries_)[members_[first + i]];
    const auto restored = restored_places.find(members_[first + i]);
    entrants[i] = {.user = entry.user,
                   .ticket = entry.ticket,
                   .restored_place = restored == restored_places.end() ? 0 : restored->second};
  }
  return count;
}

Status Entrants::Place(const Arrangement& arrangement) {
  const std::size_t count = arrangement.tickets.size();
  if (arrangement.first > members_.size() || count > members_.size() - arrangement.first) {
    return Status(StatusCode::kInvalidArgument,
                  fmt::format("arrangement: places {} to {}, expected at most the {} entrants",
                              arrangement.first, arrangement.first + count, members_.size()));
  }
  std::vector<std::size_t> who(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t ticket = arrangement.tickets[i];
    who[i] = LowerBound(ticket);
    if (who[i] == members_.size() || TicketOf(who[i]) != ticket) {
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("arrangement.tickets[{}]: {}, expected a ticket of an entrant of "
                                "tier {}",
                                i, ticket, arrangement.tier));
    }
  }
  if (count != 0 && ranks_.empty()) ranks_.resize(members_.size(), kUnplaced);
  for (std::size_t i = 0; i < count; ++i) {
    ranks_[who[i]] = static_cast<std::uint32_t>(arrangement.first + i);
  }
  return Status();
}

bool Entrants::placed_in_part() const {
  for (std::size_t i = 0; i < ranks_.size(); ++i) {
    if (ranks_[i] == kUnplaced && !(*entries_)[members_[i]].gone) return true;
  }
  return false;
}

std::vector<std::uint32_t> Entrants::InOrder() const {
  // As a rule each place was given once.
  std::vector<std::uint32_t> order(members_.size(), WaitingEntries::kNone);
  bool clash = false;
  for (std::size_t i = 0; i < members_.size() && !clash; ++i) {
    if ((*entries_)[members_[i]].gone) continue;
    clash = order[ranks_[i]] != WaitingEntries::kNone;
    order[ranks_[i]] = members_[i];
  }
  if (!clash) {
    std::erase(order, WaitingEntries::kNone);
    return order;
  }
  // Stretches that contradict each other: by place, then by ticket.
  std::vector<std::uint32_t> all;
  all.reserve(members_.size());
  for (std::uint32_t i = 0; i < members_.size(); ++i) {
    if (!(*entries_)[members_[i]].gone) all.push_back(i);
  }
  std::sort(all.begin(), all.end(), [this](std::uint32_t a, std::uint32_t b) {
    return std::tie(ranks_[a], a) < std::tie(ranks_[b], b);
  });
  for (std::uint32_t& i : all) i = members_[i];
  return all;
}

}  // namespace flashsale::inline v0::memory
