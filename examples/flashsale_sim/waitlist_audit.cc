#include "examples/flashsale_sim/waitlist_audit.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "flashsale/service/waitlist.h"

namespace flashsale::sim {

WaitlistAudit::WaitlistAudit(const Terms& terms) : terms_(terms), lines_(terms.lines.size()) {
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    lines_[i].available = terms.lines[i].released_at_first.value_or(terms.lines[i].units);
    // Ticket 0, which nobody has.
    lines_[i].users.emplace_back();
    lines_[i].waits.push_back(false);
    lines_[i].sums.push_back(0);
  }
}

void WaitlistAudit::OnLetIn(const UserId& user) { let_in_.insert(user); }

void WaitlistAudit::OnJoined(Time now, const UserId& user, const Place& place) {
  Line& line = lines_[place.line];
  ++report_.joined;
  if (place.ticket != line.users.size()) {
    Find(report_.ticket_breaks, fmt::format("waitlist {}: ticket {}, expected {}", place.line,
                                            place.ticket, line.users.size()));
    return;
  }
  line.users.push_back(user);
  line.waits.push_back(true);
  // The sum over the lowest bit's worth of tickets up to this one.
  std::uint32_t sum = 1;
  const std::uint64_t ticket = place.ticket;
  for (std::uint64_t part = 1; part < (ticket & (~ticket + 1)); part *= 2) {
    sum += line.sums[ticket - part];
  }
  line.sums.push_back(sum);
  ++line.waiting;
  line.last_waited = now;
}

void WaitlistAudit::OnPosition(const Place& place, std::uint64_t position) {
  if (!Waits(place)) {
    Find(report_.wrong_positions,
         fmt::format("waitlist {}: ticket {} waits no longer, its user is told position {}",
                     place.line, place.ticket, position));
    return;
  }
  const std::uint64_t due = Ahead(lines_[place.line], place.ticket) + 1;
  if (position == due) return;
  Find(report_.wrong_positions, fmt::format("waitlist {}: ticket {} has position {}, was told {}",
                                            place.line, place.ticket, due, position));
}

void WaitlistAudit::OnLeft(const Place& place) {
  if (!Waits(place)) return;  // refused an offer: the events tell
  ++report_.left;
  Remove(lines_[place.line], place.ticket);
}

void WaitlistAudit::OnWithdrawn(const Place& place) {
  if (!Waits(place)) return;
  ++report_.withdrawn;
  Remove(lines_[place.line], place.ticket);
}

void WaitlistAudit::OnUnknown(Time now, const Place& place) {
  if (!Waits(place) || now >= terms_.end) return;
  Find(report_.ticket_breaks, fmt::format("waitlist {}: ticket {} was lost while its user waited",
                                          place.line, place.ticket));
  Remove(lines_[place.line], place.ticket);
}

void WaitlistAudit::OnInStock(std::uint16_t line) {
  const Line& stock = lines_[line];
  if (stock.available > static_cast<std::int64_t>(stock.waiting)) return;
  Find(report_.dishonest_in_stock,
       fmt::format("waitlist {}: InStock while {} were available and {} waited", line,
                   stock.available, stock.waiting));
}

void WaitlistAudit::OnEvent(const Event& event) {
  now_ = std::max(now_, event.at);
  if (event.line >= lines_.size()) return;
  Line& line = lines_[event.line];
  switch (event.type) {
    case EventType::kReserved:
      OnReserved(event);
      line.available -= event.units;
      break;
    case EventType::kRevived:
      line.available -= event.units;
      OnEnded(event);
      break;
    case EventType::kConfirmed:
      line.available += event.returned;
      OnEnded(event);
      break;
    case EventType::kCancelled:
    case EventType::kExpired:
      line.available += event.units;
      OnEnded(event);
      break;
    case EventType::kVoided:
    case EventType::kReleased:
      line.available += event.units;
      break;
    default:
      break;
  }
}

void WaitlistAudit::OnReserved(const Event& event) {
  Line& line = lines_[event.line];
  if (line.waiting == 0) return;
  if (event.id == OfferTo(event.line, line.front)) {
    Remove(line, line.front);
    OnOffered(event);
    return;
  }
  for (std::uint64_t ticket = line.front + 1; ticket < line.users.size(); ++ticket) {
    if (line.users[ticket] != event.user || event.id != OfferTo(event.line, ticket)) continue;
    Find(report_.inversions,
         fmt::format("event {}: waitlist {} offers a unit to ticket {}, ticket {} waits", event.seq,
                     event.line, ticket, line.front));
    if (line.waits[ticket]) Remove(line, ticket);
    OnOffered(event);
    return;
  }
  Find(report_.bypassed, fmt::format("event {}: {} units of line {} were taken while {} waited",
                                     event.seq, event.units, event.line, line.waiting));
}

void WaitlistAudit::OnOffered(const Event& event) {
  on_offer_.emplace(event.id, event.user);
  ++report_.offered;
  if (!terms_.queued || let_in_.contains(event.user)) return;
  Find(
      report_.past_queue,
      fmt::format("event {}: waitlist {} offers a unit to somebody whom the queue has never let in",
                  event.seq, event.line));
}

void WaitlistAudit::OnEnded(const Event& event) {
  const auto found = on_offer_.find(event.id);
  if (found == on_offer_.end() || found->second != event.user) return;
  switch (event.type) {
    case EventType::kCancelled:
      ++report_.refused;
      break;
    case EventType::kExpired:
      ++report_.lapsed;
      return;  // it may be paid for yet
    case EventType::kRevived:
      --report_.lapsed;
      ++report_.bought;
      break;
    default:
      ++report_.bought;
      break;
  }
  on_offer_.erase(found);
}

bool WaitlistAudit::AsksFirst(Time now, std::uint16_t line) {
  const Line& list = lines_[line];
  // Where the last has just left it is known with the next look.
  const bool asks = list.waiting > 0 || now - list.last_waited <= terms_.tolerance;
  if (asks) ++report_.asked_later;
  return asks;
}

void WaitlistAudit::OnPolled(Time now) {
  now_ = std::max(now_, now);
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    Line& line = lines_[i];
    if (line.waiting > 0) line.last_waited = now;
    if (line.waiting == 0 || line.available <= 0 || now >= terms_.end) {
      line.idle_since = kMaxTime;
      line.is_idle_found = false;
      continue;
    }
    line.idle_since = std::min(line.idle_since, now);
    if (line.is_idle_found || now - line.idle_since <= terms_.tolerance) continue;
    line.is_idle_found = true;
    Find(report_.unoffered,
         fmt::format("line {}: {} units are free since {} us, {} wait", i, line.available,
                     line.idle_since.time_since_epoch().count(), line.waiting));
  }
}

WaitlistReport WaitlistAudit::Report() const {
  WaitlistReport report = report_;
  for (const Line& line : lines_) report.still_waiting += line.waiting;
  return report;
}

bool WaitlistAudit::Waits(const Place& place) const {
  const Line& line = lines_[place.line];
  return place.ticket < line.waits.size() && line.waits[place.ticket];
}

std::uint64_t WaitlistAudit::Ahead(const Line& line, std::uint64_t ticket) const {
  std::uint64_t ahead = 0;
  for (std::uint64_t i = ticket - 1; i > 0; i &= i - 1) ahead += line.sums[i];
  return ahead;
}

void WaitlistAudit::Remove(Line& line, std::uint64_t ticket) {
  line.waits[ticket] = false;
  for (std::uint64_t i = ticket; i < line.sums.size(); i += i & (~i + 1)) --line.sums[i];
  --line.waiting;
  while (line.front < line.waits.size() && !line.waits[line.front]) ++line.front;
  line.last_waited = std::max(line.last_waited, now_);
}

ReservationId WaitlistAudit::OfferTo(std::uint16_t line, std::uint64_t ticket) const {
  return OfferId({.sale = terms_.sale,
                  .line = line,
                  .user = lines_[line].users[ticket],
                  .epoch = terms_.epoch,
                  .ticket = ticket});
}

void WaitlistAudit::Find(std::uint64_t& counter, std::string text) {
  ++counter;
  if (report_.findings.size() < WaitlistReport::kFindingsInWords) {
    report_.findings.push_back(std::move(text));
  }
}

}  // namespace flashsale::sim
