#ifndef FLASHSALE_EXAMPLES_OWN_STRATEGY_AND_DETECTOR_HOSTING_DETECTOR_H_
#define FLASHSALE_EXAMPLES_OWN_STRATEGY_AND_DETECTOR_HOSTING_DETECTOR_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "flashsale/base/ip_address.h"
#include "flashsale/policy/bot_detector.h"

namespace own_rules {

// Addresses that begin alike.
struct Network {
  flashsale::IpAddress address;
  // How many bits of the address's IPv6 form count: 96 + 24 for an IPv4 /24.
  unsigned bits = 128;
};

// Suspects who comes from a hosting provider's network, where servers live and people seldom do,
// and who does not even say that they are a browser.  The first alone may be a person behind a VPN:
// the score asks for a challenge.  Both together are enough to be denied.
//
// A list of some dozens of networks is looked through one by one; with thousands, e.g. those of
// autonomous systems, keep them in a trie.
//
// Thread safety: any thread.  Blocking: never.  Ownership: of its list.  Clock: none.
class HostingDetector final : public flashsale::BotDetector {
 public:
  explicit HostingDetector(std::vector<Network> networks);

  std::string_view name() const override { return "hosting"; }
  // It looks at the request alone, and so is asked among the first.
  flashsale::DetectorCost cost() const override { return flashsale::DetectorCost::kArithmetic; }
  std::optional<flashsale::BotScore> Score(
      const flashsale::BotQuery& query, const flashsale::DetectorProbe& probe, flashsale::Time now,
      const std::shared_ptr<flashsale::BotScoreSink>& later) override;

 private:
  bool IsListed(const flashsale::IpAddress& address) const;

  const std::vector<Network> networks_;
};

}  // namespace own_rules

#endif  // FLASHSALE_EXAMPLES_OWN_STRATEGY_AND_DETECTOR_HOSTING_DETECTOR_H_
