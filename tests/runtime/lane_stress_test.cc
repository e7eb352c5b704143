#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "flashsale/runtime/lane.h"
#include "flashsale/runtime/thread_pool_executor.h"
#include "flashsale/testing/simulated_clock.h"
#include "tests/runtime/hooked_inventory.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kThreads = 4;
constexpr std::size_t kCalls = 3'000;
constexpr std::size_t kSales = 5;

std::string SaleName(std::size_t index) { return "sale-" + std::to_string(index); }

std::uint64_t NumberOf(const UserId& user) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i < 16; ++i) number = number << 8 | user.bytes()[i];
  return number;
}

// Each call of a crowd hears for itself.
struct Call final : LaneCompletion {
  void Complete(const Result<Outcome>& result) override {
    code = result.ok() ? result->code : Code::kInvalid;
    if (kept != nullptr && kept->load() < commit.load()) told_early = true;
    // Release pairs with the reader's acquire: the code.
    times_heard.fetch_add(1, std::memory_order_acq_rel);
  }
  bool accepted = false;
  Code code = Code::kInvalid;
  // The commit that has what it did, and the last one that was kept; null where nothing need be.
  std::atomic<std::uint64_t> commit{0};
  const std::atomic<std::uint64_t>* kept = nullptr;
  bool told_early = false;
  std::atomic<int> times_heard{0};
};

struct Crowd {
  Crowd() {
    for (std::vector<Call>& calls : of_thread) calls = std::vector<Call>(kCalls);
  }

  static std::uint64_t User(std::size_t thread, std::size_t i) { return thread * kCalls + i; }

  // Each thread reserves one unit for each of its users, of one sale after the other, in an order
  // that its users' numbers tell; refused calls are tried again until `over`.
  void Submit(Lane& lane, std::size_t thread) {
    for (std::size_t i = 0; i < kCalls; ++i) {
      Call& call = of_thread[thread][i];
      const LaneCall lane_call{.sale = SaleId(SaleName(i % kSales)),
                               .command = ReserveFor(User(thread, i)),
                               .deadline = deadline};
      while (true) {
        call.accepted = !lane.Submit(lane_call, call).has_value();
        if (call.accepted || over.load()) break;
        std::this_thread::yield();
      }
    }
  }

  // Calls that were accepted; each has been heard once, the others never.
  std::size_t CountAccepted() const {
    std::size_t accepted = 0;
    std::size_t wrong = 0;
    for (const std::vector<Call>& calls : of_thread) {
      for (const Call& call : calls) {
        accepted += call.accepted ? 1U : 0U;
        if (call.times_heard.load(std::memory_order_acquire) != (call.accepted ? 1 : 0)) ++wrong;
        if (call.told_early) ++wrong;
      }
    }
    CHECK(wrong == 0);
    return accepted;
  }
  std::size_t CountCode(Code code) const {
    std::size_t count = 0;
    for (const std::vector<Call>& calls : of_thread) {
      for (const Call& call : calls) count += call.accepted && call.code == code ? 1U : 0U;
    }
    return count;
  }

  // What they do is told later than it is done, and must be kept before.
  void Keep(HookedInventory& inventory) {
    for (std::vector<Call>& calls : of_thread) {
      for (Call& call : calls) call.kept = &kept;
    }
    inventory.uncommitted = [this](std::span<const Command> commands, std::uint64_t ticket) {
      for (const Command& command : commands) {
        const std::uint64_t user = NumberOf(command.user);
        of_thread[user / kCalls][user % kCalls].commit = ticket;
      }
    };
    inventory.commit = [this](std::uint64_t ticket) {
      std::this_thread::yield();
      std::uint64_t last = kept.load();
      while (last < ticket && !kept.compare_exchange_weak(last, ticket)) {
      }
      return Status();
    };
  }

  Time deadline = kMaxTime;
  std::atomic<bool> over = false;
  std::atomic<std::uint64_t> kept{0};
  std::array<std::vector<Call>, kThreads> of_thread;
};

// Notes in which order the commands of each sale came.
struct OrderedStore {
  OrderedStore() {
    for (std::size_t i = 0; i < kSales; ++i) inventory.Open(SaleName(i));
  }
  // For each sale, the users of each thread came in the order of their numbers.
  bool InOrder() {
    const MutexLock lock(mutex);
    for (const auto& [sale, users] : came) {
      std::array<std::uint64_t, kThreads> next{};
      for (const std::uint64_t user : users) {
        std::uint64_t& lowest = next[user / kCalls];
        if (user < lowest) return false;
        lowest = user + 1;
      }
    }
    return true;
  }
  std::size_t Reserved() {
    std::size_t reserved = 0;
    for (std::size_t i = 0; i < kSales; ++i) reserved += inventory.Reserved(SaleName(i));
    return reserved;
  }

  Mutex mutex;
  std::map<std::string, std::vector<std::uint64_t>> came FLASHSALE_GUARDED_BY(mutex);
  HookedInventory inventory{[this](const HookedInventory::Batch& batch) {
    const MutexLock lock(mutex);
    std::vector<std::uint64_t>& users = came[std::string(batch.sale.view())];
    for (const Command& command : batch.commands) users.push_back(NumberOf(command.user));
    return Status();
  }};
};

void RunCrowd(const std::function<void(std::size_t)>& work) {
  std::vector<std::jthread> threads;
  threads.reserve(kThreads);
  for (std::size_t i = 0; i < kThreads; ++i) threads.emplace_back([&work, i] { work(i); });
}

struct Setting {
  std::size_t workers = 1;
  bool on_pool = false;
  bool keeps_later = false;
};
constexpr Setting kSettings[] = {{1, false, false}, {1, true, false}, {3, false, false},
                                 {3, true, false},  {1, false, true}, {1, true, true},
                                 {3, false, true},  {3, true, true}};

TEST_CASE("every call of a crowd is completed once, and the store sees each sale's in order") {
  for (const Setting& setting : kSettings) {
    SimulatedClock clock(kOpening);
    OrderedStore store;
    Crowd crowd;
    if (setting.keeps_later) crowd.Keep(store.inventory);
    const auto pool = std::move(*ThreadPoolExecutor::New({.threads = 2, .capacity = 16}));
    const auto lane = MakeLane(store.inventory, clock,
                               {.workers = setting.workers,
                                .capacity = 64,
                                .max_batch = 16,
                                .executor = setting.on_pool ? pool.get() : nullptr});
    RunCrowd([&](std::size_t thread) { crowd.Submit(*lane, thread); });
    lane->Drain();
    CHECK(crowd.CountAccepted() == kThreads * kCalls);
    CHECK(crowd.CountCode(Code::kDone) == kThreads * kCalls);
    CHECK(store.Reserved() == kThreads * kCalls);
    CHECK(store.InOrder());
    CHECK(lane->statistics().accepted == kThreads * kCalls);
    CHECK(lane->statistics().depth == 0);
  }
}

TEST_CASE("a lane drained in the midst of a crowd has completed what it accepted, and only that") {
  for (const Setting& setting : kSettings) {
    SimulatedClock clock(kOpening);
    OrderedStore store;
    Crowd crowd;
    if (setting.keeps_later) crowd.Keep(store.inventory);
    const auto pool = std::move(*ThreadPoolExecutor::New({.threads = 2, .capacity = 16}));
    const auto lane = MakeLane(store.inventory, clock,
                               {.workers = setting.workers,
                                .capacity = 256,
                                .executor = setting.on_pool ? pool.get() : nullptr});
    std::jthread drainer([&] {
      // Those completed: a call that is being refused counts as accepted for an instant.
      const auto completed = [&] {
        const LaneStatistics statistics = lane->statistics();
        return statistics.accepted - statistics.depth;
      };
      while (completed() < kCalls / 10) std::this_thread::yield();
      lane->Drain();
      // At this moment, and not only later; but for one that each of the others is refused.
      CHECK(lane->statistics().depth <= kThreads);
      crowd.over = true;
    });
    RunCrowd([&](std::size_t thread) { crowd.Submit(*lane, thread); });
    drainer.join();
    const std::size_t accepted = crowd.CountAccepted();
    CHECK(accepted >= kCalls / 10);
    CHECK(store.Reserved() == accepted);
    CHECK(lane->statistics().accepted == accepted);
    CHECK(lane->statistics().refused >= kThreads * kCalls - accepted);
  }
}

TEST_CASE("threads may poll a lane without workers side by side, and drain it") {
  SimulatedClock clock(kOpening);
  OrderedStore store;
  Crowd crowd;
  const auto lane = MakeLane(store.inventory, clock, {.workers = 0, .capacity = 64});
  std::atomic<bool> end = false;
  {
    constexpr int kPollers = 2;
    std::vector<std::jthread> pollers;
    pollers.reserve(kPollers);
    for (int i = 0; i < kPollers; ++i) {
      pollers.emplace_back([&] {
        while (!end.load()) {
          if (!lane->Poll(4)) std::this_thread::yield();
        }
      });
    }
    RunCrowd([&](std::size_t thread) { crowd.Submit(*lane, thread); });
    end = true;
  }
  lane->Drain();
  CHECK(crowd.CountAccepted() == kThreads * kCalls);
  CHECK(store.Reserved() == kThreads * kCalls);
  CHECK(store.InOrder());
}

TEST_CASE("while the store blocks a full lane refuses, and loses nothing") {
  SimulatedClock clock(kOpening);
  std::atomic<bool> blocked = true;
  std::atomic<int> entered = 0;
  HookedInventory store([&](const HookedInventory::Batch&) {
    ++entered;
    // Waits without end only if the test is broken: the wait ends when `blocked` does.
    blocked.wait(true);
    return Status();
  });
  store.Open("a");
  Heard heard;
  const auto lane = MakeLane(store, clock, {.capacity = 8});
  std::size_t accepted = 0;
  std::size_t refused = 0;
  // One call is out, seven wait.
  for (std::uint64_t user = 0; user < 20; ++user) {
    const LaneCall call{.sale = "a", .command = ReserveFor(user)};
    ++(lane->Submit(call, heard).has_value() ? refused : accepted);
  }
  CHECK(accepted == 8);
  CHECK(refused == 12);
  while (entered == 0) std::this_thread::yield();
  CHECK(heard.count() == 0);
  blocked = false;
  blocked.notify_all();
  lane->Drain();
  CHECK(heard.count() == 8);
  CHECK(store.Reserved("a") == 8);
  // What gathered while the first call was out was the next batch.
  CHECK(lane->statistics().batches <= 2);
}

TEST_CASE("an idle worker wakes for each call") {
  SimulatedClock clock(kOpening);
  HookedInventory store;
  store.Open("a");
  const auto lane = MakeLane(store, clock);
  for (std::uint64_t user = 0; user < 2'000; ++user) {
    Call call;
    CHECK_FALSE(lane->Submit({.sale = "a", .command = ReserveFor(user)}, call).has_value());
    // Now and then long enough for the worker to give up looking and sleep.
    if (user % 16 == 0) {
      for (int i = 0; i < 100; ++i) std::this_thread::yield();
    }
    while (call.times_heard.load(std::memory_order_acquire) == 0) std::this_thread::yield();
    if (call.code != Code::kDone) FAIL("user " << user << " was not served");
  }
  CHECK(store.Reserved("a") == 2'000);
}

TEST_CASE("what was answered Overloaded was never applied, and all else was") {
  SimulatedClock clock(kOpening);
  OrderedStore store;
  Crowd crowd;
  crowd.deadline = kOpening + 1ms;
  const auto lane = MakeLane(store.inventory, clock, {.workers = 2, .capacity = 128});
  RunCrowd([&](std::size_t thread) {
    // When a quarter of the crowd is in, the time of the rest is over.
    if (thread == 0) {
      while (lane->statistics().accepted < kCalls) std::this_thread::yield();
      clock.Advance(1ms);
    }
    crowd.Submit(*lane, thread);
  });
  lane->Drain();
  CHECK(crowd.CountAccepted() == kThreads * kCalls);
  const std::size_t done = crowd.CountCode(Code::kDone);
  const std::size_t overloaded = crowd.CountCode(Code::kOverloaded);
  CHECK(done + overloaded == kThreads * kCalls);
  CHECK(overloaded >= kCalls);
  CHECK(store.Reserved() == done);
  CHECK(lane->statistics().expired == overloaded);
}

TEST_CASE("a worker that lingers waits for a full batch, or for its time to pass") {
  SimulatedClock clock(kOpening);
  HookedInventory store;
  store.Open("a");
  Heard heard;
  const auto lane = MakeLane(store, clock, {.max_batch = 3, .linger = 1ms});
  const auto submit = [&](std::uint64_t user) {
    const LaneCall call{.sale = "a", .command = ReserveFor(user)};
    CHECK_FALSE(lane->Submit(call, heard).has_value());
  };
  for (const std::uint64_t user : {1U, 2U, 3U}) submit(user);
  while (heard.count() < 3) std::this_thread::yield();
  CHECK(lane->statistics().batch_sizes[2] == 1);

  submit(4);
  submit(5);
  for (int i = 0; i < 1'000; ++i) std::this_thread::yield();
  CHECK(heard.count() == 3);
  // It may not have seen the calls yet: then its time begins later.
  while (heard.count() < 5) {
    clock.Advance(1ms);
    std::this_thread::yield();
  }
  CHECK(lane->statistics().depth == 0);

  submit(6);
  lane->Drain();
  CHECK(heard.count() == 6);
}

}  // namespace
}  // namespace flashsale
