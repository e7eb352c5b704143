#include "flashsale/policy/rate_limiter.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "backend/memory/memory_rate_repository.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart = kMinTime + std::chrono::hours{1'000};

struct LimiterWithRates {
  explicit LimiterWithRates(const RateLimits& limits, std::uint64_t keys = 10'000)
      : rates(memory::MemoryRateRepository::New(1, keys)),
        limiter(std::move(*RateLimiter::New(*rates, limits))) {}

  RateLimiter::Answer Ask(const RateSubject& subject, Time now = kStart) {
    return *limiter->Check(limiter->ProbeFor(subject), now);
  }

  std::unique_ptr<RateRepository> rates;
  std::unique_ptr<RateLimiter> limiter;
};

IpAddress Address(const std::string& text) { return *IpAddress::Parse(text); }

constexpr RateLimits kNone{.per_user = std::nullopt,
                           .per_ipv4 = std::nullopt,
                           .per_ipv6_64 = std::nullopt,
                           .per_ipv6_56 = std::nullopt,
                           .per_ipv6_48 = std::nullopt,
                           .per_device = std::nullopt};

RateLimits With(std::optional<Quota> RateLimits::* limit, std::uint32_t burst) {
  RateLimits limits = kNone;
  limits.*limit = Quota{.permits = 60, .per = 1min, .burst = burst};
  return limits;
}

TEST_CASE("each kind of limit counts for those who share its key, and for nobody else") {
  struct Case {
    std::optional<Quota> RateLimits::* limit;
    RateScope scope;
    RateSubject one, same, other;
  };
  const UserId ann = UserId::FromInteger(1);
  const UserId bob = UserId::FromInteger(2);
  const LimitKey phone = LimitKey::FromInteger(1);
  const LimitKey tablet = LimitKey::FromInteger(2);
  const std::vector<Case> cases = {
      {&RateLimits::per_user, RateScope::kUser, {.user = ann}, {.user = ann}, {.user = bob}},
      {&RateLimits::per_ipv4,
       RateScope::kIpv4,
       {.address = Address("192.0.2.1")},
       {.address = Address("::ffff:192.0.2.1")},
       {.address = Address("192.0.2.2")}},
      {&RateLimits::per_ipv6_64,
       RateScope::kIpv6Slash64,
       {.address = Address("2001:db8:0:1::1")},
       {.address = Address("2001:db8:0:1:ffff::2")},
       {.address = Address("2001:db8:0:2::1")}},
      {&RateLimits::per_ipv6_56,
       RateScope::kIpv6Slash56,
       {.address = Address("2001:db8:0:1::1")},
       {.address = Address("2001:db8:0:ff::1")},
       {.address = Address("2001:db8:0:100::1")}},
      {&RateLimits::per_ipv6_48,
       RateScope::kIpv6Slash48,
       {.address = Address("2001:db8:0:1::1")},
       {.address = Address("2001:db8:0:ffff::1")},
       {.address = Address("2001:db8:1::1")}},
      {&RateLimits::per_device,
       RateScope::kDevice,
       {.device = phone},
       {.device = phone},
       {.device = tablet}},
      {&RateLimits::global, RateScope::kGlobal, {.user = ann}, {.user = bob}, {}}};
  for (const Case& c : cases) {
    CAPTURE(static_cast<int>(c.scope));
    LimiterWithRates limits(With(c.limit, 2));
    CHECK(limits.Ask(c.one).decision.allowed);
    CHECK(limits.Ask(c.same).decision.allowed);
    const RateLimiter::Answer refused = limits.Ask(c.same);
    CHECK_FALSE(refused.decision.allowed);
    CHECK(refused.decision.retry_after == 1s);
    CHECK(refused.refused_by == c.scope);
    CHECK_FALSE(limits.Ask(c.one).decision.allowed);
    if (c.scope != RateScope::kGlobal) CHECK(limits.Ask(c.other).decision.allowed);
    CHECK(limits.Ask(c.one, kStart + refused.decision.retry_after).decision.allowed);
  }
}

TEST_CASE("who is unknown is not limited by what is not known of them") {
  LimiterWithRates limits(RateLimits{});
  for (int i = 0; i < 1'000; ++i) CHECK(limits.Ask({}).decision.allowed);
}

TEST_CASE("several limits are charged together or not at all") {
  RateLimits both = With(&RateLimits::per_user, 3);
  both.per_device = Quota{.permits = 60, .per = 1min, .burst = 2};
  LimiterWithRates limits(both);
  const RateSubject subject{.user = UserId::FromInteger(1), .device = LimitKey::FromInteger(1)};
  CHECK(limits.Ask(subject).decision.allowed);
  CHECK(limits.Ask(subject).decision.allowed);
  for (int i = 0; i < 10; ++i) {
    const RateLimiter::Answer refused = limits.Ask(subject);
    CHECK_FALSE(refused.decision.allowed);
    CHECK(refused.refused_by == RateScope::kDevice);
  }
  // The ten refusals cost the user nothing: the third permit is still there.
  CHECK(limits.Ask({.user = subject.user}).decision.allowed);
  CHECK_FALSE(limits.Ask({.user = subject.user}).decision.allowed);
}

TEST_CASE("the wait is the longest of all limits that refuse") {
  RateLimits both = With(&RateLimits::per_user, 1);
  both.per_device = Quota{.permits = 1, .per = 1min, .burst = 1};
  LimiterWithRates limits(both);
  const RateSubject subject{.user = UserId::FromInteger(1), .device = LimitKey::FromInteger(1)};
  CHECK(limits.Ask(subject).decision.allowed);
  const RateLimiter::Answer refused = limits.Ask(subject);
  CHECK(refused.decision.retry_after == 1min);
  CHECK(refused.refused_by == RateScope::kDevice);
  CHECK(limits.Ask(subject, kStart + 1min).decision.allowed);
}

TEST_CASE("a weight counts as so many requests, and what is given back as none") {
  LimiterWithRates limits(With(&RateLimits::per_user, 10));
  const RateSubject ann{.user = UserId::FromInteger(1)};
  const RateLimiter::Probe heavy = limits.limiter->ProbeFor(ann, 8);
  CHECK(limits.limiter->Check(heavy, kStart)->decision.allowed);
  CHECK_FALSE(limits.limiter->Check(heavy, kStart)->decision.allowed);
  CHECK(limits.limiter->Return(heavy, kStart).ok());
  CHECK(limits.limiter->Check(heavy, kStart)->decision.allowed);
  const RateLimiter::Probe too_heavy = limits.limiter->ProbeFor(ann, 11);
  CHECK(limits.limiter->Check(too_heavy, kStart)->decision.retry_after == RateDecision::kNever);
}

TEST_CASE("65,536 networks of one /48 have the rate of one /48") {
  LimiterWithRates limits(RateLimits{}, 100'000);
  int allowed = 0;
  for (unsigned network = 0; network < 65'536; ++network) {
    IpAddress::Bytes bytes = Address("2001:db8:1::1").bytes();
    bytes[6] = static_cast<std::uint8_t>(network >> 8);
    bytes[7] = static_cast<std::uint8_t>(network);
    allowed += limits.Ask({.address = IpAddress::FromIpv6(bytes)}).decision.allowed ? 1 : 0;
  }
  CHECK(allowed == 600);
  CHECK(limits.Ask({.address = Address("2001:db8:2::1")}).decision.allowed);
}

TEST_CASE("what is wrong with a limit is named") {
  const std::unique_ptr<RateRepository> rates = memory::MemoryRateRepository::New(1, 100);
  RateLimits limits;
  limits.per_ipv6_56 = Quota{.permits = 0, .per = 1s};
  CHECK(RateLimiter::New(*rates, limits).status().message() ==
        "limits.per_ipv6_56.permits: 0, expected 1 to 10000000");
  limits = RateLimits{};
  limits.per_user = Quota{.permits = 1, .per = 1h, .burst = 25};
  CHECK(RateLimiter::New(*rates, limits).status().message() ==
        "limits.per_user.burst: 25, expected a burst that comes back within a day");
  limits.per_user = Quota{.permits = 2'000'000, .per = 1s, .burst = 25};
  CHECK(RateLimiter::New(*rates, limits).status().message() ==
        "limits.per_user.permits: 2000000, expected at most 1,000,000 a second");
}

TEST_CASE("polling forgets nothing that counts and says when to come again") {
  LimiterWithRates limits(With(&RateLimits::per_user, 1));
  const RateSubject ann{.user = UserId::FromInteger(1)};
  CHECK(limits.Ask(ann).decision.allowed);
  Time now = kStart;
  for (int i = 0; i < 3'000; ++i) {
    const Time next = limits.rates->Poll(now);
    REQUIRE(next > now);
    now = next;
    if (now < kStart + 1s) CHECK_FALSE(limits.Ask(ann, now).decision.allowed);
  }
  CHECK(limits.Ask(ann, now).decision.allowed);
}

TEST_CASE("threads that share a device and have users of their own get what the device gives") {
  constexpr int kThreads = 4;
  for (int round = 0; round < 50; ++round) {
    RateLimits both = With(&RateLimits::per_user, 100);
    both.per_device = Quota{.permits = 1, .per = 1h, .burst = 20};
    LimiterWithRates limits(both);
    std::atomic<int> allowed = 0;
    {
      std::vector<std::jthread> threads;
      threads.reserve(kThreads);
      for (int thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
          const RateSubject subject{.user = UserId::FromInteger(static_cast<std::uint64_t>(thread)),
                                    .device = LimitKey::FromInteger(7)};
          for (int i = 0; i < 50; ++i) allowed += limits.Ask(subject).decision.allowed ? 1 : 0;
        });
      }
    }
    CHECK(allowed == 20);
    // Whatever was charged and taken back in the race: together the users have 400 less those 20.
    int left = 0;
    for (int thread = 0; thread < kThreads; ++thread) {
      const RateSubject user{.user = UserId::FromInteger(static_cast<std::uint64_t>(thread))};
      while (limits.Ask(user).decision.allowed) ++left;
    }
    CHECK(left == 380);
  }
}

}  // namespace
}  // namespace flashsale
