#include "examples/flashsale_sim/load_caller.h"

#include <chrono>
#include <cstddef>
#include <thread>

namespace flashsale::sim {
namespace {

using Purpose = Dice::Purpose;

// How many a thread stands for at a time.
constexpr std::size_t kShoppersPerThread = 256;
// Looks at a position before somebody gives up.
constexpr std::uint8_t kMostLooks = 12;
// Out of a hundred of those who hold something.
constexpr std::uint64_t kPaysPercent = 60;
constexpr std::uint64_t kTurnsBackPercent = 30;
constexpr std::uint64_t kExtendsPercent = 5;  // and then decides again; the others walk away
// A sleeping thread wakes up late, so the last stretch is waited out awake.
constexpr auto kAwake = std::chrono::microseconds(200);

void WaitUntil(Pacer::Instant due) {
  auto now = std::chrono::steady_clock::now();
  if (due - now > 2 * kAwake) std::this_thread::sleep_until(due - kAwake);
  while (std::chrono::steady_clock::now() < due) std::this_thread::yield();
}

Code CodeOf(const QueuePlace& place) { return place.outcome.code; }
Code CodeOf(const Outcome& outcome) { return outcome.code; }

}  // namespace

LoadCaller::LoadCaller(const Parts& parts) : parts_(parts), shoppers_(kShoppersPerThread) {}

void LoadCaller::Run(const std::optional<Pacer>& pacer, Pacer::Instant until) {
  for (Shopper& shopper : shoppers_) Renew(shopper);
  std::size_t turn = 0;
  for (std::uint64_t call = 0; status_.ok(); ++call) {
    const auto now = std::chrono::steady_clock::now();
    const Pacer::Instant meant_for = pacer.has_value() ? pacer->At(call) : now;
    if (meant_for >= until) return;
    if (now >= until) {
      while (pacer->At(call + missed_) < until) ++missed_;
      return;
    }
    if (pacer.has_value()) WaitUntil(meant_for);
    Call(shoppers_[turn], meant_for);
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

void LoadCaller::Call(Shopper& shopper, Pacer::Instant meant_for) {
  FlashSaleService& service = parts_.service;
  const SaleRef& sale = shopper.sale->name();
  const UserId user = UserOf(shopper);
  const ReservationId id = ReservationId::FromInteger(shopper.number);
  switch (shopper.stage) {
    case Stage::kJoin: {
      const Result<QueuePlace> place = service.Join({.sale = sale, .user = user});
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
               1 + parts_.dice.Below(parts_.limit_per_user, Purpose::kUnits, shopper.number))});
      if (Note(Operation::kReserve, meant_for, outcome)) OnReserved(shopper, *outcome);
      return;
    }
    case Stage::kPay: {
      const std::uint64_t roll = Roll(shopper, Purpose::kIntent) % 100;
      if (roll < kPaysPercent) {
        Note(Operation::kConfirm, meant_for,
             service.Confirm({.sale = sale, .user = user, .id = id}));
      } else if (roll < kPaysPercent + kTurnsBackPercent) {
        Note(Operation::kCancel, meant_for, service.Cancel({.sale = sale, .user = user, .id = id}));
      } else if (roll < kPaysPercent + kTurnsBackPercent + kExtendsPercent) {
        Note(Operation::kExtend, meant_for, service.Extend({.sale = sale, .user = user, .id = id}));
        ++shopper.tries;
        return;
      } else {
        // Walks away without a word; the turn is the newcomer's.
        Renew(shopper);
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
  if (code != Code::kDone && code != Code::kAlreadyDone) return Renew(shopper);
  OnLooked(shopper, place);
}

void LoadCaller::OnLooked(Shopper& shopper, const QueuePlace& place) {
  switch (place.entry.state) {
    case TicketState::kNone:
      return Renew(shopper);
    case TicketState::kAdmitted:
      shopper.stage = Stage::kReserve;
      shopper.tries = 0;
      return;
    case TicketState::kWaiting:
      shopper.stage =
          place.sold_out_for_good || ++shopper.tries > kMostLooks ? Stage::kLeave : Stage::kLook;
      return;
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
  shopper.stage = Stage::kLeave;
}

void LoadCaller::Renew(Shopper& shopper) {
  shopper = {.sale = parts_.current.load(std::memory_order_acquire),
             .number = renewed_++ * parts_.threads + parts_.thread};
  shopper.line = static_cast<std::uint16_t>(
      parts_.dice.Below(shopper.sale->terms().lines.size(), Purpose::kLine, shopper.number));
}

}  // namespace flashsale::sim
