#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_AUDIT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_AUDIT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "examples/flashsale_sim/line_audit.h"
#include "flashsale/base/id.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/time.h"
#include "flashsale/base/units.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/repository/command.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/snapshot.h"

namespace flashsale::sim {

// What an audit found.  Every number of the first group is 0 for a store that keeps its promises.
struct AuditReport {
  static constexpr std::size_t kFindingsInWords = 10;

  // Units promised beyond what was released: the most at any instant, over all lines.
  std::uint64_t oversold = 0;
  // dishonest_sold_out + stranded.
  std::uint64_t undersold = 0;
  // SoldOut answers given while as many units as asked were available or lapsed.
  std::uint64_t dishonest_sold_out = 0;
  // Units free at the end though a shopper who could have had them was refused after they came free
  // and never got them.
  std::uint64_t stranded = 0;
  // Users and other limit keys that ever held and bought more than their limit.
  std::uint64_t users_over_limit = 0;
  // UserLimit answers given to users, and for keys, that had room.
  std::uint64_t dishonest_user_limit = 0;
  // Events that tell of a transition that no reservation, or no sale, may make.
  std::uint64_t illegal_transitions = 0;
  // Answers that contradict the events: a promise without a record, or another state.
  std::uint64_t unrecorded_answers = 0;
  // Events out of sequence: sequence numbers that were left out or came twice.
  std::uint64_t sequence_gaps = 0;
  // Events that the store no longer kept when they were asked for.
  std::uint64_t lost_events = 0;
  // Counters of the store that differ from the fold of its events.
  std::uint64_t counter_mismatches = 0;

  // The fold of the events, over all lines.
  std::uint64_t events = 0;
  std::int64_t released = 0;
  std::int64_t sold = 0;
  std::int64_t reserved = 0;
  std::int64_t available = 0;
  // Reservations by the state they ended in; indexed by ReservationState.
  std::array<std::uint64_t, 5> final_states{};
  // Confirms that came after the deadline and took stock anew.
  std::uint64_t revived = 0;
  // Units bought that had lapsed in another cart before; where it cannot be told which of several
  // free units were bought, those that had not lapsed.
  std::uint64_t resold_after_expiry = 0;
  // The first few findings, in words.
  std::vector<std::string> findings;

  bool ok() const;
  // How many were made.
  std::uint64_t reservations() const {
    return std::accumulate(final_states.begin(), final_states.end(), std::uint64_t{0});
  }
  // Takes in what the audit of another sale found.
  void Add(const AuditReport& other);
  // Callers were promised something `told` times, on record it is `recorded` times.
  struct Promises {
    std::uint64_t told;
    std::uint64_t recorded;
  };
  void Compare(std::string_view what, const Promises& promises);
};

// Follows a sale by its event stream and the answers it gave, and recomputes from these alone what
// was promised to whom.  It shares no code with the store that it audits but the contract's types.
//
// Feed it in the order of one thread's calls: after each Apply first the events that came of it,
// then its answers.  Cost: constant per event and per answer, logarithmic in the live holds. Thread
// safety: one thread. Blocking: never.  Ownership: none.  Clock: none, times come with events and
// answers.
class Audit {
 public:
  explicit Audit(const SaleTerms& terms);

  void OnEvent(const Event& event);

  // The store kept `lost` no longer.
  void OnLost(const EventPage::Lost& lost);

  void OnAnswer(Time now, const Command& command, const Outcome& outcome);

  // `user` was told at the door that nothing can come any more.
  void OnTurnedAway(Time now, const UserId& user);

  // Compares the counters of the store with the fold.
  void OnStock(const SaleStock& stock);

  // The findings so far, with units that are free at this moment as those free at the end.
  AuditReport Report() const;

 private:
  struct HoldKey {
    UserId user;
    ReservationId id;

    friend bool operator==(const HoldKey&, const HoldKey&) = default;
  };
  struct HoldKeyHash {
    std::size_t operator()(const HoldKey& key) const;
  };
  struct TallyKeyHash {
    std::size_t operator()(const TallyKey& key) const;
  };
  struct Hold {
    ReservationState state = ReservationState::kNone;
    // Past its deadline, though no event has said so yet.  Only with kActive.
    bool lapsed = false;
    std::uint16_t line = 0;
    Units units = 0;
    // Of the units, those that had lapsed in another cart before.
    Units lapsed_before = 0;
    Time deadline{};
    UserId user;
    LimitKeys keys = {};
  };
  // What one user or limit key has.
  struct Tally {
    std::int64_t held = 0;
    std::int64_t lapsed = 0;  // of those held
    std::int64_t bought = 0;
    Units limit = 0;
    bool was_over = false;
  };
  struct Deadline {
    Time at;
    Hold* hold;

    bool operator>(const Deadline& other) const { return at > other.at; }
  };
  using Deadlines = std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>>;

  void OnReserved(const Event& event, Hold& hold);
  void OnConfirmed(const Event& event, Hold& hold);
  void OnRevived(const Event& event, Hold& hold);
  void OnTombstoned(const Event& event, Hold& hold);
  void OnExtended(const Event& event, Hold& hold);
  void OnEndOfHold(const Event& event, Hold& hold);
  void OnVoided(const Event& event, Hold& hold);
  void OnSaleEvent(const Event& event);

  // Marks what has lapsed by `now`.
  void Advance(Time now);
  void CheckSequence(const Event& event);
  void CheckState(const Command& command, const Outcome& outcome);
  void CheckSoldOut(const Command& command);
  void CheckUserLimit(const Command& command);
  bool HasRoom(const Command& command) const;
  bool IsLive(const Hold& hold, Time now) const;

  // Calls `visit(tally, limit)` for each tally that units of `user` and `keys` are charged to.
  template <typename Visit>
  void ForEachTally(const UserId& user, const LimitKeys& keys, Visit visit);
  void AddHeld(const Hold& hold, std::int64_t units);
  void AddLapsed(const Hold& hold, std::int64_t units);
  void AddBought(const Hold& hold, std::int64_t units);
  void CheckLimit(Tally& tally);
  void RaiseLimit(const UserId& user, Units limit);

  void Illegal(const Event& event, const Hold& hold);
  void Find(std::uint64_t& counter, std::string text);

  const SaleTerms terms_;
  AuditReport report_;
  std::vector<LineAudit> lines_;
  // Nodes stay where they are: `deadlines_` points to them.
  std::unordered_map<HoldKey, Hold, HoldKeyHash> holds_;
  std::unordered_map<TallyKey, Tally, TallyKeyHash> tallies_;
  Deadlines deadlines_;
  std::uint64_t last_seq_ = 0;
  Time now_ = kMinTime;
  Time cut_ = kMaxTime;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_AUDIT_H_
