#ifndef FLASHSALE_SRC_BACKEND_JOURNAL_SALE_HISTORY_H_
#define FLASHSALE_SRC_BACKEND_JOURNAL_SALE_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "backend/journal/record.h"
#include "engine/sale_engine.h"
#include "flashsale/backend/journal.h"
#include "flashsale/repository/inventory_repository.h"

namespace flashsale::inline v0::journal {

// Where the events of one sale lie in a journal, and whom they are about: finds those that memory
// has forgotten.
//
// Thread safety: any thread.
class SaleHistory {
 public:
  using CommitNumber = std::uint64_t;

  // Of a sale whose next event is its first, from here on written in the session that begins with
  // this commit.
  explicit SaleHistory(CommitNumber session) : session_(session) {}

  // The event with this number is in this commit.  Throws std::bad_alloc.
  void Note(std::uint64_t seq, CommitNumber commit);
  // Another session begins with this commit; `places` is where the parties of the one before are in
  // the engine, by their numbers.  Throws std::bad_alloc.
  void BeginSession(CommitNumber commit, std::vector<engine::Place> places);

  // The events after the number `after`, as many as there is room for, but for what is not in the
  // journal any more; nothing where the first of them is not.  Throws std::bad_alloc.
  // Errors: DataLoss; those of the medium.
  Result<std::size_t> Read(JournalMedium& medium, SaleNumber sale, engine::SaleEngine& engine,
                           std::uint64_t after, std::span<Event> events) const;

 private:
  class Collector;

  struct Mark {
    std::uint64_t seq;
    CommitNumber commit;
  };
  struct Session {
    CommitNumber first;
    std::shared_ptr<const std::vector<engine::Place>> places;
  };

  // Where a party of a commit is in the engine; null: where its number says.
  std::shared_ptr<const std::vector<engine::Place>> PlacesOf(CommitNumber commit) const;

  mutable std::mutex mutex_;
  std::vector<Mark> marks_;        // some events, in order
  std::vector<Session> sessions_;  // that have ended, in order
  CommitNumber session_;           // the first commit of this one
};

}  // namespace flashsale::inline v0::journal

#endif  // FLASHSALE_SRC_BACKEND_JOURNAL_SALE_HISTORY_H_
