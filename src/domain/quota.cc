#include "flashsale/domain/quota.h"

#include <fmt/format.h>

#include <chrono>

#include "base/field_check.h"

namespace flashsale::inline v0 {

Status Validate(const Quota& quota, std::string_view field) {
  constexpr std::uint32_t kMostPermits = 10'000'000;
  constexpr std::uint32_t kLargestBurst = 1'000'000;
  constexpr Duration kLongestPer = std::chrono::hours{24};
  constexpr Duration kLongestRefill = std::chrono::hours{24 * 30};
  FieldCheck check;
  check.InRange<std::uint32_t>(fmt::format("{}.permits", field), quota.permits, 1, kMostPermits)
      .InRange(fmt::format("{}.per", field), quota.per, Duration{1}, kLongestPer)
      .InRange<std::uint32_t>(fmt::format("{}.burst", field), quota.burst, 1, kLargestBurst);
  if (!check.ok()) return check.status();
  constexpr std::int64_t kFewestNanoseconds = 100;
  check.That(quota.per.count() * 1'000 >= kFewestNanoseconds * std::int64_t{quota.permits},
             fmt::format("{}.permits", field), fmt::format("{}", quota.permits),
             "at most 10,000,000 a second");
  // By division: the product may be more than an integer holds.
  const std::int64_t permit_ns =
      CellRate({.permits = quota.permits, .per = quota.per, .burst = 1}).permit_ns();
  const std::int64_t largest_burst = kLongestRefill.count() * 1'000 / permit_ns;
  check.That(quota.burst <= largest_burst, fmt::format("{}.burst", field),
             fmt::format("{}", quota.burst), "a burst that comes back within 30 days");
  return check.status();
}

}  // namespace flashsale::inline v0
