#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_STOREFRONT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_STOREFRONT_H_

#include <cstdint>
#include <vector>

#include "examples/flashsale_sim/answers.h"
#include "examples/flashsale_sim/audit.h"
#include "examples/flashsale_sim/latencies.h"
#include "examples/flashsale_sim/queue_audit.h"
#include "examples/flashsale_sim/queue_meter.h"
#include "examples/flashsale_sim/timeline.h"
#include "examples/flashsale_sim/virtual_clock.h"
#include "examples/flashsale_sim/waitlist_audit.h"
#include "examples/flashsale_sim/wave_audit.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/status.h"
#include "flashsale/domain/event.h"
#include "flashsale/service/flash_sale_service.h"
#include "flashsale/service/requests.h"

namespace flashsale::sim {

// The facade as a simulation calls it: every answer is counted and timed, and the audit reads the
// events that came of a call before it judges the answer.
// Thread safety: one thread.
// Blocking: as the service.  Ownership: all references must outlive it.
// Clock: the given one; that of the machine for latencies.
// Errors of all calls: those of the service.
class Storefront {
 public:
  struct Parts {
    FlashSaleService& service;
    // Where the service keeps the events.
    InventoryRepository& inventory;
    VirtualClock& clock;
    Audit& audit;
    Timeline& timeline;
    QueueAudit* queue_audit = nullptr;        // null: no queue
    WaitlistAudit* waitlist_audit = nullptr;  // null: no waitlist
    WaveAudit* wave_audit = nullptr;          // null: no waves
    QueueMeter* meter = nullptr;              // null: no queue
  };
  Storefront(const Parts& parts, const SaleRef& sale);

  const SaleRef& sale() const { return sale_; }
  Time now() const { return parts_.clock.Now(); }

  Result<QueuePlace> Join(const JoinRequest& request);
  Result<QueuePlace> Position(const UserId& user);
  Result<Outcome> Leave(const UserId& user);
  Result<Outcome> Reserve(const ReserveRequest& request);
  Result<Outcome> Confirm(const ConfirmRequest& request);
  Result<Outcome> Cancel(const CancelRequest& request);
  Result<Outcome> Extend(const ExtendRequest& request);
  Result<WaitlistPlace> JoinWaitlist(const JoinWaitlistRequest& request);
  Result<WaitlistPlace> WaitlistPosition(const WaitlistRequest& request);
  Result<Outcome> LeaveWaitlist(const WaitlistRequest& request);

  // Operators' acts, which must be carried out: FailedPrecondition where they are not.
  Status Release(const ReleaseRequest& request);
  Status Settle();

  // What the service does from time to time, until nothing is due at this instant.
  Result<Time> Poll();

  // The stock, with the audit's word that the counters agree with the events.
  Result<SaleStock> CheckStock();

  const Answers& answers() const { return answers_; }
  const Latencies& latencies() const { return latencies_; }
  std::uint64_t calls() const { return calls_; }
  std::uint64_t events() const { return cursor_; }

 private:
  template <typename Call>
  auto Timed(Operation operation, Call call);
  Result<Outcome> Audited(Operation operation, const Command& command,
                          const Result<Outcome>& outcome);
  Status Carried(Operation operation, const Command& command, const Result<Outcome>& outcome);
  // Whether that was refused only because others wait for units of the line.
  bool IsAskedLater(const Command& command, const Outcome& outcome);
  Status ReadEvents();

  const Parts parts_;
  const SaleRef sale_;
  SaleRef stock_;
  Answers answers_;
  Latencies latencies_;
  std::uint64_t calls_ = 0;
  std::vector<Event> events_;
  std::uint64_t cursor_ = 0;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_STOREFRONT_H_
