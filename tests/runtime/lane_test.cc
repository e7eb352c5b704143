#include "flashsale/runtime/lane.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#define FLASHSALE_DEFINE_FAILING_OPERATOR_NEW
#include "flashsale/runtime/inline_executor.h"
#include "flashsale/runtime/manual_executor.h"
#include "flashsale/testing/allocation_failure.h"
#include "flashsale/testing/simulated_clock.h"
#include "tests/runtime/hooked_inventory.h"
#include "tests/wait_for.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

// A lane that the test polls, in front of a store that tells of its batches.
struct Polled {
  explicit Polled(LaneOptions options = {}) {
    options.workers = 0;
    lane = MakeLane(store, clock, std::move(options));
    store.Open("a");
    store.Open("b");
  }

  bool Submit(const char* sale, std::uint64_t user, const LaneCall& rest = {}) {
    LaneCall call = rest;
    call.sale = sale;
    call.command = ReserveFor(user);
    return !lane->Submit(call, heard).has_value();
  }
  // "a1a2 b3": the sales and users of the batches.
  std::string Sent() const {
    std::string sent;
    for (const HookedInventory::Batch& batch : batches) {
      if (!sent.empty()) sent += ' ';
      for (const Command& command : batch.commands) {
        sent += std::string(batch.sale.view()) + std::to_string(command.user.bytes()[15]);
      }
    }
    return sent;
  }

  SimulatedClock clock{kOpening};
  std::vector<HookedInventory::Batch> batches;
  std::function<Status()> before_apply;
  HookedInventory store{[this](const HookedInventory::Batch& batch) {
    batches.push_back(batch);
    return before_apply ? before_apply() : Status();
  }};
  Heard heard;
  std::unique_ptr<Lane> lane;
};

TEST_CASE("what gathers for a sale is one batch, in order, and sales take turns") {
  Polled polled({.max_batch = 3});
  for (const std::uint64_t user : {1U, 2U, 3U, 4U, 5U, 6U, 7U}) CHECK(polled.Submit("a", user));
  CHECK(polled.Submit("b", 8));
  CHECK(polled.Submit("b", 9));
  CHECK(polled.Sent().empty());
  CHECK(polled.lane->Poll(1));
  CHECK_FALSE(polled.lane->Poll());
  CHECK(polled.Sent() == "a1a2a3 b8b9 a4a5a6 a7");
  CHECK(polled.heard.codes() == std::vector<Code>(9, Code::kDone));

  const LaneStatistics statistics = polled.lane->statistics();
  CHECK(statistics.accepted == 9);
  CHECK(statistics.depth == 0);
  CHECK(statistics.batches == 4);
  CHECK(statistics.batch_sizes[0] == 1);
  CHECK(statistics.batch_sizes[1] == 1);
  CHECK(statistics.batch_sizes[2] == 2);
}

TEST_CASE("batches that are at hand together wait for one commit, and are told behind it") {
  Polled polled({.max_batch = 3});
  std::vector<std::uint64_t> commits;
  polled.store.commit = [&](std::uint64_t ticket) {
    CHECK(polled.heard.count() == 0);
    commits.push_back(ticket);
    return Status();
  };
  for (const std::uint64_t user : {1U, 2U, 3U, 4U, 5U}) CHECK(polled.Submit("a", user));
  CHECK(polled.Submit("b", 8));
  CHECK_FALSE(polled.lane->Poll(1));
  CHECK(polled.Sent() == "a1a2a3 b8 a4a5");
  CHECK(commits == std::vector<std::uint64_t>{3});
  CHECK(polled.heard.codes() == std::vector<Code>(6, Code::kDone));
}

TEST_CASE("where a commit fails or throws nobody is told that they have what they may not have") {
  for (const bool throws : {false, true}) {
    CAPTURE(throws);
    Polled polled({.max_batch = 2});
    polled.store.commit = [&](std::uint64_t) -> Status {
      if (throws) throw std::runtime_error("the disk");
      return {StatusCode::kUnknown, "the disk"};
    };
    for (const std::uint64_t user : {1U, 2U, 3U}) CHECK(polled.Submit("a", user));
    CHECK(polled.Submit("b", 4, {.deadline = kOpening}));
    polled.lane->Poll();
    REQUIRE(polled.heard.count() == 4);
    int unknown = 0;
    for (const Result<Outcome>& answer : polled.heard.answers()) {
      if (answer.ok()) {
        // What was never handed to the store is sure to be nothing.
        CHECK(answer->code == Code::kOverloaded);
      } else {
        CHECK(answer.status().code() == StatusCode::kUnknown);
        ++unknown;
      }
    }
    CHECK(unknown == 3);
    CHECK(polled.lane->statistics().failed == 3);
    CHECK(polled.lane->statistics().exceptions == (throws ? 1 : 0));
  }
}

// A lane with a thread of its own in front of a store whose commits wait for the test.
struct Kept {
  explicit Kept(LaneOptions options = {}) : store(MakeBefore()) {
    store.Open("a");
    store.Open("few", 1);
    store.commit = [this](std::uint64_t ticket) {
      // Wait without end only if the test is broken.
      ++asked;
      while (kept.load() < ticket) kept.wait(kept.load());
      return answer;
    };
    options.max_batch = 1;
    lane = MakeLane(store, clock, std::move(options));
    // From here on the lane knows that commits come later.
    kept = 1;
    Submit("a", 1);
    REQUIRE(WaitFor([&] { return heard.count() == 1; }));
  }

  void Submit(const char* sale, std::uint64_t user) {
    CHECK_FALSE(lane->Submit({.sale = sale, .command = ReserveFor(user)}, heard).has_value());
  }
  // These calls come at once, so that none is alone.
  void SubmitTogether(const std::vector<std::pair<const char*, std::uint64_t>>& calls) {
    open = 0;
    for (const auto& [sale, user] : calls) Submit(sale, user);
    open = 1;
    open.notify_all();
  }
  void AwaitApplied(int count) const {
    REQUIRE(WaitFor([&] { return applied == count; }));
  }
  void Keep(std::uint64_t ticket) {
    kept = ticket;
    kept.notify_all();
  }

  HookedInventory::Before MakeBefore() {
    return [this](const HookedInventory::Batch&) {
      open.wait(0);
      ++applied;
      return Status();
    };
  }

  SimulatedClock clock{kOpening};
  std::atomic<int> open{1};
  std::atomic<int> applied{0};
  std::atomic<int> asked{0};
  std::atomic<std::uint64_t> kept{0};
  Status answer;
  Heard heard;
  HookedInventory store;
  std::unique_ptr<Lane> lane;
};

TEST_CASE("while a commit is on its way others are served, and told behind it") {
  Kept kept;
  kept.SubmitTogether({{"a", 2}, {"a", 3}, {"few", 4}, {"few", 5}});
  // Five, though of the second commit nobody has heard.
  kept.AwaitApplied(5);
  REQUIRE(WaitFor([&] { return kept.asked == 2; }));
  CHECK(kept.heard.count() == 1);
  // Nor is anybody told who waits for nothing, but behind whom they came.
  kept.Keep(2);
  kept.Keep(4);
  kept.lane->Drain();
  CHECK(kept.heard.codes() ==
        std::vector<Code>{Code::kDone, Code::kDone, Code::kDone, Code::kDone, Code::kSoldOut});
  CHECK(kept.lane->statistics().depth == 0);
}

TEST_CASE("of a commit that fails behind others nobody is told but that it is unknown") {
  Kept kept;
  kept.answer = {StatusCode::kUnknown, "the disk"};
  kept.SubmitTogether({{"a", 2}, {"a", 3}, {"a", 4}});
  kept.AwaitApplied(4);
  kept.Keep(4);
  kept.lane->Drain();
  REQUIRE(kept.heard.count() == 4);
  const std::vector<Result<Outcome>> answers = kept.heard.answers();
  CHECK(answers[0].ok());
  for (std::size_t i = 1; i < 4; ++i) CHECK(answers[i].status().code() == StatusCode::kUnknown);
  CHECK(kept.lane->statistics().failed == 3);
}

TEST_CASE("what was accepted before a close is told when it is kept, without a drain") {
  for (const bool on_executor : {false, true}) {
    CAPTURE(on_executor);
    InlineExecutor executor;
    Kept kept({.executor = on_executor ? &executor : nullptr});
    kept.SubmitTogether({{"a", 2}, {"a", 3}});
    kept.AwaitApplied(3);
    kept.lane->Close();
    // Long enough for a worker that thinks it has done everything to end.
    for (int i = 0; i < 1'000; ++i) std::this_thread::yield();
    CHECK(kept.heard.count() == 1);
    kept.Keep(3);
    CHECK(WaitFor([&] { return kept.heard.count() == 3; }));
    CHECK(kept.heard.codes() == std::vector<Code>(3, Code::kDone));
  }
}

TEST_CASE("a full lane refuses at once, and has room again when a call completes") {
  Polled polled({.capacity = 2, .retry_after = 250ms});
  CHECK(polled.Submit("a", 1));
  CHECK(polled.Submit("a", 2));
  const LaneCall third{.sale = "a", .command = ReserveFor(3)};
  const std::optional<Outcome> refusal = polled.lane->Submit(third, polled.heard);
  REQUIRE(refusal.has_value());
  CHECK(refusal->code == Code::kOverloaded);
  CHECK(refusal->retry_after() == 250ms);
  CHECK(polled.lane->statistics().refused == 1);
  CHECK(polled.lane->statistics().depth == 2);
  polled.lane->Poll();
  CHECK(polled.heard.count() == 2);
  CHECK(polled.Submit("a", 4));
}

// Submits once more when it hears.
struct Again final : LaneCompletion {
  explicit Again(Polled& host) : polled(host) {}
  void Complete(const Result<Outcome>& /*answer*/) override { accepted = polled.Submit("a", 2); }
  Polled& polled;
  bool accepted = false;
};

TEST_CASE("a completion may submit: its own place is free") {
  Polled polled({.capacity = 1});
  Again again(polled);
  CHECK_FALSE(polled.lane->Submit({.sale = "a", .command = ReserveFor(1)}, again).has_value());
  polled.lane->Poll();
  CHECK(again.accepted);
  CHECK(polled.Sent() == "a1 a2");
  CHECK(polled.heard.count() == 1);
}

TEST_CASE("a call whose deadline passes before its turn is answered Overloaded and never applied") {
  Polled polled({.retry_after = 1s});
  CHECK(polled.Submit("a", 1, {.deadline = kOpening + 5ms}));
  CHECK(polled.Submit("a", 2, {.deadline = kOpening + 5ms + Duration{1}}));
  CHECK(polled.Submit("a", 3));
  CHECK(polled.Submit("b", 4, {.deadline = kOpening}));
  polled.clock.Advance(5ms);
  polled.lane->Poll();
  CHECK(polled.Sent() == "a2a3");
  CHECK(polled.heard.codes() ==
        std::vector<Code>{Code::kOverloaded, Code::kDone, Code::kDone, Code::kOverloaded});
  CHECK(polled.heard.answers()[0]->retry_after() == 1s);
  CHECK(polled.store.Reserved("a") == 2);
  CHECK(polled.store.Reserved("b") == 0);
  CHECK(polled.lane->statistics().expired == 2);
}

TEST_CASE("a call that was handed over gets its own answer, however late") {
  Polled polled;
  polled.before_apply = [&] {
    polled.clock.Advance(10s);
    return Status();
  };
  CHECK(polled.Submit("a", 1, {.deadline = kOpening + 1s}));
  polled.lane->Poll();
  CHECK(polled.heard.codes() == std::vector<Code>{Code::kDone});
}

TEST_CASE("a batch is judged at the instant at which it is cut, or at its calls' own") {
  Polled polled;
  const Time own = kOpening + 3s;
  CHECK(polled.Submit("a", 1));
  CHECK(polled.Submit("a", 2));
  CHECK(polled.Submit("a", 3, {.now = own}));
  CHECK(polled.Submit("a", 4, {.now = own}));
  CHECK(polled.Submit("a", 5, {.now = own + 1s}));
  CHECK(polled.Submit("a", 6, {.now = own}));
  polled.clock.Advance(7s);
  polled.lane->Poll();
  CHECK(polled.Sent() == "a1a2 a3a4 a5 a6");
  CHECK(polled.batches[0].now == kOpening + 7s);
  CHECK(polled.batches[1].now == own);
  CHECK(polled.batches[2].now == own + 1s);
  CHECK(polled.batches[3].now == own);
}

TEST_CASE("the store's error reaches each call, as one that may have been applied where it may") {
  Polled polled;
  const auto answers_to = [&](StatusCode code, int calls) {
    polled.before_apply = [code] { return Status(code, "no route"); };
    const std::size_t before = polled.heard.count();
    for (int i = 0; i < calls; ++i) CHECK(polled.Submit("a", 1));
    polled.lane->Poll();
    const auto answers = polled.heard.answers();
    REQUIRE(answers.size() == before + static_cast<std::size_t>(calls));
    CHECK(answers.back().status() == answers[before].status());
    return answers.back().status().ToString();
  };
  CHECK(answers_to(StatusCode::kUnavailable, 1) == "Unavailable: no route");
  CHECK(answers_to(StatusCode::kUnavailable, 2) ==
        "Unknown: in a batch of 2 commands: Unavailable: no route");
  CHECK(answers_to(StatusCode::kUnknown, 2) == "Unknown: no route");
  CHECK(answers_to(StatusCode::kFenced, 2) == "Fenced: no route");
  CHECK(answers_to(StatusCode::kNotFound, 2) == "NotFound: no route");
  CHECK(polled.lane->statistics().failed == 9);
  CHECK(polled.lane->statistics().resends == 0);
}

TEST_CASE("a batch whose answer was lost is sent again, as often as asked and no more") {
  Polled polled({.resends = 2});
  int calls = 0;
  polled.before_apply = [&] {
    return ++calls <= 2 ? Status(StatusCode::kUnavailable, "no route") : Status();
  };
  CHECK(polled.Submit("a", 1));
  CHECK(polled.Submit("a", 2));
  polled.lane->Poll();
  CHECK(polled.Sent() == "a1a2 a1a2 a1a2");
  CHECK(polled.heard.codes() == std::vector<Code>(2, Code::kDone));

  calls = -1;
  CHECK(polled.Submit("a", 3));
  polled.lane->Poll();
  CHECK(polled.heard.answers().back().status().code() == StatusCode::kUnavailable);
  CHECK(polled.lane->statistics().batches == 2);
  CHECK(polled.lane->statistics().resends == 4);

  polled.before_apply = [] { return Status(StatusCode::kFenced, "epoch"); };
  CHECK(polled.Submit("a", 4));
  polled.lane->Poll();
  CHECK(polled.lane->statistics().resends == 4);
}

struct Throwing final : LaneCompletion {
  void Complete(const Result<Outcome>& /*answer*/) override { throw std::runtime_error("oops"); }
};

TEST_CASE("a store or a completion that throws harms nobody and is counted") {
  Polled polled;
  polled.before_apply = []() -> Status { throw std::runtime_error("oops"); };
  CHECK(polled.Submit("a", 1));
  polled.lane->Poll();
  CHECK(polled.heard.answers()[0].status() == Status(StatusCode::kUnknown, "the store threw"));
  CHECK(polled.lane->statistics().exceptions == 1);

  polled.before_apply = {};
  Throwing throwing;
  CHECK_FALSE(polled.lane->Submit({.sale = "a", .command = ReserveFor(2)}, throwing).has_value());
  CHECK(polled.Submit("a", 3));
  polled.lane->Poll();
  CHECK(polled.heard.answers().back()->code == Code::kDone);
  CHECK(polled.lane->statistics().exceptions == 2);
  CHECK(polled.lane->statistics().depth == 0);
}

TEST_CASE("completions run on the executor, with one task for what is answered at a time") {
  auto executor = std::move(*ManualExecutor::New());
  Polled polled({.max_batch = 2, .executor = executor.get()});
  for (const std::uint64_t user : {1U, 2U, 3U, 4U, 5U}) CHECK(polled.Submit("a", user));
  polled.lane->Poll();
  CHECK(polled.batches.size() == 3);
  CHECK(polled.heard.count() == 0);
  CHECK(polled.lane->statistics().depth == 5);
  CHECK(executor->waiting() == 1);
  executor->RunReady();
  CHECK(polled.heard.count() == 5);
  CHECK(polled.lane->statistics().depth == 0);
  CHECK(polled.Submit("a", 6));
  polled.lane->Poll();
  CHECK(executor->waiting() == 1);
}

// Refuses, or throws although it must not.
struct BadExecutor final : Executor {
  bool Post(std::function<void()> /*task*/) override {
    if (throws) throw std::runtime_error("no memory");
    return false;
  }
  bool throws = false;
};

TEST_CASE("what an executor does not take completes on the thread that called the store") {
  BadExecutor executor;
  Polled polled({.executor = &executor});
  CHECK(polled.Submit("a", 1));
  polled.lane->Poll();
  CHECK(polled.heard.count() == 1);
  executor.throws = true;
  CHECK(polled.Submit("a", 2));
  polled.lane->Poll();
  CHECK(polled.heard.count() == 2);
  CHECK(polled.lane->statistics().executor_refusals == 2);
  CHECK(polled.lane->statistics().exceptions == 1);
}

TEST_CASE(
    "a drained lane has completed everything and refuses, whatever its executor did not run") {
  auto executor = std::move(*ManualExecutor::New());
  Polled polled({.executor = executor.get()});
  CHECK(polled.Submit("a", 1));
  polled.lane->Poll();
  CHECK(polled.Submit("a", 2));
  polled.lane->Close();
  CHECK_FALSE(polled.Submit("a", 3));
  CHECK(polled.heard.count() == 0);
  polled.lane->Drain();
  CHECK(polled.heard.count() == 2);
  CHECK(polled.Sent() == "a1 a2");
  polled.lane.reset();
  // What was posted finds nothing to do.
  CHECK(executor->RunReady() == 1);
  CHECK(polled.heard.count() == 2);
}

TEST_CASE("answers that the executor has not begun to deliver complete on the thread that drains") {
  auto executor = std::move(*ManualExecutor::New());
  Polled polled({.executor = executor.get()});
  CHECK(polled.Submit("a", 1));
  polled.lane->Poll();
  CHECK(executor->waiting() == 1);
  CHECK(polled.heard.count() == 0);
  polled.lane->Drain();
  CHECK(polled.heard.count() == 1);
  CHECK(polled.lane->statistics().depth == 0);
}

TEST_CASE("a lane that is destroyed has completed everything") {
  for (const std::size_t workers : {0U, 1U, 3U}) {
    SimulatedClock clock(kOpening);
    HookedInventory store;
    store.Open("a");
    store.Open("b");
    Heard heard;
    {
      const auto lane = MakeLane(store, clock, {.workers = workers});
      for (std::uint64_t user = 0; user < 100; ++user) {
        const LaneCall call{.sale = user % 2 == 0 ? "a" : "b", .command = ReserveFor(user)};
        CHECK_FALSE(lane->Submit(call, heard).has_value());
      }
    }
    CHECK(heard.codes() == std::vector<Code>(100, Code::kDone));
  }
}

TEST_CASE("the host is woken for the first call that waits") {
  int wakes = 0;
  Polled polled({.wake = [&] { ++wakes; }});
  polled.Submit("a", 1);
  polled.Submit("a", 2);
  CHECK(wakes == 1);
  polled.lane->Poll();
  polled.Submit("a", 3);
  CHECK(wakes == 2);
}

TEST_CASE("a wake-up that throws is counted, and the call goes its way") {
  Polled polled({.wake = [] { throw std::runtime_error("no eventfd"); }});
  CHECK(polled.Submit("a", 1));
  polled.lane->Poll();
  CHECK(polled.heard.count() == 1);
  CHECK(polled.lane->statistics().exceptions == 1);
}

TEST_CASE("to submit needs no memory") {
  Polled polled({.capacity = 2});
  const LaneCall call{.sale = "a", .command = ReserveFor(1)};
  std::optional<Outcome> answers[3];
  const AllocationFailure none(0);
  for (std::optional<Outcome>& answer : answers) answer = polled.lane->Submit(call, polled.heard);
  CHECK_FALSE(none.happened());
  CHECK_FALSE(answers[1].has_value());
  CHECK(answers[2].has_value());
}

TEST_CASE("an unknown sale is answered, and the empty name too") {
  Polled polled;
  CHECK(polled.Submit("nowhere", 1));
  CHECK(polled.Submit("not a name", 2));
  polled.lane->Poll();
  CHECK(polled.heard.codes() == std::vector<Code>{Code::kUnknownSale, Code::kInvalid});
}

TEST_CASE("an option out of range is refused by name") {
  SimulatedClock clock;
  HookedInventory store;
  const auto message = [&](const LaneOptions& options) {
    const auto refused = Lane::New(store, clock, options);
    CHECK(refused.status().code() == StatusCode::kInvalidArgument);
    return refused.status().message();
  };
  CHECK(message({.workers = 65}) == "workers: 65, expected 0 to 64");
  CHECK(message({.capacity = 0}) == "capacity: 0, expected 1 to 1048576");
  CHECK(message({.max_batch = 0}) == "max_batch: 0, expected 1 to 4096");
  CHECK(message({.linger = 11ms}) == "linger: 11000 us, expected 0 us to 10000 us");
  CHECK(message({.resends = 11}) == "resends: 11, expected 0 to 10");
  CHECK(message({.retry_after = Duration{0}}) ==
        "retry_after: 0 us, expected 1000 us to 3600000000 us");
}

}  // namespace
}  // namespace flashsale
