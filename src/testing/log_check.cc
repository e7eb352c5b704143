#include "flashsale/testing/log_check.h"

#include "testing/sale_audit.h"

namespace flashsale::inline v0 {

std::string CheckLog(InventoryRepository& repository, const SaleTerms& terms) {
  return SaleAudit(repository, terms).CatchUp();
}

}  // namespace flashsale::inline v0
