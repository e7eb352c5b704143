#ifndef FLASHSALE_SRC_SERVICE_LAPSED_ADMISSIONS_H_
#define FLASHSALE_SRC_SERVICE_LAPSED_ADMISSIONS_H_

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "flashsale/base/executor.h"
#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/queue_repository.h"
#include "flashsale/service/event_publisher.h"

namespace flashsale::inline v0 {

// Whether an admission serves for nothing any more: nothing is held, and either its grant is used
// up or the user has bought all that they may.
bool IsOver(const Admission& admission, const Tally& tally, Units limit_per_user);

// Frees the slots of people whose holds have lapsed under an admission that is used up: they cannot
// reserve again before they have queued again, and others wait.  Holds lapse wherever somebody
// meets them, in other processes too, so it hears of them from the logs of the sales.
//
// Thread safety: any thread.  Blocking: Poll as the repositories.
class LapsedAdmissions {
 public:
  // The repositories must outlive it.  Errors: ResourceExhausted.
  static Result<std::unique_ptr<LapsedAdmissions>> New(InventoryRepository& inventory,
                                                       QueueRepository& queues);
  ~LapsedAdmissions();
  LapsedAdmissions(const LapsedAdmissions&) = delete;
  LapsedAdmissions& operator=(const LapsedAdmissions&) = delete;

  // From the present end of the sale's log on; what lapsed before is left to its window.
  Status Add(const SaleTerms& terms, Time now);
  void Remove(const SaleId& sale);

  // The last error, if any.  What it did not come to, the next one does.
  Status Poll(Time now);

 private:
  class Sink;
  class RunsAtOnce final : public Executor {
   public:
    bool Post(std::function<void()> task) override {
      task();
      return true;
    }
  };

  LapsedAdmissions(std::unique_ptr<EventPublisher> events, std::shared_ptr<Sink> sink);

  RunsAtOnce at_once_;  // outlives the publisher that posts to it
  const std::shared_ptr<Sink> sink_;
  const std::unique_ptr<EventPublisher> events_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_LAPSED_ADMISSIONS_H_
