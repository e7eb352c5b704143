#include "examples/own_strategy_and_detector/hosting_detector.h"

#include <algorithm>
#include <utility>

namespace own_rules {

using flashsale::BotReason;
using flashsale::BotScore;
using flashsale::IpAddress;

HostingDetector::HostingDetector(std::vector<Network> networks) : networks_(std::move(networks)) {}

bool HostingDetector::IsListed(const IpAddress& address) const {
  return std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
    return address.Prefix(network.bits) == network.address.Prefix(network.bits);
  });
}

std::optional<BotScore> HostingDetector::Score(
    const flashsale::BotQuery& query, const flashsale::DetectorProbe& /*probe*/,
    flashsale::Time /*now*/, const std::shared_ptr<flashsale::BotScoreSink>& /*later*/) {
  // Who tells nothing is no suspect by this rule; another detector of the chain may think
  // otherwise.
  if (query.context.address.is_unspecified()) return BotScore{.reason = BotReason::kNoSignal};
  BotScore score;
  if (IsListed(query.context.address)) score.score += 60;
  if (!query.context.Header("user-agent").has_value()) score.score += 40;
  if (score.score > 0) score.reason = BotReason::kHostRule;
  return score;
}

}  // namespace own_rules
