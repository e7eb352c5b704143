#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_PERSONA_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_PERSONA_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "examples/flashsale_sim/dice.h"

namespace flashsale::sim {

// What kind of shopper somebody is.
enum class Persona : std::uint8_t {
  kPerson = 0,
  kScalperFarm = 1,     // many accounts on few devices in few networks
  kFastClicker = 2,     // no time on the page, as even as a timer, asks again and again
  kResidentialBot = 3,  // one address and one device each, as a household has
  kCaptchaSolver = 4,   // the same, and pays people to pass challenges
};
inline constexpr std::size_t kPersonas = 5;

constexpr bool IsBot(Persona persona) { return persona != Persona::kPerson; }

constexpr std::string_view Name(Persona persona) {
  constexpr std::array<std::string_view, kPersonas> kNames = {
      "person", "scalper_farm", "fast_clicker", "residential_bot", "captcha_solver"};
  return kNames[static_cast<std::size_t>(persona)];
}

// Who shopper number `shopper` is, where so many of a million are bots; the families are about as
// large as each other.
inline Persona PersonaOf(const Dice& dice, std::uint32_t bots_per_million, std::uint32_t shopper) {
  constexpr std::uint64_t kMillion = 1'000'000;
  const std::uint64_t roll = dice.Roll(Dice::Purpose::kKind, shopper);
  if (roll % kMillion >= bots_per_million) return Persona::kPerson;
  return static_cast<Persona>(1 + roll / kMillion % (kPersonas - 1));
}

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_PERSONA_H_
