#include "service/gates.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <type_traits>
#include <utility>

#include "service/spread.h"

namespace flashsale::inline v0 {
namespace {

// What somebody is told to wait who met a gate that cannot answer.
constexpr Duration kRetryAfterFailure = std::chrono::seconds{1};

Outcome Refusal(Code code, Duration retry_after = Duration(0)) {
  return {.code = code, .when_us = retry_after.count()};
}

std::optional<Outcome> Degraded(WhenGateFails mode) {
  if (mode == WhenGateFails::kLetPass) return std::nullopt;
  return Refusal(Code::kOverloaded, kRetryAfterFailure);
}

// Nothing where they are let pass.
std::optional<Outcome> RefusalFor(const BotDecision& decision) {
  switch (decision.action) {
    case BotAction::kAllow:
      break;
    case BotAction::kChallenge:
      return Refusal(Code::kChallenge);
    case BotAction::kTarpit:
      // Told as any other who is too quick: what it was taken for is nothing to a machine.
      return Refusal(Code::kRateLimited, decision.tarpit);
    case BotAction::kDeny:
      return Refusal(Code::kDenied);
  }
  return std::nullopt;
}

Quota ResendQuota(std::uint32_t per_second) {
  return {.permits = per_second, .per = std::chrono::seconds{1}, .burst = per_second};
}

}  // namespace

Gates::Gates(const Parts& parts)
    : parts_(parts), resend_lookups_(ResendQuota(parts.resend_lookups_per_second)) {}

void Gates::Probe(Passage& passage) const {
  // Made in place: to assign them would copy half a kilobyte each.
  static_assert(std::is_trivially_destructible_v<RateLimiter::Probe> &&
                std::is_trivially_destructible_v<CompositeBotDetector::Probes>);
  if (parts_.limiter != nullptr) {
    new (&passage.rate)
        RateLimiter::Probe(parts_.limiter->ProbeFor({.user = passage.user,
                                                     .address = passage.context->address,
                                                     .device = passage.context->device}));
  }
  if (parts_.bots != nullptr) {
    new (&passage.bots) CompositeBotDetector::Probes(parts_.bots->ProbeFor(QueryOf(passage)));
  }
}

std::optional<Outcome> Gates::CheckRates(const Passage& passage, Time now) const {
  if (parts_.limiter == nullptr) return std::nullopt;
  const Result<RateLimiter::Answer> answer = parts_.limiter->Check(passage.rate, now);
  if (!answer.ok()) return Degraded(parts_.when_rates_fail);
  if (answer->decision.allowed) return std::nullopt;
  return Refusal(Code::kRateLimited, answer->decision.retry_after);
}

BotQuery Gates::QueryOf(const Passage& passage) {
  return {.sale = passage.sale->terms().id,
          .user = passage.user,
          .action = passage.action,
          .context = *passage.context};
}

std::optional<Outcome> Gates::CheckBots(const Passage& passage, Time now) const {
  if (parts_.bots == nullptr) return std::nullopt;
  return RefusalFor(parts_.bots->Decide(QueryOf(passage), passage.bots, now));
}

bool Gates::BotsArePending(const Passage& passage, Time now, std::optional<Outcome>& refusal,
                           BotsDone done) const {
  const std::optional<BotDecision> decision = parts_.bots->DecideAsync(
      QueryOf(passage), passage.bots, now,
      [done = std::move(done)](const BotDecision& late) { done(RefusalFor(late)); });
  if (!decision.has_value()) return true;
  refusal = RefusalFor(*decision);
  return false;
}

std::optional<Outcome> Gates::CheckLimit(const ServedSale& sale, const Command& command) {
  const SaleTerms& terms = sale.terms();
  // More than this user may have, but not more than they could be granted.
  const Units limit = command.user_limit == 0 ? terms.limit_per_user : command.user_limit;
  if (command.units > limit && command.units <= terms.limit_ceiling.value_or(limit)) {
    return Refusal(Code::kLimitChallenge);
  }
  return std::nullopt;
}

std::optional<Outcome> Gates::FindAdmissions(Time now, std::span<const AdmissionProbe> probes,
                                             std::span<Admission> admissions) const {
  if (parts_.admissions.FindAdmissions(now, probes, admissions).ok()) return std::nullopt;
  // An admission of the moment: no less than any that the queue has given.
  std::fill(
      admissions.begin(), admissions.end(),
      Admission{.number = static_cast<std::uint64_t>(now.time_since_epoch().count()), .grant = 1});
  return Degraded(parts_.when_queue_fails);
}

std::optional<Outcome> Gates::CheckAdmission(const Passage& passage, const Admission& found,
                                             Time now, Command& command) const {
  if (found.number == 0) {
    // One that was shown, of a queue that was lost: numbers are no less than their microsecond.
    const auto epoch_us = static_cast<std::uint64_t>(
        parts_.queue.Epoch(passage.sale->queue()).time_since_epoch().count());
    if (command.admission_number != 0 && command.admission_number < epoch_us) return std::nullopt;
    command.admission_number = 0;
    command.admission_grant = 0;
    return SendToQueue(passage, now);
  }
  command.admission_number = found.number;
  command.admission_grant = found.grant;
  return std::nullopt;
}

std::optional<Outcome> Gates::CheckBreaker(const UserId& user, Time now,
                                           CircuitBreaker::Permit& permit) const {
  permit = parts_.breaker->TryAcquire(now);
  if (permit) return std::nullopt;
  const Duration wait = permit.retry_after();
  return Refusal(Code::kWaitingPage, wait + SpreadOver(wait, user, now));
}

Result<bool> Gates::HasBoughtAll(const ServedSale& sale, const UserId& user) const {
  const Result<Tally> tally = parts_.inventory.ReadTally(sale.inventory(), TallyKey::Of(user));
  if (!tally.ok()) return tally.status();
  return tally->bought >= std::max(tally->limit, sale.terms().limit_per_user);
}

Result<QueuePlace> Gates::Enqueue(const ServedSale& sale, const QueueJoin& join, Time now) const {
  const Result<bool> has_all = HasBoughtAll(sale, join.user);
  if (!has_all.ok()) return has_all.status();
  if (*has_all) {
    return parts_.queue.Refused(sale.queue(), {.code = Code::kUserLimit});
  }
  return parts_.queue.Join(sale.queue(), join, now);
}

Outcome Gates::SendToQueue(const Passage& passage, Time now) const {
  const Result<QueuePlace> place =
      parts_.join_on_reserve
          ? Enqueue(*passage.sale, {.user = passage.user, .tier = QueueJoin::kLastTier}, now)
          : parts_.queue.Position(passage.sale->queue(), passage.user, now);
  if (!place.ok()) {
    // Forgotten while the call was under way, or by another process.
    const bool is_gone = place.status().code() == StatusCode::kNotFound;
    return is_gone ? Refusal(Code::kUnknownSale) : Refusal(Code::kOverloaded, kRetryAfterFailure);
  }
  switch (place->outcome.code) {
    case Code::kDone:
    case Code::kAlreadyDone:
      // Nobody is let in sooner than by the next turn.
      return Refusal(Code::kQueued, std::max(place->wait.is_told() ? place->wait.expected
                                                                   : place->next_poll_at - now,
                                             parts_.queue_period));
    case Code::kUnknownTicket:
      return Refusal(Code::kNotAdmitted);
    default:
      return place->outcome;
  }
}

std::optional<QueuePlace> Gates::FindTicket(const ServedSale& sale, const UserId& user,
                                            Time now) const {
  if (!MayLookUp(now)) return std::nullopt;
  Result<QueuePlace> place = parts_.queue.Position(sale.queue(), user, now);
  if (!place.ok()) return std::nullopt;
  // Sold out is told to those who wait, and only to them.
  const bool has_ticket =
      place->outcome.code == Code::kDone || place->outcome.code == Code::kSoldOut;
  if (!has_ticket) return std::nullopt;
  place->outcome.code = Code::kAlreadyDone;
  return *place;
}

bool Gates::IsKnown(const ServedSale& sale, const Command& command, bool resend, Time now) const {
  if (parts_.shared && (!resend || !resend_lookups_.Take(now).allowed)) return false;
  const Result<std::optional<Reservation>> found =
      parts_.inventory.Find(sale.inventory(), command.user, command.id);
  return found.ok() && found->has_value();
}

}  // namespace flashsale::inline v0
