#include "backend/memory/memory_queue_repository.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

namespace flashsale::inline v0::memory {
namespace {

Status OutOfMemory() { return Status(StatusCode::kResourceExhausted, "out of memory"); }

Status NoSuchQueue(const SaleRef& sale) {
  return Status(StatusCode::kNotFound, fmt::format("sale: no queue of '{}'", sale.id().view()));
}

Status InvalidTime(Time now) {
  return Status(StatusCode::kInvalidArgument,
                fmt::format("now: {} us, expected 0 to 2^53 - 1", now.time_since_epoch().count()));
}

Status SizesDiffer(std::string_view outputs, std::size_t given, std::size_t expected) {
  return Status(StatusCode::kInvalidArgument,
                fmt::format("{}: {}, expected {}", outputs, given, expected));
}

Status CheckTier(std::uint8_t tier, const QueueTerms& terms) {
  if (tier < terms.tiers) return Status();
  return Status(StatusCode::kInvalidArgument,
                fmt::format("tier: {}, expected below {}", tier, terms.tiers));
}

}  // namespace

template <typename R, typename Use>
R MemoryQueueRepository::With(const SaleRef& sale, Use use) {
  const Lines::Pinned line(directory_, sale.id(), sale.hint());
  if (line.get() == nullptr) return NoSuchQueue(sale);
  return use(*line);
}

template <typename R, typename Use>
R MemoryQueueRepository::WithAt(const SaleRef& sale, Time now, Use use) {
  if (!IsValid(now)) return InvalidTime(now);
  return With<R>(sale, use);
}

Result<Outcome> MemoryQueueRepository::Open(const QueueTerms& terms, Time now) {
  try {
    if (Status status = Validate(terms); !status.ok()) return status;
    if (!IsValid(now)) return InvalidTime(now);
    const MutexLock lock(lifetime_mutex_);
    {
      const Lines::Pinned existing(directory_, terms.sale, 0);
      if (existing.get() != nullptr) {
        if (existing->terms() == terms) return Outcome{.code = Code::kAlreadyDone};
        return Status(
            StatusCode::kAlreadyExists,
            fmt::format("sale: a queue of '{}' with other terms exists", terms.sale.view()));
      }
    }
    auto line = std::make_unique<WaitingLine>(terms, now, hash_);
    if (keeper_ != nullptr) keeper_->OnOpen(*line);
    try {
      directory_.Add(terms.sale, line);
    } catch (const std::bad_alloc&) {
      if (keeper_ != nullptr) keeper_->OnForget(*line);
      throw;
    }
    return Outcome{.code = Code::kDone};
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
}

Result<SaleRef> MemoryQueueRepository::Resolve(const SaleId& sale) {
  const std::uint64_t hint = directory_.HintFor(sale);
  if (hint == 0) return NoSuchQueue(sale);
  return SaleRef(sale, hint);
}

Status MemoryQueueRepository::Apply(const SaleRef& sale, Time now,
                                    std::span<const QueueCommand> commands,
                                    std::span<QueueAnswer> answers) {
  if (answers.size() != commands.size())
    return SizesDiffer("answers", answers.size(), commands.size());
  return WithAt<Status>(sale, now,
                        [&](WaitingLine& line) { return line.Apply(now, commands, answers); });
}

AdmissionProbe MemoryQueueRepository::Probe(const SaleRef& sale, const UserId& user) {
  AdmissionProbe probe;
  ProbeAll(sale, {&user, 1}, {&probe, 1});
  return probe;
}

void MemoryQueueRepository::ProbeAll(const SaleRef& sale, std::span<const UserId> users,
                                     std::span<AdmissionProbe> probes) {
  const Lines::Pinned line(directory_, sale.id(), sale.hint());
  for (std::size_t i = 0; i < users.size(); ++i) {
    AdmissionProbe& probe = probes[i];
    probe.sale = sale;
    probe.user = users[i];
    probe.hash = hash_(users[i].bytes());
    if (line.get() != nullptr) line->Prefetch(probe.hash);
  }
}

Status MemoryQueueRepository::FindAdmissions(Time now, std::span<const AdmissionProbe> probes,
                                             std::span<Admission> admissions) {
  if (admissions.size() != probes.size())
    return SizesDiffer("admissions", admissions.size(), probes.size());
  if (!IsValid(now)) return InvalidTime(now);
  const Lines::Visit visit(directory_);
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const AdmissionProbe& probe = probes[i];
    const WaitingLine* const line = visit.Find(probe.sale.id(), probe.sale.hint());
    admissions[i] =
        line == nullptr ? Admission{} : line->FindAdmission(now, probe.hash, probe.user);
  }
  return Status();
}

Status MemoryQueueRepository::MarkUsed(Time now, std::span<const AdmissionProbe> probes,
                                       std::span<const std::uint64_t> numbers) {
  if (numbers.size() != probes.size()) return SizesDiffer("numbers", numbers.size(), probes.size());
  if (!IsValid(now)) return InvalidTime(now);
  const Lines::Visit visit(directory_);
  for (std::size_t i = 0; i < probes.size(); ++i) {
    const AdmissionProbe& probe = probes[i];
    WaitingLine* const line = visit.Find(probe.sale.id(), probe.sale.hint());
    if (line != nullptr) line->MarkUsed(probe.hash, probe.user, numbers[i]);
  }
  return Status();
}

Result<QueueState> MemoryQueueRepository::Read(const SaleRef& sale, Time now) {
  return WithAt<Result<QueueState>>(sale, now, [now](WaitingLine& line) { return line.Read(now); });
}

Result<std::size_t> MemoryQueueRepository::Admit(const SaleRef& sale, Time now,
                                                 const AdmitPlan& plan,
                                                 std::span<QueueEntry> admitted) {
  return WithAt<Result<std::size_t>>(
      sale, now, [&](WaitingLine& line) { return line.Admit(now, plan, admitted); });
}

Result<LapseReport> MemoryQueueRepository::LapseDue(const SaleRef& sale, Time now,
                                                    std::size_t most) {
  return WithAt<Result<LapseReport>>(sale, now,
                                     [&](WaitingLine& line) { return line.LapseDue(now, most); });
}

Status MemoryQueueRepository::SetPace(const SaleRef& sale, Time now, const QueuePace& pace) {
  if (Status status = Validate(pace); !status.ok()) return status;
  return WithAt<Status>(sale, now, [&](WaitingLine& line) {
    line.SetPace(now, pace);
    return Status();
  });
}

Status MemoryQueueRepository::Pause(const SaleRef& sale, Time now) {
  return WithAt<Status>(sale, now, [now](WaitingLine& line) {
    line.Pause(now);
    return Status();
  });
}

Status MemoryQueueRepository::Resume(const SaleRef& sale, Time now) {
  return WithAt<Status>(sale, now, [now](WaitingLine& line) {
    line.Resume(now);
    return Status();
  });
}

Status MemoryQueueRepository::Freeze(const SaleRef& sale, Time now, std::uint8_t tier) {
  return WithAt<Status>(sale, now, [&](WaitingLine& line) {
    Status status = CheckTier(tier, line.terms());
    if (status.ok()) line.Freeze(now, tier);
    return status;
  });
}

Result<std::size_t> MemoryQueueRepository::ReadEntrants(const SaleRef& sale, std::uint8_t tier,
                                                        std::uint64_t after,
                                                        std::span<Entrant> entrants) {
  return With<Result<std::size_t>>(sale, [&](WaitingLine& line) -> Result<std::size_t> {
    if (Status status = CheckTier(tier, line.terms()); !status.ok()) return status;
    return line.ReadEntrants(tier, after, entrants);
  });
}

Status MemoryQueueRepository::Arrange(const SaleRef& sale, const Arrangement& arrangement) {
  return With<Status>(sale, [&](WaitingLine& line) {
    Status status = CheckTier(arrangement.tier, line.terms());
    return status.ok() ? line.Arrange(arrangement) : status;
  });
}

Status MemoryQueueRepository::Begin(const SaleRef& sale, Time now, std::uint8_t tier) {
  return WithAt<Status>(sale, now, [&](WaitingLine& line) {
    Status status = CheckTier(tier, line.terms());
    return status.ok() ? line.Begin(now, tier) : status;
  });
}

Status MemoryQueueRepository::Close(const SaleRef& sale, Time now) {
  return WithAt<Status>(sale, now, [now](WaitingLine& line) {
    line.Close(now);
    return Status();
  });
}

Status MemoryQueueRepository::Forget(const SaleRef& sale) {
  try {
    const MutexLock lock(lifetime_mutex_);
    {
      const Lines::Pinned line(directory_, sale.id(), 0);
      if (line.get() == nullptr) return NoSuchQueue(sale);
      if (keeper_ != nullptr) keeper_->OnForget(*line);
    }
    directory_.Remove(sale.id());
    return Status();
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
}

}  // namespace flashsale::inline v0::memory
