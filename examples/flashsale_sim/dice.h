#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_DICE_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_DICE_H_

#include <cstdint>

namespace flashsale::sim {

// Seeded chance without a hidden state: a roll depends on (seed, purpose, index) alone, never on
// the order of the rolls, so one shopper's luck stays the same when another behaves differently.
// Integers only: the same rolls on every machine and with every standard library.
// Thread safety: any thread.
// Blocking: never.  Ownership: none.  Clock: none.
class Dice {
 public:
  // What is rolled for: rolls for different purposes are independent.
  enum class Purpose : std::uint64_t {
    kArrival = 1,
    kResend = 2,
    kUnits = 3,
    kIntent = 4,
    kTiming = 5,
    kGreed = 6,
    kHashSeed = 7,
    kKind = 8,
    kAddress = 9,
    kDevice = 10,
    kBehavior = 11,
    kPatience = 12,
    kThought = 13,
    kLine = 14,
    kPayment = 15,
    kLostAnswer = 16,
    kNoShow = 17,
    kNotice = 18,
    kPoll = 19,
    kChallenge = 20,
    kLotterySeed = 21,
    kTier = 22,
    kCredits = 23,
    kWaitlist = 24,
    kOffer = 25,
  };

  explicit constexpr Dice(std::uint64_t seed) : seed_(Scramble(seed + kGamma)) {}

  constexpr std::uint64_t Roll(Purpose purpose, std::uint64_t index) const {
    const std::uint64_t stream = Scramble(seed_ ^ (static_cast<std::uint64_t>(purpose) * kGamma));
    return Scramble(stream + index * kGamma);
  }

  // A number in [0, bound).  REQUIRES: bound > 0.
  constexpr std::uint64_t Below(std::uint64_t bound, Purpose purpose, std::uint64_t index) const {
    return Roll(purpose, index) % bound;
  }

 private:
  static constexpr std::uint64_t kGamma = 0x9E3779B97F4A7C15;

  // The output function of SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
  // Generators", 2014): a bijection whose output passes for random.
  static constexpr std::uint64_t Scramble(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
    return x ^ (x >> 31);
  }

  std::uint64_t seed_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_DICE_H_
