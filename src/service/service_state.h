#ifndef FLASHSALE_SRC_SERVICE_SERVICE_STATE_H_
#define FLASHSALE_SRC_SERVICE_SERVICE_STATE_H_

#include <atomic>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/directory.h"
#include "base/mutex.h"
#include "flashsale/policy/circuit_breaker.h"
#include "flashsale/policy/fifo_strategy.h"
#include "flashsale/policy/rate_limiter.h"
#include "flashsale/service/flash_sale_service.h"
#include "flashsale/service/reservation_cleaner.h"
#include "service/gates.h"
#include "service/served_sale.h"

namespace flashsale::inline v0 {

struct FlashSaleService::State {
  using Sales = Directory<ServedSale>;

  // What is made before the state itself, because it can fail.
  struct Made {
    std::unique_ptr<Clock> own_clock;  // null: the host's
    std::unique_ptr<RateLimiter> limiter;
    std::unique_ptr<VirtualQueue> queue;
    std::unique_ptr<ReservationCleaner> cleaner;
    std::unique_ptr<EventPublisher> events;
    std::unique_ptr<CountdownService> countdown;
    std::unique_ptr<CircuitBreaker> breaker;
  };

  State(const FlashSaleServiceOptions& given, Made&& parts);

  Time Now() { return clock.Now(); }

  // --- flash_sale_service.cc
  // Takes a sale into service; where it is, notes the marks.
  Status Serve(const SaleTerms& terms, const SaleMarks& marks, bool queued);
  Status OpenQueue(const SaleTerms& terms, const QueueSetup& setup);
  // Takes up what the catalogue has.
  Status ServeFromCatalogue(const FlashSale& sale, Time now);
  const AllocationStrategy* StrategyNamed(std::string_view name) const;
  void Refresh(Time now);
  Status Drop(const SaleId& sale);

  // --- operator_calls.cc
  Result<Outcome> Act(const SaleRef& sale, const Command& command);
  // Notes in the catalogue what the store has carried out.
  void NoteInCatalogue(const SaleId& sale, Verb act, Time now);

  // --- shopper_calls.cc
  // One reserve on its way.
  struct ReserveCall {
    bool resend;
    Command command;
    Outcome outcome;  // of who does not get as far as the store
    bool to_store;
    bool guarded;  // has still to pass the gates
    Gates::Passage passage;
  };
  // The shape, the sale and its phase; probes the gates of who gets that far.
  void Begin(const Sales::Visit& visit, const ReserveRequest& request, Time now, ReserveCall& call);
  // The gates; waits for detectors that take their time.
  void Guard(ReserveCall& call, Time now);
  // The gates after the detectors, which have refused or not.
  void GuardOn(ReserveCall& call, const std::optional<Outcome>& refusal, Time now);
  void Refuse(ReserveCall& call, const Outcome& refusal, Time now);
  // Applies commands to one sale through the circuit breaker; false, and the outcomes are written,
  // where that refuses.
  Status Apply(const SaleRef& sale, Time now, std::span<const Command> commands,
               std::span<Outcome> outcomes);
  // Tells the queue what became of somebody whom it let in.
  void TellQueue(const ServedSale& sale, const Command& command, const Outcome& outcome, Time now);
  Result<Outcome> ApplyOne(const SaleRef& sale, const Command& command);
  template <typename Request>
  Status ApplyAll(std::span<const Request> requests, std::span<Outcome> outcomes);

  // --- steps.cc
  class PendingReserve;
  static Step StepOf(const ReserveCall& call);
  Step StepFor(const SaleRef& sale, const Command& command);
  // The phase that shoppers meet: paused while the clock cannot be trusted.
  Phase PhaseOf(const ServedSale& sale, Time now) const {
    return clock.held() ? Phase::kPaused : sale.PhaseAt(now);
  }

  const FlashSaleServiceOptions options;
  const Made made;
  InventoryRepository& inventory;
  FlashSaleRepository& catalogue;
  RateRepository& rates;
  const bool shared;
  const FifoStrategy fifo{};
  ServiceClock clock;
  PurchaseLimitTracker limits;
  const Gates gates;

  Sales sales;
  Mutex mutex;  // who is served changes
  std::vector<SaleId> served FLASHSALE_GUARDED_BY(mutex);
  // When these are due; whoever moves it on does the work.
  std::atomic<Duration::rep> next_refresh_us{0};
  std::atomic<Duration::rep> next_rates_us{0};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_SERVICE_STATE_H_
