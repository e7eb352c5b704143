#include "examples/flashsale_audit/tier_line.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace flashsale::audit {

void TierLine::Join(std::uint64_t ticket) { order_.push_back(ticket); }

TierLine::Complaint TierLine::Freeze() {
  if (stage_ != QueueStage::kGathering) return "a freeze of a tier that does not gather";
  stage_ = QueueStage::kFrozen;
  entrants_ = order_.size();
  return std::nullopt;
}

TierLine::Complaint TierLine::List(const Waits& waits) {
  if (stage_ != QueueStage::kFrozen || is_listed_) return "entrants listed of a tier not frozen";
  is_listed_ = true;
  for (std::size_t i = 0; i < entrants_; ++i) {
    if (waits(order_[i])) listed_.push_back(order_[i]);
  }
  return std::nullopt;
}

std::size_t TierLine::IndexOf(std::uint64_t ticket) const {
  const auto found = std::lower_bound(listed_.begin(), listed_.end(), ticket);
  if (found == listed_.end() || *found != ticket) return listed_.size();
  return static_cast<std::size_t>(found - listed_.begin());
}

TierLine::Complaint TierLine::Arrange(std::uint64_t first_place,
                                      std::span<const std::uint64_t> tickets) {
  if (stage_ != QueueStage::kFrozen || !is_listed_) return "an arrangement of a tier not listed";
  ranks_.resize(listed_.size(), kNoPlace);
  for (std::size_t i = 0; i < tickets.size(); ++i) {
    const std::size_t index = IndexOf(tickets[i]);
    const bool has_place = first_place < listed_.size() && i < listed_.size() - first_place;
    if (index == listed_.size() || !has_place) {
      return fmt::format("ticket {} was given place {} of {} entrants", tickets[i],
                         first_place + i + 1, listed_.size());
    }
    ranks_[index] = first_place + i;
  }
  return std::nullopt;
}

TierLine::Complaint TierLine::Begin(const Waits& waits) {
  if (stage_ != QueueStage::kFrozen) return "a line begins that was not frozen";
  stage_ = QueueStage::kRunning;
  if (!arranged()) return std::nullopt;
  // The entrants as they were arranged, then who came after the freeze.
  std::vector<std::uint64_t> order = InOrder();
  std::optional<std::string> complaint;
  for (std::size_t i = 0; i < listed_.size(); ++i) {
    if (ranks_[i] != kNoPlace || !waits(listed_[i])) continue;
    if (!complaint) complaint = fmt::format("ticket {} waits, and was given no place", listed_[i]);
    order.push_back(listed_[i]);
  }
  order.insert(order.end(), order_.begin() + static_cast<std::ptrdiff_t>(entrants_), order_.end());
  order_ = std::move(order);
  return complaint;
}

TierLine::Complaint TierLine::Admit(std::uint64_t ticket, const Waits& waits) {
  if (stage_ != QueueStage::kRunning) {
    return fmt::format("ticket {} was let in while its tier {}", ticket,
                       stage_ == QueueStage::kClosed ? "was closed" : "had not begun");
  }
  while (next_ < order_.size() && !waits(order_[next_])) ++next_;
  if (next_ == order_.size() || order_[next_] == ticket) return std::nullopt;
  return fmt::format("ticket {} was let in before ticket {}, which stands ahead of it", ticket,
                     order_[next_]);
}

std::vector<std::uint64_t> TierLine::InOrder() const {
  std::vector<std::size_t> placed;
  for (std::size_t i = 0; i < ranks_.size(); ++i) {
    if (ranks_[i] != kNoPlace) placed.push_back(i);
  }
  std::sort(placed.begin(), placed.end(), [this](std::size_t a, std::size_t b) {
    return std::pair(ranks_[a], a) < std::pair(ranks_[b], b);
  });
  std::vector<std::uint64_t> order;
  order.reserve(placed.size());
  for (const std::size_t i : placed) order.push_back(listed_[i]);
  return order;
}

void TierLine::Forget() {
  listed_ = {};
  ranks_ = {};
}

}  // namespace flashsale::audit
