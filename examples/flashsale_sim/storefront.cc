#include "examples/flashsale_sim/storefront.h"

#include <span>

#include <fmt/format.h>

#include "flashsale/repository/command.h"

namespace flashsale::sim {
namespace {

constexpr std::size_t kEventsPerRead = 256;

}  // namespace

Storefront::Storefront(const Parts& parts, const SaleRef& sale)
    : parts_(parts), sale_(sale), stock_(sale.id()), events_(kEventsPerRead) {
  const Result<SaleRef> stock = parts.inventory.Resolve(sale.id());
  if (stock.ok()) stock_ = *stock;
}

template <typename Call>
auto Storefront::Timed(Operation operation, Call call) {
  ++calls_;
  const auto begun = Latencies::WallClock::now();
  auto result = call();
  latencies_.Record(operation, Latencies::WallClock::now() - begun);
  return result;
}

Result<QueuePlace> Storefront::Join(const JoinRequest& request) {
  Result<QueuePlace> place = Timed(Operation::kJoin, [&] { return parts_.service.Join(request); });
  if (!place.ok()) return place;
  answers_.Count(Operation::kJoin, place->outcome.code);
  if (place->outcome.code == Code::kSoldOut) parts_.audit.OnTurnedAway(now(), request.user);
  return place;
}

Result<QueuePlace> Storefront::Position(const UserId& user) {
  Result<QueuePlace> place =
      Timed(Operation::kPosition, [&] { return parts_.service.Position(sale_, user); });
  if (place.ok()) answers_.Count(Operation::kPosition, place->outcome.code);
  return place;
}

Result<Outcome> Storefront::Leave(const UserId& user) {
  Result<Outcome> outcome =
      Timed(Operation::kLeave, [&] { return parts_.service.Leave(sale_, user); });
  if (outcome.ok()) answers_.Count(Operation::kLeave, outcome->code);
  return outcome;
}

Result<Outcome> Storefront::Reserve(const ReserveRequest& request) {
  return Audited(Operation::kReserve,
                 {.verb = Verb::kReserve,
                  .line = request.line,
                  .units = request.units,
                  .user_limit = request.user_limit,
                  .user = request.user,
                  .id = request.id,
                  .keys = request.keys},
                 Timed(Operation::kReserve, [&] { return parts_.service.Reserve(request); }));
}

Result<Outcome> Storefront::Confirm(const ConfirmRequest& request) {
  return Audited(
      Operation::kConfirm,
      {.verb = Verb::kConfirm, .units = request.units, .user = request.user, .id = request.id},
      Timed(Operation::kConfirm, [&] { return parts_.service.Confirm(request); }));
}

Result<Outcome> Storefront::Cancel(const CancelRequest& request) {
  return Audited(Operation::kCancel,
                 {.verb = Verb::kCancel, .user = request.user, .id = request.id},
                 Timed(Operation::kCancel, [&] { return parts_.service.Cancel(request); }));
}

Result<Outcome> Storefront::Extend(const ExtendRequest& request) {
  return Audited(Operation::kExtend,
                 {.verb = Verb::kExtend, .user = request.user, .id = request.id},
                 Timed(Operation::kExtend, [&] { return parts_.service.Extend(request); }));
}

Result<WaitlistPlace> Storefront::JoinWaitlist(const JoinWaitlistRequest& request) {
  Result<WaitlistPlace> place =
      Timed(Operation::kJoinWaitlist, [&] { return parts_.service.JoinWaitlist(request); });
  if (!place.ok()) return place;
  answers_.Count(Operation::kJoinWaitlist, place->outcome.code);
  if (Status status = ReadEvents(); !status.ok()) return status;
  return place;
}

Result<WaitlistPlace> Storefront::WaitlistPosition(const WaitlistRequest& request) {
  Result<WaitlistPlace> place =
      Timed(Operation::kWaitlistPosition, [&] { return parts_.service.WaitlistPosition(request); });
  if (!place.ok()) return place;
  answers_.Count(Operation::kWaitlistPosition, place->outcome.code);
  if (Status status = ReadEvents(); !status.ok()) return status;
  return place;
}

Result<Outcome> Storefront::LeaveWaitlist(const WaitlistRequest& request) {
  Result<Outcome> outcome =
      Timed(Operation::kLeaveWaitlist, [&] { return parts_.service.LeaveWaitlist(request); });
  if (!outcome.ok()) return outcome;
  answers_.Count(Operation::kLeaveWaitlist, outcome->code);
  if (Status status = ReadEvents(); !status.ok()) return status;
  return outcome;
}

Status Storefront::Release(const ReleaseRequest& request) {
  return Carried(Operation::kRelease,
                 {.verb = Verb::kRelease, .line = request.line, .units = request.units},
                 Timed(Operation::kRelease, [&] { return parts_.service.Release(request); }));
}

Status Storefront::Settle() {
  return Carried(Operation::kSettle, {.verb = Verb::kSettle},
                 Timed(Operation::kSettle, [&] { return parts_.service.Settle(sale_); }));
}

Result<Time> Storefront::Poll() {
  while (true) {
    const Time next = parts_.service.Poll();
    if (Status status = ReadEvents(); !status.ok()) return status;
    if (next <= now()) continue;
    if (parts_.waitlist_audit != nullptr) parts_.waitlist_audit->OnPolled(now());
    return next;
  }
}

Result<SaleStock> Storefront::CheckStock() {
  Result<SaleStock> stock = parts_.service.ReadStock(sale_);
  if (stock.ok()) parts_.audit.OnStock(*stock);
  return stock;
}

Result<Outcome> Storefront::Audited(Operation operation, const Command& command,
                                    const Result<Outcome>& outcome) {
  if (!outcome.ok()) return outcome;
  answers_.Count(operation, outcome->code);
  // Read at once, so that the store never has more to keep than one call can cause, and so that the
  // audit judges the answer by exactly the events that came before it.
  if (Status status = ReadEvents(); !status.ok()) return status;
  if (!IsAskedLater(command, *outcome)) parts_.audit.OnAnswer(now(), command, *outcome);
  return outcome;
}

bool Storefront::IsAskedLater(const Command& command, const Outcome& outcome) {
  return parts_.waitlist_audit != nullptr && command.verb == Verb::kReserve &&
         outcome.code == Code::kSoldOut && parts_.waitlist_audit->AsksFirst(now(), command.line);
}

Status Storefront::Carried(Operation operation, const Command& command,
                           const Result<Outcome>& outcome) {
  const Result<Outcome> audited = Audited(operation, command, outcome);
  if (!audited.ok()) return audited.status();
  if (audited->code == Code::kDone) return {};
  return {StatusCode::kFailedPrecondition,
          fmt::format("{} answered {}, expected Done", Name(operation), ToString(*audited))};
}

Status Storefront::ReadEvents() {
  while (true) {
    const Result<EventPage> page = parts_.inventory.ReadEvents(stock_, cursor_, events_);
    if (!page.ok()) return page.status();
    if (page->lost.has_value()) parts_.audit.OnLost(*page->lost);
    for (const Event& event : std::span(events_).first(page->count)) {
      parts_.audit.OnEvent(event);
      parts_.timeline.OnEvent(event);
      if (event.type == EventType::kExpired && parts_.queue_audit != nullptr) {
        parts_.queue_audit->OnMayHaveEnded(event.user);
      }
      if (event.type == EventType::kReserved && parts_.meter != nullptr) {
        parts_.meter->OnReserved(event.user, event.admission);
      }
      if (parts_.waitlist_audit != nullptr) parts_.waitlist_audit->OnEvent(event);
      if (parts_.wave_audit != nullptr) parts_.wave_audit->OnEvent(event);
    }
    cursor_ = page->cursor;
    if (page->count < events_.size()) return {};
  }
}

}  // namespace flashsale::sim
