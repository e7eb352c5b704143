#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_QUEUE_AUDIT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_QUEUE_AUDIT_H_

#include <array>
#include <cstdint>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "examples/flashsale_sim/id_hash.h"
#include "examples/flashsale_sim/lottery_rank.h"
#include "flashsale/base/id.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/queue_entry.h"
#include "flashsale/domain/queue_terms.h"

namespace flashsale::sim {

// How many pairs of `keys` stand in descending order: 0 for a sorted sequence.
std::uint64_t CountInversions(std::span<const std::uint64_t> keys);

// What an audit of a queue found.  Each of the first group is 0 for a queue that keeps its
// promises.
struct QueueReport {
  // Pairs of one tier, both continuously waiting, of which the one behind was let in first.
  std::uint64_t fifo_inversions = 0;
  // Tickets that are not the next of one dense sequence, or that changed while their user waited.
  std::uint64_t ticket_breaks = 0;
  // Admissions given while as many lived as there may be at most.
  std::uint64_t over_max_in_flight = 0;
  // Admissions given faster than the pace allows.
  std::uint64_t over_pace = 0;

  std::uint64_t tickets = 0;
  std::uint64_t admissions = 0;
  // The first few findings, in words.
  std::vector<std::string> findings = {};

  bool ok() const {
    return fifo_inversions == 0 && ticket_breaks == 0 && over_max_in_flight == 0 && over_pace == 0;
  }
};

// Follows a queue by the tickets that people were given and the admissions that were announced, and
// recomputes from these alone who ought to have gone before whom, and how many at once.
//
// A ticket belongs to one stretch of continuous waiting: who leaves or falls silent gets another.
// So of two tickets of a tier that were both admitted, both waited when the first of them was, and
// who stands further ahead must have been it.
// Thread safety: one thread.
// Blocking: never.  Ownership: none.  Clock: none, times come with what is told.
class QueueAudit {
 public:
  struct Terms {
    QueuePace pace;
    // Whether those who come before the start are drawn; else first come, first served.
    bool draws = false;
  };

  explicit QueueAudit(const Terms& terms);

  // `ticket` was given to a user who had none.
  void OnTicket(std::uint64_t ticket);
  struct Repeated {
    std::uint64_t given;
    std::uint64_t again;
  };
  // A waiting user was told their ticket once more.
  void OnTicketAgain(const Repeated& ticket);
  // How those who came early are ordered: who has a ticket up to `first_through` goes first, in the
  // order of tickets; the others by their ranks of this key.
  struct Draw {
    LotteryKey key = {};
    std::uint64_t first_through = 0;
  };
  // The gathering of a tier is over: whoever has a ticket took part in it.
  void OnBegin(std::uint8_t tier);
  struct Drawn {
    std::uint8_t tier = 0;
    // How many took part.
    std::uint64_t entrants = 0;
    // What was published; nothing where it does not hold.
    std::optional<Draw> draw = std::nullopt;
  };
  // They were put in order; before anybody of them is let in.
  void OnDrawn(const Drawn& drawn);
  void OnAdmitted(Time now, std::span<const QueueEntry> admitted);
  // Something happened that may have ended this user's admission.
  void OnMayHaveEnded(const UserId& user);
  // At the end: a user who has waited with this ticket all the time, and waits still.
  void OnStillWaiting(const UserId& user, std::uint8_t tier, std::uint64_t ticket);

  QueueReport Report() const;

 private:
  struct UserIdHash {
    std::size_t operator()(const UserId& id) const { return HashId(id.bytes()); }
  };
  struct Window {
    Time until;
    std::uint64_t number;
    UserId user;

    bool operator>(const Window& other) const { return until > other.until; }
  };
  struct Tier {
    std::vector<std::uint64_t> admitted;  // the places of those let in, one after the other
    std::uint64_t furthest = 0;           // of these
    std::uint64_t overtaken = 0;
    std::uint64_t last_entrant = 0;
    std::optional<Draw> draw = std::nullopt;
  };

  // Lower goes first.
  std::uint64_t PlaceOf(const Tier& tier, const UserId& user, std::uint64_t ticket) const;
  void CheckPace(Time now);
  void CheckRoom(Time now, const QueueEntry& entry);
  void Find(std::uint64_t& counter, std::string text);

  const Terms terms_;
  QueueReport report_;
  std::array<Tier, kMaxTiers> tiers_;
  std::uint64_t last_ticket_ = 0;

  // The generic cell rate algorithm on the admissions: when the next is due in an even stream.
  std::int64_t due_ns_ = 0;

  // Admissions that may still live, by user, with the number that tells them from earlier ones.
  std::unordered_map<UserId, std::uint64_t, UserIdHash> live_;
  std::priority_queue<Window, std::vector<Window>, std::greater<>> windows_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_QUEUE_AUDIT_H_
