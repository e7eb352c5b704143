// The atomics of stock and expiry bound under Relacy: random schedules of the sources themselves,
// with every value that the C++ memory model lets a load see.
// Usage: refusal_relacy [ITERATIONS]; exit code 1 where the protocol breaks or a bug goes
// unnoticed.

#include "tests/model/model_atomics.h"

#include <cstdlib>
#include <iostream>
#include <ostream>
#include <streambuf>

#include "flashsale/domain/inventory.h"

#include "engine/expiry_bound.h"

#include "engine/expiry_bound.cc"

namespace flashsale {
namespace {

using engine::ExpiryBound;

constexpr std::int64_t kEarly = 10;  // the deadline of a hold taken at 0
constexpr std::int64_t kLate = 20;   // the deadline of a hold taken at 10

enum class Bug {
  kNone,
  kTakeFirst,         // take stock, then enter expiry
  kNoRecheck,         // do not look at the entry count again
  kRaiseBeforeReturn  // raise the bound, then return the stock
};

// One unit; thread 0 asks at time 0, thread 1 at time 10, when a hold of thread 0 has just lapsed;
// thread 2 cleans at time 10.  To thread 1 the unit is free or lapsed at every instant, so it must
// get it; thread 0 may be refused only because thread 1 has it.
template <Bug kBug>
struct Refusal : rl::test_suite<Refusal<kBug>, 3> {
  Inventory stock{1, 1};
  // Lives from before() to after(): what Relacy allocates it must free.
  ::std::optional<ExpiryBound> bound;
  rl::atomic<std::uint64_t> entries{0};
  Mutex lock[2];
  // Under the shard's lock: the deadline of its hold, kNever where there is none.
  rl::var<std::int64_t> hold[2];
  // Not seen by Relacy: what is true at this step of the schedule.
  bool thread_1_has_it = false;
  bool thread_1_had_it = false;

  void before() {
    bound.emplace(2);
    hold[0]($) = ExpiryBound::kNever;
    hold[1]($) = ExpiryBound::kNever;
  }

  void thread(unsigned index) {
    if (index == 2) {
      Reclaim(kEarly);
    } else if (index == 0) {
      const bool got_it = Reserve(0, 0, kEarly);
      RL_ASSERT(got_it || thread_1_had_it);
    } else {
      const bool got_it = Reserve(1, kEarly, kLate);
      RL_ASSERT(got_it);
    }
  }

  void after() {
    RL_ASSERT(stock.Read().reserved == 1);
    RL_ASSERT(thread_1_has_it);
    RL_ASSERT(bound->earliest() >= 0);
    RL_ASSERT(bound->earliest() <= kLate);
    bound.reset();
  }

  bool LapseIsDue(std::int64_t now) {
    const std::int64_t earliest = bound->earliest();
    return earliest < 0 || earliest <= now;
  }

  bool Reserve(std::size_t me, std::int64_t now, std::int64_t deadline) {
    for (;;) {
      const std::uint64_t seen = entries.load(std::memory_order_acquire);
      if (LapseIsDue(now)) {
        if (stock.available() < 1) {
          Reclaim(now);
          continue;
        }
      } else if (stock.available() < 1) {
        if (kBug != Bug::kNoRecheck && entries.load(std::memory_order_acquire) != seen) continue;
        return false;
      }
      const MutexLock held(lock[me]);
      if (kBug == Bug::kTakeFirst) {
        if (!stock.TryReserve(1)) continue;
        if (me == 1) thread_1_has_it = thread_1_had_it = true;
        bound->Enter(me, deadline);
        entries.fetch_add(1, std::memory_order_acq_rel);
      } else {
        bound->Enter(me, deadline);
        entries.fetch_add(1, std::memory_order_acq_rel);
        if (!stock.TryReserve(1)) continue;
        if (me == 1) thread_1_has_it = thread_1_had_it = true;
      }
      hold[me]($) = deadline;
      return true;
    }
  }

  void Reclaim(std::int64_t now) {
    for (std::size_t shard = 0; shard < 2; ++shard) {
      if (bound->of_shard(shard) > now) continue;
      const MutexLock held(lock[shard]);
      const bool lapsed = hold[shard]($) <= now;
      if (kBug == Bug::kRaiseBeforeReturn) {
        if (lapsed) {
          hold[shard]($) = ExpiryBound::kNever;
          bound->SetShard(shard, ExpiryBound::kNever);
          bound->Raise();
          stock.Return(1);
        }
        continue;
      }
      if (lapsed) {
        hold[shard]($) = ExpiryBound::kNever;
        stock.Return(1);
      }
      bound->SetShard(shard, hold[shard]($));
    }
    bound->Raise();
  }
};

// Two shards are entered while a third thread raises the minimum: it never ends above a hold.
struct Bounds : rl::test_suite<Bounds, 3> {
  // Lives from before() to after(): what Relacy allocates it must free.
  ::std::optional<ExpiryBound> bound;
  Mutex lock[2];

  void before() {
    bound.emplace(2);
    bound->Enter(1, kLate);
    bound->Raise();
  }

  void thread(unsigned index) {
    if (index == 2) {
      bound->Raise();
      bound->Raise();
      return;
    }
    const MutexLock held(lock[index]);
    bound->Enter(index, index == 0 ? kEarly : kLate - 1);
    RL_ASSERT(bound->earliest() < 0 || bound->earliest() <= kLate);
  }

  void after() {
    RL_ASSERT(bound->earliest() == kEarly);
    bound.reset();
  }
};

// Two threads take and give back what a third releases meanwhile: no reading ever adds up to more
// than is released, and no unit is had twice.
struct Stocks : rl::test_suite<Stocks, 3> {
  Inventory stock{2, 1};
  unsigned had = 0;  // not seen by Relacy

  void thread(unsigned index) {
    if (index == 2) {
      stock.ReleaseUpTo(2);
    } else {
      if (!stock.TryReserve(1)) return;
      ++had;
      RL_ASSERT(had <= 2);
      if (index == 0) {
        --had;
        stock.Return(1);
      } else {
        stock.Sell(1, 1);
      }
    }
    const Stock seen = stock.Read();
    RL_ASSERT(seen.reserved + seen.sold <= seen.released);
    RL_ASSERT(stock.available() <= 2);
  }

  void after() {
    const Stock seen = stock.Read();
    RL_ASSERT(seen.reserved == 0);
    RL_ASSERT(seen.sold == had);
    RL_ASSERT(seen.released == 2);
  }
};

int failures = 0;

// Takes everything and keeps nothing: what Relacy says of a bug that it was to find.  No string
// stream, because within a schedule Relacy owns all memory.
class Nowhere : public ::std::streambuf {
 protected:
  int overflow(int c) override { return c; }
};

template <typename Suite>
void Expect(bool holds, const char* name, unsigned long iterations) {
  Nowhere nowhere;
  ::std::ostream silence(&nowhere);
  rl::test_params params;
  params.search_type = rl::random_scheduler_type;
  params.iteration_count = iterations;
  params.execution_depth_limit = 10'000;
  params.progress_stream = &silence;
  params.output_stream = holds ? &::std::cout : &silence;
  const bool held = rl::simulate<Suite>(params);
  ::std::cout << name << (held ? ": held" : ": refuted") << ", " << params.stop_iteration
              << " schedules" << ::std::endl;
  if (held == holds) return;
  ++failures;
  ::std::cout << "  expected otherwise" << ::std::endl;
}

}  // namespace
}  // namespace flashsale

int main(int argc, char** argv) {
  using namespace flashsale;
  const unsigned long iterations = argc > 1 ? ::std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  Expect<Stocks>(true, "stock word", iterations);
  Expect<Bounds>(true, "expiry bound", iterations);
  Expect<Refusal<Bug::kNone>>(true, "refusal", iterations);
  Expect<Refusal<Bug::kTakeFirst>>(false, "bug: take first", iterations);
  Expect<Refusal<Bug::kNoRecheck>>(false, "bug: no recheck", iterations);
  Expect<Refusal<Bug::kRaiseBeforeReturn>>(false, "bug: raise before return", iterations);
  return failures == 0 ? 0 : 1;
}
