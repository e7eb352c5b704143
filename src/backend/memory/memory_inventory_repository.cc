#include "backend/memory/memory_inventory_repository.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <new>
#include <utility>

namespace flashsale::inline v0::memory {
namespace {

Status OutOfMemory() { return Status(StatusCode::kResourceExhausted, "out of memory"); }

Status NoSuchSale(const SaleRef& sale) {
  return Status(StatusCode::kNotFound, fmt::format("sale: no sale '{}'", sale.id().view()));
}

// What is wrong with a call for whatever command.
Field FindCallError(const SaleRef& sale, Time now) {
  if (!sale.id().valid()) return Field::kSale;
  return IsValid(now) ? Field::kNone : Field::kTime;
}

Status InvalidTime(Time now) {
  return Status(StatusCode::kInvalidArgument,
                fmt::format("now: {} us, expected 0 to 2^53 - 1", now.time_since_epoch().count()));
}

Status SizesDiffer(std::size_t commands, std::size_t outcomes) {
  return Status(
      StatusCode::kInvalidArgument,
      fmt::format("outcomes: {}, expected one for each of {} commands", outcomes, commands));
}

}  // namespace

template <typename R, typename Use>
R MemoryInventoryRepository::With(const SaleRef& sale, Use use) {
  try {
    const Engines::Pinned engine(directory_, sale.id(), sale.hint());
    if (engine.get() == nullptr) return NoSuchSale(sale);
    return use(*engine);
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  } catch (const std::exception& error) {  // a host's visitor threw
    return Status(StatusCode::kInternal, error.what());
  } catch (...) {
    return Status(StatusCode::kInternal, "an exception that is no std::exception");
  }
}

Result<Outcome> MemoryInventoryRepository::Create(const SaleTerms& terms) {
  try {
    Result<SaleTerms> valid = Validate(terms);
    if (!valid.ok()) return valid.status();
    const MutexLock lock(lifetime_mutex_);
    {
      const Engines::Pinned existing(directory_, valid->id, 0);
      if (existing.get() != nullptr) {
        if (existing->terms() == *valid) return Outcome{.code = Code::kAlreadyDone};
        return Status(StatusCode::kAlreadyExists,
                      fmt::format("id: a sale '{}' with other terms exists", valid->id.view()));
      }
    }
    std::unique_ptr<engine::SaleEngine> engine = engine::SaleEngine::New(*valid, options_);
    if (engine == nullptr) return OutOfMemory();
    if (keeper_ != nullptr) keeper_->OnCreate(*engine);
    try {
      Add(engine);
    } catch (const std::bad_alloc&) {
      if (keeper_ != nullptr) keeper_->OnForget(*engine);
      throw;
    }
    return Outcome{.code = Code::kDone};
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
}

Result<SaleRef> MemoryInventoryRepository::Resolve(const SaleId& sale) {
  const std::uint64_t hint = directory_.HintFor(sale);
  if (hint == 0) return NoSuchSale(sale);
  return SaleRef(sale, hint);
}

void MemoryInventoryRepository::Prefetch(const SaleRef& sale, std::span<const UserId> users) {
  const Engines::Pinned engine(directory_, sale.id(), sale.hint());
  if (engine.get() == nullptr) return;
  for (const UserId& user : users) engine->Prefetch(user);
}

Status MemoryInventoryRepository::Apply(const SaleRef& sale, Time now,
                                        std::span<const Command> commands,
                                        std::span<Outcome> outcomes) {
  if (outcomes.size() != commands.size()) return SizesDiffer(commands.size(), outcomes.size());
  const Field misnamed = FindCallError(sale, now);
  if (misnamed != Field::kNone) {
    std::fill(outcomes.begin(), outcomes.end(), Outcome{.code = Code::kInvalid, .field = misnamed});
    return Status();
  }
  const Engines::Pinned engine(directory_, sale.id(), sale.hint());
  if (engine.get() != nullptr) {
    engine->Apply(now, commands, outcomes);
    return Status();
  }
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const Field wrong = FindShapeError(commands[i]);
    outcomes[i] = wrong == Field::kNone ? Outcome{.code = Code::kUnknownSale}
                                        : Outcome{.code = Code::kInvalid, .field = wrong};
  }
  return Status();
}

Result<SaleStock> MemoryInventoryRepository::ReadStock(const SaleRef& sale, Time now) {
  if (!IsValid(now)) return InvalidTime(now);
  return With<Result<SaleStock>>(sale, [&](engine::SaleEngine& e) { return e.ReadStock(now); });
}

Result<Tally> MemoryInventoryRepository::ReadTally(const SaleRef& sale, const TallyKey& key) {
  return With<Result<Tally>>(sale, [&](engine::SaleEngine& e) { return e.ReadTally(key); });
}

Result<std::optional<Reservation>> MemoryInventoryRepository::Find(const SaleRef& sale,
                                                                   const UserId& user,
                                                                   const ReservationId& id) {
  return With<Result<std::optional<Reservation>>>(
      sale, [&](engine::SaleEngine& e) { return e.Find(user, id); });
}

Result<ExpireReport> MemoryInventoryRepository::ExpireDue(const SaleRef& sale, Time now,
                                                          std::size_t max_holds) {
  if (!IsValid(now)) return InvalidTime(now);
  return With<Result<ExpireReport>>(
      sale, [&](engine::SaleEngine& e) { return e.ExpireDue(now, max_holds); });
}

Result<EventPage> MemoryInventoryRepository::ReadEvents(const SaleRef& sale, std::uint64_t after,
                                                        std::span<Event> events) {
  return With<Result<EventPage>>(sale, [&](engine::SaleEngine& e) -> Result<EventPage> {
    const std::uint64_t last = e.last_seq();
    if (after <= last) return e.ReadEvents(after, events);
    return Status(StatusCode::kFailedPrecondition,
                  fmt::format("after: {}, expected no more than {}, the last event", after, last));
  });
}

Status MemoryInventoryRepository::Snapshot(const SaleRef& sale, SnapshotVisitor& visitor) {
  return With<Status>(sale, [&](engine::SaleEngine& e) {
    e.Snapshot(visitor);
    return Status();
  });
}

Result<Outcome> MemoryInventoryRepository::Forget(const SaleRef& sale, Time now) {
  const Field misnamed = FindCallError(sale, now);
  if (misnamed != Field::kNone) return Outcome{.code = Code::kInvalid, .field = misnamed};
  try {
    const MutexLock lock(lifetime_mutex_);
    {
      const Engines::Pinned engine(directory_, sale.id(), sale.hint());
      if (engine.get() == nullptr) return Outcome{.code = Code::kUnknownSale};
      const Code code = engine->JudgeForget(now);
      if (code != Code::kDone) return Outcome{.code = code};
      if (keeper_ != nullptr) keeper_->OnForget(*engine);
    }
    directory_.Remove(sale.id());
    return Outcome{.code = Code::kDone};
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  }
}

}  // namespace flashsale::inline v0::memory
