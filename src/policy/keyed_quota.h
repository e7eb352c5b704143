#ifndef FLASHSALE_SRC_POLICY_KEYED_QUOTA_H_
#define FLASHSALE_SRC_POLICY_KEYED_QUOTA_H_

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

#include "base/field_check.h"
#include "flashsale/domain/quota.h"

namespace flashsale::inline v0 {

// What the tables of many keys can keep.
inline Status ValidateKeyed(const Quota& quota, std::string_view field) {
  constexpr std::int64_t kFewestNanoseconds = 1'000;
  constexpr std::int64_t kLongestNanoseconds = std::int64_t{86'400} * 1'000'000'000;
  Status status = Validate(quota, field);
  if (!status.ok()) return status;
  const CellRate rate(quota);
  FieldCheck check;
  check
      .That(rate.permit_ns() >= kFewestNanoseconds, fmt::format("{}.permits", field),
            fmt::format("{}", quota.permits), "at most 1,000,000 a second")
      .That(rate.burst_ns() <= kLongestNanoseconds, fmt::format("{}.burst", field),
            fmt::format("{}", quota.burst), "a burst that comes back within a day");
  return check.status();
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_KEYED_QUOTA_H_
