#include "flashsale/domain/queue_terms.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "base/field_check.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::uint32_t kMostAdmissionsPerSecond = 10'000'000;
constexpr std::uint32_t kMostInFlight = 1U << 30;
constexpr std::uint64_t kMostWaiting = std::uint64_t{1} << 31;
constexpr std::uint32_t kMostGrant = 32;
constexpr std::uint32_t kMostCredits = 1'000'000;
constexpr Duration kShortest = std::chrono::seconds{1};
constexpr Duration kLongest = std::chrono::hours{24};
constexpr Duration kLongestSilence = std::chrono::hours{24 * 400};

void Check(const QueuePace& pace, FieldCheck& check) {
  check
      .InRange("pace.admissions_per_second", pace.admissions_per_second, 1U,
               kMostAdmissionsPerSecond)
      .InRange("pace.max_in_flight", pace.max_in_flight, 1U, kMostInFlight);
}

}  // namespace

CellRate RateOf(const QueuePace& pace) {
  constexpr std::uint32_t kBurstsPerSecond = 10;
  return CellRate({.permits = pace.admissions_per_second,
                   .per = std::chrono::seconds{1},
                   .burst = std::max(1U, pace.admissions_per_second / kBurstsPerSecond)});
}

SaleId WaitlistName(const SaleId& sale, std::uint16_t line) {
  std::string name;
  for (const std::uint8_t byte :
       id_internal::HashText("waitlist", fmt::format("{}/{}", sale.view(), line))) {
    name += fmt::format("{:02x}", byte);
  }
  return {name};
}

std::uint8_t TierWithCredits(const QueueTerms& terms, std::uint8_t tier, std::uint32_t credits) {
  const std::uint32_t counted = std::min(credits, terms.max_credits);
  for (std::uint8_t better = 0; better < tier; ++better) {
    if (terms.credits_for[better] != 0 && counted >= terms.credits_for[better]) return better;
  }
  return tier;
}

Time GatheringEnd(const QueueTerms& terms, std::size_t tier, Time opened_at) {
  return std::max(terms.opens[tier], SaturatingAdd(opened_at, terms.restore_window));
}

Time SilentFrom(const QueueTerms& terms, Time heard_at) {
  return SaturatingAdd(std::chrono::ceil<std::chrono::milliseconds>(heard_at),
                       terms.heartbeat_timeout);
}

Status Validate(const QueuePace& pace) {
  FieldCheck check;
  Check(pace, check);
  return check.status();
}

Status Validate(const QueueTerms& terms) {
  FieldCheck check;
  check.That(terms.sale.valid(), "sale", Printable(terms.sale.view()),
             "1 to 64 characters of A-Z a-z 0-9 . _ -");
  Check(terms.pace, check);
  check.InRange("max_waiting", terms.max_waiting, std::uint64_t{1}, kMostWaiting)
      .InRange("admission_window", terms.admission_window, kShortest, kLongest)
      .InRange("grant", terms.grant, 1U, kMostGrant)
      .InRange("heartbeat_timeout", terms.heartbeat_timeout, kShortest, kLongestSilence)
      .InRange("tiers", terms.tiers, 1U, std::uint32_t{kMaxTiers})
      .That(id_internal::IsName(terms.strategy), "strategy", Printable(terms.strategy),
            "1 to 64 characters of A-Z a-z 0-9 . _ -")
      .InRange("restore_window", terms.restore_window, Duration(0), kLongest);
  check.InRange("max_credits", terms.max_credits, 0U, kMostCredits);
  for (std::size_t tier = 0; tier < kMaxTiers; ++tier) {
    const bool may_lift = tier + 1 < terms.tiers;
    const std::uint32_t credits = terms.credits_for[tier];
    check.That(credits <= (may_lift ? terms.max_credits : 0U), fmt::format("credits_for[{}]", tier),
               fmt::format("{}", credits),
               may_lift ? fmt::format("0 to max_credits, which is {}", terms.max_credits)
                        : fmt::format("0 for the last tier and beyond, tiers is {}", terms.tiers));
    const Time opens = terms.opens[tier];
    const bool fits = tier < terms.tiers ? IsValid(opens) : opens == kMinTime;
    check.That(fits, fmt::format("opens[{}]", tier),
               fmt::format("{} us", opens.time_since_epoch().count()),
               tier < terms.tiers ? "0 to 2^53 - 1" : "0 beyond the tiers");
  }
  return check.status();
}

}  // namespace flashsale::inline v0
