#include "flashsale/service/metrics.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <latch>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "base/thread_slot.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow = kMinTime + std::chrono::hours{1'000};

std::unique_ptr<Metrics> Make(std::uint32_t time_one_in = 16) {
  Result<std::unique_ptr<Metrics>> made = Metrics::New({.time_one_in = time_one_in});
  REQUIRE(made.ok());
  return std::move(*made);
}

const OperationMetrics& Of(const MetricsSnapshot& snapshot, Operation operation) {
  return snapshot.operations[static_cast<std::size_t>(operation)];
}

TEST_CASE("calls are counted by operation and answer, failures by status, gates apart") {
  const auto metrics = Make();
  for (int i = 0; i < 3; ++i) metrics->Record(Operation::kReserve, Code::kDone);
  for (int i = 0; i < 5; ++i) metrics->Record(Operation::kReserve, Code::kSoldOut);
  metrics->Record(Operation::kJoin, Code::kRateLimited);
  metrics->Record(Operation::kFind, Code::kWaitingPage, 1us);
  metrics->RecordFailure(Operation::kReserve, StatusCode::kUnavailable);
  metrics->RecordFailure(Operation::kReserve, StatusCode::kInternal, 1us);
  const MetricsSnapshot snapshot = metrics->Snapshot(kNow);
  CHECK(snapshot.at == kNow);
  CHECK(snapshot.outcomes == std::vector<OutcomeCount>{{Operation::kJoin, Code::kRateLimited, 1},
                                                       {Operation::kReserve, Code::kDone, 3},
                                                       {Operation::kReserve, Code::kSoldOut, 5},
                                                       {Operation::kFind, Code::kWaitingPage, 1}});
  CHECK(snapshot.gate_refusals ==
        std::vector<OutcomeCount>{{Operation::kJoin, Code::kRateLimited, 1},
                                  {Operation::kFind, Code::kWaitingPage, 1}});
  CHECK(snapshot.failures ==
        std::vector<FailureCount>{{Operation::kReserve, StatusCode::kUnavailable, 1},
                                  {Operation::kReserve, StatusCode::kInternal, 1}});
  REQUIRE(snapshot.operations.size() == kOperations);
  CHECK(Of(snapshot, Operation::kReserve).calls == 10);
  CHECK(Of(snapshot, Operation::kReserve).latency.count == 1);
  CHECK(Of(snapshot, Operation::kPause).calls == 0);
}

TEST_CASE("what became of holds follows from the answers and what was expired") {
  const auto metrics = Make();
  for (int i = 0; i < 10; ++i) metrics->Record(Operation::kReserve, Code::kDone);
  metrics->Record(Operation::kReserve, Code::kAlreadyDone);
  for (int i = 0; i < 4; ++i) metrics->Record(Operation::kConfirm, Code::kDone);
  metrics->Record(Operation::kConfirm, Code::kRevived);
  metrics->Record(Operation::kCancel, Code::kDone);
  metrics->Record(Operation::kVoid, Code::kDone);
  metrics->CountExpired(3);
  const HoldMetrics holds = metrics->Snapshot(kNow).holds;
  CHECK(
      holds ==
      HoldMetrics{
          .reserved = 10, .confirmed = 4, .revived = 1, .cancelled = 1, .voided = 1, .expired = 3});
  CHECK(holds.conversion() == doctest::Approx(0.5));
  CHECK(HoldMetrics{}.conversion() == 0);
}

TEST_CASE("latencies give percentiles within the error that is promised") {
  const auto metrics = Make();
  for (int us = 1; us <= 1'000; ++us) {
    metrics->Record(Operation::kReserve, Code::kDone, std::chrono::microseconds(us));
  }
  metrics->Record(Operation::kConfirm, Code::kDone, -5ns);  // a clock that stepped back
  metrics->Record(Operation::kCancel, Code::kDone, 24h);
  const MetricsSnapshot snapshot = metrics->Snapshot(kNow);
  const LatencyHistogram& latency = Of(snapshot, Operation::kReserve).latency;
  CHECK(latency.count == 1'000);
  CHECK(latency.Percentile(0.5) >= 500'000);
  CHECK(latency.Percentile(0.5) <= 516'000);
  CHECK(latency.Percentile(0.99) >= 990'000);
  CHECK(latency.Percentile(0.99) <= 1'021'680);
  CHECK(static_cast<double>(latency.sum_ns) == doctest::Approx(500'500'000).epsilon(0.016));
  CHECK(Of(snapshot, Operation::kConfirm).latency.Percentile(1) == 0);
  CHECK(Of(snapshot, Operation::kCancel).latency.Percentile(1) == LatencyHistogram::kHighest);
}

TEST_CASE("one call in so many is timed, whatever the rhythm of the calls") {
  const auto metrics = Make(16);
  int of_odd = 0;
  int of_even = 0;
  for (int i = 0; i < 160'000; ++i) {
    if (metrics->ShouldTime()) ++(i % 2 == 0 ? of_even : of_odd);
  }
  CHECK(of_odd == doctest::Approx(5'000).epsilon(0.1));
  CHECK(of_even == doctest::Approx(5'000).epsilon(0.1));
  CHECK(Make(1)->ShouldTime());
  CHECK_FALSE(Make(0)->ShouldTime());
  CHECK(Metrics::New({.time_one_in = 1'000'001}).status().message() ==
        "time_one_in: 1000001, expected 0 to 1000000");
}

TEST_CASE(
    "more threads than have counters of their own lose no count, and snapshots never shrink") {
  const auto metrics = Make();
  constexpr std::size_t kThreads = kOwnedThreadSlots + 8;
  constexpr std::uint64_t kCalls = 500;
  std::latch all(kThreads);
  std::atomic<bool> done = false;
  std::atomic<int> shrunk = 0;
  {
    const std::jthread reader([&] {
      std::uint64_t calls = 0;
      std::uint64_t timed = 0;
      while (!done) {
        const MetricsSnapshot snapshot = metrics->Snapshot(kNow);
        const OperationMetrics& reserve = Of(snapshot, Operation::kReserve);
        if (reserve.calls < calls || reserve.latency.count < timed) ++shrunk;
        calls = reserve.calls;
        timed = reserve.latency.count;
      }
    });
    {
      std::vector<std::jthread> threads;
      threads.reserve(kThreads);
      for (std::size_t t = 0; t < kThreads; ++t) {
        threads.emplace_back([&] {
          all.arrive_and_wait();
          for (std::uint64_t i = 0; i < kCalls; ++i) {
            metrics->Record(Operation::kReserve, Code::kSoldOut, std::chrono::nanoseconds(i));
            metrics->CountExpired(2);
            (void)metrics->ShouldTime();
          }
        });
      }
    }
    done = true;
  }
  const MetricsSnapshot snapshot = metrics->Snapshot(kNow);
  CHECK(shrunk == 0);
  CHECK(Of(snapshot, Operation::kReserve).calls == kThreads * kCalls);
  CHECK(Of(snapshot, Operation::kReserve).latency.count == kThreads * kCalls);
  CHECK(snapshot.holds.expired == 2 * kThreads * kCalls);
}

TEST_CASE("counts of threads that ended stay") {
  const auto metrics = Make();
  for (int i = 0; i < 500; ++i) {
    std::jthread([&] { metrics->Record(Operation::kReserve, Code::kDone); }).join();
  }
  CHECK(metrics->Snapshot(kNow).holds.reserved == 500);
}

TEST_CASE("every operation has a name of its own") {
  std::vector<std::string_view> names;
  names.reserve(kOperations);
  for (std::size_t i = 0; i < kOperations; ++i) {
    const std::string_view name = Name(static_cast<Operation>(i));
    CHECK(name != "?");
    for (const std::string_view other : names) CHECK(name != other);
    names.push_back(name);
  }
}

}  // namespace
}  // namespace flashsale
