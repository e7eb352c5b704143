#include "examples/flashsale_sim/line_audit.h"

#include <algorithm>
#include <cstddef>

namespace flashsale::sim {

Units LineAudit::Take(Units units) {
  reserved_ += units;
  const Units lapsed_before = TakeFromPools(units);
  Recheck();
  return lapsed_before;
}

void LineAudit::Sell(Units units) {
  reserved_ -= units;
  sold_ += units;
}

Units LineAudit::SellAnew(Units units) {
  sold_ += units;
  const Units lapsed_before = TakeFromPools(units);
  Recheck();
  return lapsed_before;
}

bool LineAudit::Release(Units units) {
  released_ += units;
  fresh_ += units;
  return released_ <= limit_;
}

void LineAudit::AddLapsed(std::int64_t units) {
  lapsed_ += units;
  Recheck();
}

void LineAudit::Serve(const UserId& user) {
  for (auto& [units, users] : turned_away_) users.erase(user);
}

std::uint64_t LineAudit::stranded() const {
  std::int64_t left = std::max<std::int64_t>(free(), 0);
  std::uint64_t stranded = 0;
  for (const auto& [units, users] : turned_away_) {
    const std::int64_t served = std::min(left / units, static_cast<std::int64_t>(users.size()));
    left -= served * units;
    stranded += static_cast<std::uint64_t>(served * units);
  }
  return stranded;
}

Units LineAudit::TakeFromPools(Units units) {
  std::int64_t missing = units;
  for (std::int64_t* pool : {&fresh_, &given_back_}) {
    const std::int64_t taken = std::min(missing, *pool);
    *pool -= taken;
    missing -= taken;
  }
  // Units that were never released, which an oversold line promises, did not lapse before.
  const std::int64_t lapsed_before = std::min(missing, lapsed_back_);
  lapsed_back_ -= lapsed_before;
  return static_cast<Units>(lapsed_before);
}

void LineAudit::Recheck() {
  oversold_ = std::max(oversold_, -available());
  // Units that went to others since are no longer those that were refused.
  const std::int64_t most = std::clamp<std::int64_t>(free(), 0, kMaxUnits);
  turned_away_.erase(turned_away_.upper_bound(static_cast<Units>(most)), turned_away_.end());
}

}  // namespace flashsale::sim
