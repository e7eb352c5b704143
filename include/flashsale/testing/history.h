#ifndef FLASHSALE_TESTING_HISTORY_H_
#define FLASHSALE_TESTING_HISTORY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "flashsale/base/outcome.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/inventory.h"
#include "flashsale/domain/reservation.h"
#include "flashsale/export.h"
#include "flashsale/repository/command.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/repository/snapshot.h"

namespace flashsale::inline v0 {

// What a recorded call was.
enum class CallKind : std::uint8_t {
  kCommand = 1,
  kExpireDue = 2,
  kFind = 3,
  kReadTally = 4,
  kReadStock = 5,  // of one line
};

// One call about a sale as its caller saw it.  The order of two calls is known only where one had
// returned before the other began: `a.returned < b.invoked`.
struct Call {
  static constexpr std::uint64_t kNeverReturned = std::numeric_limits<std::uint64_t>::max();

  // Calls of one thread took effect in the order in which they stand in the history, the commands
  // of a batch included.  A call that did not return may take effect at any time later, or never.
  std::uint32_t thread = 0;
  // Ticks of one counter that all threads share.
  std::uint64_t invoked = 0;
  std::uint64_t returned = kNeverReturned;

  CallKind kind = CallKind::kCommand;
  Time now{};
  // kCommand: all of it.  kFind: user and id.  kReadStock: line.
  Command command{};
  // kReadTally.
  TallyKey tally_key{};

  // The answer, by kind; nothing here means anything where the call did not return.
  Outcome outcome{};
  std::optional<Reservation> found = std::nullopt;
  Tally tally{};
  Stock stock{};

  bool has_returned() const { return returned != kNeverReturned; }
};

// "[3..7] thread 1 at 1000: reserve user …01 id …02 line 0 units 1 -> SoldOut", for reports.
FLASHSALE_EXPORT std::string ToString(const Call& call);

// What several threads asked of one sale, in any order across threads.
using History = std::vector<Call>;

// Calls a repository for several threads and writes down what each asked, when, and what it was
// told: one buffer a thread, and one atomic counter that gives the order.
// Thread safety: each Client belongs to one thread at a time; different ones run at once.
// Blocking: as the repository.  Clock: none.
// Ownership: the repository must outlive the recorder.
class FLASHSALE_EXPORT HistoryRecorder {
 public:
  class FLASHSALE_EXPORT Client;

  // REQUIRES: threads >= 1.
  HistoryRecorder(InventoryRepository& repository, const SaleRef& sale, std::size_t threads);
  HistoryRecorder(const HistoryRecorder&) = delete;
  HistoryRecorder& operator=(const HistoryRecorder&) = delete;
  ~HistoryRecorder();

  // REQUIRES: index < threads.
  Client& client(std::size_t index) { return clients_[index]; }

  // Everything recorded so far.  REQUIRES: no client is in a call.
  History TakeHistory();

 private:
  InventoryRepository& repository_;
  const SaleRef sale_;
  // Acquire and release: a call whose tick is higher sees what the calls that returned before saw.
  std::atomic<std::uint64_t> ticks_{0};
  std::deque<Client> clients_;
};

// One thread's way to the repository.  A call that fails with Unknown stands in the history as one
// that did not return; one that fails in any other way was not applied and is left out.
class HistoryRecorder::Client {
 public:
  Client(HistoryRecorder& recorder, std::uint32_t thread);

  Result<Outcome> Apply(Time now, const Command& command);
  Status ApplyBatch(Time now, std::span<const Command> commands, std::span<Outcome> outcomes);
  Status ExpireDue(Time now, std::size_t max_holds);
  Status Find(const UserId& user, const ReservationId& id);
  Status ReadTally(const TallyKey& key);
  // Records the stock of every line as a read of its own.
  Status ReadStock(Time now);

 private:
  friend class HistoryRecorder;

  Call Begin(CallKind kind, Time now);
  void End(Call call, const Status& status);

  HistoryRecorder& recorder_;
  const std::uint32_t thread_;
  History calls_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_TESTING_HISTORY_H_
