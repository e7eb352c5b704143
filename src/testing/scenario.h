#ifndef FLASHSALE_SRC_TESTING_SCENARIO_H_
#define FLASHSALE_SRC_TESTING_SCENARIO_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/command.h"
#include "flashsale/testing/storage_factory.h"

namespace flashsale::inline v0 {

// One thing that a scenario does.
struct Move {
  enum class Kind : std::uint8_t { kCommand, kExpire, kForget };

  Kind kind = Kind::kCommand;
  Time now{};
  // Whether the command belongs to the batch of the one before it, where that has the same `now`.
  bool joins = false;
  Command command = {};
  // kExpire.
  std::size_t max_holds = 0;
};

// Whether `move` belongs to the batch that `first` began, if all in between do.
inline bool IsInBatchOf(const Move& first, const Move& move) {
  return move.joins && move.kind == first.kind && move.now == first.now;
}

// The whole life of one sale, fixed beforehand, so that parts of it can be left out.
struct Scenario {
  SaleTerms terms;
  StorageNeeds needs;
  std::vector<Move> moves;
};

// The names that random scenarios use: "u3", "r5", "k1".
class ScenarioNames {
 public:
  static constexpr std::size_t kUsers = 8;
  static constexpr std::size_t kReservations = 48;
  static constexpr std::size_t kKeys = 4;

  ScenarioNames();

  const UserId& user(std::size_t i) const { return users_[i]; }
  const ReservationId& reservation(std::size_t i) const { return reservations_[i]; }
  const LimitKey& key(std::size_t i) const { return keys_[i]; }

  // The inverse; "-" for nil.
  std::string Of(const UserId& user) const;
  std::string Of(const ReservationId& reservation) const;
  std::string Of(const LimitKey& key) const;

 private:
  std::vector<UserId> users_;
  std::vector<ReservationId> reservations_;
  std::vector<LimitKey> keys_;
};

// Random numbers, the same on every platform: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  // 0 to sides - 1.  REQUIRES: sides >= 1.
  std::uint64_t Roll(std::uint64_t sides) { return Next() % sides; }
  // lowest to highest, both included.
  std::uint32_t Between(std::uint32_t lowest, std::uint32_t highest) {
    return lowest + static_cast<std::uint32_t>(Roll(std::uint64_t{highest} - lowest + 1));
  }
  bool Chance(std::uint32_t percent) { return Roll(100) < percent; }

 private:
  std::uint64_t state_;
};

// A sale with at most `most_commands` commands.
Scenario MakeScenario(Dice& dice, const ScenarioNames& names, std::uint32_t most_commands);

// Has some of the batches, as many in a thousand, sent twice: the second time at once, or as a copy
// that other batches have overtaken, or after the first time had been cut off in the middle.
void SendSomeAgain(Dice& dice, std::uint32_t per_thousand, Scenario& scenario);

// The scenario as a script, each answer that of the reference model.
std::string WriteScript(const Scenario& scenario, const ScenarioNames& names);

// Where the clock of a scenario has been.  Backends may record lapses at different times; that
// shows only when the clock steps back or the sale is cancelled.  So before either, whoever plays a
// scenario has all that is due recorded.
class LapseGuard {
 public:
  // Whether ExpireDue is called before this move, as of due_at().
  bool IsDueBefore(const Move& move) const {
    if (!IsValid(move.now)) return false;
    const bool cancels =
        move.kind == Move::Kind::kCommand && move.command.verb == Verb::kCancelSale;
    return move.now < high_ || cancels;
  }
  Time due_at(const Move& move) const { return move.now > high_ ? move.now : high_; }
  void OnExpired() { high_ = kMinTime; }
  void OnMove(const Move& move) {
    if (IsValid(move.now) && move.now > high_) high_ = move.now;
  }

 private:
  Time high_ = kMinTime;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_SCENARIO_H_
