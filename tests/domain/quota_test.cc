#include "flashsale/domain/quota.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace flashsale {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a lawful quota is accepted") {
  CHECK(Validate({.permits = 5, .per = 1min, .burst = 5}, "per_user").ok());
  CHECK(Validate({.permits = 10'000'000, .per = 1s, .burst = 1'000'000}, "global").ok());
  CHECK(Validate({.permits = 1, .per = 24h, .burst = 30}, "per_user").ok());
  CHECK(Validate({.permits = 10, .per = 1us, .burst = 1}, "global").ok());
}

TEST_CASE("what is wrong with a quota is named: the field, its value, what was expected") {
  const auto message = [](const Quota& quota) { return Validate(quota, "per_user").message(); };
  CHECK(message({.permits = 0, .per = 1s}) == "per_user.permits: 0, expected 1 to 10000000");
  CHECK(message({.permits = 10'000'001, .per = 24h}) ==
        "per_user.permits: 10000001, expected 1 to 10000000");
  CHECK(message({.permits = 1, .per = 0us}) ==
        "per_user.per: 0 us, expected 1 us to 86400000000 us");
  CHECK(message({.permits = 1, .per = 25h}) ==
        "per_user.per: 90000000000 us, expected 1 us to 86400000000 us");
  CHECK(message({.permits = 1, .per = 1s, .burst = 0}) ==
        "per_user.burst: 0, expected 1 to 1000000");
  CHECK(message({.permits = 11, .per = 1us}) ==
        "per_user.permits: 11, expected at most 10,000,000 a second");
  CHECK(message({.permits = 1, .per = 24h, .burst = 31}) ==
        "per_user.burst: 31, expected a burst that comes back within 30 days");
}

TEST_CASE("a bucket of five a minute gives five at once, then one every twelve seconds") {
  const CellRate rate({.permits = 5, .per = 1min, .burst = 5});
  std::int64_t tat = 0;
  const std::int64_t now = 1'000'000'000'000;
  for (int i = 0; i < 5; ++i) {
    const CellRate::Step step = rate.Take(tat, now, 1);
    REQUIRE(step.decision.allowed);
    tat = step.tat_ns;
  }
  const CellRate::Step refused = rate.Take(tat, now, 1);
  CHECK_FALSE(refused.decision.allowed);
  CHECK(refused.decision.retry_after == 12s);
  CHECK_FALSE(rate.Take(tat, now + 12'000'000'000 - 1, 1).decision.allowed);
  CHECK(rate.Take(tat, now + 12'000'000'000, 1).decision.allowed);
}

TEST_CASE("a weight beyond the burst never fits, however large") {
  const CellRate rate({.permits = 1, .per = 24h, .burst = 30});
  CHECK(rate.Take(0, 0, 31).decision.retry_after == RateDecision::kNever);
  CHECK(rate.Take(0, 0, 0xFFFF'FFFF).decision.retry_after == RateDecision::kNever);
  CHECK(rate.Take(0, 0, 30).decision.allowed);
}

TEST_CASE("a rate that does not divide a second is not exceeded, and hardly missed") {
  const Quota quota{.permits = 7, .per = 1s, .burst = 1};
  const CellRate rate(quota);
  std::int64_t tat = 0;
  std::int64_t taken = 0;
  constexpr std::int64_t kSeconds = 1'000;
  for (std::int64_t now = 0; now < kSeconds * 1'000'000'000; now += 1'000'000) {
    const CellRate::Step step = rate.Take(tat, now, 1);
    if (!step.decision.allowed) continue;
    tat = step.tat_ns;
    ++taken;
  }
  CHECK(taken <= 7 * kSeconds + 1);
  CHECK(taken >= 7 * kSeconds * 99 / 100);
}

TEST_CASE("a burst that would take longer to come back than numbers reach is refused, too") {
  for (const std::uint32_t burst : {31U, 106'751U, 106'752U, 1'000'000U}) {
    const Status status = Validate({.permits = 1, .per = 24h, .burst = burst}, "q");
    CHECK(status.code() == StatusCode::kInvalidArgument);
    CHECK(status.message().find("q.burst") == 0);
  }
  CHECK(Validate({.permits = 1, .per = 24h, .burst = 30}, "q").ok());
  CHECK_FALSE(Validate({.permits = 1, .per = 10h, .burst = 1'000'000}, "q").ok());
}

TEST_CASE("the bounds of times and quotas do not overflow") {
  const CellRate slow({.permits = 1, .per = 24h, .burst = 30});
  const std::int64_t latest = CellRate::Nanoseconds(kMaxTime);
  const CellRate::Step step = slow.Take(0, latest, 30);
  REQUIRE(step.decision.allowed);
  CHECK(slow.Take(step.tat_ns, latest, 1).decision.retry_after == 24h);
}

}  // namespace
}  // namespace flashsale
