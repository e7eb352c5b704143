#include "flashsale/policy/composite_bot_detector.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "flashsale/testing/simulated_clock.h"
#include "tests/policy/bot_doubles.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;
using enum DetectorCost;

std::unique_ptr<CompositeBotDetector> Make(const CompositeOptions& options) {
  auto made = CompositeBotDetector::New(options);
  REQUIRE_MESSAGE(made.ok(), made.status().ToString());
  return std::move(*made);
}

BotDecision Decide(const CompositeBotDetector& chain, const Visitor& visitor = {},
                   Time now = kBotStart) {
  const BotQuery query = visitor.query();
  return chain.Decide(query, chain.ProbeFor(query), now);
}

TEST_CASE("scores add up by their weights, and the thresholds make an action of the sum") {
  struct Case {
    std::uint8_t first, second;
    std::uint32_t weight;  // of the second
    std::uint8_t score;
    BotAction action;
  };
  for (const Case& c :
       {Case{0, 0, 100, 0, BotAction::kAllow}, Case{49, 0, 100, 49, BotAction::kAllow},
        Case{25, 24, 100, 49, BotAction::kAllow}, Case{25, 25, 100, 50, BotAction::kChallenge},
        Case{49, 99, 1, 49, BotAction::kAllow},       // 49.99
        Case{49, 100, 1, 50, BotAction::kChallenge},  // 50.00
        Case{0, 100, 50, 50, BotAction::kChallenge}, Case{50, 50, 50, 75, BotAction::kTarpit},
        Case{40, 49, 100, 89, BotAction::kTarpit}, Case{40, 50, 100, 90, BotAction::kDeny},
        Case{80, 80, 100, 100, BotAction::kDeny}, Case{100, 0, 100, 100, BotAction::kDeny}}) {
    CAPTURE(static_cast<int>(c.first));
    CAPTURE(static_cast<int>(c.second));
    ScriptedDetector first(kArithmetic, c.first);
    ScriptedDetector second(kLookup, c.second, BotReason::kManyAttempts);
    const auto chain =
        Make({.detectors = {{.detector = &first}, {.detector = &second, .weight = c.weight}}});
    const BotDecision decision = Decide(*chain);
    CHECK(decision.action == c.action);
    CHECK(decision.judged == c.action);
    CHECK(decision.score == c.score);
    CHECK(decision.tarpit == (c.action == BotAction::kTarpit ? 5s : 0s));
  }
}

TEST_CASE("a decision names who added most to it") {
  ScriptedDetector weak(kArithmetic, 30, BotReason::kTooFast);
  ScriptedDetector strong(kLookup, 40, BotReason::kManyAttempts);
  ScriptedDetector halved(kLookup, 60, BotReason::kHostRule);
  const auto chain = Make({.detectors = {{.detector = &halved, .weight = 50},
                                         {.detector = &strong},
                                         {.detector = &weak}},
                           .thresholds = {.challenge = 101, .tarpit = 101, .deny = 101}});
  ScriptedDetector nothing(kArithmetic, 0, BotReason::kNone);
  // Nothing can change the action where there is none but one: nobody further is asked.
  CHECK(Decide(*chain).score == 30);
  const auto open =
      Make({.detectors = {
                {.detector = &halved, .weight = 50}, {.detector = &strong}, {.detector = &weak}}});
  const BotDecision decision = Decide(*open);
  CHECK(decision.score == 100);
  CHECK(decision.decided_by == 1);
  CHECK(decision.reason == BotReason::kManyAttempts);
  CHECK(open->DetectorName(decision.decided_by) == strong.name());
  const BotDecision calm = Decide(*Make({.detectors = {{.detector = &nothing}}}));
  CHECK(calm.decided_by == BotDecision::kNobody);
  CHECK(calm.reason == BotReason::kNone);
}

TEST_CASE("the cheapest are asked first, and nobody whose word could not change the action") {
  ScriptedDetector remote(kRemote, 100);
  ScriptedDetector lookup(kLookup, 0);
  ScriptedDetector arithmetic(kArithmetic, 95);
  const auto chain = Make(
      {.detectors = {{.detector = &remote}, {.detector = &lookup}, {.detector = &arithmetic}}});
  CHECK(Decide(*chain).action == BotAction::kDeny);
  CHECK(arithmetic.asked() == 1);
  CHECK(lookup.asked() == 0);
  CHECK(remote.asked() == 0);
  CHECK(chain->StatsOf(2).asked == 1);
  CHECK(chain->StatsOf(0).asked == 0);

  // 20 of the first and at most 29 of the others make no challenge.
  ScriptedDetector calm(kArithmetic, 20);
  ScriptedDetector light(kRemote, 100);
  const auto light_chain =
      Make({.detectors = {{.detector = &light, .weight = 29}, {.detector = &calm}}});
  CHECK(Decide(*light_chain).action == BotAction::kAllow);
  CHECK(light.asked() == 0);
  const auto heavier =
      Make({.detectors = {{.detector = &light, .weight = 30}, {.detector = &calm}}});
  CHECK(Decide(*heavier).action == BotAction::kChallenge);
  CHECK(light.asked() == 1);
}

TEST_CASE("who passed a challenge is not asked for another, and is refused all the same") {
  struct Case {
    std::uint8_t fingerprint;
    bool passed;
    BotAction action;
  };
  for (const Case& c : {Case{60, false, BotAction::kChallenge}, Case{60, true, BotAction::kAllow},
                        Case{0, true, BotAction::kAllow}, Case{80, true, BotAction::kTarpit},
                        Case{95, true, BotAction::kDeny}, Case{95, false, BotAction::kDeny}}) {
    CAPTURE(static_cast<int>(c.fingerprint));
    ScriptedDetector fingerprint(kLookup, c.fingerprint, BotReason::kManyUsersPerDevice);
    ScriptedDetector captcha(kRemote, 0, c.passed ? BotReason::kChallengePassed : BotReason::kNone);
    const auto chain = Make({.detectors = {{.detector = &captcha}, {.detector = &fingerprint}}});
    const BotDecision decision = Decide(*chain);
    CHECK(decision.action == c.action);
    if (c.fingerprint > 0) CHECK(decision.reason == BotReason::kManyUsersPerDevice);
  }
  // However little the challenge's own score counts, it is asked about.
  ScriptedDetector suspect(kLookup, 60);
  ScriptedDetector light(kRemote, 0, BotReason::kChallengePassed);
  CHECK(Decide(*Make({.detectors = {{.detector = &suspect}, {.detector = &light, .weight = 0}}}))
            .action == BotAction::kAllow);
  // A challenge that was passed before the sum reaches one, too.
  ScriptedDetector first(kRemote, 0, BotReason::kChallengePassed);
  ScriptedDetector second(kRemote, 60);
  CHECK(Decide(*Make({.detectors = {{.detector = &first}, {.detector = &second}}})).action ==
        BotAction::kAllow);
}

TEST_CASE("a detector that throws, exceeds the scale or cannot tell counts as its policy says") {
  const std::array<ScriptedDetector::Answer, 3> failures = {
      [](const BotQuery&, const auto&) -> std::optional<BotScore> {
        throw std::runtime_error("no");
      },
      [](const BotQuery&, const auto&) -> std::optional<BotScore> {
        return BotScore{.score = 101};
      },
      [](const BotQuery&, const auto&) -> std::optional<BotScore> { return std::nullopt; }};
  for (const auto& failure : failures) {
    for (const bool closed : {false, true}) {
      ScriptedDetector broken(kLookup, failure);
      ScriptedDetector calm(kArithmetic, 10);
      const auto chain = Make(
          {.detectors = {{.detector = &broken,
                          .on_failure = closed ? FailurePolicy::kClosed : FailurePolicy::kOpen},
                         {.detector = &calm}}});
      const BotDecision decision = Decide(*chain);
      CHECK(decision.action == (closed ? BotAction::kDeny : BotAction::kAllow));
      CHECK(decision.score == (closed ? 100 : 10));
      if (closed) CHECK(decision.reason == BotReason::kDetectorFailed);
      CHECK(chain->StatsOf(0).failures == 1);
      CHECK(chain->StatsOf(1).failures == 0);
    }
  }
}

TEST_CASE("a detector that throws something else, from whichever call, harms nobody") {
  class Thrower final : public BotDetector {
   public:
    explicit Thrower(DetectorCost cost) : cost_(cost) {}
    std::string_view name() const override { return "thrower"; }
    DetectorCost cost() const override { return cost_; }
    DetectorProbe Probe(const BotQuery& /*query*/) override { throw 1; }
    std::optional<BotScore> ScoreAtOnce(const BotQuery& /*query*/, const DetectorProbe& /*probe*/,
                                        Time /*now*/) override {
      throw 2;
    }
    std::optional<BotScore> Score(const BotQuery& /*query*/, const DetectorProbe& /*probe*/,
                                  Time /*now*/,
                                  const std::shared_ptr<BotScoreSink>& /*later*/) override {
      throw 3;
    }

   private:
    DetectorCost cost_;
  };
  for (const DetectorCost cost : {kArithmetic, kLookup, kRemote}) {
    Thrower thrower(cost);
    for (const bool shadow : {false, true}) {
      const auto chain = Make(
          {.detectors = {
               {.detector = &thrower, .on_failure = FailurePolicy::kClosed, .shadow = shadow}}});
      CHECK(Decide(*chain).action == (shadow ? BotAction::kAllow : BotAction::kDeny));
      CHECK(chain->StatsOf(0).failures == 1);
    }
  }
}

TEST_CASE("a detector in shadow is asked, counted and not listened to") {
  for (const DetectorCost cost : {kArithmetic, kLookup, kRemote}) {
    ScriptedDetector stern(cost, 95);
    ScriptedDetector calm(kArithmetic, 10);
    const auto chain =
        Make({.detectors = {{.detector = &stern, .shadow = true}, {.detector = &calm}}});
    for (int i = 0; i < 3; ++i) CHECK(Decide(*chain).score == 10);
    CHECK(stern.asked() == 3);
    const DetectorStats stats = chain->StatsOf(0);
    CHECK(stats.asked == 3);
    CHECK(stats.suspected == 3);
    CHECK(stats.shadow_hits == 3);
    CHECK(chain->StatsOf(1).shadow_hits == 0);
  }
  // Whatever it says, it passes no challenge either; and it is asked although all is decided.
  ScriptedDetector passed(kRemote, 0, BotReason::kChallengePassed);
  ScriptedDetector suspect(kLookup, 60);
  ScriptedDetector hard(kArithmetic, 0);
  const auto chain =
      Make({.detectors = {{.detector = &passed, .shadow = true}, {.detector = &suspect}}});
  CHECK(Decide(*chain).action == BotAction::kChallenge);
  CHECK(passed.asked() == 1);
}

TEST_CASE("a chain in shadow decides and counts, and lets everybody in") {
  ScriptedDetector stern(kLookup, 95);
  const auto chain = Make({.detectors = {{.detector = &stern}}, .shadow = true});
  const BotDecision decision = Decide(*chain);
  CHECK(decision.action == BotAction::kAllow);
  CHECK(decision.judged == BotAction::kDeny);
  CHECK(decision.score == 95);
  CHECK(chain->Stats().spared == 1);
  CHECK(chain->Stats().judged[static_cast<std::size_t>(BotAction::kDeny)] == 1);
}

TEST_CASE("each decision is counted by its action") {
  std::uint8_t score = 0;
  ScriptedDetector scripted(kLookup, [&](const BotQuery&, const auto&) {
    return std::optional(BotScore{.score = score});
  });
  const auto chain = Make({.detectors = {{.detector = &scripted}}});
  for (const std::uint8_t next : std::initializer_list<std::uint8_t>{0, 10, 50, 75, 76, 77, 90}) {
    score = next;
    Decide(*chain);
  }
  CHECK(chain->Stats().judged == std::array<std::uint64_t, kBotActions>{2, 1, 3, 1});
  CHECK(chain->StatsOf(0).suspected == 5);
}

TEST_CASE("without an executor the time of a remote detector is judged afterwards") {
  SimulatedClock clock(kBotStart);
  Duration takes{0};
  ScriptedDetector slow(kRemote, [&](const BotQuery&, const auto&) {
    clock.Advance(takes);
    return std::optional(BotScore{.score = 60, .reason = BotReason::kHostRule});
  });
  const auto chain = Make({.detectors = {{.detector = &slow,
                                          .on_failure = FailurePolicy::kClosed,
                                          .time_limit = 100ms}},
                           .clock = &clock});
  takes = 100ms;
  CHECK(Decide(*chain).reason == BotReason::kHostRule);
  takes = 101ms;
  const BotDecision late = Decide(*chain);
  CHECK(late.reason == BotReason::kDetectorTimedOut);
  CHECK(late.action == BotAction::kDeny);
  CHECK(chain->StatsOf(0).timeouts == 1);
}

TEST_CASE("a remote detector that blocks is given up after its time, on each policy") {
  for (const bool closed : {false, true}) {
    Latch latch;
    ScriptedDetector stuck(kRemote, [&](const BotQuery&, const auto&) {
      latch.Wait();
      return std::optional(BotScore{.score = 60});
    });
    ThreadExecutor executor(1);
    const auto chain =
        Make({.detectors = {{.detector = &stuck,
                             .on_failure = closed ? FailurePolicy::kClosed : FailurePolicy::kOpen,
                             .time_limit = 1ms}},
              .executor = &executor});
    const BotDecision decision = Decide(*chain);
    CHECK(decision.action == (closed ? BotAction::kDeny : BotAction::kAllow));
    CHECK(decision.score == (closed ? 100 : 0));
    if (closed) CHECK(decision.reason == BotReason::kDetectorTimedOut);
    CHECK(chain->StatsOf(0).timeouts == 1);
    latch.Open();
  }
}

TEST_CASE("a detector that hangs is asked no further, and fails those who come at once") {
  Latch latch;
  ScriptedDetector stuck(kRemote, [&](const BotQuery&, const auto&) {
    latch.Wait();
    return std::optional(BotScore{.score = 60});
  });
  std::optional<ThreadExecutor> executor(std::in_place, 4);
  const auto chain =
      Make({.detectors = {{.detector = &stuck, .time_limit = 1ms, .max_outstanding = 2}},
            .executor = &*executor});
  for (int i = 0; i < 10; ++i) CHECK(Decide(*chain).action == BotAction::kAllow);
  CHECK(stuck.asked() <= 2);
  CHECK(chain->StatsOf(0).timeouts == 2);
  CHECK(chain->StatsOf(0).refused == 8);
  latch.Open();
  executor.reset();  // waits for all that runs
  CHECK(chain->StatsOf(0).late <= 2);
}

TEST_CASE("an executor that is full is a failure at once") {
  ManualExecutor executor;
  executor.full = true;
  ScriptedDetector remote(kRemote, 0);
  const auto chain =
      Make({.detectors = {{.detector = &remote, .on_failure = FailurePolicy::kClosed}},
            .executor = &executor});
  CHECK(Decide(*chain).action == BotAction::kDeny);
  CHECK(chain->StatsOf(0).refused == 1);
  CHECK(remote.asked() == 0);
  executor.full = false;
  // What was refused is outstanding no more.
  for (int i = 0; i < 300; ++i) {
    executor.full = true;
    Decide(*chain);
  }
  CHECK(chain->StatsOf(0).refused == 301);
}

TEST_CASE("answers of an executor's threads and of sinks reach the caller who waits") {
  ThreadExecutor executor(2);
  ScriptedDetector direct(kRemote, 30);
  ScriptedDetector delivering(kRemote, [](const BotQuery& query, const auto& later) {
    CHECK(query.context.challenge_token == "a token");
    CHECK(query.context.Header("User-Agent") == "Mozilla");
    later->Deliver({.score = 25, .reason = BotReason::kHostRule});
    return std::optional<BotScore>();
  });
  const auto chain = Make({.detectors = {{.detector = &direct, .time_limit = kAges},
                                         {.detector = &delivering, .time_limit = kAges}},
                           .executor = &executor});
  const std::array<HeaderField, 1> headers = {{{.name = "user-agent", .value = "Mozilla"}}};
  const Visitor visitor{.context = {.headers = headers, .challenge_token = "a token"}};
  for (int i = 0; i < 100; ++i) {
    const BotDecision decision = Decide(*chain, visitor);
    CHECK(decision.score == 55);
    CHECK(decision.action == BotAction::kChallenge);
  }
}

TEST_CASE("a caller who waits is answered by a sink without an executor, from any thread") {
  PatientDetector patient;
  const auto chain = Make({.detectors = {{.detector = &patient, .time_limit = kAges}}});
  std::atomic<bool> stop = false;
  std::jthread answerer([&] {
    while (!stop) {
      if (patient.open() > 0) patient.TakeSink()->Deliver({.score = 77});
      std::this_thread::yield();
    }
  });
  for (int i = 0; i < 100; ++i) CHECK(Decide(*chain).score == 77);
  stop = true;
}

TEST_CASE("a second answer, and one that comes too late, are counted and nothing else") {
  PatientDetector patient;
  const auto chain = Make({.detectors = {{.detector = &patient, .time_limit = 1ms}}});
  CHECK(Decide(*chain).score == 0);
  CHECK(chain->StatsOf(0).timeouts == 1);
  const std::shared_ptr<BotScoreSink> sink = patient.TakeSink();
  sink->Deliver({.score = 100});
  sink->Deliver({.score = 100});
  CHECK(chain->StatsOf(0).late == 2);

  ScriptedDetector twice(kRemote, [](const BotQuery&, const auto& later) {
    later->Deliver({.score = 40});
    later->Deliver({.score = 100});
    return std::optional(BotScore{.score = 100});
  });
  const auto eager = Make({.detectors = {{.detector = &twice}}});
  CHECK(Decide(*eager).score == 40);
  CHECK(eager->StatsOf(0).late == 2);
}

TEST_CASE("who lets go of a sink without an answer has failed") {
  ScriptedDetector forgetful(kRemote, [](const BotQuery&, const auto&) {
    return std::optional<BotScore>();  // and nobody has the sink
  });
  const auto chain = Make(
      {.detectors = {
           {.detector = &forgetful, .on_failure = FailurePolicy::kClosed, .time_limit = kAges}}});
  const BotDecision decision = Decide(*chain);
  CHECK(decision.reason == BotReason::kDetectorFailed);
  CHECK(chain->StatsOf(0).failures == 1);
}

TEST_CASE("a detector's own word that it failed counts as it says") {
  ScriptedDetector outage(kRemote, 30, BotReason::kDetectorFailed);
  const auto chain =
      Make({.detectors = {{.detector = &outage, .on_failure = FailurePolicy::kClosed}}});
  CHECK(Decide(*chain).score == 30);
  CHECK(chain->StatsOf(0).failures == 1);
}

TEST_CASE("a chain is a detector of another chain") {
  ScriptedDetector inner_detector(kLookup, 80, BotReason::kManyAttempts);
  const auto inner = Make({.name = "inner", .detectors = {{.detector = &inner_detector}}});
  CHECK(inner->cost() == kLookup);
  const auto outer = Make({.detectors = {{.detector = inner.get(), .weight = 50}}});
  const BotDecision decision = Decide(*outer);
  CHECK(decision.score == 40);
  CHECK(decision.reason == BotReason::kManyAttempts);
  CHECK(outer->DetectorName(0) == "inner");

  PatientDetector patient;
  const auto remote_inner = Make({.name = "remote", .detectors = {{.detector = &patient}}});
  CHECK(remote_inner->cost() == kRemote);
  const auto remote_outer = Make({.detectors = {{.detector = remote_inner.get()}}});
  const Visitor visitor;
  std::optional<BotDecision> decided;
  CHECK_FALSE(remote_outer
                  ->DecideAsync(visitor.query(), remote_outer->ProbeFor(visitor.query()), kBotStart,
                                [&](const BotDecision& d) { decided = d; })
                  .has_value());
  patient.TakeSink()->Deliver({.score = 91});
  REQUIRE(decided.has_value());
  CHECK(decided->action == BotAction::kDeny);
}

TEST_CASE("what is wrong with a chain is named") {
  ScriptedDetector detector(kLookup, 0);
  ScriptedDetector nameless(
      kLookup, [](const BotQuery&, const auto&) { return std::optional<BotScore>(); }, "no\nname");
  const auto message = [](const CompositeOptions& options) {
    return CompositeBotDetector::New(options).status().message();
  };
  const ChainedDetector good{.detector = &detector};
  CHECK(message({}) == "detectors: 0, expected 1 to 16");
  CHECK(message({.detectors = std::vector<ChainedDetector>(17, good)}) ==
        "detectors: 17, expected 1 to 16");
  CHECK(message({.detectors = {good, {}}}) == "detectors[1].detector: null, expected a detector");
  CHECK(message({.detectors = {{.detector = &nameless}}}) ==
        "detectors[0].detector.name: 'no\\x0aname', expected 1 to 64 of A-Z a-z 0-9 . _ -");
  CHECK(message({.detectors = {{.detector = &detector, .weight = 101}}}) ==
        "detectors[0].weight: 101, expected 0 to 100");
  CHECK(message({.detectors = {{.detector = &detector, .time_limit = 0ms}}}) ==
        "detectors[0].time_limit: 0 us, expected 1000 us to 60000000 us");
  CHECK(message({.detectors = {{.detector = &detector, .max_outstanding = 0}}}) ==
        "detectors[0].max_outstanding: 0, expected 1 to 65536");
  CHECK(message({.detectors = {{.detector = &detector,
                                .on_failure = static_cast<FailurePolicy>(2)}}}) ==
        "detectors[0].on_failure: 2, expected kOpen or kClosed");
  CHECK(message({.detectors = {good}, .thresholds = {.challenge = 0}}) ==
        "thresholds.challenge: 0, expected 1 to 101");
  CHECK(message({.detectors = {good}, .thresholds = {.challenge = 60, .tarpit = 59}}) ==
        "thresholds.tarpit: 59, expected 60 to 101");
  CHECK(message({.detectors = {good}, .thresholds = {.deny = 102}}) ==
        "thresholds.deny: 102, expected 75 to 101");
  CHECK(message({.detectors = {good}, .tarpit = 2min}) ==
        "tarpit: 120000000 us, expected 0 us to 60000000 us");
  CHECK(message({.name = "", .detectors = {good}}) ==
        "name: '', expected 1 to 64 of A-Z a-z 0-9 . _ -");
}

TEST_CASE("a chain takes no detector twice, and no two of one name") {
  const auto nobody = [](const BotQuery&, const auto&) { return std::optional<BotScore>(); };
  ScriptedDetector first(kLookup, nobody, "first");
  ScriptedDetector second(kLookup, nobody, "second");
  ScriptedDetector another_first(kArithmetic, nobody, "first");
  const auto message = [](const CompositeOptions& options) {
    return CompositeBotDetector::New(options).status().message();
  };
  const ChainedDetector f{.detector = &first};
  const ChainedDetector s{.detector = &second};
  CHECK(message({.detectors = {f, s}}).empty());
  CHECK(message({.detectors = {f, s, f}}) ==
        "detectors[2].detector: the same as detectors[0], expected each detector once");
  CHECK(message({.detectors = {s, {.detector = &first, .shadow = true}, f}}) ==
        "detectors[2].detector: the same as detectors[1], expected each detector once");
  CHECK(message({.detectors = {s, f, {.detector = &another_first}}}) ==
        "detectors[2].detector.name: 'first', expected another one than that of detectors[1]");
}

TEST_CASE("actions have names") {
  CHECK(Name(BotAction::kAllow) == "Allow");
  CHECK(Name(BotAction::kChallenge) == "Challenge");
  CHECK(Name(BotAction::kTarpit) == "Tarpit");
  CHECK(Name(BotAction::kDeny) == "Deny");
}

}  // namespace
}  // namespace flashsale
