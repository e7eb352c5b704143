#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_WAIT_AUDIT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_WAIT_AUDIT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "examples/flashsale_sim/id_hash.h"
#include "flashsale/base/id.h"
#include "flashsale/base/time.h"
#include "flashsale/service/queue_place.h"

namespace flashsale::sim {

// How well people were told how long they would wait.
struct WaitReport {
  // Of those who were told a measured interval and were let in; of each one interval counts.
  std::uint64_t told = 0;
  std::uint64_t before = 0;  // were let in earlier than that
  std::uint64_t within = 0;
  std::uint64_t after = 0;

  double within_share() const {
    return told == 0 ? 0.0 : static_cast<double>(within) / static_cast<double>(told);
  }
};

// Compares the intervals that people were told with when they were let in.  Of a person's many
// intervals, one at each look, it keeps one that is as likely each of them, and of a great crowd a
// part of the people.
// Thread safety: one thread.
class WaitAudit {
 public:
  // `one_in`: of so many people one is followed; at least 1.
  explicit WaitAudit(std::uint64_t one_in) : one_in_(one_in) {}

  void OnTold(const UserId& user, Time now, const WaitEstimate& wait);
  void OnAdmitted(const UserId& user, Time now);

  const WaitReport& report() const { return report_; }

 private:
  struct UserIdHash {
    std::size_t operator()(const UserId& id) const { return HashId(id.bytes()); }
  };
  struct Told {
    Time earliest;
    Time latest;
    std::uint32_t times = 0;
  };

  const std::uint64_t one_in_;
  std::unordered_map<UserId, Told, UserIdHash> told_;
  WaitReport report_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_WAIT_AUDIT_H_
