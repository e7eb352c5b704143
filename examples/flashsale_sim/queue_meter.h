#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_QUEUE_METER_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_QUEUE_METER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

#include "examples/flashsale_sim/id_hash.h"
#include "flashsale/base/id.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/queue_entry.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/service/metrics.h"
#include "flashsale/service/queue_observer.h"

namespace flashsale::sim {

// J = (sum x)^2 / (n * sum x^2): 1 where all have the same, 1/n where one has everything
// (R. Jain, D. Chiu, W. Hawe: "A Quantitative Measure of Fairness and Discrimination", 1984).
// 1 where there is nothing to share.
double JainIndex(std::span<const double> shares);

// What a queue was like while it ran.
struct QueueMeasures {
  // Admissions under which nothing was reserved before their windows ended, for whatever reason,
  // while the sale was open.
  std::uint64_t lapsed_admissions = 0;
  // People who were let in and did not come, or had gone without a word before.
  std::uint64_t no_shows = 0;
  // Units that were free, for so long, and that nobody was let in for because people who did not
  // come had been: while others waited.
  double wasted_unit_seconds = 0;

  // How long people were let in, nobody was because what was left was claimed, and nobody because
  // nothing could come any more; as the queue's observer was told, who hears of changes: a queue
  // begins by letting people in.
  Duration flowing{0};
  Duration units_claimed{0};
  Duration sold_out{0};
  std::uint64_t flow_changes = 0;

  // By tier: how many were let in while somebody of every tier waited, and what their weights are.
  std::array<std::uint64_t, kMaxTiers> contended = {};
  std::vector<std::uint32_t> weights = {};
  // Of these, by weight; 1 where there are no weights.
  double JainOfTiers() const;

  // As the service's own metrics told it while the queue ran.
  struct Moment {
    Duration since_opening{};
    QueueMetrics metrics = {};
    // So far, by tier.
    std::array<std::uint64_t, kMaxTiers> admitted = {};
  };
  std::vector<Moment> moments = {};
};

// Measures a queue from looks at it, between which it is taken to stay as it was.
// Thread safety: one thread.  Blocking: never.  Ownership: none.  Clock: none, times come with what
// is told.
class QueueMeter {
 public:
  struct Terms {
    std::size_t tiers = 1;
    std::vector<std::uint32_t> weights = {};
    // When the sale starts, from when on all lines are open, and until when the sale is.
    Time start{};
    Time all_open{};
    Time end{};
  };
  explicit QueueMeter(const Terms& terms);

  struct Look {
    Time at{};
    std::uint64_t available = 0;
    // Live admissions under which nothing was reserved yet.
    std::uint64_t unused = 0;
    std::array<std::uint64_t, kMaxTiers> waiting = {};
  };
  void OnLook(const Look& look);
  void OnAdmitted(std::span<const QueueEntry> admitted);
  // Something was reserved under this admission.
  void OnReserved(const UserId& user, std::uint64_t admission);
  // Somebody has left the queue, or the shop.
  void OnLeft(const UserId& user) { unused_.erase(user); }
  // Somebody who was let in will not come; until then their admission lives.
  void OnNoShow(Time until);
  void OnFlow(Time now, const QueueFlowChange& change);
  void OnMetrics(Duration since_opening, const QueueMetrics& metrics);

  // All of it, up to the last look.
  QueueMeasures Measure() const;

 private:
  struct UserIdHash {
    std::size_t operator()(const UserId& id) const { return HashId(id.bytes()); }
  };
  struct Window {
    Time until;
    UserId user;
    std::uint64_t number;
  };

  void CountWaste(Time now);
  void EndWindows(Time now);
  void EndFlow(Time now, QueueMeasures& measures) const;

  const Terms terms_;
  QueueMeasures measures_;
  Look last_;
  // By the end of their admissions, how many there are.
  std::map<Time, std::uint64_t> no_shows_;
  std::uint64_t live_no_shows_ = 0;
  // Admissions under which nothing was reserved yet, by user, and when each ends: all windows are
  // of one length, so those given first end first.
  std::unordered_map<UserId, std::uint64_t, UserIdHash> unused_;
  std::deque<Window> windows_;
  std::array<std::uint64_t, kMaxTiers> admitted_ = {};
  std::array<std::uint64_t, kMaxTiers> since_look_ = {};
  QueueFlow flow_ = QueueFlow::kFlowing;
  Time flow_since_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_QUEUE_METER_H_
