#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_DEFENCE_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_DEFENCE_H_

#include <memory>

#include "examples/flashsale_sim/dice.h"
#include "flashsale/base/status.h"
#include "flashsale/policy/behavior_detector.h"
#include "flashsale/policy/captcha_validator.h"
#include "flashsale/policy/composite_bot_detector.h"
#include "flashsale/policy/fingerprint_detector.h"
#include "flashsale/policy/velocity_detector.h"
#include "flashsale/repository/storage.h"

namespace flashsale::sim {

// What the shops of the simulator have against bots: all detectors of the library with their
// defaults.  Nobody has to pass a challenge but those whom the others suspect.
// Thread safety: any thread.
// Blocking: never, but as the storage does.  Ownership: storage and verifier must outlive it.
// Clock: none.
class Defence {
 public:
  // Errors: those of the detectors.
  struct Parts {
    Storage& storage;
    ChallengeVerifier& verifier;
    const Dice& dice;
    // Everything is judged and counted, and everybody is let in.
    bool shadow = false;
  };
  static Result<std::unique_ptr<Defence>> New(const Parts& parts);

  CompositeBotDetector& chain() { return *chain_; }

 private:
  Defence() = default;

  std::unique_ptr<BehaviorDetector> behavior_;
  std::unique_ptr<FingerprintDetector> fingerprint_;
  std::unique_ptr<VelocityDetector> velocity_;
  std::unique_ptr<CaptchaValidator> captcha_;
  std::unique_ptr<CompositeBotDetector> chain_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_DEFENCE_H_
