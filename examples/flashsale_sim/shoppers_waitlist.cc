// What shoppers do about the waitlist.

#include <algorithm>
#include <chrono>

#include "examples/flashsale_sim/shoppers.h"

namespace flashsale::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Purpose = Dice::Purpose;

// Out of a hundred people to whom everything is sold out.
constexpr std::uint64_t kListsPercent = 70;
// With each look, of a hundred who wait: they have had enough.
constexpr std::uint64_t kGivesUpPercent = 4;
// Of these: they say so; the others close the tab, and keep their place without knowing it.
constexpr std::uint64_t kSaysSoPercent = 60;
// Out of a hundred people who are offered a unit; the others let it lapse.
constexpr std::uint64_t kBuysPercent = 60;
constexpr std::uint64_t kCancelsPercent = 15;  // refuse the offer itself
constexpr std::uint64_t kLeavesPercent = 5;    // refuse it with their place

}  // namespace

WaitlistRequest Shoppers::ListRequestOf(Index index) const {
  return {.sale = parts_.storefront.sale(), .user = UserOf(index), .line = FavouriteOf(index)};
}

WaitlistAudit::Place Shoppers::ListPlaceOf(Index index) const {
  return {.line = FavouriteOf(index), .ticket = shoppers_[index].ticket};
}

bool Shoppers::WantsList(Index index) const {
  if (parts_.waitlist_audit == nullptr || now() >= end_ || shoppers_[index].Has(kListedOnce)) {
    return false;
  }
  return IsBot(PersonaOf(index)) ||
         parts_.dice.Below(100, Purpose::kWaitlist, index) < kListsPercent;
}

void Shoppers::GoToList(Index index) {
  Shopper& shopper = shoppers_[index];
  if (!WantsList(index)) {
    GoHome(index);
    return;
  }
  shopper.stage = Stage::kListing;
  shopper.ticket = 0;
  shopper.tries = 0;
  shopper.Set(kListedOnce);
  shopper.Clear(kResending);
  Schedule(index, Thought(index, seconds(1), seconds(15)));
}

Status Shoppers::JoinList(Index index) {
  Shopper& shopper = shoppers_[index];
  // Who was let in gives the slot back as soon as they have tried: the admission opened the list.
  const bool was_inside = shopper.Has(kAdmitted);
  if (Status status = TryList(index); !status.ok()) return status;
  const bool tries_again = shopper.stage == Stage::kListing && !shopper.Has(kResending);
  return was_inside && !tries_again ? LeaveQueue(index) : Status();
}

Status Shoppers::TryList(Index index) {
  Shopper& shopper = shoppers_[index];
  const Result<WaitlistPlace> place =
      parts_.storefront.JoinWaitlist({.sale = parts_.storefront.sale(),
                                      .user = UserOf(index),
                                      .line = FavouriteOf(index),
                                      .context = ContextOf(index)});
  if (!place.ok()) return place.status();
  switch (place->outcome.code) {
    case Code::kDone:
      shopper.ticket = static_cast<std::uint32_t>(place->entry.ticket);
      parts_.waitlist_audit->OnJoined(now(), UserOf(index), ListPlaceOf(index));
      break;
    case Code::kAlreadyDone:
      if (place->entry.ticket != shopper.ticket) {
        parts_.waitlist_audit->OnUnknown(now(), ListPlaceOf(index));
      }
      break;
    case Code::kInStock:
      // Stands in line for it, as everybody does.
      parts_.waitlist_audit->OnInStock(FavouriteOf(index));
      shopper.stage = Stage::kComing;
      shopper.tries = 0;
      Schedule(index, Thought(index, seconds(1), seconds(5)));
      return {};
    default:
      OnGate(index, place->outcome);
      return {};
  }
  if (LosesAnswer(index)) return {};
  shopper.stage = Stage::kListed;
  shopper.tries = 0;
  if (!place->offer.is_nil()) {
    OnOffer(index);
    return {};
  }
  if (place->position != 0) {
    parts_.waitlist_audit->OnPosition(ListPlaceOf(index), place->position);
  }
  Schedule(index, Thought(index, OfferHoldOf(parts_.plan) / 4, OfferHoldOf(parts_.plan) / 4));
  return {};
}

Status Shoppers::LookAtList(Index index) {
  const Result<WaitlistPlace> place = parts_.storefront.WaitlistPosition(ListRequestOf(index));
  if (!place.ok()) return place.status();
  if (place->outcome.code != Code::kDone) {
    parts_.waitlist_audit->OnUnknown(now(), ListPlaceOf(index));
    GoHome(index);
    return {};
  }
  if (!place->offer.is_nil()) {
    OnOffer(index);
    return {};
  }
  if (place->position != 0) {
    parts_.waitlist_audit->OnPosition(ListPlaceOf(index), place->position);
  }
  if (!IsBot(PersonaOf(index)) && Roll(Purpose::kThought, index) % 100 < kGivesUpPercent) {
    if (Roll(Purpose::kNotice, index) % 100 < kSaysSoPercent) return LeaveList(index);
    GoHome(index);
    return {};
  }
  // Who is not told looks often enough not to miss an offer; nobody more often than is of use.
  const Duration interval = IsTold(index) ? parts_.plan.duration / 8 : OfferHoldOf(parts_.plan) / 3;
  const Duration least = std::max<Duration>(interval, milliseconds(100));
  Schedule(index, Thought(index, least, least / 4));
  return {};
}

void Shoppers::OnOffered(const WaitlistOffer& offer) {
  const Index index = IndexOf(offer.user);
  if (shoppers_[index].stage == Stage::kListed && IsTold(index)) OnOffer(index);
}

void Shoppers::OnWithdrawn(const WaitlistOffer& offer) {
  const Index index = IndexOf(offer.user);
  parts_.waitlist_audit->OnWithdrawn({.line = offer.line, .ticket = offer.ticket});
  if (shoppers_[index].stage == Stage::kListed) GoHome(index);
}

void Shoppers::OnOffer(Index index) {
  shoppers_[index].stage = Stage::kOffered;
  const Duration hold = OfferHoldOf(parts_.plan);
  Schedule(index, Thought(index, hold / 100, hold / 3));
}

Status Shoppers::AnswerOffer(Index index) {
  Shopper& shopper = shoppers_[index];
  const std::uint64_t roll =
      IsBot(PersonaOf(index)) ? 0 : parts_.dice.Below(100, Purpose::kOffer, index);
  if (roll >= kBuysPercent + kCancelsPercent + kLeavesPercent) {
    GoHome(index);
    return {};
  }
  if (roll >= kBuysPercent + kCancelsPercent) return LeaveList(index);
  const ReservationId offer = OfferId({.sale = parts_.storefront.sale().id(),
                                       .line = FavouriteOf(index),
                                       .user = UserOf(index),
                                       .epoch = OpeningOf(parts_.plan),
                                       .ticket = shopper.ticket});
  if (roll >= kBuysPercent) {
    const Result<Outcome> outcome = parts_.storefront.Cancel(
        {.sale = parts_.storefront.sale(), .user = UserOf(index), .id = offer});
    GoHome(index);
    return outcome.status();
  }
  const Result<Outcome> outcome = parts_.storefront.Confirm(
      {.sale = parts_.storefront.sale(), .user = UserOf(index), .id = offer});
  if (!outcome.ok()) return outcome.status();
  if (outcome->code == Code::kDone || outcome->code == Code::kRevived) {
    PersonaTally& tally = tally_.Of(PersonaOf(index));
    ++tally.bought;
    tally.units += outcome->units;
    cohorts_.OnBought(WhoIs(index));
    if (LosesAnswer(index)) return {};
  }
  GoHome(index);
  return {};
}

Status Shoppers::LeaveList(Index index) {
  const Result<Outcome> outcome = parts_.storefront.LeaveWaitlist(ListRequestOf(index));
  if (!outcome.ok()) return outcome.status();
  parts_.waitlist_audit->OnLeft(ListPlaceOf(index));
  GoHome(index);
  return {};
}

}  // namespace flashsale::sim
