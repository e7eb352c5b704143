#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
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
using enum DetectorCost;

// What a completion was told, and how often.
struct Told {
  std::vector<BotDecision> decisions;

  CompositeBotDetector::Completion Completion() {
    return [this](const BotDecision& decision) { decisions.push_back(decision); };
  }
};

std::unique_ptr<CompositeBotDetector> Make(const CompositeOptions& options) {
  auto made = CompositeBotDetector::New(options);
  REQUIRE_MESSAGE(made.ok(), made.status().ToString());
  return std::move(*made);
}

std::optional<BotDecision> Ask(const CompositeBotDetector& chain, Told& told, Time now = kBotStart,
                               const Visitor& visitor = {}) {
  const BotQuery query = visitor.query();
  return chain.DecideAsync(query, chain.ProbeFor(query), now, told.Completion());
}

TEST_CASE("what needs no waiting is decided at once, without the completion") {
  ScriptedDetector local(kLookup, 60);
  PatientDetector patient;
  Told told;
  CHECK(Ask(*Make({.detectors = {{.detector = &local}}}), told)->score == 60);
  ScriptedDetector direct(kRemote, 20);
  CHECK(Ask(*Make({.detectors = {{.detector = &direct}}}), told)->score == 20);
  CHECK(told.decisions.empty());
}

TEST_CASE("an answer that comes later completes the decision, once, and with its own copy") {
  PatientDetector patient;
  ScriptedDetector local(kLookup, 20);
  Told told;
  const auto chain = Make({.detectors = {{.detector = &patient}, {.detector = &local}}});
  {
    std::string token = "a token that is overwritten soon";
    const Visitor visitor{.context = {.challenge_token = token}};
    CHECK_FALSE(Ask(*chain, told, kBotStart, visitor).has_value());
    token.assign(token.size(), 'x');
  }
  CHECK(told.decisions.empty());
  const std::shared_ptr<BotScoreSink> sink = patient.TakeSink();
  sink->Deliver({.score = 40, .reason = BotReason::kHostRule});
  sink->Deliver({.score = 100});
  chain->Poll(kBotStart + 1h);
  REQUIRE(told.decisions.size() == 1);
  CHECK(told.decisions[0].score == 60);
  CHECK(told.decisions[0].action == BotAction::kChallenge);
  CHECK(told.decisions[0].decided_by == 0);
  CHECK(chain->StatsOf(0).late == 1);
  CHECK(chain->StatsOf(0).timeouts == 0);
}

TEST_CASE("a remote detector on an executor sees what the request was when the request is gone") {
  ManualExecutor executor;
  std::string seen;
  ScriptedDetector remote(kRemote, [&](const BotQuery& query, const auto&) {
    seen = std::string(query.context.challenge_token) + "/" +
           std::string(query.context.Header("ACCEPT").value_or("")) + "/" +
           std::to_string(query.context.behavior.intervals.size()) + "/" + query.sale.ToString();
    return std::optional(BotScore{.score = 10});
  });
  Told told;
  const auto chain = Make({.detectors = {{.detector = &remote}}, .executor = &executor});
  {
    auto token = std::make_unique<std::string>("token");
    auto headers = std::make_unique<std::vector<HeaderField>>();
    headers->push_back({.name = "accept", .value = "*/*"});
    auto intervals = std::make_unique<std::vector<Duration>>(3, 1ms);
    const Visitor visitor{.context = {.headers = *headers,
                                      .challenge_token = *token,
                                      .behavior = {.intervals = *intervals}}};
    CHECK_FALSE(Ask(*chain, told, kBotStart, visitor).has_value());
  }
  REQUIRE(executor.waiting() == 1);
  executor.RunOne();
  CHECK(seen == "token/*/*/3/drop");
  REQUIRE(told.decisions.size() == 1);
}

TEST_CASE("remote detectors are asked one after the other, and no more than are needed") {
  PatientDetector first;
  PatientDetector second("second");
  Told told;
  const auto chain = Make({.detectors = {{.detector = &first}, {.detector = &second}}});
  CHECK_FALSE(Ask(*chain, told).has_value());
  CHECK(first.open() == 1);
  CHECK(second.open() == 0);
  first.TakeSink()->Deliver({.score = 10});
  CHECK(second.open() == 1);
  CHECK(told.decisions.empty());
  second.TakeSink()->Deliver({.score = 20});
  REQUIRE(told.decisions.size() == 1);
  CHECK(told.decisions[0].score == 30);

  CHECK_FALSE(Ask(*chain, told).has_value());
  first.TakeSink()->Deliver({.score = 95});
  CHECK(second.open() == 0);
  CHECK(told.decisions.back().action == BotAction::kDeny);
}

TEST_CASE("Poll gives up who is out of time, and says when to come again") {
  PatientDetector first;
  PatientDetector second("second");
  Told told;
  const auto chain =
      Make({.detectors = {
                {.detector = &first, .on_failure = FailurePolicy::kOpen, .time_limit = 100ms},
                {.detector = &second, .on_failure = FailurePolicy::kClosed, .time_limit = 200ms}}});
  CHECK(chain->Poll(kBotStart) == kBotStart + 100ms);
  CHECK_FALSE(Ask(*chain, told, kBotStart + 50ms).has_value());
  CHECK(chain->Poll(kBotStart + 60ms) == kBotStart + 150ms);
  CHECK(second.open() == 0);
  chain->Poll(kBotStart + 150ms);
  CHECK(second.open() == 1);
  CHECK(told.decisions.empty());
  // The second has what is left of the sum: 300 ms after the question.
  chain->Poll(kBotStart + 349ms);
  CHECK(told.decisions.empty());
  chain->Poll(kBotStart + 350ms);
  REQUIRE(told.decisions.size() == 1);
  CHECK(told.decisions[0].reason == BotReason::kDetectorTimedOut);
  CHECK(told.decisions[0].decided_by == 1);
  CHECK(told.decisions[0].action == BotAction::kDeny);
  first.TakeSink()->Deliver({.score = 100});
  second.TakeSink()->Deliver({.score = 0});
  CHECK(told.decisions.size() == 1);
  CHECK(chain->StatsOf(0).late == 1);
  CHECK(chain->StatsOf(1).late == 1);
}

TEST_CASE("what nobody waits for any more is outstanding until the detector lets go of it") {
  PatientDetector patient;
  Told told;
  const auto chain =
      Make({.detectors = {{.detector = &patient, .time_limit = 1ms, .max_outstanding = 3}}});
  for (int i = 0; i < 3; ++i) CHECK_FALSE(Ask(*chain, told).has_value());
  CHECK(Ask(*chain, told).has_value());  // refused at once
  chain->Poll(kBotStart + 1s);
  CHECK(told.decisions.size() == 3);
  CHECK(Ask(*chain, told).has_value());
  CHECK(chain->StatsOf(0).refused == 2);
  patient.TakeSink().reset();
  CHECK_FALSE(Ask(*chain, told).has_value());
  CHECK(chain->StatsOf(0).failures == 0);  // it was late, not silent
}

TEST_CASE("tasks that have not begun when their time is out ask nobody") {
  ManualExecutor executor;
  ScriptedDetector remote(kRemote, 10);
  Told told;
  const auto chain =
      Make({.detectors = {{.detector = &remote, .time_limit = 1ms}}, .executor = &executor});
  CHECK_FALSE(Ask(*chain, told).has_value());
  chain->Poll(kBotStart + 1ms);
  CHECK(told.decisions.size() == 1);
  executor.RunOne();
  CHECK(remote.asked() == 0);
  CHECK(told.decisions.size() == 1);
}

TEST_CASE("an executor that runs at once completes before the call returns") {
  InlineExecutor executor;
  std::vector<std::unique_ptr<ScriptedDetector>> detectors;
  CompositeOptions options{.executor = &executor};
  for (std::size_t i = 0; i < CompositeBotDetector::kMaxDetectors; ++i) {
    detectors.push_back(std::make_unique<ScriptedDetector>(kRemote, std::uint8_t{3}));
    options.detectors.push_back({.detector = detectors.back().get()});
  }
  Told told;
  const auto chain = Make(options);
  CHECK_FALSE(Ask(*chain, told).has_value());
  REQUIRE(told.decisions.size() == 1);
  CHECK(told.decisions[0].score == 48);
}

TEST_CASE("detectors in shadow are waited for never, and their time runs out too") {
  PatientDetector patient;
  ScriptedDetector calm(kArithmetic, 10);
  Told told;
  const auto chain =
      Make({.detectors = {{.detector = &patient, .shadow = true, .time_limit = 100ms},
                          {.detector = &calm}}});
  const std::optional<BotDecision> decision = Ask(*chain, told);
  REQUIRE(decision.has_value());
  CHECK(decision->score == 10);
  CHECK_FALSE(!Ask(*chain, told).has_value());
  patient.TakeSink()->Deliver({.score = 90});
  chain->Poll(kBotStart + 100ms);
  const DetectorStats stats = chain->StatsOf(0);
  CHECK(stats.asked == 2);
  CHECK(stats.shadow_hits == 1);
  CHECK(stats.timeouts == 1);
  CHECK(told.decisions.empty());
}

TEST_CASE("who goes before the answers do gets the decisions of those who failed") {
  PatientDetector patient;
  PatientDetector other("other");
  Told told;
  std::vector<std::shared_ptr<BotScoreSink>> sinks;
  {
    const auto chain = Make(
        {.detectors = {
             {.detector = &patient, .time_limit = kAges},
             {.detector = &other, .on_failure = FailurePolicy::kClosed, .time_limit = kAges}}});
    for (int i = 0; i < 5; ++i) CHECK_FALSE(Ask(*chain, told).has_value());
    while (patient.open() > 0) sinks.push_back(patient.TakeSink());
  }
  REQUIRE(told.decisions.size() == 5);
  for (const BotDecision& decision : told.decisions) {
    CHECK(decision.action == BotAction::kDeny);
  }
  CHECK(patient.open() + other.open() == 0);  // nobody was asked any more
  for (const auto& sink : sinks) sink->Deliver({.score = 100});
  sinks.clear();
  CHECK(told.decisions.size() == 5);
}

TEST_CASE("a completion that throws is counted and harms nobody") {
  PatientDetector patient;
  const auto chain = Make({.detectors = {{.detector = &patient}}});
  const Visitor visitor;
  CHECK_FALSE(chain
                  ->DecideAsync(visitor.query(), chain->ProbeFor(visitor.query()), kBotStart,
                                [](const BotDecision&) { throw std::runtime_error("no"); })
                  .has_value());
  patient.TakeSink()->Deliver({.score = 0});
  CHECK(chain->Stats().failed_completions == 1);
  CHECK_FALSE(chain->DecideAsync(visitor.query(), chain->ProbeFor(visitor.query()), kBotStart, {})
                  .has_value());
  patient.TakeSink()->Deliver({.score = 0});  // nobody is told, which is their wish
}

TEST_CASE("answers, polls and callers of many threads complete each decision once") {
  constexpr int kCallers = 3;
  constexpr int kEach = 400;
  PatientDetector patient;
  ScriptedDetector direct(kRemote, 7);
  std::atomic<int> completed = 0;
  std::atomic<int> at_once = 0;
  std::atomic<bool> stop = false;
  {
    ThreadExecutor executor(2);
    const auto chain =
        Make({.detectors = {{.detector = &patient, .time_limit = 1ms, .max_outstanding = 64},
                            {.detector = &direct, .time_limit = 1ms, .max_outstanding = 64}},
              .executor = &executor});
    std::jthread answerer([&] {
      while (!stop || patient.open() > 0) {
        if (patient.open() > 0) {
          const auto sink = patient.TakeSink();
          sink->Deliver({.score = 5});
          sink->Deliver({.score = 50});
        }
        std::this_thread::yield();
      }
    });
    std::jthread poller([&] {
      Time now = kBotStart;
      while (!stop) {
        chain->Poll(now);
        now += 100us;
        std::this_thread::yield();
      }
    });
    {
      std::vector<std::jthread> callers;
      callers.reserve(12);
      for (int caller = 0; caller < kCallers; ++caller) {
        callers.emplace_back([&] {
          const Visitor visitor{.context = {.challenge_token = "token"}};
          for (int i = 0; i < kEach; ++i) {
            const BotQuery query = visitor.query();
            const Time now = kBotStart + Duration(i * 100);
            const auto done = [&completed](const BotDecision&) { ++completed; };
            if (chain->DecideAsync(query, chain->ProbeFor(query), now, done)) ++at_once;
          }
        });
      }
    }
    // All that is open now is answered by somebody, the destructor at the latest.
    stop = true;
  }
  CHECK(completed + at_once == kCallers * kEach);
}

TEST_CASE("callers who wait on many threads get answers while a detector hangs") {
  Latch latch;
  std::atomic<int> hung = 0;
  ScriptedDetector moody(kRemote, [&](const BotQuery&, const auto&) {
    if (hung++ < 2) latch.Wait();
    return std::optional(BotScore{.score = 10});
  });
  ThreadExecutor executor(4);
  const auto chain =
      Make({.detectors = {{.detector = &moody, .time_limit = 20ms, .max_outstanding = 3}},
            .executor = &executor});
  std::atomic<int> decided = 0;
  {
    std::vector<std::jthread> callers;
    callers.reserve(12);
    for (int caller = 0; caller < 3; ++caller) {
      callers.emplace_back([&] {
        const Visitor visitor;
        for (int i = 0; i < 200; ++i) {
          const BotQuery query = visitor.query();
          decided +=
              chain->Decide(query, chain->ProbeFor(query), kBotStart).action == BotAction::kAllow
                  ? 1
                  : 0;
        }
      });
    }
  }
  CHECK(decided == 600);
  latch.Open();
}

}  // namespace
}  // namespace flashsale
