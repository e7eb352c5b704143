#ifndef FLASHSALE_POLICY_BOT_DETECTOR_H_
#define FLASHSALE_POLICY_BOT_DETECTOR_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "flashsale/base/id.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"
#include "flashsale/policy/request_context.h"

namespace flashsale::inline v0 {

// What somebody wants to do who may be a machine.
enum class GuardedAction : std::uint8_t {
  kJoin = 1,
  kReserve = 2,
};

// What a detector is asked about.  Everything it refers to is gone when Score has returned: a
// detector that answers later keeps what it needs.
struct BotQuery {
  const SaleId& sale;
  UserId user = {};
  GuardedAction action = GuardedAction::kReserve;
  const RequestContext& context;
};

// Why a request looks like a machine's, for logs and metrics.  The numbers are stable.
enum class BotReason : std::uint8_t {
  kNone = 0,
  kNoSignal = 1,  // nothing to judge by
  kManyUsersPerDevice = 2,
  kManyUsersPerNetwork = 3,
  kManyAttempts = 4,
  kTooFast = 5,     // less time on the page than a person needs
  kTooRegular = 6,  // intervals as even as a timer's
  kChallengeMissing = 7,
  kChallengeFailed = 8,
  kChallengeReplayed = 9,   // a token that was used before
  kChallengeStale = 10,     // older than it may be
  kChallengeMismatch = 11,  // issued for another host name or action
  kHostRule = 12,           // a detector of the host's own
  kDetectorFailed = 13,     // threw, or answered out of range
  kDetectorTimedOut = 14,
  kChallengePassed = 15,  // speaks for a person: a challenge was passed just now
};
FLASHSALE_EXPORT std::string_view Name(BotReason reason);

// How much a request looks like a machine's.
struct BotScore {
  // 0: surely a person.  100: surely a machine.
  std::uint8_t score = 0;
  BotReason reason = BotReason::kNone;

  friend bool operator==(const BotScore&, const BotScore&) = default;
};
inline constexpr std::uint8_t kMaxBotScore = 100;

// What asking a detector takes: a chain asks the cheapest first.
enum class DetectorCost : std::uint8_t {
  kArithmetic = 1,  // looks at the request alone
  kLookup = 2,      // a few cache misses
  kRemote = 3,      // may wait for a network or a person's code
};

// What a detector found out ahead of Score, so that its cache misses overlap with others'.  What
// the words mean is the detector's; all zero: nothing.
struct DetectorProbe {
  std::array<std::uint64_t, 8> words;
};

// Where a score goes that takes its time.  The first delivery counts, and only if it comes in time;
// who lets go of the sink without one has failed.
//
// Thread safety: any thread.  Blocking: never.
class FLASHSALE_EXPORT BotScoreSink {
 public:
  virtual ~BotScoreSink() = default;
  virtual void Deliver(const BotScore& score) = 0;
};

// Tells how much a request looks like a machine's.  It decides nothing: CompositeBotDetector does.
//
// Implementer's duty: any thread; kArithmetic and kLookup never block; what throws is taken for a
// failure, which the chain's failure policy answers.  Every request of a crowd comes here: memory
// stays bounded whatever the keys.
class FLASHSALE_EXPORT BotDetector {
 public:
  virtual ~BotDetector() = default;

  // For logs and metrics; 1 to 64 characters that IsName accepts; constant.
  virtual std::string_view name() const = 0;
  virtual DetectorCost cost() const = 0;

  // Asks for the memory that Score is going to need.  Never blocks; changes nothing.
  virtual DetectorProbe Probe(const BotQuery& query) {
    (void)query;
    return {};
  }

  // Of a kRemote one: the score, where it can be told without waiting, e.g. because the client sent
  // nothing that could be looked into.  Never blocks; where it answers, Score is not called.
  virtual std::optional<BotScore> ScoreAtOnce(const BotQuery& query, const DetectorProbe& probe,
                                              Time now) {
    (void)query;
    (void)probe;
    (void)now;
    return std::nullopt;
  }

  // The score.  Nothing: for a detector of cost kRemote that it is delivered to `later`, from any
  // thread, perhaps before this returns; for any other, whose `later` is null, that it cannot tell,
  // which is a failure.  `probe` is what Probe gave for the same query, or all zero.
  virtual std::optional<BotScore> Score(const BotQuery& query, const DetectorProbe& probe, Time now,
                                        const std::shared_ptr<BotScoreSink>& later) = 0;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_BOT_DETECTOR_H_
