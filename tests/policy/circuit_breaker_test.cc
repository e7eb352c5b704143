#include "flashsale/policy/circuit_breaker.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace flashsale {
namespace {

using namespace std::chrono_literals;
using Permit = CircuitBreaker::Permit;

constexpr Time kStart = kMinTime + std::chrono::hours{1'000};

std::unique_ptr<CircuitBreaker> Make(const CircuitBreakerOptions& options) {
  Result<std::unique_ptr<CircuitBreaker>> made = CircuitBreaker::New(options);
  REQUIRE(made.ok());
  return std::move(*made);
}

void Succeed(CircuitBreaker& breaker, Time now, int times = 1, Duration latency = 1ms) {
  for (int i = 0; i < times; ++i) {
    Permit permit = breaker.TryAcquire(now);
    REQUIRE(permit);
    permit.Success(now, latency);
  }
}

void Fail(CircuitBreaker& breaker, Time now, int times = 1) {
  for (int i = 0; i < times; ++i) {
    Permit permit = breaker.TryAcquire(now);
    REQUIRE(permit);
    permit.Failure(now, 1ms);
  }
}

const CircuitBreakerOptions kTen{.window = 10s,
                                 .buckets = 10,
                                 .min_calls = 10,
                                 .failure_percent = 50,
                                 .open_for = 5s,
                                 .open_ceiling = 20s,
                                 .probes = 2,
                                 .successes_to_close = 3,
                                 .probe_timeout = 10s};

TEST_CASE("it opens at the share of failures, not before there are enough calls") {
  const auto breaker = Make(kTen);
  Fail(*breaker, kStart, 9);
  CHECK(breaker->state() == CircuitState::kClosed);
  Fail(*breaker, kStart);
  CHECK(breaker->state() == CircuitState::kOpen);

  const auto mixed = Make(kTen);
  Succeed(*mixed, kStart, 10);
  Fail(*mixed, kStart, 9);
  CHECK(mixed->state() == CircuitState::kClosed);
  CHECK(mixed->Snapshot(kStart).calls == 19);
  CHECK(mixed->Snapshot(kStart).failures == 9);
  Fail(*mixed, kStart);
  CHECK(mixed->state() == CircuitState::kOpen);
}

TEST_CASE("calls that left the window count no more") {
  const auto breaker = Make(kTen);
  Fail(*breaker, kStart, 9);
  CHECK(breaker->Snapshot(kStart + 9s).failures == 9);
  CHECK(breaker->Snapshot(kStart + 10s).failures == 0);
  Fail(*breaker, kStart + 10s, 9);
  CHECK(breaker->state() == CircuitState::kClosed);
  // The ring has gone round many times, and rested long.
  const Time next_year = kStart + std::chrono::hours{24 * 365};
  Fail(*breaker, next_year, 9);
  CHECK(breaker->state() == CircuitState::kClosed);
  // A report for a time that the window has left is not counted, and harms no later one.
  Fail(*breaker, next_year - 1h, 5);
  CHECK(breaker->Snapshot(next_year).failures == 9);
}

TEST_CASE("slow calls open it, though each succeeded") {
  CircuitBreakerOptions options = kTen;
  options.slow_call = 100ms;
  options.slow_percent = 80;
  const auto breaker = Make(options);
  Succeed(*breaker, kStart, 2, 99ms);
  Succeed(*breaker, kStart, 7, 100ms);
  CHECK(breaker->state() == CircuitState::kClosed);
  CHECK(breaker->Snapshot(kStart).slow == 7);
  Succeed(*breaker, kStart, 1, 100ms);
  CHECK(breaker->state() == CircuitState::kOpen);
}

TEST_CASE("an open one refuses with the wait, and closes after enough probes") {
  const auto breaker = Make(kTen);
  Fail(*breaker, kStart, 10);
  CHECK(breaker->Snapshot(kStart).open_until == kStart + 5s);
  const Permit refused = breaker->TryAcquire(kStart + 2s);
  CHECK_FALSE(refused.granted());
  CHECK(refused.retry_after() == 3s);

  const Time later = kStart + 2s + refused.retry_after();
  Permit one = breaker->TryAcquire(later);
  Permit two = breaker->TryAcquire(later);
  CHECK(one);
  CHECK(two);
  CHECK(breaker->state() == CircuitState::kHalfOpen);
  const Permit three = breaker->TryAcquire(later);
  CHECK_FALSE(three);
  CHECK(three.retry_after() > 0s);
  one.Success(later, 1ms);
  two.Success(later, 1ms);
  CHECK(breaker->state() == CircuitState::kHalfOpen);
  Succeed(*breaker, later);
  CHECK(breaker->state() == CircuitState::kClosed);
  // The window is empty: what failed before does not count.
  CHECK(breaker->Snapshot(later).calls == 0);
  Fail(*breaker, later, 9);
  CHECK(breaker->state() == CircuitState::kClosed);
  CHECK(breaker->Snapshot(later).refused == 2);
}

TEST_CASE("a probe that fails or is slow opens it again, for longer each time up to the ceiling") {
  const auto breaker = Make(kTen);
  Fail(*breaker, kStart, 10);
  Time now = kStart;
  for (const Duration open_for : {5s, 10s, 20s, 20s}) {
    CHECK(breaker->Snapshot(now).open_until == now + open_for);
    now += open_for;
    CHECK_FALSE(breaker->TryAcquire(now - Duration{1}));
    Permit probe = breaker->TryAcquire(now);
    REQUIRE(probe);
    if (open_for == 10s) probe.Success(now, 2s);
    if (open_for != 10s) probe.Failure(now, 1ms);
    REQUIRE(breaker->state() == CircuitState::kOpen);
  }
  // Once it has closed, the next time is short again.
  now += 20s;
  Succeed(*breaker, now, 3);
  Fail(*breaker, now, 10);
  CHECK(breaker->Snapshot(now).open_until == now + 5s);
  CHECK(breaker->Snapshot(now).times_opened == 6);
}

TEST_CASE("reports from before a transition never count") {
  const auto breaker = Make(kTen);
  std::vector<Permit> late;
  late.reserve(40);
  for (int i = 0; i < 40; ++i) late.push_back(breaker->TryAcquire(kStart));
  Fail(*breaker, kStart, 10);
  const Time half_open = kStart + 5s;
  Permit probe = breaker->TryAcquire(half_open);
  for (int i = 0; i < 10; ++i) late[static_cast<std::size_t>(i)].Success(half_open, 1ms);
  CHECK(breaker->state() == CircuitState::kHalfOpen);
  for (int i = 10; i < 20; ++i) late[static_cast<std::size_t>(i)].Failure(half_open, 1ms);
  CHECK(breaker->state() == CircuitState::kHalfOpen);
  probe.Success(half_open, 1ms);
  Succeed(*breaker, half_open, 2);
  REQUIRE(breaker->state() == CircuitState::kClosed);
  for (int i = 20; i < 40; ++i) late[static_cast<std::size_t>(i)].Failure(half_open, 1ms);
  CHECK(breaker->state() == CircuitState::kClosed);
  CHECK(breaker->Snapshot(half_open).calls == 0);
}

TEST_CASE("a permit counts once, and one given up as declared") {
  const auto breaker = Make(kTen);
  {
    Permit permit = breaker->TryAcquire(kStart);
    Permit moved = std::move(permit);
    moved.Success(kStart, 1ms);
    moved.Failure(kStart, 1ms);
    moved.Abandon();
  }
  CHECK(breaker->Snapshot(kStart).calls == 1);
  CHECK(breaker->Snapshot(kStart).failures == 0);
  {
    const Permit forgotten = breaker->TryAcquire(kStart);
  }
  CHECK(breaker->Snapshot(kStart).failures == 1);
  {
    Permit unused = breaker->TryAcquire(kStart);
    unused.Withdraw();
    unused.Failure(kStart, 1ms);
  }
  CHECK(breaker->Snapshot(kStart).calls == 2);

  CircuitBreakerOptions lenient = kTen;
  lenient.abandoned = AbandonedCall::kIgnored;
  const auto other = Make(lenient);
  for (int i = 0; i < 20; ++i) const Permit forgotten = other->TryAcquire(kStart);
  CHECK(other->Snapshot(kStart).calls == 0);
  // And a probe's place is free again.
  Fail(*other, kStart, 10);
  for (int i = 0; i < 20; ++i) {
    const Permit forgotten = other->TryAcquire(kStart + 5s);
    CHECK(forgotten);
  }
  CHECK(other->state() == CircuitState::kHalfOpen);
}

TEST_CASE("probes that never answer do not keep it half open, and few callers do not reopen it") {
  const auto breaker = Make(kTen);
  Fail(*breaker, kStart, 10);
  Time now = kStart + 5s;
  Permit one = breaker->TryAcquire(now);
  Permit two = breaker->TryAcquire(now);
  CHECK_FALSE(breaker->TryAcquire(now + 9s));
  CHECK(breaker->state() == CircuitState::kHalfOpen);
  CHECK_FALSE(breaker->TryAcquire(now + 10s));
  CHECK(breaker->state() == CircuitState::kOpen);
  one.Success(now + 10s, 10s);
  two.Success(now + 10s, 10s);
  CHECK(breaker->state() == CircuitState::kOpen);

  now = breaker->Snapshot(now).open_until;
  for (int i = 0; i < 3; ++i, now += 1h) Succeed(*breaker, now);
  CHECK(breaker->state() == CircuitState::kClosed);
}

TEST_CASE("transitions are told in full, and a callback that throws harms nothing") {
  std::vector<CircuitTransition> told;
  CircuitBreakerOptions options = kTen;
  options.on_transition = [&](const CircuitTransition& transition) {
    told.push_back(transition);
    throw std::runtime_error("a host's mistake");
  };
  const auto breaker = Make(options);
  Fail(*breaker, kStart, 10);
  Succeed(*breaker, kStart + 5s, 3);
  REQUIRE(told.size() == 3);
  CHECK(told[0].to == CircuitState::kOpen);
  CHECK(told[1].from == CircuitState::kOpen);
  CHECK(told[1].to == CircuitState::kHalfOpen);
  CHECK(told[1].at == kStart + 5s);
  CHECK(told[2].to == CircuitState::kClosed);
  CHECK(told[2].epoch == told[0].epoch + 2);
  CHECK(breaker->Snapshot(kStart + 5s).callback_failures == 3);
}

TEST_CASE("options out of range are refused by name") {
  CircuitBreakerOptions options;
  options.buckets = 1;
  CHECK(CircuitBreaker::New(options).status().message() == "buckets: 1, expected 2 to 60");
  options = {};
  options.window = 20ms;
  options.buckets = 60;
  CHECK(CircuitBreaker::New(options).status().message() ==
        "buckets: 60, expected at least 1 ms of the window each");
  options = {};
  options.open_ceiling = 1s;
  CHECK(CircuitBreaker::New(options).status().code() == StatusCode::kInvalidArgument);
  options = {};
  options.abandoned = static_cast<AbandonedCall>(2);
  CHECK(CircuitBreaker::New(options).status().message() ==
        "abandoned: 2, expected kIgnored or kFailure");
}

TEST_CASE("threads that report at once lose no call and let no more probes out than allowed") {
  constexpr int kThreads = 4;
  constexpr int kCalls = 5'000;
  CircuitBreakerOptions options = kTen;
  options.min_calls = 1'000'000;
  const auto counted = Make(options);
  {
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < kCalls; ++i) {
          Permit permit = counted->TryAcquire(kStart);
          if (i % 4 == 0) permit.Failure(kStart, 1ms);
          if (i % 4 != 0) permit.Success(kStart, 1ms);
        }
      });
    }
  }
  CHECK(counted->Snapshot(kStart).calls == kThreads * kCalls);
  CHECK(counted->Snapshot(kStart).failures == kThreads * kCalls / 4);

  for (int round = 0; round < 100; ++round) {
    const auto breaker = Make(kTen);
    Fail(*breaker, kStart, 10);
    std::vector<std::vector<Permit>> probes(kThreads);
    {
      std::vector<std::jthread> threads;
      threads.reserve(kThreads);
      for (std::vector<Permit>& mine : probes) {
        threads.emplace_back([&] {
          for (int i = 0; i < 20; ++i) {
            Permit probe = breaker->TryAcquire(kStart + 5s);
            if (probe) mine.push_back(std::move(probe));
          }
        });
      }
    }
    std::size_t out = 0;
    for (const std::vector<Permit>& mine : probes) out += mine.size();
    REQUIRE(out == kTen.probes);
    CHECK(breaker->Snapshot(kStart + 5s).refused == std::size_t{kThreads} * 20 - out);
  }
}

}  // namespace
}  // namespace flashsale
