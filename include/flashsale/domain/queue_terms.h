#ifndef FLASHSALE_DOMAIN_QUEUE_TERMS_H_
#define FLASHSALE_DOMAIN_QUEUE_TERMS_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/quota.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

// The most tiers of one queue.
inline constexpr std::size_t kMaxTiers = 8;

// How fast a queue lets people in; may change while it runs.
struct QueuePace {
  // 1 to 10,000,000.  In even steps: no more than a tenth of it (but at least one) at once.
  std::uint32_t admissions_per_second = 100;
  // The most live admissions at once, i.e. people in the shop; 1 to 2^30.
  std::uint32_t max_in_flight = 10'000;

  friend bool operator==(const QueuePace&, const QueuePace&) = default;
};

// The pace as a rate of admissions: a tenth of a second's at once, but at least one.
// REQUIRES: Validate(pace) is OK.
FLASHSALE_EXPORT CellRate RateOf(const QueuePace& pace);

// The name of a line's waitlist in Storage::waitlists(): the first 16 bytes of
// SHA-256("flashsale/1/waitlist/SALE/LINE") in hexadecimal.
FLASHSALE_EXPORT SaleId WaitlistName(const SaleId& sale, std::uint16_t line);

// The terms of the queue before one sale, fixed when it is opened; the pace that it begins with may
// be changed while it runs (QueueState::pace).
struct QueueTerms {
  SaleId sale;
  QueuePace pace = {};
  // The most people waiting at once, 1 to 2^31; beyond it the waiting page.
  std::uint64_t max_waiting = 10'000'000;
  // How long who was let in may reserve; 1 s to 1 day.
  Duration admission_window = std::chrono::minutes{5};
  // How many reserves an admission is good for; 1 to 32.
  std::uint32_t grant = 1;
  // How long who waits may be silent before the place is free, from the end of the millisecond in
  // which they were last heard of; 1 s to 400 days.
  Duration heartbeat_timeout = std::chrono::minutes{2};
  // Lines beside each other, of which the allocation strategy picks; 1 to 8.
  std::uint32_t tiers = 1;
  // By tier, until when its people gather.  At that instant they are ordered by the strategy, and
  // who comes then or later stands behind them.  As a rule the start of the sale; later for a tier
  // whose line opens after others'.  kMinTime: nobody gathers, they are let in as they come, and so
  // beyond `tiers`.
  std::array<Time, kMaxTiers> opens = {};
  // Early access by referral credits: how many of them lift somebody into a tier out of a later
  // one; 0: none do, and so beyond `tiers` and for the last one.
  std::array<std::uint32_t, kMaxTiers> credits_for = {};
  // No more credits than this count for one person; 0 to 1,000,000, and no less than any of
  // `credits_for`.
  std::uint32_t max_credits = 0;
  // How long after the queue was opened people may bring back tickets of an earlier one that was
  // lost with its store's memory.  Nobody is let in meanwhile, whether there was an earlier one or
  // not.  0 (none) to 1 day.
  Duration restore_window{0};
  // The name of the allocation strategy, so that no server orders people by another one; 1 to 64 of
  // `A-Z a-z 0-9 . _ -`.
  std::string strategy = "fifo";

  friend bool operator==(const QueueTerms&, const QueueTerms&) = default;
};

// The tier in which somebody stands whom the host ranks into `tier` and who has so many credits.
// REQUIRES: Validate(terms) is OK, tier < terms.tiers.
FLASHSALE_EXPORT std::uint8_t TierWithCredits(const QueueTerms& terms, std::uint8_t tier,
                                              std::uint32_t credits);

// When a tier stops to gather in a queue that was opened at `opened_at`: at QueueTerms::opens, or
// at the end of the restore window, whichever is later.  REQUIRES: tier < terms.tiers.
FLASHSALE_EXPORT Time GatheringEnd(const QueueTerms& terms, std::size_t tier, Time opened_at);

// When somebody who was last heard of at `heard_at` has fallen silent; in a queue's own time.
FLASHSALE_EXPORT Time SilentFrom(const QueueTerms& terms, Time heard_at);

// OK, or an InvalidArgument that names the field, its value and what was expected.
FLASHSALE_EXPORT Status Validate(const QueuePace& pace);
FLASHSALE_EXPORT Status Validate(const QueueTerms& terms);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_DOMAIN_QUEUE_TERMS_H_
