#include "examples/flashsale_sim/shoppers.h"

#include <algorithm>
#include <chrono>

namespace flashsale::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Purpose = Dice::Purpose;

// Out of a hundred people.
constexpr std::uint64_t kEarlyPercent = 35;    // gather before the start, where they may
constexpr std::uint64_t kRushPercent = 40;     // come at the start
constexpr std::uint64_t kToldPercent = 80;     // have a page that tells them when they are let in
constexpr std::uint64_t kLeavesPercent = 60;   // say so when they leave; the others close the tab
constexpr std::uint64_t kGivesUpPercent = 25;  // with every look at a hopeless queue
constexpr std::uint64_t kPassesPercent = 95;   // of those who are challenged
// Out of a hundred answers.
constexpr std::uint64_t kAnswerLostPercent = 1;

constexpr std::uint8_t kMostClicks = 15;
constexpr Duration kClickInterval = milliseconds(200);

// `width` * part / 2^24.
Duration PartOf(Duration width, std::uint64_t part) {
  constexpr std::uint64_t kMask = (1U << 24U) - 1;
  const auto scaled = static_cast<std::int64_t>(part & kMask);
  return Duration((width.count() >> 12) * scaled >> 12);
}

}  // namespace

Shoppers::Shoppers(const Parts& parts)
    : parts_(parts),
      start_(TermsOf(parts.plan).start),
      end_(TermsOf(parts.plan).end),
      visitor_(parts.dice,
               {.shoppers = parts.plan.shoppers, .bots_per_million = parts.plan.bots_per_million}),
      shoppers_(parts.plan.shoppers) {}

Shoppers::Index Shoppers::IndexOf(const UserId& user) {
  Index index = 0;
  for (std::size_t i = 12; i < 16; ++i) index = index << 8 | user.bytes()[i];
  return index;
}

void Shoppers::PlanArrivals() {
  parts_.calendar.Reserve(shoppers_.size() + shoppers_.size() / 8);
  for (std::size_t i = 0; i < shoppers_.size(); ++i) {
    const auto index = static_cast<Index>(i);
    const Calendar::Tick tick = parts_.calendar.TickAt(start_ + ArrivalOf(index));
    shoppers_[i].due = tick;
    parts_.calendar.Put(tick, index);
  }
}

Duration Shoppers::ArrivalOf(Index index) const {
  const std::uint64_t roll = parts_.dice.Roll(Purpose::kArrival, index);
  const std::uint64_t one = roll >> 16;
  const std::uint64_t other = roll >> 40;
  const Duration duration = parts_.plan.duration;
  const Duration rush = std::max<Duration>(duration / 50, milliseconds(1));
  std::uint64_t percent = roll % 100;
  const Persona persona = PersonaOf(index);
  if (persona == Persona::kScalperFarm || persona == Persona::kFastClicker) {
    return PartOf(std::min<Duration>(rush, milliseconds(300)), one);
  }
  // The other bots come with the people, but never late.
  if (IsBot(persona)) percent %= kEarlyPercent + kRushPercent;
  if (percent < kEarlyPercent && parts_.plan.pre_queue > Duration(0)) {
    // The nearer the start, the more of them.
    const Duration after =
        std::max(PartOf(parts_.plan.pre_queue, one), PartOf(parts_.plan.pre_queue, other));
    return after - parts_.plan.pre_queue;
  }
  const Duration width = percent < kEarlyPercent + kRushPercent ? rush : duration;
  return std::min(PartOf(width, one), PartOf(width, other));
}

Status Shoppers::Act(Calendar::Tick tick) {
  while (!parts_.calendar.IsEmpty(tick)) {
    const Index index = parts_.calendar.Take(tick);
    Shopper& shopper = shoppers_[index];
    if (shopper.due != tick) continue;  // they have changed their plans
    shopper.due = Calendar::kNever;
    if (Status status = Step(index); !status.ok()) return status;
  }
  return {};
}

Status Shoppers::Step(Index index) {
  ++shoppers_[index].requests;
  switch (shoppers_[index].stage) {
    case Stage::kComing:
      return Join(index);
    case Stage::kWaiting:
      return LookAtPosition(index);
    case Stage::kShopping:
      return Reserve(index);
    case Stage::kHolding:
      return Pay(index);
    case Stage::kListing:
      return JoinList(index);
    case Stage::kListed:
      return LookAtList(index);
    case Stage::kOffered:
      return AnswerOffer(index);
    case Stage::kGone:
      break;
  }
  return {};
}

Status Shoppers::Join(Index index) {
  Shopper& shopper = shoppers_[index];
  const Persona persona = PersonaOf(index);
  if (!shopper.Has(kSeen)) {
    ++tally_.Of(persona).seen;
    cohorts_.OnCame(WhoIs(index));
  }
  shopper.Set(kSeen);
  const Result<QueuePlace> place =
      parts_.storefront.Join({.sale = parts_.storefront.sale(),
                              .user = UserOf(index),
                              .tier = RankOf(parts_.plan, parts_.dice, index),
                              .credits = CreditsOf(parts_.plan, parts_.dice, index),
                              .context = ContextOf(index)});
  if (!place.ok()) return place.status();
  const Code code = place->outcome.code;
  if (code != Code::kDone && code != Code::kAlreadyDone) {
    // Who has a ticket and was only impatient waits on.
    if (shopper.ticket != 0 && code == Code::kRateLimited) {
      shopper.stage = Stage::kWaiting;
      Schedule(index, place->outcome.retry_after());
      return {};
    }
    if (code == Code::kSoldOut) {
      GoToList(index);
    } else {
      OnGate(index, place->outcome);
    }
    return {};
  }
  parts_.turn_audit.OnPlaced({.due = TierOf(index), .given = place->entry.tier});
  if (code == Code::kDone) {
    parts_.queue_audit.OnTicket(place->entry.ticket);
    shopper.ticket = static_cast<std::uint32_t>(place->entry.ticket);
    shopper.joined = parts_.calendar.TickAt(now());
  } else {
    parts_.queue_audit.OnTicketAgain({.given = shopper.ticket, .again = place->entry.ticket});
  }
  if (LosesAnswer(index)) return {};
  if (place->entry.state == TicketState::kAdmitted) {
    GoShopping(index, Thought(index, milliseconds(200), seconds(2)));
    return {};
  }
  if (persona == Persona::kFastClicker && ++shopper.tries < kMostClicks) {
    Schedule(index, kClickInterval);
    return {};
  }
  shopper.stage = Stage::kWaiting;
  shopper.tries = 0;
  return Wait(index, *place);
}

Status Shoppers::LookAtPosition(Index index) {
  Shopper& shopper = shoppers_[index];
  const Result<QueuePlace> place = parts_.storefront.Position(UserOf(index));
  if (!place.ok()) return place.status();
  // Sold out is told to who waits still.
  if (place->outcome.code != Code::kDone && place->outcome.code != Code::kSoldOut) {
    const bool open = now() < end_;
    // The time to make use of an admission is over, or the sale is; else the ticket was lost.
    if (open && !shopper.Has(kAdmitted)) {
      parts_.queue_audit.OnTicketAgain({.given = shopper.ticket, .again = 0});
    }
    shopper.ticket = 0;
    if (!open || ++shopper.tries > kMostTries) {
      GoHome(index);
      return {};
    }
    shopper.Clear(kAdmitted);
    shopper.stage = Stage::kComing;
    Schedule(index, Thought(index, seconds(1), seconds(10)));
    return {};
  }
  if (place->entry.ticket != shopper.ticket) {
    parts_.queue_audit.OnTicketAgain({.given = shopper.ticket, .again = place->entry.ticket});
  }
  if (place->entry.state == TicketState::kAdmitted) {
    GoShopping(index, Thought(index, milliseconds(200), seconds(5)));
    return {};
  }
  return Wait(index, *place);
}

Status Shoppers::Wait(Index index, const QueuePlace& place) {
  if (place.wait.is_told()) parts_.wait_audit.OnTold(UserOf(index), now(), place.wait);
  if (place.sold_out_for_good) {
    Status status = Leave(index);
    GoToList(index);
    return status;
  }
  const Shopper& shopper = shoppers_[index];
  if (!IsBot(PersonaOf(index))) {
    const Time opens = LineOpensFor(index);
    const Time since = std::max(parts_.calendar.TimeOf(shopper.joined), opens);
    const Duration patience =
        PartOf(parts_.plan.duration * 2, parts_.dice.Roll(Purpose::kPatience, index));
    const bool is_hopeless = place.position > std::uint64_t{2} * place.units_held &&
                             place.units_left == 0 && now() > opens;
    const bool has_enough = now() - since > patience ||
                            (is_hopeless && Roll(Purpose::kThought, index) % 100 < kGivesUpPercent);
    if (has_enough) {
      ++tally_.Of(PersonaOf(index)).abandoned;
      if (is_hopeless && parts_.waitlist_audit != nullptr) {
        Status status = Leave(index);
        GoToList(index);
        return status;
      }
      if (Roll(Purpose::kNotice, index) % 100 < kLeavesPercent) return Leave(index);
      GoHome(index);
      return {};
    }
  }
  // Nobody looks more often than the queue moves: each look costs the server a call.  While
  // nothing is left it does not move at all, and whoever has waited long waits for longer.
  static constexpr Duration kOftenest = seconds(3);
  const Duration rarest = IsTold(index) ? kHeartbeatTimeout * 3 / 4 : kAdmissionWindow * 2 / 5;
  const Duration waited = now() - parts_.calendar.TimeOf(shopper.joined);
  const Duration due = !place.wait.is_told()   ? rarest
                       : place.units_left == 0 ? std::max(place.wait.expected, waited) / 8
                                               : place.wait.expected / 8;
  const Duration interval = std::clamp(due, kOftenest, rarest);
  Schedule(index, interval * 4 / 5 + PartOf(interval * 2 / 5, Roll(Purpose::kPoll, index)));
  return {};
}

Status Shoppers::LeaveQueue(Index index) {
  const Result<Outcome> outcome = parts_.storefront.Leave(UserOf(index));
  if (!outcome.ok()) return outcome.status();
  parts_.queue_audit.OnMayHaveEnded(UserOf(index));
  parts_.meter.OnLeft(UserOf(index));
  shoppers_[index].Clear(kAdmitted);
  return {};
}

Status Shoppers::Leave(Index index) {
  Status status = LeaveQueue(index);
  if (status.ok()) GoHome(index);
  return status;
}

void Shoppers::OnGate(Index index, const Outcome& outcome) {
  Shopper& shopper = shoppers_[index];
  const Persona persona = PersonaOf(index);
  switch (outcome.code) {
    case Code::kRateLimited:
    case Code::kOverloaded:
    case Code::kWaitingPage: {
      const std::uint8_t most = persona == Persona::kFastClicker ? kMostClicks : kMostTries;
      if (++shopper.tries > most) {
        ++tally_.Of(persona).limited;
        GoHome(index);
      } else if (persona == Persona::kFastClicker) {
        Schedule(index, kClickInterval);  // whatever it is told
      } else {
        Schedule(index, outcome.retry_after() + Thought(index, Duration(0), seconds(2)));
      }
      return;
    }
    case Code::kChallenge:
    case Code::kLimitChallenge: {
      if (!shopper.Has(kChallenged)) ++tally_.Of(persona).challenged;
      shopper.Set(kChallenged);
      const bool can =
          persona == Persona::kCaptchaSolver ||
          (persona == Persona::kPerson && Roll(Purpose::kChallenge, index) % 100 < kPassesPercent);
      if (!can || ++shopper.tries > kMostTries) {
        GoHome(index);
        return;
      }
      shopper.Set(kHasProof);
      // Whoever is paid for it has many to pass.
      const Duration least = persona == Persona::kPerson ? seconds(4) : seconds(12);
      Schedule(index, Thought(index, least, seconds(15)));
      return;
    }
    case Code::kDenied:
      ++tally_.Of(persona).denied;
      break;
    default:
      break;
  }
  GoHome(index);
}

void Shoppers::OnAdmitted(std::span<const QueueEntry> admitted) {
  parts_.queue_audit.OnAdmitted(now(), admitted);
  parts_.meter.OnAdmitted(admitted);
  for (const QueueEntry& entry : admitted) {
    parts_.wait_audit.OnAdmitted(entry.user, now());
    if (parts_.waitlist_audit != nullptr) parts_.waitlist_audit->OnLetIn(entry.user);
    const Index index = IndexOf(entry.user);
    Shopper& shopper = shoppers_[index];
    const Persona persona = PersonaOf(index);
    PersonaTally& tally = tally_.Of(persona);
    ++tally.admitted;
    const Time joined = parts_.calendar.TimeOf(shopper.joined);
    parts_.turn_audit.OnAdmitted({.at = now(), .tier = entry.tier, .since = joined});
    const Duration waited = now() - std::max(joined, LineOpensFor(index));
    cohorts_.OnAdmitted(WhoIs(index), waited);
    waits_ms_.Record(static_cast<std::uint64_t>(waited / milliseconds(1)));
    shopper.Set(kAdmitted);
    const bool is_there = shopper.stage != Stage::kGone &&
                          (IsBot(persona) || Roll(Purpose::kNoShow, index) % 1'000'000 >=
                                                 parts_.plan.no_shows_per_million);
    if (!is_there) {
      ++tally.no_shows;
      parts_.meter.OnNoShow(entry.admission.until);
      GoHome(index);
    } else if (IsBot(persona)) {
      GoShopping(index, Thought(index, milliseconds(50), milliseconds(600)));
    } else if (IsTold(index)) {
      GoShopping(index, Thought(index, seconds(1), seconds(45)));
    }
  }
}

void Shoppers::TellWhoWaits() {
  for (std::size_t i = 0; i < shoppers_.size(); ++i) {
    const Shopper& shopper = shoppers_[i];
    if (shopper.stage != Stage::kWaiting || shopper.Has(kAdmitted)) continue;
    const auto index = static_cast<Index>(i);
    parts_.queue_audit.OnStillWaiting(UserOf(index), TierOf(index), shopper.ticket);
  }
}

void Shoppers::GoShopping(Index index, Duration after) {
  Shopper& shopper = shoppers_[index];
  shopper.stage = Stage::kShopping;
  shopper.tries = 0;
  shopper.Clear(kResending);
  Schedule(index, after);
}

void Shoppers::GoHome(Index index) {
  shoppers_[index].stage = Stage::kGone;
  shoppers_[index].due = Calendar::kNever;
}

void Shoppers::Schedule(Index index, Duration after) {
  // Of two calls of one shopper the second comes in a later tick.
  const Time soonest = now() + parts_.calendar.tick();
  const Calendar::Tick tick = parts_.calendar.TickAt(std::max(now() + after, soonest));
  shoppers_[index].due = tick;
  parts_.calendar.Put(tick, index);
}

bool Shoppers::LosesAnswer(Index index) {
  Shopper& shopper = shoppers_[index];
  const bool is_lost =
      !shopper.Has(kResending) && Roll(Purpose::kLostAnswer, index) % 100 < kAnswerLostPercent;
  shopper.Clear(kResending);
  if (!is_lost) return false;
  shopper.Set(kResending);
  Schedule(index, Thought(index, seconds(1), seconds(4)));
  return true;
}

const RequestContext& Shoppers::ContextOf(Index index) {
  const Shopper& shopper = shoppers_[index];
  const Persona persona = PersonaOf(index);
  if (!shopper.Has(kHasProof)) return visitor_.Show(persona, index, shopper.requests);
  const std::uint64_t number = std::uint64_t{index} << 8 | shopper.requests;
  return visitor_.ShowWithProof(persona, index, shopper.requests,
                                parts_.challenges.Pass(now(), number));
}

Persona Shoppers::PersonaOf(Index index) const {
  return sim::PersonaOf(parts_.dice, parts_.plan.bots_per_million, index);
}

bool Shoppers::IsTold(Index index) const {
  return IsBot(PersonaOf(index)) ||
         parts_.dice.Below(100, Purpose::kNotice, std::uint64_t{index} << 8) < kToldPercent;
}

Duration Shoppers::Thought(Index index, Duration least, Duration spread) const {
  const std::uint64_t roll = Roll(Purpose::kTiming, index);
  return least + std::min(PartOf(spread, roll), PartOf(spread, roll >> 24));
}

std::uint64_t Shoppers::Roll(Purpose purpose, Index index) const {
  return parts_.dice.Roll(purpose, std::uint64_t{index} << 8 | shoppers_[index].requests);
}

std::uint16_t Shoppers::LineFor(Index index) const {
  return static_cast<std::uint16_t>((std::uint64_t{FavouriteOf(index)} + shoppers_[index].tries) %
                                    parts_.plan.lines);
}

std::uint16_t Shoppers::FavouriteOf(Index index) const {
  const std::uint64_t roll = parts_.dice.Roll(Purpose::kLine, index);
  const std::uint64_t lines = parts_.plan.lines;
  return static_cast<std::uint16_t>(std::min(roll % lines, (roll >> 32) % lines));
}

std::uint8_t Shoppers::TierOf(Index index) const {
  return sim::TierOf(parts_.plan, parts_.dice, index);
}

Cohorts::Who Shoppers::WhoIs(Index index) const {
  return {.tier = TierOf(index),
          .persona = PersonaOf(index),
          .came_early = ArrivalOf(index) < Duration(0)};
}

Time Shoppers::LineOpensFor(Index index) const { return LineOpensAt(parts_.plan, TierOf(index)); }

std::uint64_t Shoppers::TicketOf(const UserId& user) const {
  return shoppers_[IndexOf(user)].ticket;
}

}  // namespace flashsale::sim
