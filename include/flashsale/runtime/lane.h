#ifndef FLASHSALE_RUNTIME_LANE_H_
#define FLASHSALE_RUNTIME_LANE_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>

#include "flashsale/base/clock.h"
#include "flashsale/base/executor.h"
#include "flashsale/base/outcome.h"
#include "flashsale/base/status.h"
#include "flashsale/base/time.h"
#include "flashsale/export.h"
#include "flashsale/repository/command.h"
#include "flashsale/repository/inventory_repository.h"
#include "flashsale/runtime/completion.h"

namespace flashsale::inline v0 {

// One command for one sale, as a Lane takes it.
struct LaneCall {
  SaleRef sale = {};
  Command command = {};
  // On the lane's clock: a call that was not handed to the store before this instant is answered
  // Overloaded when its turn comes, and never applied.  One that was handed over gets its own
  // answer, however late.
  Time deadline = kMaxTime;
  // The instant at which the command is judged; not set: that at which its batch is cut.  For
  // simulations and for hosts that have one clock of their own: calls with different instants share
  // no batch.
  std::optional<Time> now = std::nullopt;
};

// What the caller of a Lane wants to hear.
//
// An error is that of the batch in which the call was sent.  Sending the same call again is always
// right; where the batch had other calls and may have been applied in part, the code is Unknown,
// and the message tells the store's.
using LaneCompletion = Completion<Outcome>;

struct LaneOptions {
  // Threads that call the store, each for the sales that fall to it; 0 to 64.  0: the host calls
  // Poll.  Where the store keeps later what it does (ApplyUncommitted) each gets a second one when
  // the first such batch has come, which waits for commits while the first goes on with whole
  // batches.
  std::size_t workers = 1;

  // The most calls of each worker that are accepted and not yet completed; 1 to 2^20.  Their
  // memory, some 400 bytes each, is taken at once.  Each worker has its own, so that a crowd for
  // one sale leaves room for the sales of other workers.
  std::size_t capacity = 4'096;

  // The most commands of one Apply; 1 to 4,096.
  std::size_t max_batch = 256;

  // How long a worker waits for more, from the first call of a batch that is not full; 0 to 10 ms.
  // Usually 0 is right: what gathers while a call is out is the next batch.  The worker yields
  // meanwhile, it does not sleep.  Of no effect with workers = 0.
  Duration linger{0};

  // How many times a batch that the store answered with Unavailable or Unknown is sent again, at
  // once; 0 to 10.  Ids make that safe: what was applied the first time answers AlreadyDone, or as
  // a resend of it would.
  std::size_t resends = 0;

  // What a refused or expired caller is told as Outcome::retry_after(); 1 ms to 1 h.
  Duration retry_after = std::chrono::milliseconds{100};

  // Where completions run: one Post for what is answered at a time, and not one a call.  It must
  // outlive the lane.  Null, or where it refuses: on the thread that called the store.
  Executor* executor = nullptr;

  // With workers = 0: called by Submit, on the thread that submits, when a call came where none was
  // waiting, so that a sleeping loop comes back and calls Poll.  It must neither block nor call the
  // lane; what it throws is caught and counted.
  std::function<void()> wake = {};
};

// How a lane has fared since it was made.  The figures are read one after the other.
struct LaneStatistics {
  // Calls that were accepted and not yet completed.
  std::uint64_t depth = 0;
  std::uint64_t accepted = 0;
  // By Submit, because the lane was full or closed.
  std::uint64_t refused = 0;
  // Answered Overloaded because their deadline had passed.
  std::uint64_t expired = 0;
  // Answered with an error of the store.
  std::uint64_t failed = 0;
  // Calls of Apply but for resends, and those.
  std::uint64_t batches = 0;
  std::uint64_t resends = 0;
  // [i]: batches of more than 2^(i-1) and at most 2^i commands.
  std::array<std::uint64_t, 13> batch_sizes = {};
  // Of the store, of completions, of `wake`.
  std::uint64_t exceptions = 0;
  // Times that the executor refused.
  std::uint64_t executor_refusals = 0;
};

// A bounded queue in front of an inventory whose calls may block, or are cheaper in batches. Submit
// hands over a command and returns; a worker sends what has gathered for one sale as one Apply, and
// sales take turns.  So batches grow with load by themselves.
//
// Calls for one sale reach the store in the order in which they were submitted, and their
// completions the executor in that order: so an answer that waits for no commit may wait for those
// before it.
//
// Thread safety: any thread, completions included, but for Drain (one caller at a time) and the
// destructor (no other call).
// Blocking: Submit never; Drain and the destructor until everything has been completed; Poll as the
// store.  An idle lane sleeps.
// Ownership: of its workers.  The store, the clock and the executor must outlive it, a completion
// its call. Clock: one reading a batch.
class FLASHSALE_EXPORT Lane {
 public:
  // Errors: InvalidArgument (names the option), ResourceExhausted (the system gives no thread).
  static Result<std::unique_ptr<Lane>> New(InventoryRepository& store, Clock& clock,
                                           LaneOptions options = {});
  // Drains.
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Nothing where the call was accepted: `completion` hears the answer once, perhaps before Submit
  // returns.  Overloaded, with how long to wait, where the lane is full or closed: then it hears
  // nothing.  Allocates nothing.
  [[nodiscard]] std::optional<Outcome> Submit(const LaneCall& call, LaneCompletion& completion);

  // With workers = 0: sends up to `max_batches` batches.  True where more is waiting.  One call at
  // a time serves, another returns false at once.
  bool Poll(std::size_t max_batches = std::numeric_limits<std::size_t>::max());

  // Refuses further calls.  Those that were accepted go on.
  void Close();

  // Closes, and returns when every accepted call has been completed.  What the executor has not
  // begun to run by then completes on this thread, so that the thread that runs a ManualExecutor
  // may call it. REQUIRES: not called by a completion.
  void Drain();

  LaneStatistics statistics() const;

 private:
  struct State;
  explicit Lane(std::shared_ptr<State> state);

  // Shared with what was posted to the executor and has not run.
  const std::shared_ptr<State> state_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_RUNTIME_LANE_H_
