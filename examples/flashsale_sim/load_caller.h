#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_CALLER_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_CALLER_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "examples/flashsale_sim/answers.h"
#include "examples/flashsale_sim/dice.h"
#include "examples/flashsale_sim/latencies.h"
#include "examples/flashsale_sim/load_sale.h"
#include "examples/flashsale_sim/pacer.h"
#include "flashsale/base/status.h"
#include "flashsale/service/flash_sale_service.h"

namespace flashsale::sim {

// One thread's share of a load: it stands for a few hundred shoppers at a time, and makes the next
// call of one after the other.  Each of them joins, looks at their position until they are let in,
// reserves, pays or does not, and makes room for the next of the crowd.
// Thread safety: Run on one thread; the rest before and after it.
// Blocking: as the service; in an open loop, until the next call is due.
// Ownership: all references must outlive it.  Clock: that of the machine.
class LoadCaller {
 public:
  struct Parts {
    FlashSaleService& service;
    const Dice& dice;
    // The sale that newcomers go to.
    const std::atomic<const LoadSale*>& current;
    // The crowd: who comes again does so when everybody else has come.
    std::uint64_t shoppers = 1;
    Units limit_per_user = 1;
    std::uint32_t threads = 1;
    std::uint32_t thread = 0;
  };
  explicit LoadCaller(const Parts& parts);

  // Not set: as fast as it goes.
  void Run(const std::optional<Pacer>& pacer, Pacer::Instant until);

  const Answers& answers() const { return answers_; }
  const Latencies& latencies() const { return latencies_; }
  // Calls that were meant to be made before the end but were not, because earlier ones took so
  // long.
  std::uint64_t missed() const { return missed_; }
  // The first error of the service; it ends the run.
  const Status& status() const { return status_; }

 private:
  enum class Stage : std::uint8_t { kJoin, kLook, kReserve, kPay, kLeave };
  struct Shopper {
    const LoadSale* sale = nullptr;
    std::uint64_t number = 0;
    Stage stage = Stage::kJoin;
    std::uint16_t line = 0;
    std::uint8_t tries = 0;
  };

  // Makes the shopper's next call; latency counts from `meant_for`.
  void Call(Shopper& shopper, Pacer::Instant meant_for);
  void OnJoined(Shopper& shopper, const QueuePlace& place);
  void OnLooked(Shopper& shopper, const QueuePlace& place);
  void OnReserved(Shopper& shopper, const Outcome& outcome);
  // Somebody else takes the place.
  void Renew(Shopper& shopper);
  std::uint64_t Roll(const Shopper& shopper, Dice::Purpose purpose) const {
    return parts_.dice.Roll(purpose, shopper.number << 8 | shopper.tries);
  }
  UserId UserOf(const Shopper& shopper) const {
    return UserId::FromInteger(shopper.number % parts_.shoppers);
  }
  // False where the call failed.
  template <typename Made>
  bool Note(Operation operation, Pacer::Instant meant_for, const Made& made);

  const Parts parts_;
  std::vector<Shopper> shoppers_;
  std::uint64_t renewed_ = 0;
  Answers answers_;
  Latencies latencies_;
  std::uint64_t missed_ = 0;
  Status status_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_CALLER_H_
