// What an AuditReport says of itself.

#include <cstddef>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "examples/flashsale_sim/audit.h"

namespace flashsale::sim {

bool AuditReport::ok() const {
  return oversold == 0 && undersold == 0 && users_over_limit == 0 && dishonest_user_limit == 0 &&
         illegal_transitions == 0 && unrecorded_answers == 0 && sequence_gaps == 0 &&
         lost_events == 0 && counter_mismatches == 0;
}

void AuditReport::Add(const AuditReport& other) {
  oversold += other.oversold;
  undersold += other.undersold;
  dishonest_sold_out += other.dishonest_sold_out;
  stranded += other.stranded;
  users_over_limit += other.users_over_limit;
  dishonest_user_limit += other.dishonest_user_limit;
  illegal_transitions += other.illegal_transitions;
  unrecorded_answers += other.unrecorded_answers;
  sequence_gaps += other.sequence_gaps;
  lost_events += other.lost_events;
  counter_mismatches += other.counter_mismatches;
  events += other.events;
  released += other.released;
  sold += other.sold;
  reserved += other.reserved;
  available += other.available;
  for (std::size_t i = 0; i < final_states.size(); ++i) final_states[i] += other.final_states[i];
  revived += other.revived;
  resold_after_expiry += other.resold_after_expiry;
  for (const std::string& finding : other.findings) {
    if (findings.size() < kFindingsInWords) findings.push_back(finding);
  }
}

void AuditReport::Compare(std::string_view what, const Promises& promises) {
  if (promises.told == promises.recorded) return;
  unrecorded_answers += promises.told > promises.recorded ? promises.told - promises.recorded
                                                          : promises.recorded - promises.told;
  if (findings.size() >= kFindingsInWords) return;
  findings.push_back(fmt::format("{} {} were promised, the events have {}", promises.told, what,
                                 promises.recorded));
}

}  // namespace flashsale::sim
