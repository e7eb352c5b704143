#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_CROWD_TALLY_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_CROWD_TALLY_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "examples/flashsale_sim/persona.h"
#include "flashsale/base/units.h"

namespace flashsale::sim {

// How those of one kind fared: each of them counts once.
struct PersonaTally {
  std::uint64_t seen = 0;      // came at all
  std::uint64_t admitted = 0;  // were let in, once for each time
  std::uint64_t bought = 0;    // paid for something
  Units units = 0;             // what they paid for
  std::uint64_t challenged = 0;
  std::uint64_t denied = 0;     // and so went away
  std::uint64_t limited = 0;    // were too quick too often, and went away
  std::uint64_t abandoned = 0;  // went away while they waited
  std::uint64_t no_shows = 0;   // were let in and did nothing

  void Add(const PersonaTally& other) {
    seen += other.seen;
    admitted += other.admitted;
    bought += other.bought;
    units += other.units;
    challenged += other.challenged;
    denied += other.denied;
    limited += other.limited;
    abandoned += other.abandoned;
    no_shows += other.no_shows;
  }
};

// How a crowd fared, by kind.
struct CrowdTally {
  std::array<PersonaTally, kPersonas> by_persona{};

  PersonaTally& Of(Persona persona) { return by_persona[static_cast<std::size_t>(persona)]; }
  const PersonaTally& Of(Persona persona) const {
    return by_persona[static_cast<std::size_t>(persona)];
  }
  const PersonaTally& people() const { return Of(Persona::kPerson); }
  // Over all families.
  PersonaTally Bots() const {
    PersonaTally bots;
    for (std::size_t i = 1; i < kPersonas; ++i) bots.Add(by_persona[i]);
    return bots;
  }
  void Add(const CrowdTally& other) {
    for (std::size_t i = 0; i < kPersonas; ++i) by_persona[i].Add(other.by_persona[i]);
  }
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_CROWD_TALLY_H_
