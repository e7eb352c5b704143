#include "examples/flashsale_sim/load_caller.h"

#include <chrono>
#include <cstddef>
#include <thread>

namespace flashsale::sim {
namespace {

using Purpose = Dice::Purpose;

// Looks at a position before a person gives up, and before a bot does.
constexpr std::uint8_t kMostLooks = 12;
constexpr std::uint8_t kMostLooksOfBots = 48;
// Joins of a fast clicker.
constexpr std::uint8_t kMostClicks = 15;
// Out of a hundred newcomers: they come for the next sale, while that may be joined.
constexpr std::uint64_t kEarlyPercent = 35;
// Out of a hundred people who are challenged.
constexpr std::uint64_t kPassesPercent = 95;
// Out of a hundred of those who hold something.
constexpr std::uint64_t kPaysPercent = 60;
constexpr std::uint64_t kTurnsBackPercent = 30;
constexpr std::uint64_t kExtendsPercent = 5;  // and then decides again; the others walk away
// A sleeping thread wakes up late, so the last stretch is waited out awake.
constexpr auto kAwake = std::chrono::microseconds(200);

void WaitUntil(Pacer::Instant due, bool awake) {
  if (!awake) return std::this_thread::sleep_until(due);
  const auto now = std::chrono::steady_clock::now();
  if (due - now > 2 * kAwake) std::this_thread::sleep_until(due - kAwake);
  while (std::chrono::steady_clock::now() < due) std::this_thread::yield();
}

Code CodeOf(const QueuePlace& place) { return place.outcome.code; }
Code CodeOf(const Outcome& outcome) { return outcome.code; }

}  // namespace

LoadCaller::LoadCaller(const Parts& parts) : parts_(parts), shoppers_(parts.at_once) {
  if (parts.challenges == nullptr) return;
  visitor_.emplace(parts.dice, Visitor::Crowd{.shoppers = parts.shoppers,
                                              .bots_per_million = parts.bots_per_million});
}

void LoadCaller::Run(const std::optional<Pacer>& pacer, Pacer::Instant until) {
  for (Shopper& shopper : shoppers_) Renew(shopper);
  std::size_t turn = 0;
  for (std::uint64_t call = 0; status_.ok(); ++call) {
    // Before the call's time, which is the library's alone.
    if (visitor_.has_value()) Show(shoppers_[turn]);
    const auto now = std::chrono::steady_clock::now();
    const Pacer::Instant meant_for = pacer.has_value() ? pacer->At(call) : now;
    if (meant_for >= until) return;
    if (now >= until) {
      while (pacer->At(call + missed_) < until) ++missed_;
      return;
    }
    if (pacer.has_value()) WaitUntil(meant_for, !parts_.yields);
    Call(shoppers_[turn], meant_for);
    if (parts_.yields) std::this_thread::yield();
    turn = (turn + 1) % shoppers_.size();
  }
}

template <typename Made>
bool LoadCaller::Note(Operation operation, Pacer::Instant meant_for, const Made& made) {
  latencies_.Record(operation, std::chrono::steady_clock::now() - meant_for);
  if (!made.ok()) {
    status_ = made.status();
    return false;
  }
  answers_.Count(operation, CodeOf(*made));
  return true;
}

void LoadCaller::Show(const Shopper& shopper) {
  if (shopper.stage != Stage::kJoin && shopper.stage != Stage::kReserve) return;
  const auto identity = static_cast<std::uint32_t>(IdentityOf(shopper));
  context_ =
      shopper.has_proof
          ? visitor_->ShowWithProof(shopper.persona, identity, shopper.requests,
                                    parts_.challenges->Pass(parts_.service.clock().Now(),
                                                            shopper.number << 8 | shopper.requests))
          : visitor_->Show(shopper.persona, identity, shopper.requests);
}

void LoadCaller::Call(Shopper& shopper, Pacer::Instant meant_for) {
  FlashSaleService& service = parts_.service;
  const SaleRef& sale = shopper.sale->name();
  const UserId user = UserId::FromInteger(IdentityOf(shopper));
  const ReservationId id = ReservationId::FromInteger(shopper.number);
  const bool is_first = shopper.requests++ == 0;
  switch (shopper.stage) {
    case Stage::kJoin: {
      if (is_first) ++TallyOf(shopper).seen;
      const Result<QueuePlace> place =
          service.Join({.sale = sale, .user = user, .context = context_});
      if (Note(Operation::kJoin, meant_for, place)) OnJoined(shopper, *place);
      return;
    }
    case Stage::kLook: {
      const Result<QueuePlace> place = service.Position(sale, user);
      if (Note(Operation::kPosition, meant_for, place)) OnLooked(shopper, *place);
      return;
    }
    case Stage::kReserve: {
      const Result<Outcome> outcome = service.Reserve(
          {.sale = sale,
           .user = user,
           .id = id,
           .line = shopper.line,
           .units = static_cast<Units>(
               1 + parts_.dice.Below(parts_.limit_per_user, Purpose::kUnits, shopper.number)),
           .context = context_});
      if (Note(Operation::kReserve, meant_for, outcome)) OnReserved(shopper, *outcome);
      return;
    }
    case Stage::kPay: {
      // A bot takes whatever it gets.
      const std::uint64_t roll = IsBot(shopper.persona) ? 0 : Roll(shopper, Purpose::kIntent) % 100;
      if (roll < kPaysPercent) {
        const Result<Outcome> outcome = service.Confirm({.sale = sale, .user = user, .id = id});
        if (Note(Operation::kConfirm, meant_for, outcome)) OnPaid(shopper, *outcome);
      } else if (roll < kPaysPercent + kTurnsBackPercent) {
        Note(Operation::kCancel, meant_for, service.Cancel({.sale = sale, .user = user, .id = id}));
      } else if (roll < kPaysPercent + kTurnsBackPercent + kExtendsPercent) {
        Note(Operation::kExtend, meant_for, service.Extend({.sale = sale, .user = user, .id = id}));
        ++shopper.tries;
        return;
      } else {
        // Walks away without a word; the turn is the next one's.
        Renew(shopper);
        if (visitor_.has_value()) Show(shopper);
        return Call(shopper, meant_for);
      }
      return Renew(shopper);
    }
    case Stage::kLeave:
      Note(Operation::kLeave, meant_for, service.Leave(sale, user));
      return Renew(shopper);
  }
}

void LoadCaller::OnJoined(Shopper& shopper, const QueuePlace& place) {
  const Code code = place.outcome.code;
  if (code != Code::kDone && code != Code::kAlreadyDone) {
    if (!TriesAgain(shopper, code)) Renew(shopper);
    return;
  }
  if (shopper.persona == Persona::kFastClicker && place.entry.state == TicketState::kWaiting &&
      ++shopper.tries < kMostClicks) {
    return;
  }
  // Else from an earlier visit, of which somebody is waiting already.
  const bool is_own_ticket = code == Code::kDone || shopper.tries > 0;
  shopper.tries = 0;
  const bool is_early =
      place.sale_state == SaleState::kNotStarted && parts_.doors.Look().selling != shopper.sale;
  if (!is_early) return OnLooked(shopper, place);
  if (is_own_ticket) WaitElsewhere(shopper);
  Renew(shopper);
}

void LoadCaller::OnLooked(Shopper& shopper, const QueuePlace& place) {
  switch (place.entry.state) {
    case TicketState::kNone:
      return Renew(shopper);
    case TicketState::kAdmitted:
      ++TallyOf(shopper).admitted;
      shopper.stage = Stage::kReserve;
      shopper.tries = 0;
      return;
    case TicketState::kWaiting: {
      const std::uint8_t most = IsBot(shopper.persona) ? kMostLooksOfBots : kMostLooks;
      shopper.stage = Stage::kLook;
      if (place.sold_out_for_good) {
        shopper.stage = Stage::kLeave;
      } else if (++shopper.tries > most) {
        ++TallyOf(shopper).abandoned;
        shopper.stage = Stage::kLeave;
      } else if (shopper.has_gathered && shopper.sale == gathered_for_) {
        WaitElsewhere(shopper);
        Renew(shopper);
      }
      return;
    }
  }
}

void LoadCaller::OnReserved(Shopper& shopper, const Outcome& outcome) {
  if (outcome.code == Code::kDone || outcome.code == Code::kAlreadyDone) {
    shopper.stage = Stage::kPay;
    return;
  }
  const std::size_t lines = shopper.sale->terms().lines.size();
  if (outcome.code == Code::kSoldOut && shopper.tries + std::size_t{1} < lines &&
      shopper.tries < kMostLooks) {
    ++shopper.tries;
    shopper.line = static_cast<std::uint16_t>((shopper.line + std::size_t{1}) % lines);
    return;
  }
  if (!TriesAgain(shopper, outcome.code)) shopper.stage = Stage::kLeave;
}

void LoadCaller::OnPaid(const Shopper& shopper, const Outcome& outcome) {
  if (outcome.code != Code::kDone && outcome.code != Code::kRevived) return;
  PersonaTally& tally = TallyOf(shopper);
  ++tally.bought;
  tally.units += outcome.units;
}

bool LoadCaller::TriesAgain(Shopper& shopper, Code refusal) {
  PersonaTally& tally = TallyOf(shopper);
  switch (refusal) {
    case Code::kChallenge:
    case Code::kLimitChallenge: {
      if (shopper.has_proof) return false;
      ++tally.challenged;
      const bool passes = shopper.persona == Persona::kCaptchaSolver ||
                          (shopper.persona == Persona::kPerson &&
                           Roll(shopper, Purpose::kChallenge) % 100 < kPassesPercent);
      shopper.has_proof = passes;
      return passes;
    }
    case Code::kDenied:
      ++tally.denied;
      return false;
    case Code::kRateLimited:
      // Whatever it is told.
      if (shopper.persona == Persona::kFastClicker && ++shopper.tries < kMostClicks) return true;
      ++tally.limited;
      return false;
    default:
      return false;
  }
}

void LoadCaller::WaitElsewhere(Shopper& shopper) {
  if (gathered_for_ != shopper.sale) {
    if (gathered_for_ != nullptr && shopper.sale->terms().start < gathered_for_->terms().start) {
      return;  // to a sale that has passed meanwhile nobody comes back
    }
    for (const Shopper& gone : gathered_) ++TallyOf(gone).no_shows;
    gathered_.clear();
    gathered_for_ = shopper.sale;
  }
  shopper.stage = Stage::kLook;
  shopper.has_gathered = true;
  gathered_.push_back(shopper);
}

void LoadCaller::Renew(Shopper& shopper) {
  const LoadDoors::Open open = parts_.doors.Look();
  const std::uint64_t number = renewed_ * parts_.threads + parts_.thread;
  // Every other place, as long as there are any.
  const bool may_come_back = !gathered_.empty() && gathered_for_ == open.selling;
  if (may_come_back && ++returns_ % 2 == 0) {
    shopper = gathered_.front();
    gathered_.pop_front();
    return;
  }
  ++renewed_;
  const bool is_early = open.gathering != nullptr &&
                        (open.selling == nullptr ||
                         parts_.dice.Below(100, Purpose::kArrival, number) < kEarlyPercent);
  shopper = {.sale = is_early ? open.gathering : open.selling, .number = number};
  shopper.line = static_cast<std::uint16_t>(
      parts_.dice.Below(shopper.sale->terms().lines.size(), Purpose::kLine, number));
  if (parts_.bots_per_million == 0) return;
  shopper.persona = PersonaOf(parts_.dice, parts_.bots_per_million,
                              static_cast<std::uint32_t>(IdentityOf(shopper)));
}

}  // namespace flashsale::sim
