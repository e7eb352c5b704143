#ifndef FLASHSALE_BENCH_PLAIN_ENGINE_H_
#define FLASHSALE_BENCH_PLAIN_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <mutex>
#include <queue>
#include <span>
#include <unordered_map>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/command.h"

namespace flashsale::bench {

// The peer: one sale as most servers have it today, well made.  One mutex, hash maps of the
// standard library, a priority queue of deadlines, the latest events in a deque.  It answers
// reserve, confirm, cancel and extend on an open sale of one line as docs/contract.md says, but
// keeps neither tombstones, limit keys, admissions nor edges.
// Thread safety: any thread.  Blocking: the mutex.
class PlainEngine {
 public:
  // The hash maps have room at once for a holder of each unit, so that none of them grows.
  explicit PlainEngine(const SaleTerms& terms, std::size_t events_kept = 1024);

  // Takes the mutex once for the whole batch.
  void Apply(Time now, std::span<const Command> commands, std::span<Outcome> outcomes);

  // Returns how many holds it expired, at most `max_holds`.
  std::size_t ExpireDue(Time now, std::size_t max_holds);

  Units available() const;

 private:
  struct Key {
    UserId user;
    ReservationId id;
    friend bool operator==(const Key&, const Key&) = default;
  };
  // The ids are random: their bytes are a hash.
  struct HashOfUser {
    std::size_t operator()(const UserId& user) const { return FirstWord(user.bytes()); }
  };
  struct HashOfKey {
    std::size_t operator()(const Key& key) const {
      return FirstWord(key.user.bytes()) ^ (FirstWord(key.id.bytes()) * 0x9E3779B97F4A7C15);
    }
  };
  struct Account {
    Units held = 0;
    Units bought = 0;
  };
  struct Hold {
    ReservationState state = ReservationState::kActive;
    Units asked = 0;
    Units units = 0;
    Time reserved_at{};
    Time deadline{};
  };
  struct Due {
    Time deadline;
    Key key;
    friend bool operator>(const Due& a, const Due& b) { return a.deadline > b.deadline; }
  };

  template <typename Bytes>
  static std::size_t FirstWord(const Bytes& bytes) {
    std::size_t word;
    std::memcpy(&word, bytes.data(), sizeof(word));
    return word;
  }

  Outcome ApplyOne(Time now, const Command& command);
  Outcome Reserve(Time now, const Key& key, Units units);
  Code Confirm(Time now, const Key& key, Hold& hold, Units units);
  Code Cancel(Time now, const Key& key, Hold& hold);
  Code Extend(Time now, const Key& key, Hold& hold);
  std::size_t ExpireLocked(Time now, std::size_t max_holds);
  void Expire(Time now, const Key& key, Hold& hold);
  void Record(EventType type, Time now, const Key& key, const Hold& hold, Units returned = 0);
  static Outcome Answer(Code code, const Hold& hold);

  const Units units_;
  const Units limit_per_user_;
  const Duration hold_;
  const Duration longest_hold_;
  const std::size_t events_kept_;

  mutable std::mutex mutex_;
  Units reserved_ = 0;
  Units sold_ = 0;
  std::unordered_map<UserId, Account, HashOfUser> accounts_;
  std::unordered_map<Key, Hold, HashOfKey> holds_;
  // An extended hold has an entry for each deadline it had; only the last one counts.
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::deque<Event> events_;
  std::uint64_t seq_ = 0;
};

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_PLAIN_ENGINE_H_
