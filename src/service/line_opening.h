#ifndef FLASHSALE_SRC_SERVICE_LINE_OPENING_H_
#define FLASHSALE_SRC_SERVICE_LINE_OPENING_H_

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "flashsale/base/executor.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/queue_terms.h"
#include "flashsale/repository/queue_repository.h"
#include "service/checked_strategy.h"
#include "service/queue_ordering.h"

namespace flashsale::inline v0 {

// Brings the lines of a queue from the gathering to where people are let in: freezes what is
// started early, has those who came before ordered, and begins.  Each tier for itself, in as many
// turns as it takes.
//
// Thread safety: as an int.
class LineOpening {
 public:
  struct Parts {
    QueueRepository& queues;
    const CheckedStrategy& strategy;
    Executor* executor = nullptr;  // where the order is worked out; null: at once
  };
  // What stood in the way of a tier; the others go on, and it is tried again a little later.
  struct Failure {
    Status status = {};
    bool of_strategy = false;
  };

  // What the parts refer to, and `terms`, must outlive it.
  LineOpening(const Parts& parts, const QueueTerms& terms, const SaleRef& queue)
      : parts_(parts), terms_(terms), queue_(queue) {}

  // REQUIRES: the sale is open.  The last failure.
  Failure Turn(Time now, const QueueState& state);

 private:
  Failure Open(Time now, const QueueState& state, std::uint8_t tier);
  // False where it is to be worked out here.
  bool Post(const std::shared_ptr<QueueOrdering>& ordering);
  // In the order in which they came; see OrderRequest.
  Result<std::vector<Entrant>> ReadEntrants(std::uint8_t tier);
  Status Arrange(const QueueOrdering& ordering);

  const Parts parts_;
  const QueueTerms& terms_;
  const SaleRef queue_;
  std::array<std::shared_ptr<QueueOrdering>, kMaxTiers> orderings_;
  // When a tier that could not begin is tried again.
  std::array<Time, kMaxTiers> try_again_ = {};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_LINE_OPENING_H_
