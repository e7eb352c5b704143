#ifndef FLASHSALE_TESTING_CONTENTION_H_
#define FLASHSALE_TESTING_CONTENTION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "flashsale/base/outcome.h"
#include "flashsale/export.h"
#include "flashsale/repository/storage.h"
#include "flashsale/testing/check_result.h"
#include "flashsale/testing/storage_factory.h"

namespace flashsale::inline v0 {

struct ContentionOptions {
  std::uint64_t seed = 1;
  std::size_t threads = 8;
  std::size_t calls_per_thread = 1'000;
  // How many batches in a thousand are sent twice, as by a shopper whose answer was lost.  What was
  // done is counted from both answers, so nothing may be done twice.
  std::uint32_t resent_per_thousand = 0;
};

// What a crowd was answered and what the books say afterwards, counted with the words of programs
// and reports: every figure is recomputed from the event stream.
struct ContentionReport {
  // By code, of all commands.
  std::array<std::uint64_t, 128> answers{};
  std::uint64_t events = 0;
  // Units promised beyond what was released, at the worst event (I5).
  std::uint64_t oversold = 0;
  // Units that the books have as free or lapsed at the end, and that a shopper who asks for them
  // then is refused (I8).
  std::uint64_t undersold = 0;
  // Users and limit keys that ever had more than their limit (I3).
  std::uint64_t users_over_limit = 0;
  // Everything that is wrong, a sentence each.
  std::vector<std::string> broken;

  std::uint64_t answered(Code code) const { return answers[static_cast<std::size_t>(code)]; }
};

// Lets threads that begin at once send seeded commands, single and in batches, to one sale of an
// empty store: few units, users who share devices, holds that lapse, confirms in part, revivals,
// voids, cleaners.  Then checks that totals equal the sums of the answers, that who was told of a
// reservation has it, that the events fold to the very state of the store, that every invariant
// holds, and that every free unit can be had.
// REQUIRES: no call fails for good; resend, where the store is made to fail.
FLASHSALE_EXPORT ContentionReport RunContention(Storage& storage,
                                                const ContentionOptions& options = {});

// The same as a check of a backend.
FLASHSALE_EXPORT CheckResult CheckContention(const StorageFactory& open,
                                             const ContentionOptions& options = {});

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_TESTING_CONTENTION_H_
