#ifndef FLASHSALE_SERVICE_QUEUE_PLACE_H_
#define FLASHSALE_SERVICE_QUEUE_PLACE_H_

#include <cstdint>
#include <string_view>

#include "flashsale/base/outcome.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/queue_entry.h"
#include "flashsale/export.h"
#include "flashsale/policy/allocation_strategy.h"

namespace flashsale::inline v0 {

// How long somebody is going to wait before they are let in, counted from the answer.  An end is
// never told beyond that of the sale, nor, where there are units enough, beyond what it takes if
// everybody ahead stays in the shop for as long as they may.
struct WaitEstimate {
  // Of a hundred people who are told a measured interval and are let in, about so many are let in
  // within it, as many of the others before it as after; over a whole sale, not at each moment of
  // it: when the pace, the shop or the crowd changes, whoever was told before is told wrong.
  static constexpr int kConfidencePercent = 80;

  Duration earliest{0};
  // The middle: as many are let in before as after it.
  Duration expected{0};
  Duration latest{0};
  // The interval has been learned from people who were told such ones while the queue ran.  Before,
  // it is a guess, and its confidence too.
  bool is_measured = false;

  // False: no wait is told; all is zero.  Of one that is told `latest` is not.
  bool is_told() const { return latest > Duration(0); }

  friend bool operator==(const WaitEstimate&, const WaitEstimate&) = default;
};

// Whether there will be something for somebody who waits, as far as the sale can tell.
enum class Outlook : std::uint8_t {
  kUnknown = 0,     // nobody has a place yet, or the stock was not looked at
  kInReach = 1,     // there are units for them and all who are let in before
  kIfReturned = 2,  // only if people inside give units back, or a wave brings more
  // More are ahead than there are units that can still come, or than can be let in before the end.
  kOutOfReach = 3,
  kSoldOut = 4,  // nothing can come any more but by a refund
};
// "in-reach": a stable name.
FLASHSALE_EXPORT std::string_view Name(Outlook outlook);

// What a waiting person is told.
struct QueuePlace {
  // Join: Done, AlreadyDone, WaitingPage, UserLimit, or the phase's.  Others: see the calls.
  Outcome outcome = {};
  QueueEntry entry = {};
  // When the queue was opened: tickets of another one have another epoch.
  Time epoch{};
  // Live tickets ahead in the same tier, plus one; exact, and never growing.  0: not waiting, or
  // not known before the draw, or before all who have old tickets are back.
  std::uint64_t position = 0;
  // Of those who wait, how many in a hundred or so are of this tier when they are let in.
  TierShare share = {};
  // None without a position, while the sale is paused, where nothing can come any more or nobody
  // knows when, and where it would be over before.
  WaitEstimate wait = {};
  // When to ask again; spread, so that those who were told at one moment do not come back at one.
  // A page that asks then keeps its place alive.  kMinTime for who does not wait.
  Time next_poll_at{};

  Outlook outlook = Outlook::kUnknown;
  // Of the sale as last looked at, over all lines; where it is not served, as they stand here.
  SaleState sale_state = SaleState::kNotStarted;
  Units units_left = 0;
  // Held in carts: they may come back.
  Units units_held = 0;
  // Not released yet.
  Units units_to_come = 0;
  // When the next wave of the terms is due, in the past while the sale is paused; kMaxTime: none is
  // to come.
  Time next_wave_at = kMaxTime;
  // Nothing can come any more but by a refund.
  bool sold_out_for_good = false;
};

// What somebody brings who joins.
struct QueueJoin {
  static constexpr std::uint8_t kLastTier = 255;

  UserId user = {};
  // As the host ranks them; from 0, or kLastTier.  Where the queue has one tier, everybody stands
  // in it.
  std::uint8_t tier = 0;
  // Referral credits, which may lift them into an earlier tier; see QueueTerms::credits_for.
  std::uint32_t credits = 0;
  // Where they stood in a queue that was lost with its store's memory; 0: none.  Of two the lower
  // was ahead, also where the one comes from a queue that was lost before the other's was opened.
  std::uint64_t restored_place = 0;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SERVICE_QUEUE_PLACE_H_
