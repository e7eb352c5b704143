#ifndef FLASHSALE_POLICY_COMPOSITE_BOT_DETECTOR_H_
#define FLASHSALE_POLICY_COMPOSITE_BOT_DETECTOR_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/base/clock.h"
#include "flashsale/base/executor.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"
#include "flashsale/policy/bot_detector.h"

namespace flashsale::inline v0 {

// What becomes of a request, from the mildest on.  The numbers are stable.
enum class BotAction : std::uint8_t {
  kAllow = 0,
  kChallenge = 1,  // show a challenge; who passes it may ask again
  kTarpit = 2,     // let wait, and not told why; see CompositeOptions::tarpit
  kDeny = 3,
};
inline constexpr std::size_t kBotActions = 4;
FLASHSALE_EXPORT std::string_view Name(BotAction action);

// What a detector counts for that gives no score: because it threw, gave a number above 100, could
// not tell, took too long, or was not asked since too many questions to it are open.
enum class FailurePolicy : std::uint8_t {
  kOpen = 0,    // 0: the others decide
  kClosed = 1,  // 100
};

// One detector of a chain.
struct ChainedDetector {
  // Must outlive the chain and every call of its own on its way.  Its name is that of no other in
  // the chain: metrics go by names.
  BotDetector* detector = nullptr;
  // How much of its score counts, in per cent; 0 to 100.
  std::uint32_t weight = 100;
  FailurePolicy on_failure = FailurePolicy::kOpen;
  // Asked and counted, with no say.
  bool shadow = false;
  // Of a kRemote one: how long it is waited for, and how many questions to it may be open at once,
  // those included that nobody waits for any more.  1 ms to 1 minute; 1 to 65,536.
  Duration time_limit = std::chrono::milliseconds{500};
  std::uint32_t max_outstanding = 256;
};

// The lowest score for each action; 1 to 100, or 101 for never; none below the one before it.
struct BotThresholds {
  std::uint8_t challenge = 50;
  std::uint8_t tarpit = 75;
  std::uint8_t deny = 90;
};

struct CompositeOptions {
  // What is a detector itself to another chain has a name.
  std::string name = "composite";
  std::vector<ChainedDetector> detectors = {};  // 1 to kMaxDetectors
  BotThresholds thresholds = {};
  // For how long a tarpit holds.  0 to 1 minute.  FlashSaleService answers at once, RateLimited
  // with this as retry_after, as it answers anybody who is too quick; it keeps no caller and no
  // thread waiting.  A host that wants to hold the connection does that itself.
  Duration tarpit = std::chrono::seconds{5};
  // Everything is decided and counted, and everybody is let in.
  bool shadow = false;
  // Where remote detectors are asked.  Without one they are asked on the thread that decides, and a
  // detector that blocks blocks it.
  Executor* executor = nullptr;
  // Without an executor: by which the time that a detector took is judged afterwards.  Without
  // either an answer that comes from Score itself always comes in time.
  Clock* clock = nullptr;
};

struct BotDecision {
  static constexpr std::size_t kNobody = std::numeric_limits<std::size_t>::max();

  // To be enforced: in shadow mode kAllow.
  BotAction action = BotAction::kAllow;
  // What the scores say.
  BotAction judged = BotAction::kAllow;
  // min(100, sum of weight / 100 * score), rounded down, of those who were asked.
  std::uint8_t score = 0;
  // Of the detector that added most, the first of equals: its reason, and its place in the options.
  BotReason reason = BotReason::kNone;
  std::size_t decided_by = kNobody;
  // For kTarpit.
  Duration tarpit{0};

  friend bool operator==(const BotDecision&, const BotDecision&) = default;
};

// Since the chain was made; each exact, together of no one instant.
struct DetectorStats {
  std::uint64_t asked = 0;
  std::uint64_t suspected = 0;  // scored at or above the threshold of a challenge
  std::uint64_t failures = 0;   // threw, out of range, could not tell, let go of its sink
  std::uint64_t timeouts = 0;
  std::uint64_t refused = 0;  // not asked: too many open questions, or a full executor
  std::uint64_t shadow_hits =
      0;                   // in shadow: would have asked for a challenge, or worse, by itself
  std::uint64_t late = 0;  // answers that nobody waited for any more, and second ones
};
struct ChainStats {
  std::array<std::uint64_t, kBotActions> judged = {};  // by BotAction
  std::uint64_t spared = 0;                            // let in because the chain is in shadow mode
  std::uint64_t failed_completions = 0;                // threw
};

// Asks detectors and makes one decision of their scores.
//
// The rule is that of anomaly scoring (as SpamAssassin and the OWASP Core Rule Set have it): weak
// signs add up, one strong sign is enough, and nothing that speaks for a person takes away what
// speaks against one.
//   score = min(100, sum over the detectors of weight / 100 * score)
//   action = the strictest whose threshold the score reaches;
//            but kAllow instead of kChallenge where a detector answered kChallengePassed.
// So who passed a challenge is not asked for another one, and is denied all the same if the rest of
// the signs is enough for that.
//
// The cheapest are asked first, those of one cost in the order of the options, and no further one
// when whatever they said could not change the action.  So the score of a decision is that of those
// who were asked.  Detectors in shadow are asked always and waited for never.
//
// Remote detectors are asked one after the other.  Each has a time limit, after which it counts as
// failed; its question stays open, and counts against max_outstanding, until its Score has returned
// and it has let go of its sink: a detector that hangs costs so many of the executor's threads and
// no more.  Decide waits; DecideAsync does not, and there the times are kept by Poll: the library
// starts no thread and reads no clock, and a host that drives a queue polls anyway.
//
// Thread safety: any thread.  Blocking: Decide at most for the sum of the remote time limits, if
// the options name an executor; the rest as local detectors do, never.  Clock: that of the options.
//
// Ownership: detectors, executor and clock must outlive it.  Destroying it answers what is open as
// if its time had run out.
class FLASHSALE_EXPORT CompositeBotDetector final : public BotDetector {
 public:
  static constexpr std::size_t kMaxDetectors = 16;

  // Errors: InvalidArgument, which names the option ("detectors[1].weight: …").
  static Result<std::unique_ptr<CompositeBotDetector>> New(const CompositeOptions& options);
  ~CompositeBotDetector() override;

  // What all detectors found out ahead.
  class Probes {
   public:
    Probes() {}  // NOLINT(modernize-use-equals-default): of no meaning until it is filled
   private:
    friend class CompositeBotDetector;
    std::array<DetectorProbe, kMaxDetectors> all_;
  };
  // A host that handles many requests at once probes all of them before it decides the first.
  Probes ProbeFor(const BotQuery& query) const;

  // REQUIRES: `probes` was made for this query; IsValid(now).
  BotDecision Decide(const BotQuery& query, const Probes& probes, Time now) const;

  // The decision, if no detector has to be waited for; or nothing, and `done` is called with it
  // once: by the thread that brings the last answer, that polls or that destroys the chain, perhaps
  // before this returns.  What of the query is needed then is copied.  `now` begins the time
  // limits.
  using Completion = std::function<void(const BotDecision&)>;
  std::optional<BotDecision> DecideAsync(const BotQuery& query, const Probes& probes, Time now,
                                         Completion done) const;

  // Gives up waiting for those whose time has run out: of a decision's remote detectors the first
  // has its own limit, each further one what is left of the sum of its own and theirs before it.
  // Bounded work.  To be called again at the time returned, at the latest; that is never earlier
  // than now.
  Time Poll(Time now);

  // By their places in the options.
  std::size_t size() const;
  std::string_view DetectorName(std::size_t detector) const;
  DetectorStats StatsOf(std::size_t detector) const;
  ChainStats Stats() const;

  // A chain is a detector too: of another chain, with the score and reason of its decision.
  std::string_view name() const override;
  DetectorCost cost() const override;  // the highest of its detectors'
  std::optional<BotScore> Score(const BotQuery& query, const DetectorProbe& probe, Time now,
                                const std::shared_ptr<BotScoreSink>& later) override;

 private:
  class Chain;

  explicit CompositeBotDetector(std::shared_ptr<Chain> chain);

  const std::shared_ptr<Chain> chain_;  // shared with questions that are open
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_POLICY_COMPOSITE_BOT_DETECTOR_H_
