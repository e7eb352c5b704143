#ifndef FLASHSALE_TESTING_INVARIANTS_H_
#define FLASHSALE_TESTING_INVARIANTS_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "flashsale/domain/sale_terms.h"
#include "flashsale/export.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/snapshot.h"

namespace flashsale::inline v0 {

// Checks a snapshot against itself: stock adds up (I1), counters agree with the records (I2),
// nobody has more than their limit (I3), admissions are counted as used (I6), a settled sale holds
// nothing. Thread safety: none.  Clock: none.
class FLASHSALE_EXPORT InvariantChecker final : public SnapshotVisitor {
 public:
  void OnSale(const Sale& sale) override;
  void OnUser(const UserId& user, const Tally& tally,
              std::span<const Reservation> records) override;
  void OnKey(const TallyKey& key, const Tally& tally) override;

  // Everything that is broken, a sentence each.  REQUIRES: a whole snapshot was shown.
  std::vector<std::string> Finish();

 private:
  struct Charge {
    std::uint64_t held = 0;
    std::uint64_t bought = 0;

    friend bool operator==(const Charge&, const Charge&) = default;
  };

  void CheckRecord(const UserId& user, const Reservation& record);
  void Expect(bool holds, const std::string& sentence);
  void ExpectEqual(const std::string& what, std::uint64_t told, std::uint64_t summed);

  SaleTerms terms_;
  SaleMarks marks_;
  std::vector<Stock> lines_;
  std::vector<Charge> charged_to_lines_;
  std::map<TallyKey, Charge> charged_to_keys_;
  std::map<TallyKey, Charge> told_of_keys_;
  std::vector<std::string> broken_;
};

// What is broken in a sale; empty if nothing is.  Errors: those of Snapshot.
FLASHSALE_EXPORT Result<std::vector<std::string>> CheckInvariants(InventoryRepository& repository,
                                                                  const SaleRef& sale);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_TESTING_INVARIANTS_H_
