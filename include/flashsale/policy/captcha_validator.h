#ifndef FLASHSALE_POLICY_CAPTCHA_VALIDATOR_H_
#define FLASHSALE_POLICY_CAPTCHA_VALIDATOR_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/base/ip_address.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"
#include "flashsale/policy/bot_detector.h"

namespace flashsale::inline v0 {

// What a provider of challenges says of a token.
struct ChallengeAnswer {
  // False: nobody's token, or one that the provider takes no more.  Then the rest says nothing.
  bool valid = false;
  // When the challenge was passed.
  Time issued_at = kMinTime;
  // Where, and for what; empty where the provider does not tell.
  std::string hostname = {};
  std::string action = {};
};

// Where an answer goes that takes its time.  The first delivery counts.
//
// Thread safety: any thread.
class FLASHSALE_EXPORT ChallengeSink {
 public:
  virtual ~ChallengeSink() = default;
  virtual void Deliver(const Result<ChallengeAnswer>& answer) = 0;
};

// Asks the provider: a call over the network, or a signature that is checked on the spot.
//
// Implementer's duty: any thread; what throws, and who lets go of the sink without an answer, is
// taken for an outage.
class FLASHSALE_EXPORT ChallengeVerifier {
 public:
  virtual ~ChallengeVerifier() = default;

  struct Request {
    // Of no length that CaptchaOptions forbids; any bytes.  Gone when Verify has returned.
    std::string_view token;
    // Where the client is, for providers that want to know; perhaps unspecified.
    IpAddress address;
  };
  // The answer or an error, which says that there is none to be had; or nothing, and it is
  // delivered to `later`, from any thread, perhaps before this returns.
  virtual std::optional<Result<ChallengeAnswer>> Verify(
      const Request& request, const std::shared_ptr<ChallengeSink>& later) = 0;
};

struct CaptchaOptions {
  // How old a passed challenge may be; how far ahead of ours the provider's clock.  1 s to 1 hour;
  // 0 to 5 minutes.
  Duration max_age = std::chrono::minutes{5};
  Duration max_skew = std::chrono::seconds{30};
  // Where a challenge may have been passed, in any case; none: anywhere.
  std::vector<std::string> hostnames = {};
  // For what it must have been passed; empty: for anything.
  std::string join_action = {};
  std::string reserve_action = {};
  // A token of another length is nobody's.  1 to 65,536.
  std::size_t min_token_bytes = 8;
  std::size_t max_token_bytes = 4'096;
  // How many tokens are remembered as used, in 16 bytes each and some; 16 to 2^28.  It takes
  // max_age of the tokens that are accepted.  Where there are more, those passed first are
  // forgotten, and what was passed no later than they were is stale: no token is ever accepted
  // twice.
  std::size_t remembered_tokens = std::size_t{1} << 18;
  // A secret of this process, so that nobody can choose tokens that get in each other's way; 0:
  // drawn from the system.
  std::uint64_t hash_seed = 0;

  // The scores.  By default a token that is missing, wrong or late asks for a new one, and one that
  // was stolen or used before is denied.  missing_score = 0: only those are challenged whom others
  // suspect.
  std::uint8_t missing_score = 50;
  std::uint8_t failed_score = 50;
  std::uint8_t stale_score = 50;
  std::uint8_t mismatch_score = 100;
  std::uint8_t replayed_score = 100;
  // Where the verifier had no answer: it opens no door to those whom others suspect, and shuts
  // none.
  std::uint8_t outage_score = 0;
};

// Whether a challenge was passed, for this sale's host, of late, and once.
//
// Thread safety: any thread.  Blocking: as the verifier.  Clock: none.
// Ownership: the verifier must outlive it and what it has been asked; answers may come later than
// that.
class FLASHSALE_EXPORT CaptchaValidator final : public BotDetector {
 public:
  // Errors: InvalidArgument, which names the option ("max_age: …"); ResourceExhausted.
  static Result<std::unique_ptr<CaptchaValidator>> New(ChallengeVerifier& verifier,
                                                       const CaptchaOptions& options = {});
  ~CaptchaValidator() override;

  std::string_view name() const override { return "captcha"; }
  DetectorCost cost() const override { return DetectorCost::kRemote; }
  // For a token that is missing, too short or too long.
  std::optional<BotScore> ScoreAtOnce(const BotQuery& query, const DetectorProbe& probe,
                                      Time now) override;
  // kChallengePassed with a score of 0, and then the token is used up, whatever becomes of the
  // request; kChallengeMissing, Failed, Stale, Mismatch or Replayed; kDetectorFailed on an outage.
  // `later` may be null with a verifier that answers at once.
  std::optional<BotScore> Score(const BotQuery& query, const DetectorProbe& probe, Time now,
                                const std::shared_ptr<BotScoreSink>& later) override;

 private:
  struct State;
  class Inquiry;

  CaptchaValidator(ChallengeVerifier& verifier, std::shared_ptr<State> state);

  ChallengeVerifier& verifier_;
  const std::shared_ptr<State> state_;  // shared with answers on their way
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_CAPTCHA_VALIDATOR_H_
