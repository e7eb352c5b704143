#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_CALLER_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_CALLER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "examples/flashsale_sim/challenge.h"
#include "examples/flashsale_sim/crowd_tally.h"
#include "examples/flashsale_sim/dice.h"
#include "examples/flashsale_sim/latencies.h"
#include "examples/flashsale_sim/load_doors.h"
#include "examples/flashsale_sim/load_sale.h"
#include "examples/flashsale_sim/pacer.h"
#include "examples/flashsale_sim/persona.h"
#include "examples/flashsale_sim/shared_answers.h"
#include "examples/flashsale_sim/visitor.h"
#include "flashsale/base/status.h"
#include "flashsale/service/flash_sale_service.h"

namespace flashsale::sim {

// One thread's share of a load: it stands for some shoppers at a time, and makes the next
// call of one after the other.  Each of them joins, looks at their position until they are let in,
// reserves, pays or does not, and makes room for the next of the crowd.  Who joins a sale before
// its start comes back when it has started.
//
// Bots come where there is a desk for challenges, with the looks of Visitor: those of a farm share
// devices and networks, fast clickers join again and again, and only solvers pass a challenge.  A
// bot waits longer than a person, and pays for whatever it gets.
// Thread safety: Run on one thread, answers() on any, the rest before and after it.
// Blocking: as the service; in an open loop, until the next call is due.
// Ownership: all references must outlive it.  Clock: that of the machine.
class LoadCaller {
 public:
  static constexpr std::uint32_t kAtOnce = 256;
  struct Parts {
    FlashSaleService& service;
    const Dice& dice;
    const LoadDoors& doors;
    // The crowd: who comes again does so when everybody else has come.
    std::uint64_t shoppers = 1;
    std::uint32_t bots_per_million = 0;
    // Null: nobody looks at who calls, and nothing is shown.
    const ChallengeDesk* challenges = nullptr;
    Units limit_per_user = 1;
    std::uint32_t threads = 1;
    std::uint32_t thread = 0;
    // How many it stands for at a time, at least 1.
    std::uint32_t at_once = kAtOnce;
    // Leaves the processor to others whenever it can, because there are more threads than
    // processors: after each call, and the last stretch before one is not waited out awake.
    bool yields = false;
  };
  explicit LoadCaller(const Parts& parts);

  // Not set: as fast as it goes.
  void Run(const std::optional<Pacer>& pacer, Pacer::Instant until);

  Answers answers() const { return answers_.Read(); }
  const Latencies& latencies() const { return latencies_; }
  // Every visit counts, and who comes again is another one.
  const CrowdTally& tally() const { return tally_; }
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
    Persona persona = Persona::kPerson;
    std::uint16_t line = 0;
    std::uint8_t tries = 0;
    std::uint8_t requests = 0;  // so that no two look alike
    bool has_proof = false;     // of being a person
    bool has_gathered = false;  // came before the start
  };
  static_assert(sizeof(Shopper) == 24);

  // Makes the shopper's next call; latency counts from `meant_for`.
  void Call(Shopper& shopper, Pacer::Instant meant_for);
  // What a web server would see of that call.  REQUIRES: there are bots.
  void Show(const Shopper& shopper);
  void OnJoined(Shopper& shopper, const QueuePlace& place);
  void OnLooked(Shopper& shopper, const QueuePlace& place);
  void OnReserved(Shopper& shopper, const Outcome& outcome);
  void OnPaid(const Shopper& shopper, const Outcome& outcome);
  // Whether whom a gate has refused makes the same call again.
  bool TriesAgain(Shopper& shopper, Code refusal);
  // Comes back once the sale has started, or when others had their turn.
  void WaitElsewhere(Shopper& shopper);
  // Somebody else takes the place: one who comes back, or a newcomer.
  void Renew(Shopper& shopper);
  std::uint64_t Roll(const Shopper& shopper, Dice::Purpose purpose) const {
    return parts_.dice.Roll(purpose, shopper.number << 8 | shopper.tries);
  }
  std::uint64_t IdentityOf(const Shopper& shopper) const {
    return shopper.number % parts_.shoppers;
  }
  PersonaTally& TallyOf(const Shopper& shopper) { return tally_.Of(shopper.persona); }
  // False where the call failed.
  template <typename Made>
  bool Note(Operation operation, Pacer::Instant meant_for, const Made& made);

  const Parts parts_;
  std::vector<Shopper> shoppers_;
  // Those who came to `gathered_for_` before its start, and have not been let in yet.
  std::deque<Shopper> gathered_;
  const LoadSale* gathered_for_ = nullptr;
  std::optional<Visitor> visitor_;
  RequestContext context_;
  std::uint64_t renewed_ = 0;
  std::uint64_t returns_ = 0;
  SharedAnswers answers_;
  Latencies latencies_;
  CrowdTally tally_;
  std::uint64_t missed_ = 0;
  Status status_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_LOAD_CALLER_H_
