#ifndef FLASHSALE_SERVICE_SERVICE_OPTIONS_H_
#define FLASHSALE_SERVICE_SERVICE_OPTIONS_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "flashsale/base/clock.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/policy/allocation_strategy.h"
#include "flashsale/policy/circuit_breaker.h"
#include "flashsale/policy/composite_bot_detector.h"
#include "flashsale/policy/key_ring.h"
#include "flashsale/policy/rate_limiter.h"
#include "flashsale/repository/storage.h"
#include "flashsale/service/countdown_service.h"
#include "flashsale/service/event_publisher.h"
#include "flashsale/service/log.h"
#include "flashsale/service/metrics.h"
#include "flashsale/service/reservation_cleaner.h"
#include "flashsale/service/virtual_queue.h"
#include "flashsale/service/waitlist.h"

namespace flashsale::inline v0 {

// What a gate does while what it asks cannot answer.
enum class WhenGateFails : std::uint8_t {
  kLetPass = 0,
  kRefuse = 1,  // Overloaded
};

struct FlashSaleServiceOptions {
  // Where sales, queues, rates and prints are kept.  Must outlive the service.
  Storage& storage;

  // Where the time comes from; null: NewSystemClock.  Must outlive the service.
  Clock* clock = nullptr;
  // What the service's own time axis makes of it; see ServiceClock.  While that is held, sales are
  // paused and nothing expires.
  ServiceClockOptions time = {};

  // --- the gates, in the order in which they stand before a join or a new reserve

  // Not set: no rates are kept.  Charged for each attempt, a join as a reserve, whatever becomes of
  // it: nothing is given back where a later gate or the store refuses.  See RateLimits.
  std::optional<RateLimits> rate_limits = RateLimits{};
  WhenGateFails when_rates_fail = WhenGateFails::kLetPass;

  // Null: nobody is taken for a machine.  Must outlive the service.  What becomes of a detector
  // that fails is the chain's own to say.
  CompositeBotDetector* bots = nullptr;

  // Sales whose terms require an admission only.
  WhenGateFails when_queue_fails = WhenGateFails::kRefuse;
  // A reserve by somebody who was not let in takes a ticket for them, of the last tier, and answers
  // Queued.  Else
  // only those who have joined are told Queued, others NotAdmitted.
  bool join_on_reserve = true;

  // The keys of tickets and admission tokens; null: none are issued, and none are believed.  Must
  // outlive the service.
  const KeyRing* token_keys = nullptr;
  // Of JWTs: their `iss`; see TokenVerifierOptions.
  std::string token_issuer = {};

  // Not set: none.  While it is open joins and new reserves answer WaitingPage, those of people who
  // have a ticket or an admission too: it stays theirs, and an admission's window runs on.  Being
  // the last gate, it refuses what was charged for its rates already.  Calls about what is held go
  // through.
  std::optional<CircuitBreakerOptions> breaker = std::nullopt;

  // On a store that several processes share: how many resent reserves that a gate would refuse are
  // looked up by their ids, a second; 1 to 1,000,000.
  std::uint32_t resend_lookups_per_second = 1'000;

  // The strategies, besides FifoStrategy, by which queues are served here, whether this service has
  // opened them, one before it, or another server; distinct names.  All must outlive the service.
  std::vector<const AllocationStrategy*> strategies = {};

  // --- what the host sees

  // Not set: nothing is counted.
  std::optional<MetricsOptions> metrics = MetricsOptions{};
  // Where what an operator may want to know goes; by default nowhere.
  //   info:     sale_created, sale_served, operator_act (with sale and answer), call_refused
  //   warning:  sale_not_served, breaker_turned, cleaner_failed, lapsed_admissions_failed,
  //             queue_failed, publisher_failed, countdown_failed, waves_failed, waitlist_failed
  //   error:    store_failed, clock_held
  // Once where it begins, as a warning, and once where it is over (info), by what Poll finds:
  //   sink_failing                 sink_recovered               it, or its executor, takes nothing
  //   events_lost                  sink_caught_up               it came too late for some
  //   observers_failing            observers_recovered          of countdowns, which throw
  //   admission_observer_failing   admission_observer_recovered
  //   waitlist_observer_failing    waitlist_observer_recovered
  //   observers_dropped            (in the first Poll that drops any)
  LoggerOptions log = {};

  // --- what Poll does

  VirtualQueueOptions queue = {};
  WaitlistOptions waitlist = {};
  // The service adds the sales that it serves; a catalogue of the cleaner's own need not be named.
  ReservationCleanerOptions cleaning = {};
  EventPublisherOptions events = {};
  CountdownOptions countdown = {};
  // How often the catalogue is looked through for sales that another service has made on the same
  // storage, and the marks of sales are read again, which another may have set; 1 ms to 1 h.
  Duration refresh_interval = std::chrono::seconds{1};
};

// The queue before a sale whose terms require an admission; for another sale, nothing is set.
struct QueueSetup {
  // Who goes before whom; null: FifoStrategy.  Another must be one of
  // FlashSaleServiceOptions::strategies, where a server that is started again looks for it.  The
  // queue knows it by its name: what has one name must order alike.
  const AllocationStrategy* strategy = nullptr;
  // See QueueTerms; the pace is SaleTerms::admissions_per_second.
  std::uint32_t max_in_flight = QueuePace{}.max_in_flight;
  std::uint64_t max_waiting = QueueTerms{}.max_waiting;
  Duration admission_window = QueueTerms{}.admission_window;
  std::uint32_t grant = QueueTerms{}.grant;
  Duration heartbeat_timeout = QueueTerms{}.heartbeat_timeout;
  std::uint32_t tiers = QueueTerms{}.tiers;
  // Whether those who come before the start gather, to be put in order then; else they stand in the
  // order of arrival from the beginning.  A strategy that does not keep the order of arrival needs
  // every tier to gather, by this or by opens_after.  Where the sale is made after its start nobody
  // gathers either way.
  bool pre_queue = true;
  // By tier, how long after the start its line opens; 0 to 30 days, before the end of the sale, and
  // 0 beyond the tiers.  Until then its people gather, without a pre-queue too.  So a tier with 0
  // has early access before one with an hour.
  std::array<Duration, kMaxTiers> opens_after = {};
  // See QueueTerms.
  std::array<std::uint32_t, kMaxTiers> credits_for = {};
  std::uint32_t max_credits = 0;
  // How long after Create has made the queue people may bring back tickets of one that was lost
  // (JoinRequest::ticket); 0 to 1 day, and over before the sale ends.  It holds up every opening:
  // until it is over nobody is let in, whether a queue was lost or not.  So before the start it
  // costs nothing if the queue is made that much earlier; in a sale under way it is a pause.  It
  // cannot be changed while the queue lives.  For a store that can lose its memory: long enough for
  // pages that poll to come back, i.e. a little more than VirtualQueueOptions::longest_poll.
  Duration restore_window{0};

  friend bool operator==(const QueueSetup&, const QueueSetup&) = default;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SERVICE_SERVICE_OPTIONS_H_
