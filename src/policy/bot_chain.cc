#include "policy/bot_chain.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "flashsale/policy/owned_bot_query.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::uint32_t kHundredths = 100;
constexpr std::size_t kMostExpiredPerPoll = 256;
constinit const std::shared_ptr<BotScoreSink> kNoLater;

// Where the caller of Decide waits for an answer.  A std::mutex, since std::condition_variable
// takes no other.
class Gate {
 public:
  void Open(const BotScore& score) {
    const std::lock_guard lock(mutex_);
    score_ = score;
    opened_.notify_one();  // under the lock: whoever waits may be gone with the gate after it
  }
  std::optional<BotScore> WaitFor(Duration limit) {
    std::unique_lock lock(mutex_);
    opened_.wait_for(lock, limit, [this] { return score_.has_value(); });
    return std::exchange(score_, std::nullopt);
  }
  BotScore Wait() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return score_.has_value(); });
    return *std::exchange(score_, std::nullopt);
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  std::optional<BotScore> score_;
};

}  // namespace

// A decision that waits, and what it needs of the request.
struct CompositeBotDetector::Chain::Pending {
  Pending(std::shared_ptr<Chain> of, const BotQuery& query, const Probes& found, Time asked_at)
      : chain(std::move(of)), owned(query), now(asked_at), deadline(asked_at) {
    std::copy_n(found.all_.begin(), chain->options_.detectors.size(), probes.all_.begin());
  }

  const std::shared_ptr<Chain> chain;
  const OwnedBotQuery owned;
  Probes probes;
  const Time now;

  // Whoever took the last question has these to themselves.
  Tally tally;
  std::size_t next = 0;
  Time deadline;  // of the detector asked last
  Completion done;

  // Of a caller who waits.
  bool waits = false;
  Gate gate;
  std::weak_ptr<Question> asked;
  const Link* asked_link = nullptr;
};

// One question to a remote detector.  It is the detector's sink, and lives as long as the detector
// keeps it or its Score runs: so long it counts as outstanding.
class CompositeBotDetector::Chain::Question final : public BotScoreSink,
                                                    public std::enable_shared_from_this<Question> {
 public:
  Question(std::shared_ptr<Pending> pending, Link& link, Time deadline)
      : pending_(std::move(pending)), link_(link), deadline_(deadline) {}
  ~Question() override {
    if (Take()) Answer(std::nullopt);
    Leave(link_);
  }

  void Deliver(const BotScore& score) override {
    if (Take()) {
      Answer(score);
    } else {
      chain().Count(link_, kLate);
    }
  }

  // On the executor.
  void Run() {
    // Relaxed: at worst it asks for nobody.
    if (taken_.load(std::memory_order_relaxed)) return;
    std::optional<BotScore> score;
    if (!Call(score)) return;
    if (Take()) {
      Answer(score);
    } else {
      chain().Count(link_, kLate);
    }
  }

  // False where it delivers later.
  bool Call(std::optional<BotScore>& score) {
    try {
      score = link_.chained->detector->Score(pending_->owned.query(),
                                             pending_->probes.all_[link_.place], pending_->now,
                                             shared_from_this());
      return score.has_value();
    } catch (...) {
      score = std::nullopt;
      return true;
    }
  }

  void Expire() {
    if (!Take()) return;
    chain().Count(link_, kTimeouts);
    chain().OnAnswer(pending_, link_, Failure(link_, BotReason::kDetectorTimedOut));
  }

  // True for the first who asks: the decision is theirs.
  // Acquire and release: what the one before wrote to the decision is seen by who takes the
  // question, however they came by it.
  bool Take() { return !taken_.exchange(true, std::memory_order_acq_rel); }

  Pending& pending() { return *pending_; }
  Link& link() { return link_; }
  Time deadline() const { return deadline_; }
  // Of the chain's timers: guarded by its mutex.
  std::uint64_t timer = 0;

 private:
  Chain& chain() { return *pending_->chain; }

  void Answer(const std::optional<BotScore>& score) {
    chain().Unregister(*this);
    chain().OnAnswer(pending_, link_, chain().Judge(link_, score));
  }

  const std::shared_ptr<Pending> pending_;
  Link& link_;
  const Time deadline_;
  std::atomic<bool> taken_{false};
};

CompositeBotDetector::Chain::Chain(const CompositeOptions& options)
    : options_(options),
      shortest_limit_(std::chrono::minutes{1}),
      links_(std::make_unique<Link[]>(options.detectors.size())),
      counts_(std::make_unique<Counts[]>(options.detectors.size())) {
  const auto append = [this](DetectorCost cost, bool shadow) {
    for (std::size_t place = 0; place < options_.detectors.size(); ++place) {
      const ChainedDetector& chained = options_.detectors[place];
      if (chained.detector->cost() != cost || chained.shadow != shadow) continue;
      links_[end_].chained = &chained;
      links_[end_++].place = place;
      cost_ = std::max(cost_, cost);
      if (cost == DetectorCost::kRemote) {
        shortest_limit_ = std::min(shortest_limit_, chained.time_limit);
      }
    }
    return end_;
  };
  append(DetectorCost::kArithmetic, false);
  local_shadows_ = append(DetectorCost::kLookup, false);
  append(DetectorCost::kArithmetic, true);
  remote_shadows_ = append(DetectorCost::kLookup, true);
  remotes_ = append(DetectorCost::kRemote, true);
  append(DetectorCost::kRemote, false);
  std::uint32_t weight = 0;
  for (std::size_t i = end_; i > 0; --i) {
    links_[i - 1].weight_after = weight;
    if (!links_[i - 1].chained->shadow) weight += links_[i - 1].chained->weight;
  }
}

CompositeBotDetector::Probes CompositeBotDetector::Chain::ProbeFor(const BotQuery& query) const {
  Probes probes;
  for (std::size_t i = 0; i < options_.detectors.size(); ++i) {
    try {
      probes.all_[i] = options_.detectors[i].detector->Probe(query);
    } catch (...) {
      probes.all_[i] = {};
    }
  }
  return probes;
}

void CompositeBotDetector::Chain::Add(Tally& tally, const Link& link, const BotScore& score) {
  const std::uint32_t points = link.chained->weight * score.score;
  tally.hundredths += points;
  const bool passed = score.reason == BotReason::kChallengePassed;
  tally.passed = tally.passed || passed;
  if (points > tally.most || (passed && tally.most == 0)) {
    tally.most = points;
    tally.reason = score.reason;
    tally.decided_by = link.place;
  }
}

BotAction CompositeBotDetector::Chain::ActionOf(std::uint32_t hundredths, bool passed) const {
  const std::uint32_t score = std::min<std::uint32_t>(hundredths / kHundredths, kMaxBotScore);
  if (score >= options_.thresholds.deny) return BotAction::kDeny;
  if (score >= options_.thresholds.tarpit) return BotAction::kTarpit;
  if (score >= options_.thresholds.challenge && !passed) return BotAction::kChallenge;
  return BotAction::kAllow;
}

bool CompositeBotDetector::Chain::IsSettled(const Tally& tally, std::uint32_t weight_left) const {
  const BotAction mildest = ActionOf(tally.hundredths, tally.passed);
  // A challenge that is asked for may yet turn out to have been passed.
  if (mildest == BotAction::kChallenge) return false;
  return mildest == ActionOf(tally.hundredths + weight_left * kMaxBotScore, tally.passed);
}

BotDecision CompositeBotDetector::Chain::Finish(const Tally& tally) const {
  const BotAction judged = ActionOf(tally.hundredths, tally.passed);
  chain_counts_.Add(static_cast<std::size_t>(judged));
  if (options_.shadow && judged != BotAction::kAllow) chain_counts_.Add(kSpared);
  return {.action = options_.shadow ? BotAction::kAllow : judged,
          .judged = judged,
          .score = static_cast<std::uint8_t>(
              std::min<std::uint32_t>(tally.hundredths / kHundredths, kMaxBotScore)),
          .reason = tally.reason,
          .decided_by = tally.decided_by,
          .tarpit = judged == BotAction::kTarpit ? options_.tarpit : Duration{0}};
}

BotScore CompositeBotDetector::Chain::Failure(const Link& link, BotReason reason) {
  const bool closed = link.chained->on_failure == FailurePolicy::kClosed;
  return {.score = closed ? kMaxBotScore : std::uint8_t{0}, .reason = reason};
}

BotScore CompositeBotDetector::Chain::Judge(const Link& link,
                                            const std::optional<BotScore>& answer) const {
  if (!answer.has_value() || answer->score > kMaxBotScore) {
    Count(link, kFailures);
    return Failure(link, BotReason::kDetectorFailed);
  }
  if (answer->reason == BotReason::kDetectorFailed) Count(link, kFailures);
  const std::uint32_t challenge = options_.thresholds.challenge;
  if (answer->score >= challenge) Count(link, kSuspected);
  if (link.chained->shadow && link.chained->weight * answer->score >= challenge * kHundredths) {
    Count(link, kShadowHits);
  }
  return *answer;
}

CompositeBotDetector::Chain::Tally CompositeBotDetector::Chain::AskLocals(const BotQuery& query,
                                                                          const Probes& probes,
                                                                          Time now) const {
  const auto ask = [&](const Link& link) {
    Count(link, kAsked);
    std::optional<BotScore> answer;
    try {
      answer = link.chained->detector->Score(query, probes.all_[link.place], now, kNoLater);
    } catch (...) {
      answer = std::nullopt;
    }
    return Judge(link, answer);
  };
  Tally tally;
  for (std::size_t i = 0; i < local_shadows_; ++i) {
    Add(tally, links_[i], ask(links_[i]));
    // Whether anybody remote is to be asked, Walk finds out.
    const bool is_last = i + 1 == local_shadows_;
    if (!is_last && IsSettled(tally, links_[i].weight_after)) break;
  }
  for (std::size_t i = local_shadows_; i < remote_shadows_; ++i) ask(links_[i]);
  return tally;
}

std::optional<BotScore> CompositeBotDetector::Chain::AskAtOnce(const Link& link,
                                                               const BotQuery& query,
                                                               const Probes& probes,
                                                               Time now) const {
  try {
    const std::optional<BotScore> answer =
        link.chained->detector->ScoreAtOnce(query, probes.all_[link.place], now);
    if (!answer.has_value()) return std::nullopt;
    Count(link, kAsked);
    return Judge(link, answer);
  } catch (...) {
    Count(link, kAsked);
    return Judge(link, std::nullopt);
  }
}

bool CompositeBotDetector::Chain::Walk(const BotQuery& query, const Probes& probes, Time now,
                                       Tally& tally, std::size_t& next) const {
  for (; next < end_; ++next) {
    const std::uint32_t left = links_[next].chained->weight + links_[next].weight_after;
    if (IsSettled(tally, left)) return true;
    const std::optional<BotScore> score = AskAtOnce(links_[next], query, probes, now);
    if (!score.has_value()) return false;
    Add(tally, links_[next], *score);
  }
  return true;
}

BotDecision CompositeBotDetector::Chain::DecideByLocals(const BotQuery& query, const Probes& probes,
                                                        Time now) const {
  return Finish(AskLocals(query, probes, now));
}

std::optional<BotDecision> CompositeBotDetector::Chain::Decide(const BotQuery& query,
                                                               const Probes& probes, Time now,
                                                               Completion done, bool waits) {
  Tally tally = AskLocals(query, probes, now);
  std::size_t next = remotes_;
  const bool decided = Walk(query, probes, now, tally, next);
  std::array<Link*, kMaxDetectors> shadows{};
  std::size_t shadow_count = 0;
  for (std::size_t i = remote_shadows_; i < remotes_; ++i) {
    if (!AskAtOnce(links_[i], query, probes, now)) shadows[shadow_count++] = &links_[i];
  }
  if (decided && shadow_count == 0) return Finish(tally);

  std::shared_ptr<Pending> pending;
  try {
    pending = std::make_shared<Pending>(shared_from_this(), query, probes, now);
  } catch (...) {  // no memory: who cannot be asked has failed
    for (; next < end_ && !decided; ++next) Add(tally, links_[next], Judge(links_[next], {}));
    return Finish(tally);
  }
  for (std::size_t i = 0; i < shadow_count; ++i) Ask(pending, *shadows[i]);
  if (decided) return Finish(tally);
  pending->tally = tally;
  pending->next = next;
  pending->waits = waits;
  pending->done = std::move(done);
  std::optional<BotDecision> decision = Step(pending);
  while (waits && !decision.has_value()) {
    Add(pending->tally, *pending->asked_link, WaitFor(*pending));
    decision = Step(pending);
  }
  if (decision.has_value()) pending->done = nullptr;  // a detector in shadow may keep the rest
  return decision;
}

std::optional<BotDecision> CompositeBotDetector::Chain::Step(
    const std::shared_ptr<Pending>& pending) {
  Pending& p = *pending;
  while (!Walk(p.owned.query(), p.probes, p.now, p.tally, p.next)) {
    Link& link = links_[p.next++];
    const std::optional<BotScore> score = Ask(pending, link);
    if (!score.has_value()) return std::nullopt;
    Add(p.tally, link, *score);
  }
  return Finish(p.tally);
}

std::optional<BotScore> CompositeBotDetector::Chain::Ask(const std::shared_ptr<Pending>& pending,
                                                         Link& link) {
  Count(link, kAsked);
  if (!Enter(link)) {
    Count(link, kRefused);
    return Failure(link, BotReason::kDetectorFailed);
  }
  Pending& p = *pending;
  const bool shadow = link.chained->shadow;
  const Time deadline = SaturatingAdd(shadow ? p.now : p.deadline, link.chained->time_limit);
  if (!shadow) p.deadline = deadline;
  std::shared_ptr<Question> question;
  try {
    question = std::make_shared<Question>(pending, link, deadline);
  } catch (...) {
    Leave(link);
    return Judge(link, std::nullopt);
  }
  if (p.waits && !shadow) {
    p.asked = question;
    p.asked_link = &link;
  } else if (!Register(question)) {
    question->Take();
    Count(link, kRefused);
    return Failure(link, BotReason::kDetectorFailed);
  }
  return options_.executor != nullptr ? AskThere(question) : AskHere(question);
}

std::optional<BotScore> CompositeBotDetector::Chain::AskThere(
    const std::shared_ptr<Question>& question) {
  bool posted = false;
  try {
    posted = options_.executor->Post([question] { question->Run(); });
  } catch (...) {
    posted = false;
  }
  if (posted || !question->Take()) return std::nullopt;
  Unregister(*question);
  Count(question->link(), kRefused);
  return Failure(question->link(), BotReason::kDetectorFailed);
}

std::optional<BotScore> CompositeBotDetector::Chain::AskHere(
    const std::shared_ptr<Question>& question) {
  Clock* const clock = options_.clock;
  const Time begin = clock == nullptr ? kMinTime : clock->Now();
  std::optional<BotScore> score;
  if (!question->Call(score)) return std::nullopt;
  const Time end = clock == nullptr ? kMinTime : clock->Now();
  Link& link = question->link();
  if (!question->Take()) {
    Count(link, kLate);
    return std::nullopt;
  }
  Unregister(*question);
  if (end - begin > link.chained->time_limit) {
    Count(link, kTimeouts);
    return Failure(link, BotReason::kDetectorTimedOut);
  }
  return Judge(link, score);
}

BotScore CompositeBotDetector::Chain::WaitFor(Pending& pending) {
  const Link& link = *pending.asked_link;
  if (const std::optional<BotScore> score = pending.gate.WaitFor(link.chained->time_limit)) {
    return *score;
  }
  const std::shared_ptr<Question> question = pending.asked.lock();
  if (question != nullptr && question->Take()) {
    Count(link, kTimeouts);
    return Failure(link, BotReason::kDetectorTimedOut);
  }
  return pending.gate.Wait();  // it is being answered at this moment
}

void CompositeBotDetector::Chain::OnAnswer(const std::shared_ptr<Pending>& pending,
                                           const Link& link, const BotScore& score) {
  if (link.chained->shadow) return;
  if (pending->waits) {
    pending->gate.Open(score);
    return;
  }
  Add(pending->tally, link, score);
  const std::optional<BotDecision> decision = Step(pending);
  if (!decision.has_value()) return;
  // Gone before the pending decision, which a detector that hangs may keep for long.
  const Completion done = std::exchange(pending->done, nullptr);
  try {
    if (done) done(*decision);
  } catch (...) {
    chain_counts_.Add(kFailedCompletions);
  }
}

bool CompositeBotDetector::Chain::Enter(Link& link) {
  // Relaxed: a count, with which nothing is published.
  const std::uint32_t before = link.outstanding.fetch_add(1, std::memory_order_relaxed);
  if (before < link.chained->max_outstanding) return true;
  Leave(link);
  return false;
}

void CompositeBotDetector::Chain::Leave(Link& link) {
  link.outstanding.fetch_sub(1, std::memory_order_relaxed);
}

bool CompositeBotDetector::Chain::Register(const std::shared_ptr<Question>& question) {
  const MutexLock lock(mutex_);
  if (closed_) return false;
  try {
    question->timer = ++last_timer_;
    timers_.emplace(Timer(question->deadline(), question->timer), question);
    return true;
  } catch (...) {
    return false;
  }
}

void CompositeBotDetector::Chain::Unregister(const Question& question) {
  const MutexLock lock(mutex_);
  timers_.erase({question.deadline(), question.timer});
}

std::shared_ptr<CompositeBotDetector::Chain::Question> CompositeBotDetector::Chain::TakeDue(
    Time now, bool& more) {
  const MutexLock lock(mutex_);
  std::shared_ptr<Question> question;
  while (question == nullptr && !timers_.empty() && timers_.begin()->first.first <= now) {
    question = timers_.begin()->second.lock();  // null: it is answered by its own destructor
    timers_.erase(timers_.begin());
  }
  more = question != nullptr;
  return question;
}

Time CompositeBotDetector::Chain::Poll(Time now) {
  bool more = true;
  for (std::size_t i = 0; more && i < kMostExpiredPerPoll; ++i) {
    if (const std::shared_ptr<Question> due = TakeDue(now, more)) due->Expire();
  }
  const Time latest = SaturatingAdd(now, shortest_limit_);
  const MutexLock lock(mutex_);
  if (timers_.empty()) return latest;
  return std::clamp(timers_.begin()->first.first, now, latest);
}

void CompositeBotDetector::Chain::Close() {
  {
    const MutexLock lock(mutex_);
    closed_ = true;
  }
  bool more = true;
  while (more) {
    if (const std::shared_ptr<Question> open = TakeDue(Time::max(), more)) open->Expire();
  }
}

DetectorStats CompositeBotDetector::Chain::StatsOf(std::size_t place) const {
  const Counts& counts = counts_[place];
  return {.asked = counts.Sum(kAsked),
          .suspected = counts.Sum(kSuspected),
          .failures = counts.Sum(kFailures),
          .timeouts = counts.Sum(kTimeouts),
          .refused = counts.Sum(kRefused),
          .shadow_hits = counts.Sum(kShadowHits),
          .late = counts.Sum(kLate)};
}

ChainStats CompositeBotDetector::Chain::Stats() const {
  ChainStats stats{.spared = chain_counts_.Sum(kSpared),
                   .failed_completions = chain_counts_.Sum(kFailedCompletions)};
  for (std::size_t i = 0; i < kBotActions; ++i) stats.judged[i] = chain_counts_.Sum(i);
  return stats;
}

}  // namespace flashsale::inline v0
