#include "examples/flashsale_sim/queue_audit.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

namespace flashsale::sim {
namespace {

constexpr std::size_t kFindingsInWords = 10;
constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

// Sorts `keys` by merging; `space` is as long.
std::uint64_t SortCounting(std::span<std::uint64_t> keys, std::span<std::uint64_t> space) {
  if (keys.size() < 2) return 0;
  const std::size_t half = keys.size() / 2;
  const auto left = keys.first(half);
  const auto right = keys.subspan(half);
  std::uint64_t inversions =
      SortCounting(left, space.first(half)) + SortCounting(right, space.subspan(half));
  std::size_t l = 0;
  std::size_t r = 0;
  for (std::uint64_t& merged : space) {
    if (r == right.size() || (l < left.size() && left[l] <= right[r])) {
      merged = left[l++];
    } else {
      // Everything left over on the left is greater and stands before it.
      inversions += left.size() - l;
      merged = right[r++];
    }
  }
  std::copy(space.begin(), space.end(), keys.begin());
  return inversions;
}

}  // namespace

std::uint64_t CountInversions(std::span<const std::uint64_t> keys) {
  if (std::is_sorted(keys.begin(), keys.end())) return 0;
  std::vector<std::uint64_t> sorted(keys.begin(), keys.end());
  std::vector<std::uint64_t> space(keys.size());
  return SortCounting(sorted, space);
}

QueueAudit::QueueAudit(const Terms& terms) : terms_(terms) {}

void QueueAudit::OnTicket(std::uint64_t ticket) {
  ++report_.tickets;
  if (ticket != last_ticket_ + 1) {
    Find(report_.ticket_breaks, fmt::format("ticket {}: expected {}", ticket, last_ticket_ + 1));
  }
  last_ticket_ = std::max(last_ticket_, ticket);
}

void QueueAudit::OnTicketAgain(const Repeated& ticket) {
  if (ticket.given == ticket.again) return;
  Find(report_.ticket_breaks,
       fmt::format("ticket {} became {} while its user waited", ticket.given, ticket.again));
}

void QueueAudit::OnBegin(std::uint8_t tier) {
  tiers_[tier % kMaxTiers].last_entrant = last_ticket_;
}

void QueueAudit::OnDrawn(const Drawn& drawn) {
  tiers_[drawn.tier % kMaxTiers].draw = drawn.draw;
  if (!terms_.draws || drawn.entrants == 0 || drawn.draw.has_value()) return;
  Find(report_.fifo_inversions,
       fmt::format("tier {}: what was published of the draw does not hold", drawn.tier));
}

void QueueAudit::OnAdmitted(Time now, std::span<const QueueEntry> admitted) {
  for (const QueueEntry& entry : admitted) {
    ++report_.admissions;
    CheckPace(now);
    CheckRoom(now, entry);
    Tier& tier = tiers_[entry.tier % kMaxTiers];
    const std::uint64_t place = PlaceOf(tier, entry.user, entry.ticket);
    if (place < tier.furthest && report_.findings.size() < kFindingsInWords) {
      report_.findings.push_back(
          fmt::format("ticket {} was let in after one behind it", entry.ticket));
    }
    tier.furthest = std::max(tier.furthest, place);
    tier.admitted.push_back(place);
  }
}

void QueueAudit::OnMayHaveEnded(const UserId& user) { live_.erase(user); }

void QueueAudit::OnStillWaiting(const UserId& user, std::uint8_t tier, std::uint64_t ticket) {
  Tier& line = tiers_[tier % kMaxTiers];
  const std::uint64_t place = PlaceOf(line, user, ticket);
  if (place > line.furthest) return;
  const auto behind = std::count_if(line.admitted.begin(), line.admitted.end(),
                                    [place](std::uint64_t other) { return other > place; });
  line.overtaken += static_cast<std::uint64_t>(behind);
  if (report_.findings.size() < kFindingsInWords) {
    report_.findings.push_back(
        fmt::format("ticket {} still waits, {} behind it were let in", ticket, behind));
  }
}

QueueReport QueueAudit::Report() const {
  QueueReport report = report_;
  for (const Tier& tier : tiers_) {
    report.fifo_inversions += CountInversions(tier.admitted) + tier.overtaken;
  }
  return report;
}

std::uint64_t QueueAudit::PlaceOf(const Tier& tier, const UserId& user,
                                  std::uint64_t ticket) const {
  // Who is drawn stands behind those who go first, and who came after the draw behind everybody.
  constexpr std::uint64_t kDrawn = std::uint64_t{1} << 62;
  constexpr std::uint64_t kBehind = std::uint64_t{1} << 63;
  if (!terms_.draws) return ticket;
  if (ticket > tier.last_entrant) return kBehind | ticket;
  if (!tier.draw.has_value()) return 0;
  if (ticket <= tier.draw->first_through) return ticket;
  return kDrawn | LotteryRank(tier.draw->key, user) >> 2;
}

void QueueAudit::CheckPace(Time now) {
  // In even steps, and no more than a tenth of the pace at once.  Intervals are rounded down: this
  // finds who is too fast, not who rounds the other way.
  const std::int64_t interval_ns = kNanosecondsPerSecond / terms_.pace.admissions_per_second;
  const std::int64_t burst =
      std::max<std::int64_t>(terms_.pace.admissions_per_second / 10, std::int64_t{1});
  const std::int64_t now_ns = now.time_since_epoch().count() * 1'000;
  due_ns_ = std::max(due_ns_, now_ns) + interval_ns;
  // A microsecond is as exactly as times are told.
  if (due_ns_ - now_ns <= burst * interval_ns + 1'000) return;
  Find(report_.over_pace,
       fmt::format("admission {} comes {} us before the pace allows it", report_.admissions,
                   (due_ns_ - now_ns - burst * interval_ns) / 1'000));
}

void QueueAudit::CheckRoom(Time now, const QueueEntry& entry) {
  while (!windows_.empty() && windows_.top().until <= now) {
    const auto found = live_.find(windows_.top().user);
    if (found != live_.end() && found->second == windows_.top().number) live_.erase(found);
    windows_.pop();
  }
  live_[entry.user] = entry.admission.number;
  windows_.push(
      {.until = entry.admission.until, .number = entry.admission.number, .user = entry.user});
  if (live_.size() <= terms_.pace.max_in_flight) return;
  Find(report_.over_max_in_flight,
       fmt::format("admission {}: {} live at once, at most {} may", report_.admissions,
                   live_.size(), terms_.pace.max_in_flight));
}

void QueueAudit::Find(std::uint64_t& counter, std::string text) {
  ++counter;
  if (report_.findings.size() < kFindingsInWords) report_.findings.push_back(std::move(text));
}

}  // namespace flashsale::sim
