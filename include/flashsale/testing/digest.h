#ifndef FLASHSALE_TESTING_DIGEST_H_
#define FLASHSALE_TESTING_DIGEST_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/export.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/snapshot.h"

namespace flashsale::inline v0 {

// Computes the digest of one sale as of an instant from a snapshot, in whatever order it shows
// users, records and keys.  Two sales that answer alike from then on have the same digest.
//
// Each entity is encoded, hashed with SHA-256 and the hash, read as a little-endian number, added
// up modulo 2^256.  The digest is the sum as 64 hexadecimal digits, its lowest byte first. Integers
// are little-endian; text is its length (u32) and its bytes; ids are 16 bytes; times are
// microseconds since 1970 (i64).  An entity begins with its tag (u8):
//   1 sale    id, start, end, limit per user, ceiling, per order, open holds (u32 each), hold and
//             longest hold in microseconds (i64), end policy, late confirm, admission required
//             (u8), admissions per second, stray tombstones (u32), number of lines, number of key
//             limits (u32), the marks started early, paused, closed, cancelled, settled (u8),
//             closed at
//   2 line    index (u32), product, limit, released at first, released, reserved, sold (u32)
//   3 term    index (u32), name, limit (u32)                  of a key limit
//   4 user    id, limit, held, bought, open holds, records (u32), admission (u64), used (u32)
//   5 record  user, id, state (u8), line (u16), asked, units (u32), reserved at, deadline if ACTIVE
//             else 0, quote, admission (u64), keys
//   6 key     kind (u8), 16 bytes, held, bought (u32)         skipped where both are 0
// A hold that has lapsed is encoded as EXPIRED, every hold of a cancelled sale as CANCELLED, and
// the stock and tallies as they are after that.
//
// Thread safety: none.  Clock: none.
class FLASHSALE_EXPORT DigestVisitor final : public SnapshotVisitor {
 public:
  explicit DigestVisitor(Time now) : now_(now) {}

  void OnSale(const Sale& sale) override;
  void OnUser(const UserId& user, const Tally& tally,
              std::span<const Reservation> records) override;
  void OnKey(const TallyKey& key, const Tally& tally) override;

  // REQUIRES: a whole snapshot was shown.
  std::string Finish();

 private:
  using Sum = std::array<std::uint64_t, 4>;

  void AddEntity(std::string_view encoded);
  // The record as of now_; what it no longer holds is taken off `user`, stock and keys.
  Reservation Normalize(const Reservation& record, Tally& user);

  const Time now_;
  SaleTerms terms_;
  SaleMarks marks_;
  std::vector<Stock> lines_;
  struct Charge {
    std::int64_t held = 0;
    std::int64_t bought = 0;
  };
  std::map<TallyKey, Charge> keys_;
  Sum sum_{};
};

// Errors: those of Snapshot.
FLASHSALE_EXPORT Result<std::string> ReadDigest(InventoryRepository& repository,
                                                const SaleRef& sale, Time now);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_TESTING_DIGEST_H_
