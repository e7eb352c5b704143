#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_SALE_METER_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_SALE_METER_H_

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "examples/flashsale_audit/figures.h"
#include "examples/flashsale_audit/flow_series.h"
#include "examples/flashsale_sim/id_hash.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/testing/event_fold.h"

namespace flashsale::audit {

// Counts what happened in one sale.  It judges nothing.
// Thread safety: as an int.  Memory: 80 bytes a limit key.
class SaleMeter {
 public:
  // `series` must outlive it.
  SaleMeter(const SaleTerms& terms, FlowSeries& series);

  // `before`: the reservation as it was before the event; null where there was none.
  void Add(const Event& event, const Reservation* before);
  // With the state at the end.  `with_ids`: the ids of people and keys are told, too.
  SaleFigures Figures(const EventFold& fold, bool with_ids) const;

 private:
  static constexpr std::size_t kMostUsers = 64;  // that are told apart for one key

  struct KeyUse {
    std::vector<UserId> users;
    Time last;
  };
  struct KeyHash {
    std::size_t operator()(const LimitKey& key) const { return sim::HashId(key.bytes()); }
  };

  void AddUnits(const Event& event);
  void LookForBots(const Event& event);

  FlowSeries& series_;
  SaleFigures figures_;
  std::int64_t held_ = 0;
  std::int64_t sold_ = 0;
  Time started_;
  std::vector<std::unordered_map<LimitKey, KeyUse, KeyHash>> keys_;  // by SaleTerms::key_limits
};

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_SALE_METER_H_
