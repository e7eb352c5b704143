// What shoppers do once they were let in.

#include <chrono>

#include "examples/flashsale_sim/shopper.h"
#include "examples/flashsale_sim/shoppers.h"

namespace flashsale::sim {
namespace {

using std::chrono::seconds;
using Purpose = Dice::Purpose;

// Out of a hundred of those who pay slowly: they ask for more time.
constexpr std::uint64_t kExtendsPercent = 50;
// Out of a hundred payments.
constexpr std::uint64_t kPaymentFailsPercent = 10;
constexpr std::uint8_t kMostPayments = 3;

}  // namespace

Status Shoppers::Reserve(Index index) {
  Shopper& shopper = shoppers_[index];
  const Units limit = parts_.plan.limit_per_user;
  const Result<Outcome> outcome =
      parts_.storefront.Reserve({.sale = parts_.storefront.sale(),
                                 .user = UserOf(index),
                                 .id = ReservationId::FromInteger(0),
                                 .line = LineFor(index),
                                 .units = UnitsWanted(parts_.dice, index, limit),
                                 .resend = shopper.Has(kResending),
                                 .context = ContextOf(index)});
  if (!outcome.ok()) return outcome.status();
  switch (outcome->code) {
    case Code::kDone:
    case Code::kAlreadyDone: {
      if (LosesAnswer(index)) return {};
      shopper.stage = Stage::kHolding;
      shopper.tries = 0;
      if (IsBot(PersonaOf(index))) {
        Schedule(index,
                 parts_.plan.hold / 100 + Thought(index, Duration(0), parts_.plan.hold / 20));
        return {};
      }
      const Decision decision = Decide(parts_.dice, index, 0, parts_.plan.hold);
      const bool is_slow = decision.intent == Intent::kPays &&
                           decision.after > parts_.plan.hold / 2 &&
                           Roll(Purpose::kPayment, index) % 100 < kExtendsPercent;
      if (decision.intent == Intent::kWalksAway) {
        GoHome(index);
      } else {
        if (!is_slow) shopper.Set(kExtended);  // asks for no more time
        Schedule(index, is_slow ? decision.after / 2 : decision.after);
      }
      return {};
    }
    case Code::kSoldOut:
      return OnSoldOut(index);
    case Code::kNotAdmitted:
    case Code::kQueued:
      // Came too late to make use of it: stands in line once more.
      shopper.Clear(kAdmitted);
      shopper.ticket = 0;
      if (++shopper.tries > kMostTries) {
        GoHome(index);
      } else {
        shopper.stage = Stage::kComing;
        Schedule(index, Thought(index, seconds(1), seconds(10)));
      }
      return {};
    default:
      OnGate(index, *outcome);
      return {};
  }
}

Status Shoppers::OnSoldOut(Index index) {
  Shopper& shopper = shoppers_[index];
  shopper.Clear(kResending);
  // Waits for what others put back of the line that they came for, while the admission lets them;
  // or looks at the other lines.
  if (WantsList(index)) {
    GoToList(index);
    return {};
  }
  if (shopper.tries + 1U < parts_.plan.lines + kMostTries) {
    ++shopper.tries;
    const bool knows_more = shopper.tries < parts_.plan.lines;
    Schedule(index, knows_more ? Thought(index, seconds(1), seconds(5))
                               : Thought(index, seconds(8), seconds(20)));
    return {};
  }
  return Leave(index);
}

Status Shoppers::Pay(Index index) {
  Shopper& shopper = shoppers_[index];
  const bool is_bot = IsBot(PersonaOf(index));
  const Decision decision =
      is_bot ? Decision{.intent = Intent::kPays} : Decide(parts_.dice, index, 0, parts_.plan.hold);
  if (decision.intent == Intent::kTurnsBack) return Cancel(index);
  if (!is_bot && !shopper.Has(kExtended)) {
    shopper.Set(kExtended);
    const Result<Outcome> outcome = parts_.storefront.Extend({.sale = parts_.storefront.sale(),
                                                              .user = UserOf(index),
                                                              .id = ReservationId::FromInteger(0)});
    if (!outcome.ok()) return outcome.status();
    Schedule(index, decision.after / 2);
    return {};
  }
  // What was paid is not paid again because an answer was lost.
  if (!shopper.Has(kResending) && Roll(Purpose::kPayment, index) % 100 < kPaymentFailsPercent) {
    if (++shopper.tries < kMostPayments) {
      Schedule(index, Thought(index, seconds(5), seconds(40)));
      return {};
    }
    if (Roll(Purpose::kNotice, index) % 2 == 0) return Cancel(index);
    GoHome(index);
    return {};
  }
  return Confirm(index);
}

Status Shoppers::Confirm(Index index) {
  const Result<Outcome> outcome = parts_.storefront.Confirm({.sale = parts_.storefront.sale(),
                                                             .user = UserOf(index),
                                                             .id = ReservationId::FromInteger(0)});
  if (!outcome.ok()) return outcome.status();
  if (outcome->code == Code::kDone || outcome->code == Code::kRevived) {
    PersonaTally& tally = tally_.Of(PersonaOf(index));
    ++tally.bought;
    tally.units += outcome->units;
    cohorts_.OnBought(WhoIs(index));
    parts_.queue_audit.OnMayHaveEnded(UserOf(index));
    if (LosesAnswer(index)) return {};
  }
  if (outcome->code == Code::kExpired) {
    GoToList(index);
  } else {
    GoHome(index);
  }
  return {};
}

Status Shoppers::Cancel(Index index) {
  const Result<Outcome> outcome = parts_.storefront.Cancel({.sale = parts_.storefront.sale(),
                                                            .user = UserOf(index),
                                                            .id = ReservationId::FromInteger(0)});
  if (!outcome.ok()) return outcome.status();
  parts_.queue_audit.OnMayHaveEnded(UserOf(index));
  GoHome(index);
  return {};
}

}  // namespace flashsale::sim
