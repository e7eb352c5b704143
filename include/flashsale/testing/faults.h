#ifndef FLASHSALE_TESTING_FAULTS_H_
#define FLASHSALE_TESTING_FAULTS_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "flashsale/export.h"
#include "flashsale/repository/storage.h"

namespace flashsale::inline v0 {

// What goes wrong with one call to a storage.
enum class Fault : std::uint8_t {
  kNone = 0,
  kRefused = 1,      // Unavailable; not applied
  kLostRequest = 2,  // Unknown; not applied
  kLostReply = 3,    // Unknown; applied
};

// The calls that faults are decided for.
enum class StorageCall : std::uint8_t {
  kCreate = 1,
  kResolve = 2,
  kApply = 3,
  kReadStock = 4,
  kReadTally = 5,
  kFind = 6,
  kExpireDue = 7,
  kReadEvents = 8,
  kSnapshot = 9,
  kForget = 10,
  kPutSale = 20,
  kGetSale = 21,
  kFindSales = 22,
  kRemoveSale = 23,
  kTakeRates = 30,
  kLookAtRates = 31,
  kReturnRates = 32,
  kNoteSightings = 40,
  kCountUsers = 41,
  kOpenQueue = 50,
  kResolveQueue = 51,
  kApplyQueue = 52,
  kFindAdmissions = 53,
  kReadQueue = 54,
  kAdmit = 55,
  kLapseDue = 56,
  kDirectQueue = 57,  // SetPace, Pause, Resume, Freeze, ReadEntrants, Arrange, Begin, Close
  kForgetQueue = 58,
  kMarkUsed = 59,
};

// Every member is called by the thread that makes the call, by several at once; none may throw.
// Those not set do nothing.
struct FaultPlan {
  std::function<Fault(StorageCall)> decide = {};
  // A delay: run just before and just after the inner call is made, where it is made.  A test that
  // waits in them for one another's steps interleaves calls as it likes.
  std::function<void(StorageCall)> before = {};
  std::function<void(StorageCall)> after = {};
};

// `inner` with faults put in.
// Thread safety: any thread.  Blocking: as `inner` and the plan.  Ownership: of `inner`.
FLASHSALE_EXPORT std::unique_ptr<Storage> NewFaultyStorage(std::unique_ptr<Storage> inner,
                                                           FaultPlan plan);

// How many calls in a thousand suffer which fault.
struct FaultMix {
  std::uint64_t seed = 1;
  std::uint32_t refused = 0;
  std::uint32_t lost_requests = 0;
  // Of Apply alone, the inventory's and the queue's: a repetition is safe.  One of Create, Forget
  // or the catalogue is answered otherwise than the first, so their callers read before they
  // repeat.
  std::uint32_t lost_replies = 0;
};

// A decision for FaultPlan that follows from the seed and the number of calls decided before.
FLASHSALE_EXPORT std::function<Fault(StorageCall)> RandomFaults(const FaultMix& mix);

struct ResendOptions {
  // How often one call is made at most, the first time included.
  std::uint32_t max_attempts = 100;
};

// The caller that the contract has in mind: sends the very same call again on Unavailable and,
// where repetition is safe, on Unknown, without waiting.  So a store with refusals and lost
// requests answers like one without.  After a lost reply the repetition answers for a Done, by any
// verb, AlreadyDone; and a batch may be judged by what its own first run did. Thread safety: any
// thread.  Blocking: as `inner`.  Ownership: of `inner`.
FLASHSALE_EXPORT std::unique_ptr<Storage> NewResendingStorage(std::unique_ptr<Storage> inner,
                                                              const ResendOptions& options = {});

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_TESTING_FAULTS_H_
