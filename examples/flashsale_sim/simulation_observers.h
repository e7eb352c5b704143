#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_SIMULATION_OBSERVERS_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_SIMULATION_OBSERVERS_H_

#include <span>
#include <utility>
#include <vector>

#include "examples/flashsale_sim/queue_meter.h"
#include "flashsale/service/queue_observer.h"
#include "flashsale/service/waitlist.h"

namespace flashsale::sim {

// Gathers whom the queue lets in until the shoppers can be told, and tells the meter of its flow.
// Thread safety: one thread.  Ownership: the meter must outlive it.
class Doorman final : public QueueObserver {
 public:
  explicit Doorman(QueueMeter& meter) : meter_(meter) {}

  void OnAdmitted(const SaleId& /*sale*/, Time /*now*/,
                  std::span<const QueueEntry> admitted) override {
    admitted_.insert(admitted_.end(), admitted.begin(), admitted.end());
  }
  void OnFlow(const SaleId& /*sale*/, Time now, const QueueFlowChange& change) override {
    meter_.OnFlow(now, change);
  }
  std::vector<QueueEntry> Take() { return std::exchange(admitted_, {}); }

 private:
  QueueMeter& meter_;
  std::vector<QueueEntry> admitted_;
};

// Gathers what becomes of the waitlist until the shoppers can be told.
// Thread safety: one thread.
class OfferDesk final : public WaitlistObserver {
 public:
  void OnOffered(Time /*now*/, std::span<const WaitlistOffer> offers) override {
    offered_.insert(offered_.end(), offers.begin(), offers.end());
  }
  void OnEnded(Time /*now*/, const WaitlistOffer& offer, OfferEnd end,
               const Outcome& /*outcome*/) override {
    if (end == OfferEnd::kWithdrawn) withdrawn_.push_back(offer);
  }
  std::vector<WaitlistOffer> TakeOffered() { return std::exchange(offered_, {}); }
  std::vector<WaitlistOffer> TakeWithdrawn() { return std::exchange(withdrawn_, {}); }

 private:
  std::vector<WaitlistOffer> offered_;
  std::vector<WaitlistOffer> withdrawn_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_SIMULATION_OBSERVERS_H_
