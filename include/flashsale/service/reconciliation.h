#ifndef FLASHSALE_SERVICE_RECONCILIATION_H_
#define FLASHSALE_SERVICE_RECONCILIATION_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/export.h"
#include "flashsale/repository/inventory_repository.h"

namespace flashsale::inline v0 {

// An order as the shop has it: what somebody has paid for.
struct ShopOrder {
  UserId user = {};
  // Of the reservation that was confirmed.
  ReservationId id = {};
  std::uint16_t line = 0;  // of the terms, from 0
  Units units = 0;
  // Of the table that it was read from: the line that it begins in, from 1; 0: of none.
  std::uint64_t table_line = 0;

  friend bool operator==(const ShopOrder&, const ShopOrder&) = default;
};

// Orders from a table of comma-separated values (RFC 4180) with the columns `user`, `id`, `units`
// and, where the terms have more than one line, `product`, in either case, in any order and beside
// others.  Ids as ParseId (base/id_text.h) reads them; units from 1 to kMaxUnits.
//
// Errors: InvalidArgument, naming line, column, value and what was expected.
FLASHSALE_EXPORT Result<std::vector<ShopOrder>> ParseShopOrders(std::string_view csv,
                                                                const SaleTerms& terms);

// In what shop and ledger differ.
enum class Difference : std::uint8_t {
  kMissing = 1,  // the shop has an order, the ledger no purchase
  kExtra = 2,    // the ledger has a purchase, the shop no order
  kDiffers = 3,  // both have it, with other units or another line
  kTwice = 4,    // the shop has the order more than once
};

// What would make them agree.
enum class Remedy : std::uint8_t {
  // Nothing that the ledger can do, or that the terms can ever allow: somebody has to decide.
  kByHand = 1,
  kConfirm = 2,  // what is held, or has lapsed, is bought after all
  kReserveAndConfirm = 3,
  kVoid = 4,  // the purchase is taken back
};
FLASHSALE_EXPORT std::string_view Name(Difference difference);
FLASHSALE_EXPORT std::string_view Name(Remedy remedy);

struct Discrepancy {
  Difference difference = Difference::kMissing;
  Remedy remedy = Remedy::kByHand;
  // Of kExtra: user and id alone.
  ShopOrder order = {};
  // As the ledger has it; kNone where it has nothing.
  Reservation ledger = {};
  // What the remedy was answered; nothing where it was not carried out.
  std::optional<Outcome> outcome = std::nullopt;
  // The two agree now.
  bool is_settled = false;
};

struct ReconciliationOptions {
  // Of the commands.
  Time now{};
  // When the shop's orders were listed: purchases since then are not looked at.  kMaxTime: nothing
  // has been bought since, because the sale is over.  0 to 2^53 - 1 us, as all times.
  Time as_of = kMaxTime;
  // Carry out the remedies.  Otherwise they are only told.
  bool apply = false;
};

struct Reconciliation {
  std::uint64_t orders = 0;
  std::uint64_t purchases = 0;
  std::uint64_t matching = 0;
  std::uint64_t too_new = 0;  // purchases after `as_of`
  std::uint64_t settled = 0;  // discrepancies that are none any more
  // By user and id.
  std::vector<Discrepancy> discrepancies;

  bool agrees() const { return settled == discrepancies.size(); }
};

// Compares the ledger of a sale with the orders of the shop.  A remedy is a command like any other:
// it has its event in the log, keeps every limit and every unit, and may be refused.  Nothing is
// done twice: what was interrupted may be done again.
//
// Errors: InvalidArgument (names the option or the order); FailedPrecondition where `as_of` asks
// for times that the log does not tell any more; NotFound; those of the store, and then some
// remedies may have been carried out. Thread safety: any thread.  Blocking: as the store; the sale
// stands still for a Snapshot.
FLASHSALE_EXPORT Result<Reconciliation> Reconcile(InventoryRepository& inventory,
                                                  const SaleRef& sale,
                                                  std::span<const ShopOrder> orders,
                                                  const ReconciliationOptions& options);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SERVICE_RECONCILIATION_H_
