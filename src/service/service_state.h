#ifndef FLASHSALE_SRC_SERVICE_SERVICE_STATE_H_
#define FLASHSALE_SRC_SERVICE_SERVICE_STATE_H_

#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/directory.h"
#include "base/door.h"
#include "base/mutex.h"
#include "flashsale/policy/circuit_breaker.h"
#include "flashsale/policy/fifo_strategy.h"
#include "flashsale/policy/rate_limiter.h"
#include "flashsale/service/flash_sale_service.h"
#include "flashsale/service/reservation_cleaner.h"
#include "service/commands.h"
#include "service/delivery_watch.h"
#include "service/gates.h"
#include "service/lapsed_admissions.h"
#include "service/sale_outlook.h"
#include "service/served_sale.h"
#include "service/service_tokens.h"

namespace flashsale::inline v0 {

struct FlashSaleService::State {
  using Sales = Directory<ServedSale>;

  // What is made before the state itself, because it can fail.
  struct Made {
    std::unique_ptr<Clock> own_clock;  // null: the host's
    std::unique_ptr<RateLimiter> limiter;
    std::unique_ptr<ServiceTokens> tokens;  // null: none
    std::unique_ptr<WaveSchedule> waves;
    std::unique_ptr<Waitlist> waitlist;
    std::unique_ptr<SaleOutlook> outlook;
    std::unique_ptr<VirtualQueue> queue;
    std::unique_ptr<ReservationCleaner> cleaner;
    std::unique_ptr<EventPublisher> events;
    std::unique_ptr<LapsedAdmissions> lapsed;
    std::unique_ptr<CountdownService> countdown;
    std::unique_ptr<CircuitBreaker> breaker;
    std::unique_ptr<Metrics> metrics;  // null: nothing is counted
    std::unique_ptr<Logger> logger;
  };

  State(const FlashSaleServiceOptions& given, Made&& parts);

  Time Now() { return clock.Now(); }

  // --- bookkeeping.cc
  // Counts, and now and then times, a call that answers an outcome.
  template <typename Answer, typename Call>
  Answer Counted(Operation operation, const SaleRef& sale, Call call) {
    if (made.metrics == nullptr) {
      Answer answer = call();
      if (!answer.ok()) LogFailure(operation, sale, answer.status());
      return answer;
    }
    const bool timed = made.metrics->ShouldTime();
    const auto start = timed ? std::chrono::steady_clock::now() : SteadyTime();
    Answer answer = call();
    const auto latency = timed ? std::chrono::steady_clock::now() - start : NotTimed();
    if (!answer.ok()) {
      LogFailure(operation, sale, answer.status());
      CountFailure(operation, answer.status(), latency);
    } else if (timed) {
      made.metrics->Record(operation, CodeOf(*answer), latency);
    } else {
      made.metrics->Record(operation, CodeOf(*answer));
    }
    return answer;
  }
  void CountAnswer(Operation operation, const Outcome& outcome) {
    if (made.metrics != nullptr) made.metrics->Record(operation, outcome.code);
  }
  // The same where it was an error, which is logged, too.
  template <typename Answer>
  void CountAnswer(Operation operation, const SaleRef& sale, const Result<Answer>& answer) {
    if (answer.ok()) {
      if (made.metrics != nullptr) made.metrics->Record(operation, CodeOf(*answer));
      return;
    }
    LogFailure(operation, sale, answer.status());
    if (made.metrics != nullptr) CountFailure(operation, answer.status(), NotTimed());
  }
  void CountBatch(Operation operation, const SaleRef& sale, const Status& status,
                  std::span<const Outcome> outcomes);
  // What a reserve, a confirm or a revive adds to the sale's velocity.
  static void CountUnits(const ServedSale& sale, const Command& command, const Outcome& outcome);
  void Log(LogLevel level, std::string_view event, const SaleId& sale,
           std::span<const LogField> fields);
  void LogFailure(Operation operation, const SaleRef& sale, const Status& status);
  SaleMetrics Measure(const ServedSale& sale, Time now);

  using SteadyTime = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::nanoseconds NotTimed() { return std::chrono::nanoseconds{-1}; }
  static Code CodeOf(const Outcome& outcome) { return outcome.code; }
  static Code CodeOf(const QueuePlace& place) { return place.outcome.code; }
  static Code CodeOf(const WaitlistPlace& place) { return place.outcome.code; }
  void CountFailure(Operation operation, const Status& status, std::chrono::nanoseconds latency);

  // --- flash_sale_service.cc
  // Takes a sale into service; where it is, notes the marks.
  Status Serve(const SaleTerms& terms, const SaleMarks& marks, bool queued);
  // What of a queue's setup depends on this service and on the time.
  Status CheckQueue(const SaleTerms& terms, const QueueTerms& queue);
  // Errors: AlreadyExists names what the queue was opened with otherwise.
  Status OpenQueue(const QueueTerms& terms, const AllocationStrategy* strategy,
                   const SaleWindow& window);
  // Takes up what the catalogue has.
  Status ServeFromCatalogue(const FlashSale& sale, Time now);
  const AllocationStrategy* StrategyNamed(std::string_view name) const;
  void Refresh(Time now);
  // Learns of acts that another service on the same storage has carried out.  NotFound: it is not
  // served here, or gone.
  Status RefreshMarks(const SaleId& sale, Time now);
  void LogNotServed(const SaleId& sale, const Status& error);
  void LogPoll(std::string_view event, const Status& error);
  void LogQueueFailures();
  void LogWaitlistFailures();
  Status Drop(const SaleId& sale);

  // --- operator_calls.cc
  Result<Outcome> Act(Operation operation, const SaleRef& sale, const Command& command);
  Result<Outcome> Carry(const SaleRef& sale, const Command& command);
  void LogAct(const SaleId& sale, const Command& command, const Outcome& outcome);
  Result<Outcome> Forget(const SaleRef& sale);
  // Notes in the catalogue what the store has carried out.
  void NoteInCatalogue(const SaleId& sale, Verb act, Time now);

  Result<Outcome> Create(const SaleTerms& terms, const QueueSetup& queue,
                         const WaitlistSetup& waitlist);

  // --- shopper_calls.cc
  Result<Outcome> Reserve(const ReserveRequest& request);
  Status ReserveAll(std::span<const ReserveRequest> requests, std::span<Outcome> outcomes);
  // The shape, the sale, its phase and the rates; what a join answers that gets no further.  Else
  // `passage` is ready for the detectors.  It has a sale where there is one with a queue.
  std::optional<Outcome> BeginJoin(const Sales::Visit& visit, const JoinRequest& request, Time now,
                                   Gates::Passage& passage);
  // Whom a gate refused.
  QueuePlace RefuseJoin(const ServedSale& sale, const UserId& user, const Outcome& refusal,
                        Time now) const;
  // Whom BeginJoin or the detectors refused.
  QueuePlace RefuseJoin(const Gates::Passage& passage, const Outcome& refusal, Time now) const;
  // Who passed the gates.
  Result<QueuePlace> Enqueue(const ServedSale& sale, const QueueJoin& join, Time now);
  // What a join asks of the queue, the ticket read that it brings.
  QueueJoin JoinOf(const JoinRequest& request, Time now) const;
  Result<QueuePlace> Join(const JoinRequest& request);
  // What the store has decided: counts it and tells the queue.  `probe`: of the admission, if it
  // was made before.
  void Finish(const ServedSale& sale, const Command& command, const Outcome& outcome, Time now,
              const AdmissionProbe* probe = nullptr);
  // How far a reserve has come.
  enum class ReserveStage : std::uint8_t {
    kGuarded,   // the gates stand before it
    kRefused,   // answered with `outcome`, unless the store knows its id
    kAnswered,  // answered with `outcome`
    kToStore,
  };
  // One reserve on its way.
  struct ReserveCall {
    explicit ReserveCall(const ReserveRequest& request)
        : command(CommandOf(request)), resend(request.resend) {}
    ReserveCall(const Command& prepared, bool is_resend) : command(prepared), resend(is_resend) {}

    bool IsGuarded() const { return stage == ReserveStage::kGuarded; }
    void End(ReserveStage as, const Outcome& with) {
      stage = as;
      outcome = with;
    }
    // If there is a refusal.
    void Refuse(const std::optional<Outcome>& refusal) {
      if (refusal.has_value()) End(ReserveStage::kRefused, *refusal);
    }

    Command command;
    bool resend;
    ReserveStage stage = ReserveStage::kGuarded;
    Outcome outcome;
    Gates::Passage passage;
    CircuitBreaker::Permit permit;  // not granted where there is no breaker, or it is not asked
  };
  // One that comes by itself.
  struct LoneReserve : ReserveCall {
    using ReserveCall::ReserveCall;
    AdmissionProbe admission;  // probed where the gates are and the sale requires admission
  };
  class ReserveBatch;
  // The shape, the sale and its phase; readies the passage of who gets that far.
  void Begin(const Sales::Visit& visit, const ReserveRequest& request, Time now, ReserveCall& call);
  // Asks for the memory that the gates and the store are going to need.
  void Probe(LoneReserve& call);
  // The gates; waits for detectors that take their time.
  void Guard(LoneReserve& call, Time now);
  // The gates after the detectors.
  void GuardOn(LoneReserve& call, Time now);
  // Who is refused goes to the store all the same, if that knows the id.
  void LookUp(ReserveCall& call, Time now);
  // Tells the circuit breaker how the store did.
  static void Report(CircuitBreaker::Permit& permit, const Status& status, Time start, Time now);
  // After a call of the store that began at `start`: tells the breaker, and who sets the pace.
  void NoteStore(CircuitBreaker::Permit& permit, const Status& status, Time start);
  // Tells the queue what became of somebody whom it let in.
  void TellQueue(const ServedSale& sale, const Command& command, const Outcome& outcome, Time now,
                 const AdmissionProbe* probe);
  Result<Outcome> ApplyOne(const SaleRef& sale, const Command& command);
  template <typename Request>
  Status ApplyAll(Operation operation, std::span<const Request> requests,
                  std::span<Outcome> outcomes);

  // --- waitlist_calls.cc
  // The shape, the sale, its phase, the rates, the detectors, the admission, the breaker, the door.
  Result<WaitlistPlace> JoinWaitlist(const JoinWaitlistRequest& request);
  // The shape, the sale, its phase and the rates; what a join answers that gets no further.  Else
  // `passage` is ready for the detectors.  It has a sale where the gates were asked.
  std::optional<Outcome> BeginWaitlistJoin(const Sales::Visit& visit,
                                           const JoinWaitlistRequest& request, Time now,
                                           Gates::Passage& passage);
  // Whom a gate refused: who has a place is told so, whatever the gates say.
  Result<WaitlistPlace> RefuseWaitlistJoin(const ServedSale& sale, const WaitlistRequest& place,
                                           const Outcome& refusal, Time now);
  // A join that asks for nothing of its request any more.
  struct ListJoin {
    WaitlistRequest place;
    Admission shown = {};  // what a token says that verified; number 0: none
  };
  ListJoin ListJoinOf(const JoinWaitlistRequest& request, Time now) const;
  // Who passed the gates up to the detectors: the admission, the breaker, the door.
  Result<WaitlistPlace> EnterWaitlist(const ServedSale& sale, const ListJoin& join, Time now);
  // The place of somebody who is in the list already; else nothing.
  std::optional<WaitlistPlace> FindInList(const ServedSale& sale, const WaitlistRequest& place,
                                          Time now);
  // What the waves of the line are going to bring is told with every place.
  Result<WaitlistPlace> WithWaves(const WaitlistRequest& request, Result<WaitlistPlace> place);
  // Calls use(name of the waitlists, now), where the sale has some that are served here.
  template <typename Answer, typename Use>
  Result<Answer> WithWaitlist(const WaitlistRequest& request, Use use);

  // --- steps.cc
  class PendingReserve;
  class PendingJoin;
  class PendingWaitlistJoin;
  static Step Answered(const Outcome& outcome);
  Step StepOf(ReserveCall& call, Time now);
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
  QueueRepository& admissions;
  const bool shared;
  const FifoStrategy fifo{};
  ServiceClock clock;
  PurchaseLimitTracker limits;
  const Gates gates;

  Sales sales;
  // How steps that were pending find the state, unless the service has gone.
  struct Late {
    explicit Late(State& owner) : state(owner) {}
    Door door;
    State& state;
  };
  const std::shared_ptr<Late> late = std::make_shared<Late>(*this);

  Mutex mutex;  // who is served changes
  std::vector<SaleId> served FLASHSALE_GUARDED_BY(mutex);
  // When these are due; whoever moves it on does the work.
  std::atomic<Duration::rep> next_refresh_us{0};
  std::atomic<Duration::rep> next_rates_us{0};
  std::atomic<std::uint64_t> queue_failures_told{0};
  std::atomic<std::uint64_t> waitlist_failures_told{0};
  DeliveryWatch deliveries;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_SERVICE_STATE_H_
