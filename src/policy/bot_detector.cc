#include "flashsale/policy/bot_detector.h"

namespace flashsale::inline v0 {

std::string_view Name(BotReason reason) {
  switch (reason) {
    case BotReason::kNone:
      return "None";
    case BotReason::kNoSignal:
      return "NoSignal";
    case BotReason::kManyUsersPerDevice:
      return "ManyUsersPerDevice";
    case BotReason::kManyUsersPerNetwork:
      return "ManyUsersPerNetwork";
    case BotReason::kManyAttempts:
      return "ManyAttempts";
    case BotReason::kTooFast:
      return "TooFast";
    case BotReason::kTooRegular:
      return "TooRegular";
    case BotReason::kChallengeMissing:
      return "ChallengeMissing";
    case BotReason::kChallengeFailed:
      return "ChallengeFailed";
    case BotReason::kChallengeReplayed:
      return "ChallengeReplayed";
    case BotReason::kChallengeStale:
      return "ChallengeStale";
    case BotReason::kChallengeMismatch:
      return "ChallengeMismatch";
    case BotReason::kHostRule:
      return "HostRule";
    case BotReason::kDetectorFailed:
      return "DetectorFailed";
    case BotReason::kDetectorTimedOut:
      return "DetectorTimedOut";
    case BotReason::kChallengePassed:
      return "ChallengePassed";
  }
  return "Unknown";
}

}  // namespace flashsale::inline v0
