// Which queue a call is for, and whether it may be made: ReferenceQueues.
#include <string>

#include "testing/reference_queue.h"

namespace flashsale::inline v0 {
namespace {

Status CheckSizes(std::size_t given, std::size_t expected) {
  if (given == expected) return {};
  return {StatusCode::kInvalidArgument,
          std::to_string(given) + " outputs, expected " + std::to_string(expected)};
}

Status NoSuchQueue(const SaleId& sale) {
  return {StatusCode::kNotFound, "sale: no queue of '" + sale.ToString() + "'"};
}

}  // namespace

template <typename R, typename Use>
R ReferenceQueues::With(const SaleRef& sale, Time now, Use use) {
  if (!IsValid(now)) return Status(StatusCode::kInvalidArgument, "now: expected 0 to 2^53 - 1");
  const MutexLock lock(mutex_);
  const auto found = lines_.find(sale.id());
  if (found == lines_.end()) return NoSuchQueue(sale.id());
  return use(found->second);
}

Result<Outcome> ReferenceQueues::Open(const QueueTerms& terms, Time now) {
  if (Status status = Validate(terms); !status.ok()) return status;
  if (!IsValid(now)) return Status(StatusCode::kInvalidArgument, "now: expected 0 to 2^53 - 1");
  const MutexLock lock(mutex_);
  const auto [found, fresh] = lines_.try_emplace(terms.sale, terms, now);
  if (fresh) return Outcome{.code = Code::kDone};
  if (found->second.terms() == terms) return Outcome{.code = Code::kAlreadyDone};
  return Status(StatusCode::kAlreadyExists, "sale: its queue has other terms");
}

Result<SaleRef> ReferenceQueues::Resolve(const SaleId& sale) {
  return With<Result<SaleRef>>(sale, kMinTime, [&](ReferenceLine&) { return SaleRef(sale); });
}

Status ReferenceQueues::Apply(const SaleRef& sale, Time now, std::span<const QueueCommand> commands,
                              std::span<QueueAnswer> answers) {
  if (Status status = CheckSizes(answers.size(), commands.size()); !status.ok()) return status;
  return With<Status>(sale, now, [&](ReferenceLine& line) {
    line.Apply(now, commands, answers);
    return Status();
  });
}

AdmissionProbe ReferenceQueues::Probe(const SaleRef& sale, const UserId& user) {
  return {.sale = sale, .user = user};
}

Status ReferenceQueues::FindAdmissions(Time now, std::span<const AdmissionProbe> probes,
                                       std::span<Admission> admissions) {
  if (Status status = CheckSizes(admissions.size(), probes.size()); !status.ok()) return status;
  if (!IsValid(now)) return {StatusCode::kInvalidArgument, "now: expected 0 to 2^53 - 1"};
  const MutexLock lock(mutex_);
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const auto found = lines_.find(probes[i].sale.id());
    admissions[i] =
        found == lines_.end() ? Admission{} : found->second.FindAdmission(now, probes[i].user);
  }
  return {};
}

Status ReferenceQueues::MarkUsed(Time now, std::span<const AdmissionProbe> probes,
                                 std::span<const std::uint64_t> numbers) {
  if (Status status = CheckSizes(numbers.size(), probes.size()); !status.ok()) return status;
  if (!IsValid(now)) return {StatusCode::kInvalidArgument, "now: expected 0 to 2^53 - 1"};
  const MutexLock lock(mutex_);
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const auto found = lines_.find(probes[i].sale.id());
    if (found != lines_.end()) found->second.MarkUsed(probes[i].user, numbers[i]);
  }
  return {};
}

Result<QueueState> ReferenceQueues::Read(const SaleRef& sale, Time now) {
  return With<Result<QueueState>>(sale, now, [now](ReferenceLine& line) { return line.Read(now); });
}

Result<std::size_t> ReferenceQueues::Admit(const SaleRef& sale, Time now, const AdmitPlan& plan,
                                           std::span<QueueEntry> admitted) {
  return With<Result<std::size_t>>(
      sale, now, [&](ReferenceLine& line) { return line.Admit(now, plan, admitted); });
}

Result<LapseReport> ReferenceQueues::LapseDue(const SaleRef& sale, Time now, std::size_t /*most*/) {
  return With<Result<LapseReport>>(sale, now,
                                   [now](ReferenceLine& line) { return line.LapseDue(now); });
}

Status ReferenceQueues::SetPace(const SaleRef& sale, Time now, const QueuePace& pace) {
  if (Status status = Validate(pace); !status.ok()) return status;
  return With<Status>(sale, now, [&](ReferenceLine& line) {
    line.SetPace(now, pace);
    return Status();
  });
}

Status ReferenceQueues::Pause(const SaleRef& sale, Time now) {
  return With<Status>(sale, now, [now](ReferenceLine& line) {
    line.Pause(now);
    return Status();
  });
}

Status ReferenceQueues::Resume(const SaleRef& sale, Time now) {
  return With<Status>(sale, now, [now](ReferenceLine& line) {
    line.Resume(now);
    return Status();
  });
}

Status ReferenceQueues::Freeze(const SaleRef& sale, Time now, std::uint8_t tier) {
  return With<Status>(sale, now, [&](ReferenceLine& line) { return line.Freeze(now, tier); });
}

Result<std::size_t> ReferenceQueues::ReadEntrants(const SaleRef& sale, std::uint8_t tier,
                                                  std::uint64_t after,
                                                  std::span<Entrant> entrants) {
  return With<Result<std::size_t>>(sale, kMinTime, [&](ReferenceLine& line) {
    return line.ReadEntrants(tier, after, entrants);
  });
}

Status ReferenceQueues::Arrange(const SaleRef& sale, const Arrangement& arrangement) {
  return With<Status>(sale, kMinTime,
                      [&](ReferenceLine& line) { return line.Arrange(arrangement); });
}

Status ReferenceQueues::Begin(const SaleRef& sale, Time now, std::uint8_t tier) {
  return With<Status>(sale, now, [&](ReferenceLine& line) { return line.Begin(now, tier); });
}

Status ReferenceQueues::Close(const SaleRef& sale, Time now) {
  return With<Status>(sale, now, [now](ReferenceLine& line) {
    line.Close(now);
    return Status();
  });
}

Status ReferenceQueues::Forget(const SaleRef& sale) {
  const MutexLock lock(mutex_);
  return lines_.erase(sale.id()) == 1 ? Status() : NoSuchQueue(sale.id());
}

}  // namespace flashsale::inline v0
