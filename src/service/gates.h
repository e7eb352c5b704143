#ifndef FLASHSALE_SRC_SERVICE_GATES_H_
#define FLASHSALE_SRC_SERVICE_GATES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "flashsale/base/id.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/queue_entry.h"
#include "flashsale/policy/bot_detector.h"
#include "flashsale/policy/circuit_breaker.h"
#include "flashsale/policy/composite_bot_detector.h"
#include "flashsale/policy/rate_limiter.h"
#include "flashsale/policy/request_context.h"
#include "flashsale/policy/token_bucket.h"
#include "flashsale/repository/command.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/queue_repository.h"
#include "flashsale/service/service_options.h"
#include "flashsale/service/virtual_queue.h"
#include "flashsale/service/waitlist.h"
#include "service/served_sale.h"

namespace flashsale::inline v0 {

// What stands before a join and a new reserve, cheapest first.  A gate is probed, which asks for
// the memory that it needs, and then checked; who probes many before the first check waits once.
//
// Thread safety: any thread.  Blocking: as the repositories and the detectors.
class Gates {
 public:
  struct Parts {
    InventoryRepository& inventory;
    VirtualQueue& queue;
    const Waitlist& waitlist;
    QueueRepository& admissions;
    const RateLimiter* limiter;  // null: no rates
    CompositeBotDetector* bots;  // null: no detectors
    CircuitBreaker* breaker;     // null: none
    WhenGateFails when_rates_fail;
    WhenGateFails when_queue_fails;
    bool join_on_reserve;
    Duration queue_period;  // how often people are let in
    // Whether other processes may have recorded an id; then looking for it costs a round trip.
    bool shared;
    std::uint32_t resend_lookups_per_second;
  };

  explicit Gates(const Parts& parts);

  // One request on its way.  The context and the sale stay where they are until it is through.
  struct Passage {
    const ServedSale* sale;
    bool is_probed;
    const RequestContext* context;
    UserId user;
    GuardedAction action;
    RateLimiter::Probe rate;
    CompositeBotDetector::Probes bots;
  };

  // For the rates and the detectors.
  void Probe(Passage& passage) const;

  // Of all below: nothing where it may go on.

  std::optional<Outcome> CheckRates(const Passage& passage, Time now) const;
  // Waits for detectors that take their time.
  std::optional<Outcome> CheckBots(const Passage& passage, Time now) const;
  // False where no detector has to be waited for: then `refusal` is written.  Else `done` is called
  // with what became of it.
  using BotsDone = std::function<void(const std::optional<Outcome>& refusal)>;
  bool BotsArePending(const Passage& passage, Time now, std::optional<Outcome>& refusal,
                      BotsDone done) const;
  // Whether any detector may take its time.
  bool MayWaitForBots() const {
    return parts_.bots != nullptr && parts_.bots->cost() == DetectorCost::kRemote;
  }
  // Whether the store may be asked, whose answer is then to be reported to `permit`.
  std::optional<Outcome> CheckStore(const UserId& user, Time now,
                                    CircuitBreaker::Permit& permit) const {
    if (parts_.breaker == nullptr) return std::nullopt;
    return CheckBreaker(user, now, permit);
  }
  // For a new reserve.
  static std::optional<Outcome> CheckLimit(const ServedSale& sale, const Command& command);
  // For new reserves of sales that require admission: writes what each has been given.  What is
  // answered goes for all of them.
  std::optional<Outcome> FindAdmissions(Time now, std::span<const AdmissionProbe> probes,
                                        std::span<Admission> admissions) const;
  // Writes the admission that was found into the command.  Whoever has none is told how things
  // stand in the queue, and with the stock.
  std::optional<Outcome> CheckAdmission(const Passage& passage, const Admission& found, Time now,
                                        Command& command) const;

  // For a new reserve: whoever waits for units of the line is asked first.
  std::optional<Outcome> CheckWaitlist(const ServedSale& sale, const Command& command) const {
    if (!sale.has_waitlist() || !parts_.waitlist.AsksFirst(sale.waitlist(), command.line)) {
      return std::nullopt;
    }
    return Outcome{.code = Code::kSoldOut};
  }

  // Whether somebody has bought all that they may.
  Result<bool> HasBoughtAll(const ServedSale& sale, const UserId& user) const;

  // Puts who passed the gates of a join into line, unless they have bought all that they may.
  Result<QueuePlace> Enqueue(const ServedSale& sale, const QueueJoin& join, Time now) const;

  // The place of somebody whom a gate refuses but who stands in line already; else nothing.
  std::optional<QueuePlace> FindTicket(const ServedSale& sale, const UserId& user, Time now) const;

  // Whether the place of somebody whom a gate refuses may be looked for.
  bool MayLookUp(Time now) const { return !parts_.shared || resend_lookups_.Take(now).allowed; }

  // Whether a reserve that a gate refuses may go through to the store, because that knows its id.
  bool IsKnown(const ServedSale& sale, const Command& command, bool resend, Time now) const;

 private:
  static BotQuery QueryOf(const Passage& passage);
  std::optional<Outcome> CheckBreaker(const UserId& user, Time now,
                                      CircuitBreaker::Permit& permit) const;
  // What somebody is told who was not let in.
  Outcome SendToQueue(const Passage& passage, Time now) const;

  const Parts parts_;
  mutable TokenBucket resend_lookups_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_GATES_H_
