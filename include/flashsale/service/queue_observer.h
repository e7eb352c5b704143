#ifndef FLASHSALE_SERVICE_QUEUE_OBSERVER_H_
#define FLASHSALE_SERVICE_QUEUE_OBSERVER_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "flashsale/base/id.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/queue_entry.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// Whether people are let in, and why not.
enum class QueueFlow : std::uint8_t {
  kFlowing = 1,  // as the pace allows
  // Whatever is left is claimed by those inside: people are let in again when units come back.
  kUnitsClaimed = 2,
  // Nothing can come any more but by a refund.
  kSoldOut = 3,
  // The sale is over, ended or cancelled: whoever waited waits no longer.  The last.
  kOver = 4,
};
// "units-claimed": a stable name.
FLASHSALE_EXPORT std::string_view Name(QueueFlow flow);

// The flow of a queue as it is from now on.
struct QueueFlowChange {
  QueueFlow flow = QueueFlow::kFlowing;
  // How many wait, over all tiers; kOver: how many waited, as last looked at.
  std::uint64_t waiting = 0;
  // How many units can still come to them, those in carts and of waves to come included: who
  // stands further back than that is out of reach.  kOver: 0.
  std::uint64_t units = 0;

  friend bool operator==(const QueueFlowChange&, const QueueFlowChange&) = default;
};

// Hears what happens in the queues that are served here, for the host to tell people at once.
//
// Implementer's duty: quick; called by Poll, on its thread, one call at a time for a sale.  Neither
// forgets a sale nor detaches one: both wait for the Poll.  What it throws is counted.
class FLASHSALE_EXPORT QueueObserver {
 public:
  virtual ~QueueObserver() = default;
  // Those who were let in here.
  virtual void OnAdmitted(const SaleId& sale, Time now, std::span<const QueueEntry> admitted) = 0;
  // While the sale is open, once for each change, and once when it is over; each server that serves
  // it hears of it.  Of a sale that was over before it was served there: nothing.
  virtual void OnFlow(const SaleId& sale, Time now, const QueueFlowChange& change);
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SERVICE_QUEUE_OBSERVER_H_
