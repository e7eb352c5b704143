#ifndef FLASHSALE_SRC_SERVICE_SERVED_SALE_H_
#define FLASHSALE_SRC_SERVICE_SERVED_SALE_H_

#include <atomic>
#include <cstdint>

#include "flashsale/base/time.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/domain/verb.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/service/sale_meter.h"

namespace flashsale::inline v0 {

// A sale as the service knows it, for the gates before the store.  The marks are those last seen:
// the store decides, and a call that these would refuse asks it about ids that it knows.
//
// Thread safety: any thread.
class ServedSale {
 public:
  // Names of the sale that its inventory, its queue and the store of that queue gave.
  struct Names {
    SaleRef inventory;
    SaleRef queue;
    SaleRef admissions;
  };

  ServedSale(const SaleTerms& terms, const SaleMarks& marks, const Names& names, Time now)
      : terms_(terms), names_(names), meter_(now), marks_(Pack(marks)) {}

  const SaleTerms& terms() const { return terms_; }
  SaleMeter& meter() const { return meter_; }
  const SaleRef& inventory() const { return names_.inventory; }
  const SaleRef& queue() const { return names_.queue; }
  const SaleRef& admissions() const { return names_.admissions; }

  // Whether people may wait for what comes back, and by which name.
  bool has_waitlist() const { return waitlist_hint_.load(std::memory_order_relaxed) != 0; }
  SaleRef waitlist() const { return {terms_.id, waitlist_hint_.load(std::memory_order_relaxed)}; }
  void NoteWaitlist(const SaleRef& name) {
    waitlist_hint_.store(name.hint(), std::memory_order_relaxed);
  }

  Phase PhaseAt(Time now) const {
    // Relaxed: nothing is published with the marks.
    return flashsale::PhaseAt(Unpack(marks_.load(std::memory_order_relaxed)), terms_.start,
                              terms_.end, now);
  }

  // How many acts have been noted.
  std::uint32_t marks_version() const {
    return marks_.load(std::memory_order_relaxed) >> kMarkBits;
  }

  // What was read in the store, after the version; where an act has been noted since, that is
  // newer.
  void NoteRead(const SaleMarks& marks, std::uint32_t version) {
    std::uint32_t old_word = marks_.load(std::memory_order_relaxed);
    const std::uint32_t word = version << kMarkBits | Pack(marks);
    while (old_word >> kMarkBits == version &&
           !marks_.compare_exchange_weak(old_word, word, std::memory_order_relaxed)) {
    }
  }

  // An act that the store has carried out.
  void NoteAct(Verb act, Time now) {
    std::uint32_t old_word = marks_.load(std::memory_order_relaxed);
    std::uint32_t word = 0;
    do {
      SaleMarks marks = Unpack(old_word);
      RecordAct(act, now, marks);
      word = ((old_word >> kMarkBits) + 1) << kMarkBits | Pack(marks);
    } while (!marks_.compare_exchange_weak(old_word, word, std::memory_order_relaxed));
  }

 private:
  static constexpr int kMarkBits = 5;

  static std::uint32_t Pack(const SaleMarks& marks) {
    return std::uint32_t{marks.started_early} | std::uint32_t{marks.paused} << 1 |
           std::uint32_t{marks.closed} << 2 | std::uint32_t{marks.cancelled} << 3 |
           std::uint32_t{marks.settled} << 4;
  }
  static SaleMarks Unpack(std::uint32_t bits) {
    return {.started_early = (bits & 1U) != 0,
            .paused = (bits & 2U) != 0,
            .closed = (bits & 4U) != 0,
            .cancelled = (bits & 8U) != 0,
            .settled = (bits & 16U) != 0};
  }

  const SaleTerms terms_;
  const Names names_;
  mutable SaleMeter meter_;           // counting changes nothing that anybody decides by
  std::atomic<std::uint32_t> marks_;  // the version, and the marks
  std::atomic<std::uint64_t> waitlist_hint_{0};
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_SERVED_SALE_H_
