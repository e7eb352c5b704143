#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_WAITLIST_AUDIT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_WAITLIST_AUDIT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "examples/flashsale_sim/id_hash.h"
#include "flashsale/base/id.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/sale_terms.h"

namespace flashsale::sim {

// What an audit of the waitlists of a sale found.  Each of the first group is 0 for lists that keep
// their promises.
struct WaitlistReport {
  static constexpr std::size_t kFindingsInWords = 10;

  // Units offered to somebody while one ahead of them waited.
  std::uint64_t inversions = 0;
  // Units taken by others while somebody waited for units of that line.
  std::uint64_t bypassed = 0;
  // Units offered to somebody whom the queue had never let in: past all who stand in it.
  std::uint64_t past_queue = 0;
  // Stretches of time for which a unit was free and somebody waited, and nobody was offered it.
  std::uint64_t unoffered = 0;
  // Tickets that are not the next of a list, or that were lost while their user waited.
  std::uint64_t ticket_breaks = 0;
  // Positions that are not the number of those ahead, plus one.
  std::uint64_t wrong_positions = 0;
  // InStock answers while no more units were available than people waited.
  std::uint64_t dishonest_in_stock = 0;

  std::uint64_t joined = 0;
  std::uint64_t left = 0;       // before it was their turn
  std::uint64_t withdrawn = 0;  // nothing could be held for them
  std::uint64_t offered = 0;
  std::uint64_t bought = 0;  // late payments that went through included
  std::uint64_t refused = 0;
  std::uint64_t lapsed = 0;
  std::uint64_t still_waiting = 0;
  // Reserves that were refused because somebody waited.
  std::uint64_t asked_later = 0;
  // The first few findings, in words.
  std::vector<std::string> findings = {};

  bool ok() const {
    return inversions == 0 && bypassed == 0 && past_queue == 0 && unoffered == 0 &&
           ticket_breaks == 0 && wrong_positions == 0 && dishonest_in_stock == 0;
  }
};

// Follows the waitlists of a sale by what people were answered and by the sale's event stream, and
// recomputes from these alone who waits, whose turn it is, and which unit went to whom.  Who an
// offer is for it knows by its id, which follows from the ticket.
//
// Feed it in the order of one thread's calls: after each call first the events that came of it,
// then its answer.
// Thread safety: one thread.
// Blocking: never.  Ownership: none.  Clock: none, times come with what is told.
class WaitlistAudit {
 public:
  struct Terms {
    SaleId sale;
    std::vector<SaleLine> lines;
    // Whether a queue lets people in to the sale.
    bool queued = false;
    // When the lists were opened, and when they close.
    Time epoch{};
    Time end{};
    // For how long a unit may be free while somebody waits.
    Duration tolerance{0};
  };
  explicit WaitlistAudit(const Terms& terms);

  struct Place {
    std::uint16_t line = 0;
    std::uint64_t ticket = 0;
  };
  // The queue has let somebody in.
  void OnLetIn(const UserId& user);
  void OnJoined(Time now, const UserId& user, const Place& place);
  // Somebody who waits was told where.
  void OnPosition(const Place& place, std::uint64_t position);
  // They stand in line no longer by their own wish; or because nothing could be held for them.
  void OnLeft(const Place& place);
  void OnWithdrawn(const Place& place);
  // They were told that they have no place.  Lawful where it was their turn, or the sale is over.
  void OnUnknown(Time now, const Place& place);
  void OnInStock(std::uint16_t line);
  void OnEvent(const Event& event);
  // A reserve of the line was answered SoldOut.  Whether that is so for those who wait.
  bool AsksFirst(Time now, std::uint16_t line);
  // What is done from time to time was done.
  void OnPolled(Time now);

  WaitlistReport Report() const;

 private:
  struct Line {
    std::int64_t available = 0;
    // By ticket, from 1: who has it, and how many live ones there are (a Fenwick tree: P. Fenwick,
    // "A New Data Structure for Cumulative Frequency Tables", 1994).
    std::vector<UserId> users = {};
    std::vector<bool> waits = {};
    std::vector<std::uint32_t> sums = {};
    std::uint64_t waiting = 0;
    std::uint64_t front = 1;  // no ticket before this one waits
    // Since when a unit is free while somebody waits; kMaxTime: it is not so.
    Time idle_since = kMaxTime;
    bool is_idle_found = false;
    Time last_waited = kMinTime;
  };
  struct IdHash {
    std::size_t operator()(const ReservationId& id) const { return HashId(id.bytes()); }
    std::size_t operator()(const UserId& id) const { return HashId(id.bytes()); }
  };

  bool Waits(const Place& place) const;
  // Of those who wait with a ticket below this one.
  std::uint64_t Ahead(const Line& line, std::uint64_t ticket) const;
  void Remove(Line& line, std::uint64_t ticket);
  ReservationId OfferTo(std::uint16_t line, std::uint64_t ticket) const;
  void OnReserved(const Event& event);
  void OnOffered(const Event& event);
  void OnEnded(const Event& event);
  void Find(std::uint64_t& counter, std::string text);

  const Terms terms_;
  std::vector<Line> lines_;
  // Offers that were made, and neither bought nor given back.
  std::unordered_map<ReservationId, UserId, IdHash> on_offer_;
  std::unordered_set<UserId, IdHash> let_in_;
  Time now_ = kMinTime;
  WaitlistReport report_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_WAITLIST_AUDIT_H_
