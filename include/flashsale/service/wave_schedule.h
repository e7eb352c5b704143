#ifndef FLASHSALE_SERVICE_WAVE_SCHEDULE_H_
#define FLASHSALE_SERVICE_WAVE_SCHEDULE_H_

#include <cstdint>
#include <memory>

#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/export.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/service/stock_outlook.h"

namespace flashsale::inline v0 {

// Releases the waves that the terms of sales name when their time has come, as an operator would.
// A wave says how much shall have been released in all, so any number of servers may do so at once,
// and an operator may release more, or earlier, beside it: what is released already is not again.
//
// While a sale is paused its waves wait, and come when it resumes; of one that is over, none comes
// any more.  What fails is tried again a second later.
//
// Thread safety: any thread; of two Polls of one sale at once, one does the work.  Blocking: as the
// repository.  Ownership: the repository must outlive it.  Clock: none.
class FLASHSALE_EXPORT WaveSchedule {
 public:
  explicit WaveSchedule(InventoryRepository& inventory);
  ~WaveSchedule();
  WaveSchedule(const WaveSchedule&) = delete;
  WaveSchedule& operator=(const WaveSchedule&) = delete;

  // From the next Poll on.  A sale without waves, and one that is there already, changes nothing.
  // REQUIRES: terms that Validate gave.  Errors: ResourceExhausted.
  Status Add(const SaleTerms& terms);
  void Remove(const SaleId& sale);

  // What is to come, as last looked at; nothing where there is no such sale, or line.
  WavesToCome Read(const SaleId& sale) const;
  WavesToCome Read(const SaleId& sale, std::size_t line) const;

  struct Report {
    std::uint64_t released = 0;  // waves that this call released
    std::uint64_t failures = 0;  // calls of the repository that failed
    Status last_error = {};      // the last of them; OK where there was none
    Time next_poll = kMaxTime;   // when to call again, at the latest
  };
  // Bounded work: two calls of the repository a sale.  REQUIRES: IsValid(now).
  Report Poll(Time now);
  // The same for one sale, due or not.
  Report Poll(const SaleId& sale, Time now);

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SERVICE_WAVE_SCHEDULE_H_
