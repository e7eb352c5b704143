#include "examples/flashsale_sim/wait_audit.h"

namespace flashsale::sim {
namespace {

// A number of its own for each user and look; any odd constants do.
std::uint64_t Mixed(const UserId& user, std::uint32_t times) {
  std::uint64_t mixed = HashId(user.bytes()) + times * 0x9E3779B97F4A7C15;
  mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
  return mixed ^ mixed >> 31;
}

}  // namespace

void WaitAudit::OnTold(const UserId& user, Time now, const WaitEstimate& wait) {
  if (!wait.is_measured || Mixed(user, 0) % one_in_ != 0) return;
  Told& told = told_[user];
  ++told.times;
  // The k-th takes the place of those before it in one of k cases.
  if (Mixed(user, told.times) % told.times != 0) return;
  told.earliest = SaturatingAdd(now, wait.earliest);
  told.latest = SaturatingAdd(now, wait.latest);
}

void WaitAudit::OnAdmitted(const UserId& user, Time now) {
  const auto found = told_.find(user);
  if (found == told_.end()) return;
  ++report_.told;
  const Told& told = found->second;
  ++(now < told.earliest ? report_.before : now > told.latest ? report_.after : report_.within);
  told_.erase(found);
}

}  // namespace flashsale::sim
