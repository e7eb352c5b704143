#include "examples/flashsale_sim/defence.h"

#include <utility>

namespace flashsale::sim {
namespace {

// Keeps what was made, or says why it was not.
template <typename T>
Status Keep(Result<std::unique_ptr<T>> made, std::unique_ptr<T>& place) {
  if (!made.ok()) return made.status();
  place = *std::move(made);
  return {};
}

}  // namespace

Result<std::unique_ptr<Defence>> Defence::New(const Parts& parts) {
  std::unique_ptr<Defence> defence(new Defence());
  Status status = Keep(BehaviorDetector::New(), defence->behavior_);
  if (status.ok()) {
    status = Keep(FingerprintDetector::New(parts.storage.fingerprints()), defence->fingerprint_);
  }
  if (status.ok()) {
    status = Keep(VelocityDetector::New(parts.storage.fingerprints(), parts.storage.rates()),
                  defence->velocity_);
  }
  if (status.ok()) {
    status = Keep(
        CaptchaValidator::New(
            parts.verifier,
            {.hash_seed = parts.dice.Roll(Dice::Purpose::kHashSeed, 1) | 1, .missing_score = 0}),
        defence->captcha_);
  }
  if (status.ok()) {
    status =
        Keep(CompositeBotDetector::New({.detectors = {{.detector = defence->behavior_.get()},
                                                      {.detector = defence->fingerprint_.get()},
                                                      {.detector = defence->velocity_.get()},
                                                      {.detector = defence->captcha_.get()}},
                                        .shadow = parts.shadow}),
             defence->chain_);
  }
  if (!status.ok()) return status;
  return defence;
}

}  // namespace flashsale::sim
