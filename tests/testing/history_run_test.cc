#include "flashsale/testing/history_run.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "flashsale/testing/faults.h"
#include "flashsale/testing/reference_model.h"
#include "tests/testing/lying_storage.h"

namespace flashsale {
namespace {

Result<std::unique_ptr<Storage>> OpenReference(const StorageNeeds&) {
  return NewReferenceStorage();
}

StorageFactory With(const FaultPlan& plan) {
  return [plan](const StorageNeeds&) -> Result<std::unique_ptr<Storage>> {
    return NewFaultyStorage(NewReferenceStorage(), plan);
  };
}

void CheckPassed(const HistoryRunReport& report) {
  for (const CheckResult& result : report.results) {
    CHECK_MESSAGE(result.passed, result.name << ": " << result.message);
  }
}

TEST_CASE("each history is a result of its own, named after its seed") {
  const HistoryRunReport report = RunHistories(OpenReference, {.first_seed = 7, .histories = 3});
  REQUIRE(report.results.size() == 3);
  CHECK(report.results.front().name == "history/seed=7");
  CHECK(report.results.back().name == "history/seed=9");
  CheckPassed(report);
}

TEST_CASE("the calls of each thread are made inside what goes around them, on one thread") {
  std::mutex mutex;
  std::set<std::pair<std::uint64_t, std::size_t>> around;
  thread_local bool inside = false;
  bool always_inside = true;
  const auto open = With({.before = [&](StorageCall call) {
    if (call != StorageCall::kApply) return;
    const std::lock_guard lock(mutex);
    always_inside = always_inside && inside;
  }});
  CheckPassed(RunHistories(
      open, {.first_seed = 5,
             .histories = 20,
             .around = [&](const HistoryThread& thread, const std::function<void()>& calls) {
               {
                 const std::lock_guard lock(mutex);
                 CHECK(around.emplace(thread.seed, thread.index).second);
               }
               inside = true;
               calls();
               inside = false;
             }}));
  CHECK(always_inside);
  for (std::uint64_t seed = 5; seed < 25; ++seed) CHECK(around.contains({seed, 1}));
}

TEST_CASE("a store that lets one call in at a time, and others meanwhile, is as good as any") {
  std::mutex gate;
  CheckPassed(RunHistories(With({.before =
                                     [&gate](StorageCall) {
                                       gate.lock();
                                       for (int i = 0; i < 20; ++i) std::this_thread::yield();
                                     },
                                 .after = [&gate](StorageCall) { gate.unlock(); }}),
                           {.histories = 200}));
}

TEST_CASE("calls that take so long that others begin and end within them overlap") {
  const auto wait = [](StorageCall) {
    for (int i = 0; i < 50; ++i) std::this_thread::yield();
  };
  const HistoryRunReport report =
      RunHistories(With({.before = wait, .after = wait}), {.histories = 200});
  CheckPassed(report);
  CHECK(report.overlapping > 0);
  CHECK(report.most_configurations > 20);
}

TEST_CASE("what is refused or lost is asked again, and may have been done or not") {
  std::uint64_t seed = 0;
  const auto open = [&seed](const StorageNeeds&) -> Result<std::unique_ptr<Storage>> {
    return NewFaultyStorage(
        NewReferenceStorage(),
        {.decide = RandomFaults(
             {.seed = ++seed, .refused = 20, .lost_requests = 50, .lost_replies = 50})});
  };
  CheckPassed(RunHistories(open, {.histories = 300}));
}

TEST_CASE("a store that fails for good, or cannot be opened, is told as what it is") {
  const auto closed = [](const StorageNeeds&) -> Result<std::unique_ptr<Storage>> {
    return Status(StatusCode::kUnavailable, "closed");
  };
  const HistoryRunReport unopened = RunHistories(closed);
  CHECK(unopened.results.size() < 20);  // it need not be told a thousand times
  CHECK_FALSE(unopened.results.front().passed);
  CHECK(unopened.results.front().message.find("closed") != std::string::npos);

  const HistoryRunReport failing = RunHistories(With({.decide = [](StorageCall call) {
    return call == StorageCall::kApply ? Fault::kRefused : Fault::kNone;
  }}));
  CHECK(failing.results.front().message.find("refused by a fault") != std::string::npos);
}

TEST_CASE("answers that are right do not excuse a log that is not") {
  const Lie lie{
      .hides_event = [](const Event& event) { return event.type == EventType::kCancelled; }};
  const HistoryRunReport report =
      RunHistories([&lie](const StorageNeeds&) -> Result<std::unique_ptr<Storage>> {
        return std::unique_ptr<Storage>(std::make_unique<LyingStorage>(NewReferenceStorage(), lie));
      });
  CHECK_FALSE(report.results.back().passed);
  CHECK(report.results.size() < 500);
}

}  // namespace
}  // namespace flashsale
