#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_SALE_AUDIT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_SALE_AUDIT_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "examples/flashsale_audit/claim.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/testing/event_fold.h"

namespace flashsale::audit {

// Judges the events of one sale: by EventFold, which knows the contract and trusts nobody, and its
// stock once more, by addition alone.  After the first event that is not lawful EventFold is shown
// no more, for what follows would mean little; the addition goes on.
//
// Thread safety: as an int.
class SaleAudit {
 public:
  // REQUIRES: Validate made `terms`.
  explicit SaleAudit(const SaleTerms& terms);

  void Add(std::uint64_t commit, const Event& event);
  // There is no more.
  void Finish();

  // Null where this user never had it.
  const Reservation* Find(const Event& event) const { return fold_.Find(event.user, event.id); }
  const EventFold& fold() const { return fold_; }
  std::vector<Claim> Claims() const;

 private:
  // Units of a line, as the events add up.
  struct Sum {
    std::int64_t released = 0;
    std::int64_t promised = 0;
  };

  void AddUp(std::uint64_t commit, const Event& event);
  Claim& ClaimOf(std::string_view complaint);
  void CompareCounters();

  EventFold fold_;
  bool lawful_ = true;
  std::vector<Sum> sums_;
  std::uint64_t last_commit_ = 0;
  Claim oversold_;
  Claim stock_;
  Claim limits_;
  Claim transitions_;
  Claim admissions_;
  Claim numbers_;
  Claim edges_;
  Claim counters_;
  Claim settled_;
};

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_SALE_AUDIT_H_
