#include "flashsale/policy/rate_limiter.h"

#include <chrono>
#include <string_view>

#include "policy/keyed_quota.h"

namespace flashsale::inline v0 {
namespace {

constexpr std::size_t IndexOf(RateScope scope) { return static_cast<std::size_t>(scope); }

struct Limit {
  RateScope scope;
  std::string_view field;
  const std::optional<Quota>& quota;
};

// Attempts are the business of VelocityDetector.
constexpr std::size_t kLimits = kRateScopes - 1;

std::array<Limit, kLimits> All(const RateLimits& limits) {
  return {{{RateScope::kGlobal, "limits.global", limits.global},
           {RateScope::kUser, "limits.per_user", limits.per_user},
           {RateScope::kIpv4, "limits.per_ipv4", limits.per_ipv4},
           {RateScope::kIpv6Slash64, "limits.per_ipv6_64", limits.per_ipv6_64},
           {RateScope::kIpv6Slash56, "limits.per_ipv6_56", limits.per_ipv6_56},
           {RateScope::kIpv6Slash48, "limits.per_ipv6_48", limits.per_ipv6_48},
           {RateScope::kDevice, "limits.per_device", limits.per_device}}};
}

}  // namespace

Result<std::unique_ptr<RateLimiter>> RateLimiter::New(RateRepository& rates,
                                                      const RateLimits& limits) {
  for (const Limit& limit : All(limits)) {
    if (!limit.quota.has_value()) continue;
    Status status = ValidateKeyed(*limit.quota, limit.field);
    if (!status.ok()) return status;
  }
  return std::unique_ptr<RateLimiter>(new RateLimiter(rates, limits));
}

RateLimiter::RateLimiter(RateRepository& rates, const RateLimits& limits) : rates_(rates) {
  for (const Limit& limit : All(limits)) {
    if (limit.quota.has_value()) limits_[IndexOf(limit.scope)] = CellRate(*limit.quota);
  }
}

RateLimiter::Probe RateLimiter::ProbeFor(const RateSubject& subject, std::uint32_t weight) const {
  Probe probe;
  const auto add = [&](RateScope scope, const std::array<std::uint8_t, 16>& bytes) {
    const std::optional<CellRate>& rate = limits_[IndexOf(scope)];
    if (!rate.has_value()) return;
    probe.Add(
        {.probe = rates_.Probe({.scope = scope, .bytes = bytes}), .rate = *rate, .weight = weight});
  };
  add(RateScope::kGlobal, {});
  if (!subject.address.is_unspecified()) {
    if (subject.address.is_v4()) {
      add(RateScope::kIpv4, subject.address.bytes());
    } else {
      add(RateScope::kIpv6Slash48, subject.address.Prefix(48));
      add(RateScope::kIpv6Slash56, subject.address.Prefix(56));
      add(RateScope::kIpv6Slash64, subject.address.Prefix(64));
    }
  }
  if (!subject.device.is_nil()) add(RateScope::kDevice, subject.device.bytes());
  if (!subject.user.is_nil()) add(RateScope::kUser, subject.user.bytes());
  return probe;
}

Result<RateLimiter::Answer> RateLimiter::Check(const Probe& probe, Time now) const {
  if (probe.charges().empty()) return Answer{.decision = {.allowed = true}};
  RateVerdict verdict;
  Status status = rates_.Take(now, probe.charges(), verdict);
  if (!status.ok()) return status;
  return Answer{.decision = verdict.decision,
                .refused_by = probe.charges()[verdict.refused_by].probe.scope};
}

Status RateLimiter::Return(const Probe& probe, Time now) const {
  return rates_.Return(now, probe.charges());
}

}  // namespace flashsale::inline v0
