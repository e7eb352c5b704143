#ifndef FLASHSALE_SERVICE_FLASH_SALE_SERVICE_H_
#define FLASHSALE_SERVICE_FLASH_SALE_SERVICE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "flashsale/base/clock.h"
#include "flashsale/base/id.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/export.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/storage.h"
#include "flashsale/service/countdown_service.h"
#include "flashsale/service/event_publisher.h"
#include "flashsale/service/metrics.h"
#include "flashsale/service/purchase_limit_tracker.h"
#include "flashsale/service/requests.h"
#include "flashsale/service/service_options.h"
#include "flashsale/service/step.h"
#include "flashsale/service/virtual_queue.h"
#include "flashsale/service/waitlist.h"

namespace flashsale::inline v0 {

// How a token is written.
enum class TokenFormat : std::uint8_t {
  kCompact = 0,  // a layout of our own, verified by a few lines
  kJwt = 1,      // RFC 7519
};

// Sells: the one class that a host calls.  Before a join and a new reserve it asks, cheapest first,
// the phase of the sale, the rates, the bot detectors and the admission; then the store decides in
// one atomic step.  A confirm, a cancel and an extend pass no gate, and what a gate refuses is
// still answered as before where it was sent before: a reserve whose id is known, a join of
// somebody who has a ticket.  Who holds something, or sends again, is never locked out.
//
//   auto storage = flashsale::OpenMemoryStorage();
//   auto service = flashsale::FlashSaleService::New({.storage = **storage});
//   (*service)->Create({.id = "ps5-drop", .lines = {{.product = "ps5", .units = 10'000}},
//                       .start = start, .end = start + 30min});
//   auto held = (*service)->Reserve(
//       {.sale = "ps5-drop", .user = user, .id = cart, .context = request});
//
// Every answer is an Outcome, refusals too.  A Status instead of it says that the call was not
// carried out, or (Unknown) perhaps: send the same call again.  docs/contract.md says which answer
// is given where several apply.
//
// Sales share nothing but the gates' tables: a hot one slows no other.  It starts no thread: call
// Poll, or have a Runner do it.
//
// Thread safety: any thread.  Blocking: as the storage, and as the bot detectors' time limits; see
// Prepare for hosts that must not wait.
//
// Ownership: what the options point to must outlive it.  Clock: that of the options.
class FLASHSALE_EXPORT FlashSaleService {
 public:
  // Serves the sales of the catalogue that are not over.
  // Errors: InvalidArgument (names the option); those of the store.
  static Result<std::unique_ptr<FlashSaleService>> New(const FlashSaleServiceOptions& options);
  // Waits for the sinks of steps and places that are being told, and for nothing else: not for
  // detectors (what is pending is answered Overloaded when they answer), nor for event sinks and
  // countdown observers, whose executors may go on with what they have begun.
  //
  // REQUIRES: no call is under way, and none comes: what calls it has been stopped before, a Runner
  // and an AsyncFlashSaleService (or the lanes that carry out its steps) destroyed.  Not called by
  // a detector or a sink.  After it, in this order: the detectors' chain, the executors, the
  // storage.
  ~FlashSaleService();
  FlashSaleService(const FlashSaleService&) = delete;
  FlashSaleService& operator=(const FlashSaleService&) = delete;

  // --- operators' calls

  // Makes a sale, and the queue before it where its terms require admissions.  Done; AlreadyDone
  // where it exists with the same terms and the same queue, as both were first made: what
  // VirtualQueue::SetPace has changed since does not count.
  //
  // Errors: InvalidArgument (names the field); AlreadyExists where the sale, or its queue, was made
  // otherwise, here or by another server on the same store: nothing is changed; those of the store,
  // after which the same call again completes what was begun.
  // The same goes for its waitlists; but some may be added to a sale that was made without, of
  // which other servers that serve it already learn by Serve.
  Result<Outcome> Create(const SaleTerms& terms, const QueueSetup& queue = {},
                         const WaitlistSetup& waitlist = {});
  // Serves a sale that another server, or an earlier run, has made.  Poll does it by itself, a
  // little later.
  //
  // Errors: NotFound, FailedPrecondition (its queue has a strategy that is not among the options'),
  // those of the store.
  Status Serve(const SaleId& sale);
  // A name that makes later calls quicker.  Errors: NotFound.
  Result<SaleRef> Resolve(const SaleId& sale);

  // docs/contract.md, "Operators' acts about the sale".
  Result<Outcome> Start(const SaleRef& sale);
  Result<Outcome> Pause(const SaleRef& sale);
  Result<Outcome> Resume(const SaleRef& sale);
  Result<Outcome> Release(const ReleaseRequest& request);
  Result<Outcome> Close(const SaleRef& sale);
  Result<Outcome> CancelSale(const SaleRef& sale);
  Result<Outcome> Settle(const SaleRef& sale);
  // Removes a settled sale from the store and the catalogue, and its queue.
  Result<Outcome> Forget(const SaleRef& sale);
  Result<Outcome> Void(const VoidRequest& request);

  // --- shoppers' calls

  // Done with a ticket, AlreadyDone with the one they have; WaitingPage where the queue is full, or
  // the circuit breaker open, and then for who has a ticket too, which they keep; UserLimit where
  // they have bought all that they may; SoldOut, and no ticket, where nothing can come any more;
  // what a gate or the phase answers.  A sale without a queue: Invalid (sale).
  Result<QueuePlace> Join(const JoinRequest& request);
  // Also says that they are still there.  Done; SoldOut where nothing can come any more;
  // UnknownTicket; SaleEnded, SaleCancelled as soon as the sale is over; UnknownSale; Invalid
  // (sale).
  Result<QueuePlace> Position(const SaleRef& sale, const UserId& user);
  Result<Outcome> Heartbeat(const SaleRef& sale, const UserId& user);
  // Done; AlreadyDone; UnknownSale; Invalid (sale).
  Result<Outcome> Leave(const SaleRef& sale, const UserId& user);

  // The token of a place: for who waits a queue ticket, for who was let in an admission token; both
  // as in docs/tokens.md.  Good until the sale ends, or the admission does; a pause makes that
  // later, and then the token is to be issued anew.  It is signed as it is given: REQUIRES a place
  // that the service has answered.
  //
  // Errors: FailedPrecondition where there are no keys, no key signs, or they have neither;
  // NotFound for a sale that is not served here.
  Result<std::string> IssueToken(const SaleRef& sale, const QueuePlace& place,
                                 TokenFormat format = TokenFormat::kCompact);

  // docs/contract.md, "The waitlist".  The gates of a join stand before JoinWaitlist, which may
  // wait for detectors, and where the sale has a queue the admission, as before a reserve.  Done
  // with a place, AlreadyDone with the one they have; InStock where units are to be had; Queued,
  // NotAdmitted for who was not let in; UserLimit as for a join; WaitingPage where too many wait;
  // what a gate or the phase answers.  Invalid (sale) for one without waitlists, Invalid (line).
  Result<WaitlistPlace> JoinWaitlist(const JoinWaitlistRequest& request);
  // Done, with the offer if a unit is held for them: a Confirm of its id accepts it, a Cancel
  // refuses it.  UnknownTicket; what the store answered where nothing can be held for them, and
  // then they stand in line no longer; SaleEnded, SaleCancelled where the sale is over, unless they
  // have an offer that they may still buy; UnknownSale; Invalid (sale, line).
  Result<WaitlistPlace> WaitlistPosition(const WaitlistRequest& request);
  // Also refuses an offer.  Done; AlreadyDone; UnknownSale; Invalid (sale, line).
  Result<Outcome> LeaveWaitlist(const WaitlistRequest& request);

  // docs/contract.md, "Through the service".  Who is taken for a machine that shall wait (a tarpit)
  // is answered as who is too quick: RateLimited, with CompositeOptions::tarpit as retry_after, at
  // once.  Whatever refuses after the rates (a detector, the queue, the circuit breaker's
  // WaitingPage, the store), a permit of the rates is spent; an admission is not, but for a Done.
  Result<Outcome> Reserve(const ReserveRequest& request);
  Result<Outcome> Confirm(const ConfirmRequest& request);
  Result<Outcome> Cancel(const CancelRequest& request);
  Result<Outcome> Extend(const ExtendRequest& request);

  // Many at once, of any sales: one outcome a request, in order; much quicker than one by one.  On
  // an error some were carried out, or none: send the same batch again.
  //
  // Errors: InvalidArgument where the spans differ in size; those of the store.
  Status Reserve(std::span<const ReserveRequest> requests, std::span<Outcome> outcomes);
  Status Confirm(std::span<const ConfirmRequest> requests, std::span<Outcome> outcomes);
  Status Cancel(std::span<const CancelRequest> requests, std::span<Outcome> outcomes);
  Status Extend(std::span<const ExtendRequest> requests, std::span<Outcome> outcomes);

  // --- reads

  Result<SaleStock> ReadStock(const SaleRef& sale);
  // As recorded; nothing where this user never had it.
  Result<std::optional<Reservation>> Find(const SaleRef& sale, const UserId& user,
                                          const ReservationId& id);

  // --- in steps, for hosts that apply commands themselves, e.g. through a Lane

  // The gates of a reserve.  `later`: where the step goes if a detector takes its time; it must
  // live until then.  Null: this waits for the detector.  What a pending step needs of the request
  // is copied.  What is left of the gates runs on the thread that brings the detector's answer.
  Step Prepare(const ReserveRequest& request, Time now, StepSink* later = nullptr);
  Step Prepare(const ConfirmRequest& request, Time now);
  Step Prepare(const CancelRequest& request, Time now);
  Step Prepare(const ExtendRequest& request, Time now);
  // What the store made of a step's command: tells the queue and counts it; returns it.  Overloaded
  // where the command was never handed to the store, as a Lane answers.
  Result<Outcome> Complete(const Step& step, const Result<Outcome>& applied, Time now);
  // A join that waits for no detector.  Nothing where one takes its time: then the answer goes to
  // `later`, which must live until then.
  [[nodiscard]] std::optional<Result<QueuePlace>> Join(const JoinRequest& request,
                                                       PlaceSink& later);
  [[nodiscard]] std::optional<Result<WaitlistPlace>> JoinWaitlist(
      const JoinWaitlistRequest& request, WaitlistPlaceSink& later);
  // Whether any detector may take its time, so that the sinks are of use.
  bool MayWaitForDetectors() const;

  // --- what an operator sees

  // Counts since the service was made, and each served sale as it is now.  Batch calls are counted
  // and not timed.  Reads every sale: not for the path of a request.
  MetricsSnapshot ReadMetrics();

  // --- what has to be done from time to time

  // Releases waves, expires holds, offers what came back to waitlists, lets people in, publishes
  // events, tells countdowns, forgets old rates, gives up on detectors that are late, looks for
  // sales of other servers.  Bounded work. To be called again at the time returned, or earlier.
  // Several threads and servers may.
  Time Poll();

  // --- parts

  VirtualQueue& queue();
  // Observers of offers are set here.
  Waitlist& waitlist();
  // Sinks are added here; every sale that is served is published to them.
  EventPublisher& events();
  // What pages show before and during a sale.
  CountdownService& countdown();
  // What is left of a user's limits.
  PurchaseLimitTracker& limits();
  // The service's time axis.
  ServiceClock& clock();
  // That of the options.
  Storage& storage();

 private:
  struct State;
  explicit FlashSaleService(std::unique_ptr<State> state);
  const std::unique_ptr<State> state_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SERVICE_FLASH_SALE_SERVICE_H_
