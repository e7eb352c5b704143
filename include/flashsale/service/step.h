#ifndef FLASHSALE_SERVICE_STEP_H_
#define FLASHSALE_SERVICE_STEP_H_

#include <cstdint>
#include <memory>

#include "flashsale/base/outcome.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"
#include "flashsale/policy/circuit_breaker.h"
#include "flashsale/repository/command.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/service/virtual_queue.h"
#include "flashsale/service/waitlist.h"

namespace flashsale::inline v0 {

// What comes next of a call that was prepared: for hosts that talk to the store themselves.  A
// plain value; none outlives the service that prepared it.
class Step {
 public:
  enum class Kind : std::uint8_t {
    // outcome() is the answer; there is nothing to complete.
    kAnswered,
    // command() is to be applied to sale(), and what came of it given to Complete.
    kApply,
    // A detector takes its time: the step comes through the sink.
    kPending,
  };

  Kind kind() const { return kind_; }
  // REQUIRES: kAnswered.
  const Outcome& outcome() const { return outcome_; }
  // REQUIRES: kApply.
  const SaleRef& sale() const { return sale_; }
  const Command& command() const { return command_; }

 private:
  friend class FlashSaleService;

  Kind kind_ = Kind::kAnswered;
  Outcome outcome_ = {};
  SaleRef sale_;
  Command command_ = {};
  // Where there is a circuit breaker: what it wants to hear of the store.
  Time prepared_at_{};
  std::shared_ptr<CircuitBreaker::Permit> permit_;
};

// Where a step goes that took its time.
//
// Implementer's duty: called once, from any thread; throws nothing.
class FLASHSALE_EXPORT StepSink {
 public:
  virtual ~StepSink() = default;
  virtual void OnStep(const Step& step) = 0;
};

// Where the answer to a join goes that took its time.
//
// Implementer's duty: called once, from any thread; throws nothing.
class FLASHSALE_EXPORT PlaceSink {
 public:
  virtual ~PlaceSink() = default;
  virtual void OnPlace(const Result<QueuePlace>& place) = 0;
};

// The same of a waitlist.
//
// Implementer's duty: called once, from any thread; throws nothing.
class FLASHSALE_EXPORT WaitlistPlaceSink {
 public:
  virtual ~WaitlistPlaceSink() = default;
  virtual void OnPlace(const Result<WaitlistPlace>& place) = 0;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SERVICE_STEP_H_
