#include "flashsale/domain/queue_terms.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace flashsale {
namespace {

using namespace std::chrono_literals;

Status With(const std::function<void(QueueTerms&)>& change) {
  QueueTerms terms{.sale = "sale"};
  change(terms);
  return Validate(terms);
}

TEST_CASE("terms with their defaults are valid") {
  CHECK(Validate(QueueTerms{.sale = "sale"}).ok());
  CHECK(Validate(QueuePace{}).ok());
}

TEST_CASE("terms at their bounds are valid, beyond them the field is named") {
  struct Bound {
    std::string field;
    std::function<void(QueueTerms&)> within;
    std::function<void(QueueTerms&)> beyond;
  };
  const Bound bounds[] = {
      {"pace.admissions_per_second: 0, expected 1 to 10000000",
       [](QueueTerms& t) { t.pace.admissions_per_second = 1; },
       [](QueueTerms& t) { t.pace.admissions_per_second = 0; }},
      {"pace.admissions_per_second: 10000001, ",
       [](QueueTerms& t) { t.pace.admissions_per_second = 10'000'000; },
       [](QueueTerms& t) { t.pace.admissions_per_second = 10'000'001; }},
      {"pace.max_in_flight: 0, expected 1 to 1073741824",
       [](QueueTerms& t) { t.pace.max_in_flight = 1; },
       [](QueueTerms& t) { t.pace.max_in_flight = 0; }},
      {"pace.max_in_flight: ", [](QueueTerms& t) { t.pace.max_in_flight = 1U << 30; },
       [](QueueTerms& t) { t.pace.max_in_flight = (1U << 30) + 1; }},
      {"max_waiting: 0, ", [](QueueTerms& t) { t.max_waiting = 1; },
       [](QueueTerms& t) { t.max_waiting = 0; }},
      {"max_waiting: 2147483649, ", [](QueueTerms& t) { t.max_waiting = 1ULL << 31; },
       [](QueueTerms& t) { t.max_waiting = (1ULL << 31) + 1; }},
      {"admission_window: 999999 us, ", [](QueueTerms& t) { t.admission_window = 1s; },
       [](QueueTerms& t) { t.admission_window = 1s - 1us; }},
      {"admission_window: ", [](QueueTerms& t) { t.admission_window = 24h; },
       [](QueueTerms& t) { t.admission_window = 24h + 1us; }},
      {"grant: 0, expected 1 to 32", [](QueueTerms& t) { t.grant = 1; },
       [](QueueTerms& t) { t.grant = 0; }},
      {"grant: 33, ", [](QueueTerms& t) { t.grant = 32; }, [](QueueTerms& t) { t.grant = 33; }},
      {"heartbeat_timeout: ", [](QueueTerms& t) { t.heartbeat_timeout = 1s; },
       [](QueueTerms& t) { t.heartbeat_timeout = 0s; }},
      {"heartbeat_timeout: ", [](QueueTerms& t) { t.heartbeat_timeout = 9'600h; },
       [](QueueTerms& t) { t.heartbeat_timeout = 9'600h + 1us; }},
      {"restore_window: -1 us, ", [](QueueTerms& t) { t.restore_window = 0s; },
       [](QueueTerms& t) { t.restore_window = -1us; }},
      {"restore_window: ", [](QueueTerms& t) { t.restore_window = 24h; },
       [](QueueTerms& t) { t.restore_window = 24h + 1us; }},
      {"opens[0]: -1 us, expected 0 to 2^53 - 1", [](QueueTerms& t) { t.opens[0] = kMaxTime; },
       [](QueueTerms& t) { t.opens[0] = kMinTime - 1us; }},
      {"opens[1]: 1 us, expected 0 beyond the tiers",
       [](QueueTerms& t) {
         t.tiers = 2;
         t.opens[1] = kMinTime + 1us;
       },
       [](QueueTerms& t) { t.opens[1] = kMinTime + 1us; }},
      {"tiers: 0, expected 1 to 8", [](QueueTerms& t) { t.tiers = 1; },
       [](QueueTerms& t) { t.tiers = 0; }},
      {"tiers: 9, ", [](QueueTerms& t) { t.tiers = 8; }, [](QueueTerms& t) { t.tiers = 9; }},
  };
  for (const Bound& bound : bounds) {
    CHECK_MESSAGE(With(bound.within).ok(), bound.field);
    const Status refused = With(bound.beyond);
    CHECK(refused.code() == StatusCode::kInvalidArgument);
    CHECK_MESSAGE(refused.message().starts_with(bound.field), refused.message());
  }
  CHECK(With([](QueueTerms& t) { t.sale = "two words"; }).message().starts_with("sale: "));
}

TEST_CASE("a tier gathers until it opens, and while tickets may be brought back") {
  QueueTerms terms{.sale = "sale", .tiers = 2, .opens = {kMinTime + 10s, kMinTime + 20s}};
  CHECK(GatheringEnd(terms, 0, kMinTime + 5s) == kMinTime + 10s);
  terms.restore_window = 3s;
  CHECK(GatheringEnd(terms, 0, kMinTime + 15s) == kMinTime + 18s);
  CHECK(GatheringEnd(terms, 1, kMinTime + 15s) == kMinTime + 20s);
  CHECK(GatheringEnd(terms, 0, kMaxTime) == kMaxTime);
}

TEST_CASE("silence counts from the end of the millisecond in which somebody was last heard of") {
  const QueueTerms terms{.sale = "sale", .heartbeat_timeout = 2s};
  CHECK(SilentFrom(terms, kMinTime + 5ms) == kMinTime + 2005ms);
  CHECK(SilentFrom(terms, kMinTime + 5ms + 1us) == kMinTime + 2006ms);
  CHECK(SilentFrom(terms, kMaxTime - 1us) == kMaxTime);
}

TEST_CASE("a pace lets a tenth of a second's admissions in at once, and at least one") {
  constexpr std::int64_t kSecond = 1'000'000'000;
  const auto at_once = [](std::uint32_t per_second) {
    return RateOf({.admissions_per_second = per_second}).Fitting(0, 1'000 * kSecond);
  };
  CHECK(at_once(1) == 1);
  CHECK(at_once(19) == 1);
  CHECK(at_once(100) == 10);
  CHECK(at_once(10'000'000) == 1'000'000);
}

TEST_CASE("as many fit as can be taken one after the other, and the next when it is told") {
  for (const std::uint32_t per_second : {1U, 3U, 7U, 100U, 12'345U}) {
    const CellRate rate = RateOf({.admissions_per_second = per_second});
    std::int64_t now = 1'000'000'000'000;
    std::int64_t tat = 0;
    for (int round = 0; round < 50; ++round) {
      const std::uint32_t fitting = rate.Fitting(tat, now);
      for (std::uint32_t i = 0; i < fitting; ++i) {
        const CellRate::Step step = rate.Take(tat, now, 1);
        REQUIRE(step.decision.allowed);
        tat = step.tat_ns;
      }
      REQUIRE_FALSE(rate.Take(tat, now, 1).decision.allowed);
      const std::int64_t next = rate.NextNs(tat);
      CHECK(rate.Fitting(tat, next - 1) == 0);
      CHECK(rate.Fitting(tat, next) == 1);
      now = next + std::int64_t{round} * 1'000'000;
    }
  }
  CHECK(CellRate().Fitting(0, 1) == 0);
}

}  // namespace
}  // namespace flashsale
