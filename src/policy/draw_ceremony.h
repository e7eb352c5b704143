#ifndef FLASHSALE_SRC_POLICY_DRAW_CEREMONY_H_
#define FLASHSALE_SRC_POLICY_DRAW_CEREMONY_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "flashsale/base/status.h"
#include "flashsale/policy/allocation_strategy.h"
#include "flashsale/policy/draw_record.h"
#include "flashsale/policy/draw_witness.h"
#include "flashsale/repository/queue_repository.h"

namespace flashsale::inline v0 {

// The course of a draw: freeze, beacon, order, each told to the witness.  The order is a function
// of the draw, its entrants, the secret, the options and the beacon.  What is remembered from one
// call to the next saves work only: the roots of the draws that wait for their beacon.
//
// Thread safety: any thread.  Blocking: as the witness.  May throw std::bad_alloc where it is made.
class DrawCeremony {
 public:
  struct Rules {
    DrawSecret secret;
    DrawOptions options;
    std::uint32_t fifo_per_mille = 0;
  };

  explicit DrawCeremony(Rules rules);

  Result<DrawRecord> Announce(const DrawId& draw) const;
  // Whether a queue of these terms can be drawn.  Errors: as Announce, under "strategy.".
  Status CheckTerms(const QueueTerms& terms) const;
  // As AllocationStrategy::Order.
  Status Order(const OrderRequest& request, std::span<std::uint32_t> order);

 private:
  // What was found out about a draw that is not over.
  struct Frozen {
    DrawId draw;
    DrawHash print;  // of the entrants, in the order of arrival
    DrawFreeze freeze;
    bool told;  // the witness knows
  };

  Status TryOrder(const DrawId& draw, std::span<const Entrant> entrants,
                  std::span<std::uint32_t> order);
  Status Freeze(const DrawHash& print, std::span<const Entrant> entrants, std::size_t fifo,
                DrawRecord& record);
  Status AskBeacon(DrawRecord& record);
  std::optional<Frozen> Recall(const DrawId& draw, const DrawHash& print)
      FLASHSALE_EXCLUDES(mutex_);
  void Remember(const Frozen& frozen) FLASHSALE_EXCLUDES(mutex_);
  void Forget(const DrawId& draw) FLASHSALE_EXCLUDES(mutex_);

  const Rules rules_;
  Mutex mutex_;
  std::vector<Frozen> frozen_ FLASHSALE_GUARDED_BY(mutex_);  // the oldest first
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_DRAW_CEREMONY_H_
