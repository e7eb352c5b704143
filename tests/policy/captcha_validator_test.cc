#include "flashsale/policy/captcha_validator.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "flashsale/policy/composite_bot_detector.h"
#include "tests/policy/bot_doubles.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

using Answer = std::optional<Result<ChallengeAnswer>>;

class ScriptedVerifier final : public ChallengeVerifier {
 public:
  using Script = std::function<Answer(const Request&, const std::shared_ptr<ChallengeSink>&)>;

  explicit ScriptedVerifier(Script script) : script_(std::move(script)) {}
  explicit ScriptedVerifier(ChallengeAnswer answer)
      : script_([answer = std::move(answer)](const Request&, const auto&) { return answer; }) {}

  Answer Verify(const Request& request, const std::shared_ptr<ChallengeSink>& later) override {
    ++asked_;
    return script_(request, later);
  }
  int asked() const { return asked_; }

 private:
  const Script script_;
  std::atomic<int> asked_ = 0;
};

// Where a score goes.
class Sink final : public BotScoreSink {
 public:
  void Deliver(const BotScore& score) override { scores.push_back(score); }
  std::vector<BotScore> scores;
};

ChallengeAnswer Passed(Time issued_at = kBotStart) {
  return {.valid = true, .issued_at = issued_at, .hostname = "shop.example", .action = "reserve"};
}

std::unique_ptr<CaptchaValidator> Make(ChallengeVerifier& verifier,
                                       const CaptchaOptions& options = {}) {
  auto made = CaptchaValidator::New(verifier, options);
  REQUIRE_MESSAGE(made.ok(), made.status().ToString());
  return std::move(*made);
}

std::optional<BotScore> Ask(CaptchaValidator& validator, std::string_view token,
                            Time now = kBotStart,
                            const std::shared_ptr<BotScoreSink>& later = nullptr,
                            GuardedAction action = GuardedAction::kReserve) {
  const Visitor visitor{.action = action, .context = {.challenge_token = token}};
  return validator.Score(visitor.query(), {}, now, later);
}

constexpr BotScore kPassed{.score = 0, .reason = BotReason::kChallengePassed};

TEST_CASE("a challenge that was passed here, for this and just now, is passed once") {
  ScriptedVerifier verifier(Passed());
  const auto validator = Make(verifier, {.hostnames = {"other.example", "SHOP.example"},
                                         .join_action = "join",
                                         .reserve_action = "reserve"});
  CHECK(Ask(*validator, "the token") == kPassed);
  CHECK(Ask(*validator, "the token") ==
        BotScore{.score = 100, .reason = BotReason::kChallengeReplayed});
  CHECK(verifier.asked() == 1);  // what is known needs no call
  CHECK(Ask(*validator, "another token") == kPassed);
}

TEST_CASE("no token, and one that can be none, need no verifier") {
  ScriptedVerifier verifier(Passed());
  const auto validator =
      Make(verifier,
           {.min_token_bytes = 8, .max_token_bytes = 100, .missing_score = 51, .failed_score = 52});
  CHECK(Ask(*validator, "") == BotScore{.score = 51, .reason = BotReason::kChallengeMissing});
  for (const std::size_t size : {1U, 7U, 101U, 100'000U}) {
    CHECK(Ask(*validator, std::string(size, 't')) ==
          BotScore{.score = 52, .reason = BotReason::kChallengeFailed});
  }
  CHECK(verifier.asked() == 0);
  CHECK(Ask(*validator, std::string(8, 't')) == kPassed);
  CHECK(Ask(*validator, std::string(100, 't')) == kPassed);
  CHECK(Ask(*validator, std::string("\0\xff\r\n\0\0\0\0", 8)) == kPassed);  // any bytes
}

TEST_CASE("an answer that is not for us is refused, each by its reason") {
  const CaptchaOptions options{.max_age = 5min,
                               .max_skew = 30s,
                               .hostnames = {"shop.example"},
                               .join_action = "join",
                               .reserve_action = "reserve",
                               .failed_score = 51,
                               .stale_score = 52,
                               .mismatch_score = 53};
  struct Case {
    const char* what;
    std::function<void(ChallengeAnswer&)> change;
    BotScore expected;
  };
  const BotScore failed{.score = 51, .reason = BotReason::kChallengeFailed};
  const BotScore stale{.score = 52, .reason = BotReason::kChallengeStale};
  const BotScore mismatch{.score = 53, .reason = BotReason::kChallengeMismatch};
  const std::vector<Case> cases = {
      {"invalid", [](ChallengeAnswer& a) { a.valid = false; }, failed},
      {"from the future", [](ChallengeAnswer& a) { a.issued_at = kBotStart + 31s; }, failed},
      {"no time", [](ChallengeAnswer& a) { a.issued_at = kMinTime - 1us; }, failed},
      {"beyond time", [](ChallengeAnswer& a) { a.issued_at = Time::max(); }, failed},
      {"of a clock ahead", [](ChallengeAnswer& a) { a.issued_at = kBotStart + 30s; }, kPassed},
      {"too old", [](ChallengeAnswer& a) { a.issued_at = kBotStart - 5min - 1us; }, stale},
      {"just in time", [](ChallengeAnswer& a) { a.issued_at = kBotStart - 5min; }, kPassed},
      {"never", [](ChallengeAnswer& a) { a.issued_at = kMinTime; }, stale},
      {"elsewhere", [](ChallengeAnswer& a) { a.hostname = "evil.example"; }, mismatch},
      {"below", [](ChallengeAnswer& a) { a.hostname = "a.shop.example"; }, mismatch},
      {"nowhere", [](ChallengeAnswer& a) { a.hostname = ""; }, mismatch},
      {"for another act", [](ChallengeAnswer& a) { a.action = "join"; }, mismatch},
      {"for another case", [](ChallengeAnswer& a) { a.action = "Reserve"; }, mismatch}};
  for (const Case& c : cases) {
    CAPTURE(c.what);
    ChallengeAnswer answer = Passed();
    c.change(answer);
    ScriptedVerifier verifier(answer);
    const auto validator = Make(verifier, options);
    CHECK(Ask(*validator, "the token") == c.expected);
  }
  // What was refused is not used up.
  ChallengeAnswer answer = Passed();
  answer.action = "join";
  ScriptedVerifier verifier(answer);
  const auto validator = Make(verifier, options);
  CHECK(Ask(*validator, "the token") == mismatch);
  CHECK(Ask(*validator, "the token", kBotStart, nullptr, GuardedAction::kJoin) == kPassed);
}

TEST_CASE("a verifier that errs, throws, refuses or forgets is an outage, with its own score") {
  const std::vector<ScriptedVerifier::Script> outages = {
      [](const auto&, const auto&) -> Answer {
        return Result<ChallengeAnswer>(Status(StatusCode::kUnavailable, "away"));
      },
      [](const auto&, const auto&) -> Answer { throw std::runtime_error("no"); },
      [](const auto&, const auto&) -> Answer { throw 7; },
      [](const auto&, const auto&) -> Answer { return std::nullopt; }};
  for (const auto& outage : outages) {
    ScriptedVerifier verifier(outage);
    const auto validator = Make(verifier, {.outage_score = 33});
    const auto sink = std::make_shared<Sink>();
    const std::optional<BotScore> direct = Ask(*validator, "the token", kBotStart, sink);
    const BotScore score = direct.has_value() ? *direct : sink->scores.at(0);
    CHECK(score == BotScore{.score = 33, .reason = BotReason::kDetectorFailed});
    CHECK((direct.has_value() ? 1U : 0U) + sink->scores.size() == 1);
  }
  // Without a sink as well.
  ScriptedVerifier silent(outages.back());
  CHECK(Ask(*Make(silent), "the token")->reason == BotReason::kDetectorFailed);
}

TEST_CASE("an answer that comes later is delivered once, however often it is given") {
  std::shared_ptr<ChallengeSink> kept;
  ScriptedVerifier verifier([&](const auto& request, const auto& later) -> Answer {
    CHECK(request.token == "the token");
    kept = later;
    return std::nullopt;
  });
  auto validator = Make(verifier);
  const auto sink = std::make_shared<Sink>();
  CHECK_FALSE(Ask(*validator, "the token", kBotStart, sink).has_value());
  CHECK(sink->scores.empty());
  validator.reset();  // answers may outlive it
  kept->Deliver(Passed());
  kept->Deliver(ChallengeAnswer{});
  kept.reset();
  CHECK(sink->scores == std::vector<BotScore>{kPassed});

  // One that delivers and answers, or delivers and throws.
  for (const bool throws : {false, true}) {
    ScriptedVerifier eager([throws](const auto&, const auto& later) -> Answer {
      later->Deliver(ChallengeAnswer{});
      if (throws) throw std::runtime_error("after all");
      return Result<ChallengeAnswer>(Passed());
    });
    const auto both = Make(eager);
    const auto told = std::make_shared<Sink>();
    CHECK_FALSE(Ask(*both, "the token", kBotStart, told).has_value());
    REQUIRE(told->scores.size() == 1);
    CHECK(told->scores[0].reason == BotReason::kChallengeFailed);
  }
}

TEST_CASE("a token that is replayed on many threads at once is accepted once") {
  ScriptedVerifier verifier(Passed());
  const auto validator = Make(verifier);
  for (int round = 0; round < 100; ++round) {
    const std::string token = "token number " + std::to_string(round);
    std::atomic<int> accepted = 0;
    std::atomic<int> replayed = 0;
    std::vector<std::jthread> threads;
    threads.reserve(12);
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        const std::optional<BotScore> score = Ask(*validator, token);
        if (score == kPassed) ++accepted;
        if (score->reason == BotReason::kChallengeReplayed) ++replayed;
      });
    }
    threads.clear();
    CHECK(accepted == 1);
    CHECK(replayed == 3);
  }
}

TEST_CASE("a token is accepted once, whoever else fills the memory") {
  // Issued so many milliseconds after the start as its number says.
  ScriptedVerifier verifier([](const auto& request, const auto&) -> Answer {
    const std::string number(request.token.substr(std::string_view("number ").size()));
    return Result<ChallengeAnswer>(
        Passed(kBotStart + std::chrono::milliseconds(std::stoi(number))));
  });
  const auto validator = Make(verifier, {.remembered_tokens = 64});
  const Time now = kBotStart + 30s;
  CHECK(Ask(*validator, "number 1", now) == kPassed);
  for (int i = 2; i < 10'000; ++i) {
    REQUIRE(Ask(*validator, "number " + std::to_string(i), now) == kPassed);
  }
  CHECK(Ask(*validator, "number 9999", now)->reason == BotReason::kChallengeReplayed);
  CHECK(Ask(*validator, "number 1", now)->reason == BotReason::kChallengeStale);
}

TEST_CASE("who passed a challenge is denied if the print says farm") {
  ScriptedVerifier verifier(Passed());
  const auto captcha = Make(verifier);
  ScriptedDetector farm(DetectorCost::kLookup, 95, BotReason::kManyUsersPerDevice);
  ScriptedDetector suspect(DetectorCost::kLookup, 60, BotReason::kManyUsersPerDevice);
  for (const bool denies : {true, false}) {
    auto chain = std::move(*CompositeBotDetector::New(
        {.detectors = {{.detector = captcha.get()}, {.detector = denies ? &farm : &suspect}}}));
    const Visitor visitor{.context = {.challenge_token = "token of a farm"}};
    const BotDecision decision =
        chain->Decide(visitor.query(), chain->ProbeFor(visitor.query()), kBotStart);
    CHECK(decision.action == (denies ? BotAction::kDeny : BotAction::kAllow));
    CHECK(decision.reason == BotReason::kManyUsersPerDevice);
    // What is decided without the challenge does not use it up.
    CHECK(verifier.asked() == (denies ? 0 : 1));
  }
}

TEST_CASE("a missing token needs neither an executor nor a copy") {
  ManualExecutor executor;
  ScriptedVerifier verifier(Passed());
  const auto captcha = Make(verifier);
  auto chain = std::move(*CompositeBotDetector::New(
      {.detectors = {{.detector = captcha.get()}}, .executor = &executor}));
  const Visitor visitor;
  const BotDecision decision =
      chain->Decide(visitor.query(), chain->ProbeFor(visitor.query()), kBotStart);
  CHECK(decision.action == BotAction::kChallenge);
  CHECK(decision.reason == BotReason::kChallengeMissing);
  CHECK(executor.waiting() == 0);
}

TEST_CASE("what is wrong with the options of challenges is named") {
  ScriptedVerifier verifier(Passed());
  const auto message = [&](const CaptchaOptions& options) {
    return CaptchaValidator::New(verifier, options).status().message();
  };
  CHECK(message({.max_age = 2h}) == "max_age: 7200000000 us, expected 1000000 us to 3600000000 us");
  CHECK(message({.max_skew = 6min}) == "max_skew: 360000000 us, expected 0 us to 300000000 us");
  CHECK(message({.hostnames = {"shop", ""}}) == "hostnames: '', expected names of hosts");
  CHECK(message({.max_token_bytes = 65'537}) == "max_token_bytes: 65537, expected 1 to 65536");
  CHECK(message({.min_token_bytes = 9, .max_token_bytes = 8}) ==
        "min_token_bytes: 9, expected 1 to 8");
  CHECK(message({.remembered_tokens = 15}) == "remembered_tokens: 15, expected 16 to 268435456");
  CHECK(message({.missing_score = 101}) == "missing_score: 101, expected 0 to 100");
  CHECK(message({.outage_score = 101}) == "outage_score: 101, expected 0 to 100");
}

}  // namespace
}  // namespace flashsale
