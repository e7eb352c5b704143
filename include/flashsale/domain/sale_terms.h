#ifndef FLASHSALE_DOMAIN_SALE_TERMS_H_
#define FLASHSALE_DOMAIN_SALE_TERMS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// The most lines of one sale.
inline constexpr std::size_t kMaxLines = 1024;
// The most limit keys that a reserve is charged to besides the user.
inline constexpr std::size_t kMaxLimitKeys = 3;
// The most waves of one sale.
inline constexpr std::size_t kMaxWaves = 256;
// The most records, tombstones included, that a sale keeps for one user.
inline constexpr std::uint32_t kMaxRecordsPerUser = 32;
// The longest that anything can be held.
inline constexpr Duration kMaxHold = std::chrono::hours{24 * 30};

// One variant of what is sold (a size, a colour): a product with stock of its own.
struct SaleLine {
  ProductId product;
  // The most units that this line may ever sell; 1 to 2^30.
  Units units = 0;
  // How many of them are on sale from the start; the rest is released by SaleTerms::waves, or by an
  // operator.  All, if not set.
  std::optional<Units> released_at_first = std::nullopt;

  friend bool operator==(const SaleLine&, const SaleLine&) = default;
};

// Stock that comes later, at a time that is known beforehand.
struct Wave {
  // In [start, end) of the sale.
  Time at{};
  // Which line of the terms, from 0.
  std::uint16_t line = 0;
  // How many of the line's units shall have been released in all from then on: at least those
  // released at first, more than by the line's wave before, at most the line's units.
  Units released = 0;

  friend bool operator==(const Wave&, const Wave&) = default;
};

// A further thing that a reserve is charged to, besides the user: "device", "payment", "address".
struct KeyLimit {
  // 1 to 64 of `A-Z a-z 0-9 . _ -`; distinct within a sale.
  std::string name;
  // The most units, held and bought, that one such key may have over all lines; 1 to 2^30.
  Units limit = 1;

  friend bool operator==(const KeyLimit&, const KeyLimit&) = default;
};

// What becomes of the holds that live when a sale closes.
enum class EndPolicy : std::uint8_t {
  kGrace = 0,  // they may be confirmed until their own deadlines
  kCut = 1,    // they lapse at min(end, the time of the close); no deadline lies beyond the end
};

// What becomes of a confirm that comes after the deadline.
enum class LateConfirm : std::uint8_t {
  kRefuse = 0,  // Expired; the payment is to be refunded
  kRevive = 1,  // takes stock and limit anew, if both are still there
};

// The terms of one sale, fixed when it is created.
struct SaleTerms {
  SaleId id;
  // 1 to 1024 lines, of distinct products.  Commands name a line by its place here, from 0.
  std::vector<SaleLine> lines;
  // The sale is open in [start, end).
  Time start{};
  Time end{};
  // At most 256, by time.  The store keeps them; who serves the sale releases them (WaveSchedule).
  std::vector<Wave> waves = {};

  // The most units, held and bought, that one user may have over all lines; 1 to 2^30.
  Units limit_per_user = 1;
  // How far a command may raise the limit of its user (a passed challenge, a tier).
  // Not set: limit_per_user, that is, not at all.
  std::optional<Units> limit_ceiling = std::nullopt;
  // The most units that one reserve may ask for; 1 to 2^30, of which the ceiling is all that can be
  // had.  Not set: the ceiling.
  std::optional<Units> max_units_per_order = std::nullopt;
  // The most holds that one user may have at once; 1 to 32.
  std::uint32_t max_open_holds = 4;
  // At most three.
  std::vector<KeyLimit> key_limits = {};

  // How long a reservation is held for its user; 1 ms to 30 days.
  Duration hold = std::chrono::minutes{5};
  // The longest that extensions can make it; `hold` to 30 days.  Not set: three times `hold`, or 30
  // days where that is less.
  std::optional<Duration> longest_hold = std::nullopt;
  EndPolicy end_policy = EndPolicy::kGrace;
  LateConfirm late_confirm = LateConfirm::kRefuse;

  // Whether a reserve needs an admission, i.e. shoppers pass through the virtual queue.
  bool requires_admission = false;
  // How many people the queue lets in per second; 1 to 10,000,000.
  std::uint32_t admissions_per_second = 100;

  // How many cancellations of ids never seen the sale remembers for users who hold no other record.
  // Such a tombstone keeps a delayed reserve from taking a hold; the bound keeps strangers from
  // filling the memory.  0 to 2^30.
  std::uint32_t max_stray_tombstones = 10'000;

  friend bool operator==(const SaleTerms&, const SaleTerms&) = default;
};

// The same terms with every optional member set, or an InvalidArgument that names the field, its
// value and what was expected.
FLASHSALE_EXPORT Result<SaleTerms> Validate(SaleTerms terms);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_DOMAIN_SALE_TERMS_H_
