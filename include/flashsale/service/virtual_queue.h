#ifndef FLASHSALE_SERVICE_VIRTUAL_QUEUE_H_
#define FLASHSALE_SERVICE_VIRTUAL_QUEUE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "flashsale/base/executor.h"
#include "flashsale/base/id.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/queue_entry.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/export.h"
#include "flashsale/policy/adaptive_pace.h"
#include "flashsale/policy/allocation_strategy.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/queue_repository.h"
#include "flashsale/service/latency_histogram.h"
#include "flashsale/service/queue_observer.h"
#include "flashsale/service/queue_place.h"
#include "flashsale/service/stock_outlook.h"

namespace flashsale::inline v0 {

struct VirtualQueueOptions {
  // How often people are let in and places freed, at the least; 1 ms to 10 s.
  Duration period = std::chrono::milliseconds{100};
  // How many are let in, and how many places freed, in one Poll of one sale; 1 to 1,000,000.
  std::size_t batch = 4'096;
  // The mean wait that the waiting page tells those whom the queue has no room for; each gets one
  // from half of it to half as much again, so that they do not come back together.  1 s to 1 h.
  Duration waiting_page_retry = std::chrono::seconds{30};
  // A waiting person is asked to come again after an eighth of the earliest that they may be let
  // in, between these two, give or take a quarter; and no later than a fourth of the queue's
  // heartbeat_timeout.  Who is told no wait comes again as if let in at the opening, if that is to
  // come, and as rarely as that allows in a pause or where nothing is in reach.  10 ms to 1 h, the
  // shortest no more than the longest.
  Duration shortest_poll = std::chrono::seconds{1};
  Duration longest_poll = std::chrono::seconds{30};
  // Set: the pace of each queue follows what the store can bear, as NoteStore tells it.  What
  // SetPace makes of admissions_per_second is where the next step begins.
  std::optional<AdaptivePaceOptions> adaptive = std::nullopt;
  // Where the order of those who came before a start is worked out; null: within Poll, which then
  // takes as long as AllocationStrategy::Order.  Must outlive the queue.
  Executor* ordering = nullptr;
  // What is known of the stock beside what the inventory tells; null: nothing.  Must outlive the
  // queue.  FlashSaleService sets its own.
  const StockOutlook* outlook = nullptr;
};

// When a sale is, by its terms: nobody is let in before its start unless it is started early, and
// from its end on nobody is.
struct SaleWindow {
  Time start = kMinTime;
  Time end = kMaxTime;
};

// The virtual queues before sales: people wait in line, and are let in at the sale's pace while
// there is room in the shop and stock for them.
//
// Thread safety: any thread; several servers that share a store may each Poll: of two who let
// people in at once, one does.  Blocking: as the repositories.
//
// Ownership: repositories, strategies and observers must outlive it.  Clock: none.
class FLASHSALE_EXPORT VirtualQueue {
 public:
  // Errors: InvalidArgument (names the option).
  static Result<std::unique_ptr<VirtualQueue>> New(QueueRepository& queues,
                                                   InventoryRepository& inventory,
                                                   const VirtualQueueOptions& options = {});
  ~VirtualQueue();
  VirtualQueue(const VirtualQueue&) = delete;
  VirtualQueue& operator=(const VirtualQueue&) = delete;

  // Makes the queue before a sale and serves it from here on; on another server, or after a
  // restart, the same call serves what is there.  `strategy`: null for FifoStrategy; its name is
  // that of the terms.  `window`: of the sale, for what people are told of their wait.  The stock
  // is looked at.  Done; AlreadyDone.
  //
  // Errors: InvalidArgument (another strategy than the terms name, one that cannot order such a
  // queue, or one whose shares are none); Internal where the strategy throws; those of
  // QueueRepository::Open; NotFound where there is no such sale.
  Result<Outcome> Open(const QueueTerms& terms, Time now,
                       const AllocationStrategy* strategy = nullptr, const SaleWindow& window = {});
  // Serves the sale no longer; the queue stays.
  void Detach(const SaleId& sale);

  // Told of everybody who is let in here, and of each flow; null: nobody is.
  void Observe(QueueObserver* observer);

  // Errors of all below: NotFound where the sale is not served; those of the store.

  // A name that makes later calls here quicker.
  Result<SaleRef> Resolve(const SaleId& sale);

  // What somebody is told who is refused before they come to the queue: that, and the sale.
  QueuePlace Refused(const SaleRef& sale, const Outcome& refusal);

  // Gives a ticket, or the one they have.  WaitingPage where the queue is full, with a wait;
  // SoldOut where nothing can come any more and they have no ticket yet; SaleEnded or
  // SaleCancelled; Invalid for a nil user or a tier that there is not.
  Result<QueuePlace> Join(const SaleRef& sale, const QueueJoin& join, Time now);
  // Also a heartbeat: who asks still waits.  Done; SoldOut where they wait for what cannot come any
  // more (the ticket stays); UnknownTicket; SaleEnded or SaleCancelled where the sale
  // is over, as last looked at, or they have no ticket because it is.
  Result<QueuePlace> Position(const SaleRef& sale, const UserId& user, Time now);
  // Still there.  Done; UnknownTicket, SaleEnded, SaleCancelled as Position.
  Result<Outcome> Heartbeat(const SaleRef& sale, const UserId& user, Time now);
  // The place, or the slot, is free at once.  Done; AlreadyDone.
  Result<Outcome> Leave(const SaleRef& sale, const UserId& user, Time now);

  // Asks for the memory that the two below are going to need, whom was let in, and under whose
  // admission something was reserved; see QueueRepository.  Who is not served has no admission.
  AdmissionProbe Probe(const SaleRef& sale, const UserId& user);
  Status FindAdmissions(Time now, std::span<const AdmissionProbe> probes,
                        std::span<Admission> admissions);
  Status MarkUsed(Time now, std::span<const AdmissionProbe> probes,
                  std::span<const std::uint64_t> numbers);
  // They are done: the slot is free.
  Status Complete(const SaleRef& sale, const UserId& user, std::uint64_t admission, Time now);

  Result<QueueState> Read(const SaleRef& sale, Time now);
  // When the sale's queue was opened; kMinTime where it is not served.
  Time Epoch(const SaleRef& sale);
  // How long those waited who were let in here, in microseconds (not nanoseconds).
  Result<LatencyHistogram> Waits(const SaleRef& sale);
  // How a call of the store went that the host, or the facade, made; see the options.
  void NoteStore(Duration latency, bool ok);
  // At once, on every server.
  Status SetPace(const SaleRef& sale, Time now, const QueuePace& pace);

  // What went wrong without anybody being there to be told.
  struct Failures {
    std::uint64_t store = 0;  // a repository answered an error to a Poll
    // Threw, failed, gave an order that is none, or picked turns that let nobody in.
    std::uint64_t strategy = 0;
    std::uint64_t observer = 0;  // threw
    Status last = {};
    bool observer_fails = false;  // it threw when it was last told
  };
  Failures failures() const;

  // Lets people in, frees places, follows the phase of each sale.  Bounded work, but for an
  // ordering (see the options).  To be called again at the time returned, or earlier.
  Time Poll(Time now);
  // The same for one sale only.
  Time Poll(const SaleId& sale, Time now);

 private:
  struct State;
  explicit VirtualQueue(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SERVICE_VIRTUAL_QUEUE_H_
