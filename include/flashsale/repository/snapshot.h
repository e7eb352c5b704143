#ifndef FLASHSALE_REPOSITORY_SNAPSHOT_H_
#define FLASHSALE_REPOSITORY_SNAPSHOT_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/inventory.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// What a tally is kept for: a user, or one limit key of the terms.
struct TallyKey {
  // 0: a user.  1 to 3: a key of SaleTerms::key_limits[kind - 1].
  std::uint8_t kind = 0;
  std::array<std::uint8_t, 16> bytes{};

  static TallyKey Of(const UserId& user) { return {.kind = 0, .bytes = user.bytes()}; }
  // REQUIRES: index < kMaxLimitKeys, the place in SaleTerms::key_limits.
  static TallyKey Of(std::size_t index, const LimitKey& key) {
    return {.kind = static_cast<std::uint8_t>(index + 1), .bytes = key.bytes()};
  }

  friend auto operator<=>(const TallyKey&, const TallyKey&) = default;
};

// What is charged to one user or limit key in one sale, over all lines.
struct Tally {
  // For a user the highest limit that an accepted command carried; 0 before the first.
  // For a limit key that of the terms.
  Units limit = 0;
  Units held = 0;
  Units bought = 0;

  // For users only.
  std::uint32_t open_holds = 0;
  // Reservations and tombstones.
  std::uint32_t records = 0;
  // The highest admission seen, and how many reserves were taken under it.
  std::uint64_t admission = 0;
  std::uint32_t admission_used = 0;

  friend bool operator==(const Tally&, const Tally&) = default;
};

// Receives the state of a sale, in this order: OnSale once, then OnUser and OnKey in any order.
// The sale may be held still until the last of them returns: a visitor is quick, and calls nothing
// of the repository.
class FLASHSALE_EXPORT SnapshotVisitor {
 public:
  struct Sale {
    const SaleTerms& terms;
    SaleMarks marks = {};
    std::uint64_t seq = 0;
    std::span<const Stock> lines = {};
  };

  virtual ~SnapshotVisitor() = default;
  virtual void OnSale(const Sale& sale) = 0;
  // A user with at least one record; the records in no particular order.
  virtual void OnUser(const UserId& user, const Tally& tally,
                      std::span<const Reservation> records) = 0;
  // A limit key with anything charged to it.
  virtual void OnKey(const TallyKey& key, const Tally& tally) = 0;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_REPOSITORY_SNAPSHOT_H_
