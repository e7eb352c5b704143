#ifndef FLASHSALE_POLICY_VELOCITY_DETECTOR_H_
#define FLASHSALE_POLICY_VELOCITY_DETECTOR_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "flashsale/base/status.h"
#include "flashsale/domain/quota.h"
#include "flashsale/export.h"
#include "flashsale/policy/bot_detector.h"
#include "flashsale/policy/score_ramp.h"
#include "flashsale/repository/fingerprint_repository.h"
#include "flashsale/repository/rate_repository.h"

namespace flashsale::inline v0 {

// Not set: not looked at.  The ramps count distinct users within FingerprintRepository::kMemory,
// the asking one included; they end at FingerprintRepository::kCountable at the latest.  Mobile
// networks put thousands of people behind one address: none of these denies on its own.
struct VelocityOptions {
  std::optional<ScoreRamp> users_per_ipv4 = ScoreRamp{.from = 24, .to = 120, .most = 60};
  std::optional<ScoreRamp> users_per_ipv6_64 = ScoreRamp{.from = 8, .to = 40, .most = 70};
  std::optional<ScoreRamp> users_per_ipv6_48 = ScoreRamp{.from = 40, .to = 128, .most = 60};
  // What a user may try, however often a limiter refuses them: a person clicks, a script polls.
  // A burst that comes back within a day, at most 1,000,000 permits a second.
  std::optional<Quota> attempts_per_user =
      Quota{.permits = 60, .per = std::chrono::minutes{1}, .burst = 30};
  std::uint8_t attempts_score = 70;
};

// Many users in one network, or one user at a machine's speed; the worse of them is the score.
//
// Thread safety: any thread.  Blocking: as the repositories.  Clock: none.
// Ownership: the repositories must outlive it.
class FLASHSALE_EXPORT VelocityDetector final : public BotDetector {
 public:
  // Errors: InvalidArgument, which names the option ("users_per_ipv4.to: …").
  static Result<std::unique_ptr<VelocityDetector>> New(FingerprintRepository& prints,
                                                       RateRepository& rates,
                                                       const VelocityOptions& options = {});

  std::string_view name() const override { return "velocity"; }
  DetectorCost cost() const override { return DetectorCost::kLookup; }
  DetectorProbe Probe(const BotQuery& query) override;
  // Notes the sightings and charges the attempt.  kManyUsersPerNetwork or kManyAttempts; nothing
  // where a repository failed.
  std::optional<BotScore> Score(const BotQuery& query, const DetectorProbe& probe, Time now,
                                const std::shared_ptr<BotScoreSink>& later) override;

 private:
  VelocityDetector(FingerprintRepository& prints, RateRepository& rates,
                   const VelocityOptions& options);

  FingerprintRepository& prints_;
  RateRepository& rates_;
  const VelocityOptions options_;
  const std::optional<CellRate> attempts_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_VELOCITY_DETECTOR_H_
