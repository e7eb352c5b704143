#include "flashsale/policy/captcha_validator.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <new>
#include <random>
#include <utility>

#include "base/field_check.h"
#include "policy/ascii.h"
#include "policy/replay_memory.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::size_t kMostTokens = std::size_t{1} << 28;
constexpr std::size_t kLongestToken = 65'536;

Status ValidateOptions(const CaptchaOptions& options) {
  FieldCheck check;
  check.InRange("max_age", options.max_age, std::chrono::seconds{1}, std::chrono::hours{1})
      .InRange("max_skew", options.max_skew, Duration{0}, std::chrono::minutes{5})
      .InRange<std::size_t>("max_token_bytes", options.max_token_bytes, 1, kLongestToken)
      .InRange<std::size_t>("min_token_bytes", options.min_token_bytes, 1, options.max_token_bytes)
      .InRange<std::size_t>("remembered_tokens", options.remembered_tokens, 16, kMostTokens)
      .InRange<unsigned>("missing_score", options.missing_score, 0, kMaxBotScore)
      .InRange<unsigned>("failed_score", options.failed_score, 0, kMaxBotScore)
      .InRange<unsigned>("stale_score", options.stale_score, 0, kMaxBotScore)
      .InRange<unsigned>("mismatch_score", options.mismatch_score, 0, kMaxBotScore)
      .InRange<unsigned>("replayed_score", options.replayed_score, 0, kMaxBotScore)
      .InRange<unsigned>("outage_score", options.outage_score, 0, kMaxBotScore);
  for (const std::string& hostname : options.hostnames) {
    check.That(!hostname.empty(), "hostnames", "''", "names of hosts");
  }
  return check.status();
}

std::uint64_t DrawSeed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

struct CaptchaValidator::State {
  explicit State(const CaptchaOptions& given)
      : options(given),
        seed(given.hash_seed == 0 ? DrawSeed() : given.hash_seed),
        used(given.remembered_tokens, given.max_age) {}

  // The first bytes of SHA-256 over a secret and the token.
  std::uint64_t HashOf(std::string_view token) const {
    std::string text(sizeof(seed), '\0');
    std::memcpy(text.data(), &seed, sizeof(seed));
    text += token;
    const id_internal::Bytes16 bytes = id_internal::HashText("challenge-token", text);
    std::uint64_t hash = 0;
    std::memcpy(&hash, bytes.data(), sizeof(hash));
    return hash;
  }

  BotScore Outage() const {
    return {.score = options.outage_score, .reason = BotReason::kDetectorFailed};
  }

  bool IsOurHost(std::string_view hostname) const {
    return options.hostnames.empty() ||
           std::any_of(options.hostnames.begin(), options.hostnames.end(),
                       [hostname](const auto& ours) { return EqualsIgnoringCase(ours, hostname); });
  }

  // What was asked when, of which token.
  struct Question {
    std::uint64_t token_hash;
    GuardedAction action;
    Time now;
  };

  BotScore Judge(const Question& question, const Result<ChallengeAnswer>& answer) {
    if (!answer.ok()) return Outage();
    if (!answer->valid || !IsValid(answer->issued_at) ||
        answer->issued_at - question.now > options.max_skew) {
      return {.score = options.failed_score, .reason = BotReason::kChallengeFailed};
    }
    const std::string& action =
        question.action == GuardedAction::kJoin ? options.join_action : options.reserve_action;
    if (!IsOurHost(answer->hostname) || (!action.empty() && answer->action != action)) {
      return {.score = options.mismatch_score, .reason = BotReason::kChallengeMismatch};
    }
    switch (used.Use(question.token_hash, answer->issued_at, question.now)) {
      case ReplayMemory::Verdict::kFresh:
        return {.score = 0, .reason = BotReason::kChallengePassed};
      case ReplayMemory::Verdict::kReplayed:
        return {.score = options.replayed_score, .reason = BotReason::kChallengeReplayed};
      case ReplayMemory::Verdict::kStale:
        break;
    }
    return {.score = options.stale_score, .reason = BotReason::kChallengeStale};
  }

  const CaptchaOptions options;
  const std::uint64_t seed;
  ReplayMemory used;
};

// One token on its way to the verifier and back.
class CaptchaValidator::Inquiry final : public ChallengeSink {
 public:
  Inquiry(std::shared_ptr<State> state, const State::Question& question,
          std::shared_ptr<BotScoreSink> later)
      : state_(std::move(state)), question_(question), later_(std::move(later)) {}
  ~Inquiry() override {
    if (Take() && later_ != nullptr) later_->Deliver(state_->Outage());
  }

  void Deliver(const Result<ChallengeAnswer>& answer) override {
    if (Take() && later_ != nullptr) later_->Deliver(state_->Judge(question_, answer));
  }

  // True for the first who asks: the answer is theirs to give.
  // Relaxed: whoever answers reads only what was there before the inquiry was handed out.
  bool Take() { return !taken_.exchange(true, std::memory_order_relaxed); }

 private:
  const std::shared_ptr<State> state_;
  const State::Question question_;
  const std::shared_ptr<BotScoreSink> later_;
  std::atomic<bool> taken_{false};
};

Result<std::unique_ptr<CaptchaValidator>> CaptchaValidator::New(ChallengeVerifier& verifier,
                                                                const CaptchaOptions& options) {
  Status status = ValidateOptions(options);
  if (!status.ok()) return status;
  try {
    return std::unique_ptr<CaptchaValidator>(
        new CaptchaValidator(verifier, std::make_shared<State>(options)));
  } catch (const std::exception& error) {
    return Status(StatusCode::kResourceExhausted, error.what());
  }
}

CaptchaValidator::CaptchaValidator(ChallengeVerifier& verifier, std::shared_ptr<State> state)
    : verifier_(verifier), state_(std::move(state)) {}

CaptchaValidator::~CaptchaValidator() = default;

std::optional<BotScore> CaptchaValidator::ScoreAtOnce(const BotQuery& query,
                                                      const DetectorProbe& /*probe*/,
                                                      Time /*now*/) {
  const CaptchaOptions& options = state_->options;
  const std::string_view token = query.context.challenge_token;
  if (token.empty()) {
    return BotScore{.score = options.missing_score, .reason = BotReason::kChallengeMissing};
  }
  if (token.size() < options.min_token_bytes || token.size() > options.max_token_bytes) {
    return BotScore{.score = options.failed_score, .reason = BotReason::kChallengeFailed};
  }
  return std::nullopt;
}

std::optional<BotScore> CaptchaValidator::Score(const BotQuery& query, const DetectorProbe& probe,
                                                Time now,
                                                const std::shared_ptr<BotScoreSink>& later) {
  if (const auto at_once = ScoreAtOnce(query, probe, now)) return at_once;
  const CaptchaOptions& options = state_->options;
  const std::string_view token = query.context.challenge_token;
  std::shared_ptr<Inquiry> inquiry;
  try {
    const State::Question question{
        .token_hash = state_->HashOf(token), .action = query.action, .now = now};
    // What is known needs no call; whether it is fresh is decided when the answer is there.
    if (state_->used.Knows(question.token_hash)) {
      return BotScore{.score = options.replayed_score, .reason = BotReason::kChallengeReplayed};
    }
    inquiry = std::make_shared<Inquiry>(state_, question, later);
    const std::optional<Result<ChallengeAnswer>> answer =
        verifier_.Verify({.token = token, .address = query.context.address}, inquiry);
    if (!answer.has_value() && later != nullptr) return std::nullopt;
    if (!inquiry->Take()) return later == nullptr ? std::optional(state_->Outage()) : std::nullopt;
    return answer.has_value() ? state_->Judge(question, *answer) : state_->Outage();
  } catch (...) {
    // Unless it has delivered before it threw.
    if (inquiry != nullptr && !inquiry->Take() && later != nullptr) return std::nullopt;
    return state_->Outage();
  }
}

}  // namespace flashsale::inline v0
