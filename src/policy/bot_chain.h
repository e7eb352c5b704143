#ifndef FLASHSALE_SRC_POLICY_BOT_CHAIN_H_
#define FLASHSALE_SRC_POLICY_BOT_CHAIN_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/sharded_counters.h"
#include "flashsale/policy/composite_bot_detector.h"

namespace flashsale::inline v0 {

// What CompositeBotDetector is made of.  A decision is a walk along the links; what it has gathered
// is a tally.  Where it must wait it becomes a Pending on the heap, and each detector that it waits
// for is asked by a Question.  A question is answered by whoever takes it first: the detector, the
// poll that ends its time, the caller who waited long enough, or its destructor.  Whoever took the
// question goes on with the walk; nobody else touches the pending decision meanwhile, so it needs
// no lock.
class CompositeBotDetector::Chain final : public std::enable_shared_from_this<Chain> {
 public:
  explicit Chain(const CompositeOptions& options);

  Probes ProbeFor(const BotQuery& query) const;
  // The decision where nobody is remote, i.e. cost() is not kRemote.
  BotDecision DecideByLocals(const BotQuery& query, const Probes& probes, Time now) const;
  // With `waits` always a decision.
  std::optional<BotDecision> Decide(const BotQuery& query, const Probes& probes, Time now,
                                    Completion done, bool waits);
  Time Poll(Time now);
  // Answers all that is open as if its time had run out, and asks no further question.
  void Close();

  const CompositeOptions& options() const { return options_; }
  DetectorCost cost() const { return cost_; }
  DetectorStats StatsOf(std::size_t place) const;
  ChainStats Stats() const;

 private:
  // A detector's place in the walk.
  struct Link {
    const ChainedDetector* chained = nullptr;
    std::size_t place = 0;           // in the options
    std::uint32_t weight_after = 0;  // of all that have a say and come later
    std::atomic<std::uint32_t> outstanding{0};
  };
  // What a walk has gathered.  In hundredths of a point, so that nothing is rounded but the end.
  struct Tally {
    std::uint32_t hundredths = 0;
    std::uint32_t most = 0;
    BotReason reason = BotReason::kNone;
    std::size_t decided_by = BotDecision::kNobody;
    bool passed = false;
  };
  struct Pending;
  class Question;
  using Timer = std::pair<Time, std::uint64_t>;

  enum DetectorCount : std::uint8_t {
    kAsked,
    kSuspected,
    kFailures,
    kTimeouts,
    kRefused,
    kShadowHits,
    kLate
  };
  // The first are the actions.
  enum ChainCount : std::uint8_t { kSpared = kBotActions, kFailedCompletions };

  void Count(const Link& link, DetectorCount count) const { counts_[link.place].Add(count); }

  static void Add(Tally& tally, const Link& link, const BotScore& score);
  BotAction ActionOf(std::uint32_t hundredths, bool passed) const;
  // Whether detectors of so much weight together can still change the action.
  bool IsSettled(const Tally& tally, std::uint32_t weight_left) const;
  BotDecision Finish(const Tally& tally) const;

  static BotScore Failure(const Link& link, BotReason reason);
  // What counts of an answer, or of none.
  BotScore Judge(const Link& link, const std::optional<BotScore>& answer) const;

  Tally AskLocals(const BotQuery& query, const Probes& probes, Time now) const;
  std::optional<BotScore> AskAtOnce(const Link& link, const BotQuery& query, const Probes& probes,
                                    Time now) const;
  // Goes on from `next` for as long as remote detectors answer at once.  True at the end.
  bool Walk(const BotQuery& query, const Probes& probes, Time now, Tally& tally,
            std::size_t& next) const;
  // The same from where a pending decision stands, asking whom it must.  Nothing: it waits, and is
  // no longer the caller's.
  std::optional<BotDecision> Step(const std::shared_ptr<Pending>& pending);
  std::optional<BotScore> Ask(const std::shared_ptr<Pending>& pending, Link& link);
  std::optional<BotScore> AskThere(const std::shared_ptr<Question>& question);
  std::optional<BotScore> AskHere(const std::shared_ptr<Question>& question);
  BotScore WaitFor(Pending& pending);
  void OnAnswer(const std::shared_ptr<Pending>& pending, const Link& link, const BotScore& score);

  static bool Enter(Link& link);
  static void Leave(Link& link);
  // False once closed.
  bool Register(const std::shared_ptr<Question>& question);
  void Unregister(const Question& question);
  // The first question whose time ends by then; it is registered no more.
  std::shared_ptr<Question> TakeDue(Time now, bool& more);

  const CompositeOptions options_;
  DetectorCost cost_ = DetectorCost::kArithmetic;
  Duration shortest_limit_;
  // Those with a say that answer at once, the cheapest first; then such in shadow; then remote ones
  // in shadow; then remote ones with a say.
  const std::unique_ptr<Link[]> links_;
  std::size_t local_shadows_ = 0;
  std::size_t remote_shadows_ = 0;
  std::size_t remotes_ = 0;
  std::size_t end_ = 0;

  using Counts = ShardedCounters<8>;
  const std::unique_ptr<Counts[]> counts_;  // by place
  mutable Counts chain_counts_;

  Mutex mutex_;
  bool closed_ FLASHSALE_GUARDED_BY(mutex_) = false;
  std::uint64_t last_timer_ FLASHSALE_GUARDED_BY(mutex_) = 0;
  std::map<Timer, std::weak_ptr<Question>> timers_ FLASHSALE_GUARDED_BY(mutex_);
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_BOT_CHAIN_H_
