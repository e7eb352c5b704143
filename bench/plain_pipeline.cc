#include "bench/plain_pipeline.h"

#include "flashsale/domain/verb.h"
#include "flashsale/repository/command.h"

namespace flashsale::bench {

PlainPipeline::PlainPipeline(const SaleTerms& terms, const Quota& per_user,
                             const Quota& per_address)
    : per_user_(per_user), per_address_(per_address), engine_(terms) {
  const std::size_t people = terms.lines[0].units;
  user_tats_.reserve(people);
  address_tats_.reserve(people);
  users_of_device_.reserve(people);
  admissions_.reserve(people);
}

void PlainPipeline::Admit(const UserId& user, Time until) {
  const std::lock_guard lock(mutex_);
  admissions_[user] = {.until = until};
}

Outcome PlainPipeline::Reserve(Time now, const Request& request) {
  const std::lock_guard lock(mutex_);
  const std::int64_t now_ns = CellRate::Nanoseconds(now);
  std::int64_t& user_tat = user_tats_[request.user];
  std::int64_t& address_tat = address_tats_[request.address];
  const CellRate::Step user_step = per_user_.Take(user_tat, now_ns, 1);
  const CellRate::Step address_step = per_address_.Take(address_tat, now_ns, 1);
  if (!user_step.decision.allowed || !address_step.decision.allowed) {
    return Count({.code = Code::kRateLimited});
  }
  user_tat = user_step.tat_ns;
  address_tat = address_step.tat_ns;

  std::unordered_set<UserId, HashBytes>& users = users_of_device_[request.device];
  users.insert(request.user);
  if (users.size() > kMostUsersPerDevice) return Count({.code = Code::kDenied});

  const auto admission = admissions_.find(request.user);
  if (admission == admissions_.end() || admission->second.until <= now ||
      admission->second.used != 0) {
    return Count({.code = Code::kNotAdmitted});
  }
  const Command command{
      .verb = Verb::kReserve, .units = request.units, .user = request.user, .id = request.id};
  Outcome outcome;
  engine_.Apply(now, {&command, 1}, {&outcome, 1});
  if (outcome.code == Code::kDone) ++admission->second.used;
  return Count(outcome);
}

Outcome PlainPipeline::Count(const Outcome& outcome) {
  ++outcomes_[outcome.code];
  return outcome;
}

}  // namespace flashsale::bench
