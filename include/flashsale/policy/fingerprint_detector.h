#ifndef FLASHSALE_POLICY_FINGERPRINT_DETECTOR_H_
#define FLASHSALE_POLICY_FINGERPRINT_DETECTOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "flashsale/base/status.h"
#include "flashsale/export.h"
#include "flashsale/policy/bot_detector.h"
#include "flashsale/policy/score_ramp.h"
#include "flashsale/repository/fingerprint_repository.h"

namespace flashsale::inline v0 {

// The ramps count distinct users of a device within FingerprintRepository::kMemory, the asking one
// included; they end at FingerprintRepository::kCountable at the latest.
struct FingerprintOptions {
  // For a print that the host took (RequestContext::device) or its extractor did: a family shares a
  // tablet, a farm a browser.
  ScoreRamp measured = {.from = 3, .to = 10, .most = 100};
  // For a print of headers and network alone: people in one house, office or mobile network who
  // have the same phone share it, so that it may ask for a challenge and never denies.
  ScoreRamp derived = {.from = 16, .to = 96, .most = 60};
  // Makes a print where the host took none; nil: there is none.  Called by any thread.
  // Not set: DevicePrint.
  std::function<LimitKey(const RequestContext&)> extractor = {};
  // Where there is no print, or no user.
  std::uint8_t no_signal_score = 0;
};

// Many users on one device.
//
// Thread safety: any thread.  Blocking: as the repository.  Clock: none.
// Ownership: the repository must outlive it.
class FLASHSALE_EXPORT FingerprintDetector final : public BotDetector {
 public:
  // Errors: InvalidArgument, which names the option ("measured.to: …").
  static Result<std::unique_ptr<FingerprintDetector>> New(FingerprintRepository& prints,
                                                          const FingerprintOptions& options = {});

  std::string_view name() const override { return "fingerprint"; }
  DetectorCost cost() const override { return DetectorCost::kLookup; }
  DetectorProbe Probe(const BotQuery& query) override;
  // Notes the sighting.  kManyUsersPerDevice, or kNoSignal; nothing where the repository or the
  // extractor failed.
  std::optional<BotScore> Score(const BotQuery& query, const DetectorProbe& probe, Time now,
                                const std::shared_ptr<BotScoreSink>& later) override;

 private:
  FingerprintDetector(FingerprintRepository& prints, const FingerprintOptions& options)
      : prints_(prints), options_(options) {}

  DetectorProbe TakePrint(const BotQuery& query) const;

  FingerprintRepository& prints_;
  const FingerprintOptions options_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_FINGERPRINT_DETECTOR_H_
