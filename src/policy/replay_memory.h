#ifndef FLASHSALE_SRC_POLICY_REPLAY_MEMORY_H_
#define FLASHSALE_SRC_POLICY_REPLAY_MEMORY_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/mutex.h"
#include "flashsale/base/time.h"

namespace flashsale::inline v0 {

// Which tokens were used, in memory that never grows: sets of 16, chosen by the token's hash, with
// a lock of their own.  A set that is full forgets the token that was issued first, for one that
// was issued later.  So all that it remembers was issued no earlier than anything that it forgot,
// and what was issued no later than all of that is stale, since it might have been forgotten.
//
// The hash must be one that nobody can foresee.
// Thread safety: any thread.  Blocking: no longer than another call takes for the same set.
class ReplayMemory {
 public:
  ReplayMemory(std::size_t tokens, Duration max_age);

  enum class Verdict : std::uint8_t { kFresh, kReplayed, kStale };

  // Uses a token up; of all calls with one token one at most is answered kFresh.
  Verdict Use(std::uint64_t hash, Time issued_at, Time now);

  // True where it was used and is remembered.
  bool Knows(std::uint64_t hash);

 private:
  static constexpr std::size_t kTokens = 16;
  struct Token {
    std::uint64_t hash = 0;
    Time issued_at = kMinTime - Duration{1};  // of none
  };
  struct Set {
    WordMutex mutex;
    std::array<Token, kTokens> tokens FLASHSALE_GUARDED_BY(mutex);
  };

  Set& SetOf(std::uint64_t hash);

  const std::size_t set_count_;
  const Duration max_age_;
  const std::unique_ptr<Set[]> sets_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_REPLAY_MEMORY_H_
