#ifndef FLASHSALE_REPOSITORY_INVENTORY_REPOSITORY_H_
#define FLASHSALE_REPOSITORY_INVENTORY_REPOSITORY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/event.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/domain/inventory.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/domain/sale_terms.h"
#include "flashsale/export.h"
#include "flashsale/repository/command.h"
#include "flashsale/repository/snapshot.h"

namespace flashsale::inline v0 {

// A sale as callers name it: its id and, if it was resolved, where the repository found it, which
// saves the look-up.  A resolved name goes on working after the sale was forgotten and created
// anew.
class SaleRef {
 public:
  SaleRef() = default;
  SaleRef(const SaleId& id) : id_(id) {}  // NOLINT(google-explicit-constructor)
  SaleRef(const char* id) : id_(id) {}    // NOLINT(google-explicit-constructor)
  SaleRef(const SaleId& id, std::uint64_t hint) : id_(id), hint_(hint) {}

  const SaleId& id() const { return id_; }
  // Meaningful to the repository that gave it; 0: not resolved.
  std::uint64_t hint() const { return hint_; }

 private:
  SaleId id_;
  std::uint64_t hint_ = 0;
};

// The stock of a sale and what it means at an instant.
struct SaleStock {
  Phase phase = Phase::kScheduled;
  SaleState state = SaleState::kNotStarted;
  // Every unit that there will ever be is sold.
  bool sold_out_for_good = false;
  SaleMarks marks = {};
  // The last sequence number given.
  std::uint64_t seq = 0;
  // In the order of the terms.
  std::vector<Stock> lines = {};
};

// What ExpireDue did.
struct ExpireReport {
  // Holds that it recorded EXPIRED (or CANCELLED, in a cancelled sale).
  std::uint64_t expired = 0;
  // Holds that could not be expired and wait to be tried again, those of earlier calls included.
  std::uint64_t quarantined = 0;
  // True where more is due already: the limit of the call was reached.
  bool more = false;
  // No hold lapses before this instant.  It may be that of a hold that has ended otherwise since;
  // kMaxTime where nothing is left to look at.
  Time next_due = kMaxTime;
};

// What ReadEvents found.
struct EventPage {
  // How many events were written to the front of the span.
  std::size_t count = 0;
  // The cursor to go on from: the seq of the last event written, or `after` where there was none.
  std::uint64_t cursor = 0;
  // Events that the caller asked for and that are no longer kept: both ends included.
  struct Lost {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
  };
  std::optional<Lost> lost = std::nullopt;
};

// What has to be kept before an answer may be given.
struct CommitTicket {
  // Meaningful to the repository that gave it, and later ones have higher numbers; 0: there is
  // nothing to wait for.
  std::uint64_t number = 0;
};

// Stock, reservations, tallies, operators' acts and admission use of sales: one consistency
// boundary per sale.
//
// Implementer's duty: each command applies wholly or not at all; the rules of docs/contract.md hold
// for every interleaving of calls from any threads (and processes, where the store is shared); no
// exception leaves an implementation; nothing here reads a clock but a shared store its server's.
// flashsale/testing/conformance.h proves an implementation.
class FLASHSALE_EXPORT InventoryRepository {
 public:
  virtual ~InventoryRepository() = default;

  // Makes a sale.  Done; AlreadyDone where it exists with the same terms.
  // Errors: InvalidArgument (names the field), AlreadyExists (the id has other terms),
  // ResourceExhausted.
  virtual Result<Outcome> Create(const SaleTerms& terms) = 0;

  // A name that makes later calls quicker.  Errors: NotFound.
  virtual Result<SaleRef> Resolve(const SaleId& sale) = 0;

  // Asks for the memory that Apply is going to need for commands of these users, and returns at
  // once: a caller with other things to look up first lets its cache misses overlap with those.  A
  // hint; here it does nothing.
  virtual void Prefetch(const SaleRef& sale, std::span<const UserId> users) {
    (void)sale;
    (void)users;
  }

  // Carries out a batch for one sale, in order, each command judged at `now`, and writes one
  // outcome a command.  On an error the batch was not applied, or in part, or (Unknown) perhaps;
  // the caller sends the same batch again: ids make that safe.  Any size, 0 included.
  //
  // Errors: InvalidArgument where outcomes.size() is not commands.size() (nothing applied, nothing
  // written); those of the store.
  virtual Status Apply(const SaleRef& sale, Time now, std::span<const Command> commands,
                       std::span<Outcome> outcomes) = 0;

  // For a caller that has many batches at hand: the same, but it may return before what was done
  // survives.  Nobody may be told of the outcomes until AwaitCommit(ticket) has returned Ok; one
  // such call serves all batches whose tickets are no higher.  Here it is Apply.
  virtual Status ApplyUncommitted(const SaleRef& sale, Time now, std::span<const Command> commands,
                                  std::span<Outcome> outcomes, CommitTicket& ticket) {
    ticket = {};
    return Apply(sale, now, commands, outcomes);
  }
  // Errors: Unknown, where the outcomes may be lost: the caller sends the same batches again.
  virtual Status AwaitCommit(const CommitTicket& ticket) {
    (void)ticket;
    return {};
  }

  // Errors of all below: NotFound where there is no such sale; those of the store.

  // Exact per line; lines are read one after the other.
  virtual Result<SaleStock> ReadStock(const SaleRef& sale, Time now) = 0;

  // What is charged to one user or limit key.  Nothing where it was never seen: all zero, but for
  // the limit of a limit key.
  virtual Result<Tally> ReadTally(const SaleRef& sale, const TallyKey& key) = 0;

  // The reservation as recorded, or nothing where this user never had it.  A hold past its deadline
  // stays ACTIVE here until a call meets it: ask IsLive.
  virtual Result<std::optional<Reservation>> Find(const SaleRef& sale, const UserId& user,
                                                  const ReservationId& id) = 0;

  // Expires up to about `max_holds` lapsed holds and records edges that time alone has passed.  To
  // be called periodically; stock comes back without it, but only to those who ask for it.  With 0
  // it expires nothing and tells whether there is something to look at.
  virtual Result<ExpireReport> ExpireDue(const SaleRef& sale, Time now, std::size_t max_holds) = 0;

  // Copies the events after the cursor `after` (0: from the first), in order of `seq`.  Errors,
  // beside others: FailedPrecondition where `after` is beyond the last event: it is a cursor of
  // another log, as of one that was lost with what came after a backup.
  virtual Result<EventPage> ReadEvents(const SaleRef& sale, std::uint64_t after,
                                       std::span<Event> events) = 0;

  // Shows the whole state of a sale at one instant to `visitor`; may hold the sale still meanwhile,
  // so the visitor calls nothing of the repository and does not linger.
  virtual Status Snapshot(const SaleRef& sale, SnapshotVisitor& visitor) = 0;

  // Removes a settled sale and returns all its memory.  Done; UnknownSale where there is none;
  // before it is settled the phase's code, and nothing is removed.
  virtual Result<Outcome> Forget(const SaleRef& sale, Time now) = 0;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_REPOSITORY_INVENTORY_REPOSITORY_H_
