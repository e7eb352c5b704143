#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_TURN_AUDIT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_TURN_AUDIT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "flashsale/base/time.h"
#include "flashsale/domain/queue_terms.h"

namespace flashsale::sim {

// What an audit of tiers found.  Each of the first group is 0 for a queue that keeps its promises.
struct TurnReport {
  static constexpr std::size_t kFindingsInWords = 10;

  // Admissions of others beyond what a tier's weight allows while somebody of it waited; without
  // weights, admissions of a higher tier while somebody of a lower one waited.
  std::uint64_t out_of_turn = 0;
  // Admissions to a line that was not open yet.
  std::uint64_t too_early = 0;
  // Tickets of another tier than their user's.
  std::uint64_t misplaced = 0;

  // The first few findings, in words.
  std::vector<std::string> findings = {};

  bool ok() const { return out_of_turn == 0 && too_early == 0 && misplaced == 0; }
};

// Follows the tiers of a queue by whom it let in and since when they had waited, and recomputes
// from these alone whose turn it was.
//
// Whoever is let in had waited since they joined, so their tier was never empty between two
// admissions of it if the second person joined before the first was let in.  While it is not, of
// any w admissions in a row of a tier with weight w, up to W - w of others come between the first
// and the last and before the next, W being the sum of the weights (deficit round robin).
// Thread safety: one thread.
// Blocking: never.  Ownership: none.  Clock: none, times come with what is told.
class TurnAudit {
 public:
  struct Terms {
    std::size_t tiers = 1;
    // By tier; empty: the lower tier always goes first.
    std::vector<std::uint32_t> weights = {};
    // When the line of each tier opens.
    std::array<Time, kMaxTiers> opens = {};
  };
  explicit TurnAudit(const Terms& terms);

  struct Placed {
    std::uint8_t due;
    std::uint8_t given;
  };
  // A ticket was given in a tier.
  void OnPlaced(const Placed& placed);

  struct Admitted {
    Time at{};
    std::uint8_t tier = 0;
    // When they joined.
    Time since{};
  };
  // In the order in which they were let in.
  void OnAdmitted(const Admitted& admitted);

  const TurnReport& report() const { return report_; }

 private:
  struct Tier {
    // How many of others had been let in before each of the last w admissions of an unbroken row,
    // and before its beginning.
    std::deque<std::uint64_t> others;
    std::uint64_t admitted = 0;
    Time last = kMinTime;
  };

  void CheckWeight(const Admitted& admitted, Time since);
  void CheckPrecedence(const Admitted& admitted, Time since);
  void Find(std::uint64_t& counter, std::string text);

  const Terms terms_;
  std::vector<std::uint64_t> weights_;  // without a common divisor
  std::uint64_t weight_of_all_ = 0;
  std::array<Tier, kMaxTiers> tiers_;
  std::uint64_t admitted_ = 0;
  TurnReport report_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_TURN_AUDIT_H_
