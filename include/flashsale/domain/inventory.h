#ifndef FLASHSALE_DOMAIN_INVENTORY_H_
#define FLASHSALE_DOMAIN_INVENTORY_H_

#include <atomic>
#include <cstdint>

#include "flashsale/base/units.h"

namespace flashsale::inline v0 {

// The stock of one line at one instant.  available + reserved + sold = released <= limit.
struct Stock {
  Units limit = 0;
  Units released = 0;
  Units reserved = 0;
  Units sold = 0;

  constexpr Units available() const { return released - reserved - sold; }
  // Every unit that there will ever be is sold: nothing can come back but by a void.
  constexpr bool final_sold_out() const { return sold == limit; }

  friend bool operator==(const Stock&, const Stock&) = default;
};

// The stock of one line of a sale.  Invariant: reserved + sold <= released <= limit, at every
// instant, because reserved and sold share one atomic word and `released` only grows: a state that
// oversells cannot be represented by any interleaving of these calls.
// Thread safety: any thread; lock-free.
// Blocking: never.  Ownership: none.  Clock: none.
class Inventory {
 public:
  // REQUIRES: released <= limit <= kMaxUnits.
  Inventory(Units limit, Units released) : released_(released), limit_(limit) {}
  Inventory(const Inventory&) = delete;
  Inventory& operator=(const Inventory&) = delete;

  // available -> reserved.  False, and nothing changed, where fewer than `units` are available.
  bool TryReserve(Units units) { return TryTake(units, Reserved(units)); }

  // available -> sold.  False, and nothing changed, where fewer than `units` are available.
  bool TryBuy(Units units) { return TryTake(units, Sold(units)); }

  // reserved -> sold, and what is held beyond that -> available, in one step.
  // REQUIRES: the caller holds `held` reserved; bought <= held.
  void Sell(Units held, Units bought) {
    // Adding to sold and subtracting from reserved is one addition: neither half can wrap.
    word_.fetch_add(Sold(bought) - Reserved(held), std::memory_order_acq_rel);
  }

  // reserved -> available.  REQUIRES: the caller holds `units` reserved.
  void Return(Units units) { word_.fetch_sub(Reserved(units), std::memory_order_acq_rel); }

  // sold -> available.  REQUIRES: the caller voids a purchase of `units`.
  void Refund(Units units) { word_.fetch_sub(Sold(units), std::memory_order_acq_rel); }

  // Makes `target` the units released so far, if it is more.  REQUIRES: target <= limit; one caller
  // at a time.
  void ReleaseUpTo(Units target) {
    if (target > released_.load(std::memory_order_relaxed)) {
      released_.store(target, std::memory_order_release);  // pairs with AvailableIn
    }
  }

  // The state at one instant within the call, as far as `released` did not grow meanwhile; even
  // then a state that is lawful.
  Stock Read() const {
    const std::uint64_t word = word_.load(std::memory_order_acquire);
    return {.limit = limit_,
            .released = released_.load(std::memory_order_acquire),
            .reserved = static_cast<Units>(word >> 32),
            .sold = static_cast<Units>(word)};
  }

  Units limit() const { return limit_; }
  Units available() const { return AvailableIn(word_.load(std::memory_order_acquire)); }

 private:
  static constexpr std::uint64_t Reserved(Units units) { return std::uint64_t{units} << 32; }
  static constexpr std::uint64_t Sold(Units units) { return units; }

  bool TryTake(Units units, std::uint64_t change) {
    // Acquire pairs with the release of whoever returned the units; release publishes to those who
    // read this word what the caller did before it took them.
    std::uint64_t word = word_.load(std::memory_order_acquire);
    do {
      // `released` is read after the word and only grows, so the difference is never negative.
      if (AvailableIn(word) < units) return false;
    } while (!word_.compare_exchange_weak(word, word + change, std::memory_order_acq_rel,
                                          std::memory_order_acquire));
    return true;
  }

  Units AvailableIn(std::uint64_t word) const {
    const Units taken = static_cast<Units>(word >> 32) + static_cast<Units>(word);
    return released_.load(std::memory_order_acquire) - taken;  // pairs with ReleaseUpTo
  }

  std::atomic<std::uint64_t> word_{0};  // reserved in the upper half, sold in the lower
  std::atomic<Units> released_;
  const Units limit_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_DOMAIN_INVENTORY_H_
