#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_RECONCILE_REPORT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_RECONCILE_REPORT_H_

#include <optional>
#include <ostream>
#include <string>

#include "flashsale/base/time.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/service/reconciliation.h"

namespace flashsale::audit {

// What the orders of a shop and the ledger of a sale were found to have in common.
struct ReconcileReport {
  std::string file;
  std::string orders;
  SaleTerms terms;
  std::optional<Time> as_of;
  // The remedies were carried out.
  bool applied = false;
  // Tell the ids of people and reservations.
  bool with_ids = false;
  Reconciliation found;

  // Discrepancies that a command may settle.
  std::size_t with_remedy() const;
};

// For people; of the discrepancies the first `most`.
void WriteText(const ReconcileReport& report, std::size_t most, std::ostream& out);
// For programs: members keep their meaning, new ones may come.
void WriteJson(const ReconcileReport& report, std::ostream& out);

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_RECONCILE_REPORT_H_
