#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_COHORTS_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_COHORTS_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "examples/flashsale_sim/histogram.h"
#include "examples/flashsale_sim/persona.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/queue_terms.h"

namespace flashsale::sim {

// How a part of a crowd fared: each person counts once, but for those let in several times.
struct Cohort {
  std::uint64_t came = 0;
  std::uint64_t admitted = 0;
  std::uint64_t bought = 0;
  // Of those who were let in, each time: from the ticket, or from the opening of their line where
  // that is later.
  Histogram waits_ms = {};

  // Bought of those who came; 0 where nobody did.
  double win_rate() const {
    return came == 0 ? 0.0 : static_cast<double>(bought) / static_cast<double>(came);
  }
};

// A crowd in parts: by tier, by kind, and by whether they came before the start.
// Thread safety: one thread.  Blocking: never.  Ownership: none.  Clock: none.
class Cohorts {
 public:
  struct Who {
    std::uint8_t tier = 0;
    Persona persona = Persona::kPerson;
    bool came_early = false;
  };

  void OnCame(const Who& who) {
    ForEachOf(who, [](Cohort& cohort) { ++cohort.came; });
  }
  void OnAdmitted(const Who& who, Duration waited) {
    const auto ms = static_cast<std::uint64_t>(waited / std::chrono::milliseconds(1));
    ForEachOf(who, [ms](Cohort& cohort) {
      ++cohort.admitted;
      cohort.waits_ms.Record(ms);
    });
  }
  void OnBought(const Who& who) {
    ForEachOf(who, [](Cohort& cohort) { ++cohort.bought; });
  }

  // Calls visit(name, cohort) for each of which anybody came; those of tiers only where there are
  // several.
  template <typename Visit>
  void ForEach(Visit visit) const {
    const bool has_tiers =
        tiers_[0].came != people_[0].came + people_[1].came + bots_[0].came + bots_[1].came;
    const auto show = [&visit](const std::string& name, const Cohort& cohort) {
      if (cohort.came != 0) visit(name, cohort);
    };
    for (std::size_t i = 0; i < kMaxTiers && has_tiers; ++i) {
      show("tier_" + std::to_string(i), tiers_[i]);
    }
    for (std::size_t i = 0; i < kPersonas; ++i) {
      show(std::string(Name(static_cast<Persona>(i))), personas_[i]);
    }
    show("people_before_the_start", people_[1]);
    show("people_after_the_start", people_[0]);
    show("bots_before_the_start", bots_[1]);
    show("bots_after_the_start", bots_[0]);
  }

  const Cohort& tier(std::size_t tier) const { return tiers_[tier]; }
  const Cohort& persona(Persona persona) const {
    return personas_[static_cast<std::size_t>(persona)];
  }

 private:
  template <typename Change>
  void ForEachOf(const Who& who, Change change) {
    change(tiers_[who.tier % kMaxTiers]);
    change(personas_[static_cast<std::size_t>(who.persona)]);
    change((IsBot(who.persona) ? bots_ : people_)[who.came_early ? 1 : 0]);
  }

  std::array<Cohort, kMaxTiers> tiers_;
  std::array<Cohort, kPersonas> personas_;
  // Those who came after the start, and before it.
  std::array<Cohort, 2> people_;
  std::array<Cohort, 2> bots_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_COHORTS_H_
