#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_CHALLENGE_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_CHALLENGE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "examples/flashsale_sim/dice.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/policy/captcha_validator.h"

namespace flashsale::sim {

// A provider of challenges within the simulation: who passes one gets a token that says when, and
// is signed, so that it is checked on the spot.
// Thread safety: any thread.
// Blocking: never.  Ownership: none.  Clock: none.
class ChallengeDesk final : public ChallengeVerifier {
 public:
  explicit ChallengeDesk(const Dice& dice) : dice_(dice) {}

  // `number` tells the tokens of one instant apart.
  std::string Pass(Time now, std::uint64_t number) const;

  std::optional<Result<ChallengeAnswer>> Verify(
      const Request& request, const std::shared_ptr<ChallengeSink>& later) override;

 private:
  std::uint64_t Sign(std::uint64_t passed_us, std::uint64_t number) const;

  const Dice dice_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_CHALLENGE_H_
