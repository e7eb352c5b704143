#include "flashsale/policy/token_bucket.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

namespace flashsale {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart = kMinTime + std::chrono::hours{1'000};

TEST_CASE("a burst is given at once; who is refused is told exactly when to come again") {
  TokenBucket bucket({.permits = 10, .per = 1s, .burst = 3});
  for (int i = 0; i < 3; ++i) CHECK(bucket.Take(kStart).allowed);
  const RateDecision refused = bucket.Take(kStart);
  CHECK_FALSE(refused.allowed);
  CHECK(refused.retry_after == 100ms);
  CHECK_FALSE(bucket.Take(kStart + refused.retry_after - 1us).allowed);
  CHECK(bucket.Take(kStart + refused.retry_after).allowed);
}

TEST_CASE("the exact wait is right for every weight and moment") {
  std::mt19937_64 random(5);
  for (int round = 0; round < 200; ++round) {
    const Quota quota{.permits = static_cast<std::uint32_t>(1 + random() % 1'000),
                      .per = Duration(1'000 + static_cast<Duration::rep>(random() % 5'000'000)),
                      .burst = static_cast<std::uint32_t>(1 + random() % 50)};
    REQUIRE(Validate(quota, "quota").ok());
    TokenBucket bucket(quota);
    Time now = kStart;
    for (int i = 0; i < 200; ++i) {
      const auto weight = static_cast<std::uint32_t>(1 + random() % quota.burst);
      const RateDecision decision = bucket.Take(now, weight);
      if (!decision.allowed) {
        REQUIRE(decision.retry_after > 0us);
        CHECK_FALSE(bucket.Look(now + decision.retry_after - 1us, weight).allowed);
        CHECK(bucket.Look(now + decision.retry_after, weight).allowed);
      }
      now += Duration(static_cast<Duration::rep>(random() % 100'000));
    }
  }
}

TEST_CASE("over any span no more is given than the burst and the rate") {
  const Quota quota{.permits = 100, .per = 1s, .burst = 20};
  TokenBucket bucket(quota);
  std::mt19937_64 random(11);
  Time now = kStart;
  std::vector<Time> given;
  for (int i = 0; i < 20'000; ++i) {
    if (bucket.Take(now).allowed) given.push_back(now);
    now += Duration(static_cast<Duration::rep>(random() % 10'000));
  }
  REQUIRE(given.size() > 1'000);
  for (std::size_t i = 0; i + 20 < given.size(); ++i) {
    // The burst is used up by the 21st at the earliest when a permit has come back.
    CHECK(given[i + 20] - given[i] >= 10ms);
  }
}

TEST_CASE("what is put back can be taken again") {
  TokenBucket bucket({.permits = 1, .per = 1h, .burst = 2});
  CHECK(bucket.Take(kStart, 2).allowed);
  bucket.Return();
  CHECK(bucket.Take(kStart).allowed);
  CHECK_FALSE(bucket.Take(kStart).allowed);
}

TEST_CASE("a weight beyond the burst is refused for ever and takes nothing") {
  TokenBucket bucket({.permits = 1, .per = 1s, .burst = 2});
  CHECK(bucket.Take(kStart, 3).retry_after == RateDecision::kNever);
  CHECK(bucket.Take(kStart, 2).allowed);
}

TEST_CASE("a clock that steps back gives nothing twice") {
  TokenBucket bucket({.permits = 1, .per = 1s, .burst = 1});
  CHECK(bucket.Take(kStart + 10s).allowed);
  const RateDecision refused = bucket.Take(kStart);
  CHECK_FALSE(refused.allowed);
  CHECK(refused.retry_after == 11s);
}

TEST_CASE("threads that take at once get no more than there is, and all of it") {
  for (int round = 0; round < 20; ++round) {
    TokenBucket bucket({.permits = 1, .per = 24h, .burst = 29});
    std::atomic<int> taken = 0;
    {
      std::vector<std::jthread> threads;
      threads.reserve(4);
      for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
          for (int n = 0; n < 1'000; ++n) {
            if (bucket.Take(kStart).allowed) ++taken;
          }
        });
      }
    }
    CHECK(taken == 29);
  }
}

}  // namespace
}  // namespace flashsale
