#include "examples/flashsale_sim/turn_audit.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>

namespace flashsale::sim {

TurnAudit::TurnAudit(const Terms& terms) : terms_(terms) {
  std::uint64_t divisor = 0;
  for (const std::uint32_t weight : terms_.weights) {
    divisor = std::gcd(divisor, std::uint64_t{weight});
  }
  for (const std::uint32_t weight : terms_.weights) weights_.push_back(weight / divisor);
  for (const std::uint64_t weight : weights_) weight_of_all_ += weight;
}

void TurnAudit::OnPlaced(const Placed& placed) {
  if (placed.due == placed.given) return;
  Find(report_.misplaced,
       fmt::format("somebody of tier {} was given a ticket of tier {}", placed.due, placed.given));
}

void TurnAudit::OnAdmitted(const Admitted& admitted) {
  if (terms_.tiers < 2) return;
  Tier& tier = tiers_[admitted.tier % kMaxTiers];
  const Time opens = terms_.opens[admitted.tier % kMaxTiers];
  if (admitted.at < opens) {
    Find(report_.too_early, fmt::format("tier {}: somebody was let in {} us before its line opens",
                                        admitted.tier, (opens - admitted.at).count()));
  }
  // Before its line opens nobody of a tier waits for their turn.
  const Time since = std::max(admitted.since, opens);
  if (weights_.empty()) {
    CheckPrecedence(admitted, since);
  } else {
    CheckWeight(admitted, since);
  }
  ++admitted_;
  ++tier.admitted;
  tier.last = admitted.at;
}

void TurnAudit::CheckWeight(const Admitted& admitted, Time since) {
  Tier& tier = tiers_[admitted.tier % kMaxTiers];
  const std::uint64_t weight = weights_[admitted.tier % weights_.size()];
  const std::uint64_t others = admitted_ - tier.admitted;
  if (since >= tier.last) {
    tier.others.clear();  // nobody of this tier may have waited for a while
    tier.others.push_back(others);
    return;
  }
  tier.others.push_back(others);
  if (tier.others.size() > weight + 1) tier.others.pop_front();
  const std::uint64_t between = others - tier.others.front();
  if (between <= weight_of_all_ - weight) return;
  Find(report_.out_of_turn,
       fmt::format("tier {}: {} of others were let in within {} of its own, at most {} may",
                   admitted.tier, between, tier.others.size() - 1, weight_of_all_ - weight));
  tier.others.clear();
  tier.others.push_back(others);
}

void TurnAudit::CheckPrecedence(const Admitted& admitted, Time since) {
  for (std::size_t other = admitted.tier + std::size_t{1}; other < terms_.tiers; ++other) {
    if (tiers_[other].last <= since) continue;
    Find(report_.out_of_turn,
         fmt::format("tier {}: somebody of tier {} was let in before one who had waited for {} us",
                     admitted.tier, other, (tiers_[other].last - since).count()));
  }
}

void TurnAudit::Find(std::uint64_t& counter, std::string text) {
  ++counter;
  if (report_.findings.size() < TurnReport::kFindingsInWords) {
    report_.findings.push_back(std::move(text));
  }
}

}  // namespace flashsale::sim
