#include "flashsale/service/countdown_service.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/service/test_executors.h"
#include "tests/service/test_world.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;
using service_test::InlineExecutor;
using service_test::kStart;
using service_test::QueueExecutor;
using service_test::TermsOf;
using service_test::ThreadExecutor;
using service_test::World;

class RecordingObserver final : public CountdownObserver {
 public:
  void OnUpdate(const Countdown& countdown) override {
    {
      const std::lock_guard lock(mutex_);
      updates_.push_back(countdown);
    }
    if (then) then();
  }
  void OnDropped(DropReason reason) override {
    const std::lock_guard lock(mutex_);
    drops_.push_back(reason);
  }

  std::vector<Countdown> updates() {
    const std::lock_guard lock(mutex_);
    return updates_;
  }
  std::vector<DropReason> drops() {
    const std::lock_guard lock(mutex_);
    return drops_;
  }

  std::function<void()> then;

 private:
  std::mutex mutex_;
  std::vector<Countdown> updates_;
  std::vector<DropReason> drops_;
};

struct Clockwork {
  explicit Clockwork(const CountdownOptions& options = {}, FaultPlan plan = {})
      : world(std::move(plan)) {
    world.Create(TermsOf("drop"));
    auto made =
        CountdownService::New({.inventory = world.inventory(), .sales = world.sales()}, options);
    REQUIRE(made.ok());
    service = std::move(*made);
  }

  std::shared_ptr<RecordingObserver> Watch(Executor& executor, Duration min_interval = {},
                                           const char* sale = "drop") {
    auto observer = std::make_shared<RecordingObserver>();
    const auto id = service->Subscribe(
        {.sale = sale, .observer = observer, .executor = executor, .min_interval = min_interval});
    REQUIRE(id.ok());
    last_id = *id;
    return observer;
  }

  World world;
  std::unique_ptr<CountdownService> service;
  CountdownService::SubscriptionId last_id = 0;
};

constexpr CountdownOptions kEager{.read_interval = 1ms, .min_interval = 0ms};

TEST_CASE("a countdown names phase, state and what comes next") {
  const SaleId sale = "drop";
  const auto at = [&](const SaleMarks& marks, Time now, bool available = true) {
    return CountdownAt(
        {.sale = sale, .start = kStart, .end = kStart + 1h, .marks = marks, .available = available},
        now);
  };
  Countdown countdown = at({}, kStart - 1s);
  CHECK(countdown.state == SaleState::kNotStarted);
  CHECK(countdown.next == Countdown::Next{.phase = Phase::kOpen, .at = kStart});
  CHECK(at({.paused = true}, kStart - 1s).next->phase == Phase::kPaused);
  countdown = at({}, kStart);
  CHECK(countdown.phase == Phase::kOpen);
  CHECK(countdown.state == SaleState::kActive);
  CHECK(countdown.next == Countdown::Next{.phase = Phase::kClosed, .at = kStart + 1h});
  CHECK(at({}, kStart, false).state == SaleState::kSoldOut);
  CHECK(at({.paused = true}, kStart).state == SaleState::kPaused);
  CHECK_FALSE(at({}, kStart + 1h).next.has_value());
  CHECK_FALSE(at({.cancelled = true}, kStart).next.has_value());
}

TEST_CASE("a request reads the countdown of this moment") {
  Clockwork clockwork;
  const Result<Countdown> read = clockwork.service->Read("drop", kStart - 10s);
  REQUIRE(read.ok());
  CHECK(read->as_of == kStart - 10s);
  CHECK(read->next->at == kStart);
  CHECK(clockwork.service->Read("none", kStart).status().code() == StatusCode::kNotFound);
}

TEST_CASE("an observer hears the present state, then each change, and nothing in between") {
  Clockwork clockwork(kEager);
  InlineExecutor executor;
  const auto observer = clockwork.Watch(executor);
  CountdownService::Report report = clockwork.service->Poll(kStart - 1s);
  REQUIRE(observer->updates().size() == 1);
  CHECK(observer->updates()[0].state == SaleState::kNotStarted);
  for (int i = 0; i < 100; ++i)
    CHECK(clockwork.service->Poll(kStart - 900ms + i * 5ms).updates == 0);
  // It is asked to look again at the start, not a whole interval later.
  (void)clockwork.service->Poll(kStart - 1500us);
  report = clockwork.service->Poll(kStart - 500us);
  CHECK(report.next_poll <= kStart + 500us);
  (void)clockwork.service->Poll(kStart);
  REQUIRE(observer->updates().size() == 2);
  CHECK(observer->updates()[1].state == SaleState::kActive);
  clockwork.world.Act(Verb::kPause, "drop", kStart + 1s);
  (void)clockwork.service->Poll(kStart + 1s);
  REQUIRE(observer->updates().size() == 3);
  CHECK(observer->updates()[2].state == SaleState::kPaused);
}

TEST_CASE("updates are coalesced: one under way, then the latest only") {
  Clockwork clockwork(kEager);
  QueueExecutor executor;
  const auto observer = clockwork.Watch(executor);
  (void)clockwork.service->Poll(kStart - 1s);
  CHECK(executor.size() == 1);
  Time now = kStart;
  for (const Verb act : {Verb::kPause, Verb::kResume, Verb::kPause}) {
    clockwork.world.Act(act, "drop", now);
    (void)clockwork.service->Poll(now);
    now += 10ms;
  }
  CHECK(executor.RunAll() == 1);
  // What it hears is true when its turn comes, not of when it was posted.
  REQUIRE(observer->updates().size() == 1);
  CHECK(observer->updates()[0].state == SaleState::kPaused);
  CHECK(clockwork.service->Poll(now).updates == 0);
}

TEST_CASE("an observer that was being told while its sale changed is told again") {
  Clockwork clockwork(kEager);
  QueueExecutor executor;
  const auto observer = clockwork.Watch(executor);
  (void)clockwork.service->Poll(kStart);
  observer->then = [&] {
    clockwork.world.Act(Verb::kPause, "drop", kStart + 10ms);
    (void)clockwork.service->Poll(kStart + 10ms);
    observer->then = nullptr;
  };
  executor.RunOne();
  (void)clockwork.service->Poll(kStart + 20ms);
  executor.RunAll();
  REQUIRE(observer->updates().size() == 2);
  CHECK(observer->updates()[1].state == SaleState::kPaused);
}

TEST_CASE("nobody is told more often than their interval") {
  Clockwork clockwork({.read_interval = 1ms, .min_interval = 100ms});
  InlineExecutor executor;
  const auto quick = clockwork.Watch(executor);
  const auto calm = clockwork.Watch(executor, 1s);
  Time now = kStart;
  for (int i = 0; i < 200; ++i, now += 10ms) {
    clockwork.world.Act(i % 2 == 0 ? Verb::kPause : Verb::kResume, "drop", now);
    (void)clockwork.service->Poll(now);
  }
  CHECK(quick->updates().size() == 20);
  CHECK(calm->updates().size() == 2);
  // Nothing is lost: the last state comes once the interval is over, and Poll knows when.
  const CountdownService::Report report = clockwork.service->Poll(now);
  CHECK(report.next_poll <= now + 100ms);
  (void)clockwork.service->Poll(now + 1s);
  CHECK(calm->updates().back().state == SaleState::kActive);
  CHECK(quick->updates().back().state == SaleState::kActive);
}

TEST_CASE("a slow observer is dropped and told so") {
  Clockwork clockwork({.read_interval = 1ms, .min_interval = 0ms, .slow_after = 5s});
  QueueExecutor stuck;
  InlineExecutor executor;
  const auto slow = clockwork.Watch(stuck);
  const auto good = clockwork.Watch(executor);
  (void)clockwork.service->Poll(kStart);
  CHECK(clockwork.service->Poll(kStart + 5s - 1us).dropped == 0);
  CHECK(clockwork.service->Poll(kStart + 5s).dropped == 1);
  CHECK(clockwork.service->Stats().dropped_slow == 1);
  CHECK(clockwork.service->Stats().observers == 1);
  CHECK(stuck.RunAll() == 2);
  CHECK(slow->updates().empty());
  CHECK(slow->drops() == std::vector{DropReason::kSlow});
  clockwork.world.Act(Verb::kPause, "drop", kStart + 6s);
  (void)clockwork.service->Poll(kStart + 6s);
  CHECK(good->updates().size() == 2);
}

TEST_CASE("an observer whose executor refuses is dropped, and told if it can be") {
  Clockwork clockwork(kEager);
  QueueExecutor full(0);
  const auto observer = clockwork.Watch(full);
  const CountdownService::Report report = clockwork.service->Poll(kStart);
  CHECK(report.updates == 0);
  CHECK(report.dropped == 1);
  CHECK(clockwork.service->Stats() == CountdownStats{.dropped_refused = 1});
  CHECK_FALSE(clockwork.service->Unsubscribe(clockwork.last_id));
}

TEST_CASE("observers of a sale that was forgotten are told") {
  Clockwork clockwork(kEager);
  InlineExecutor executor;
  const auto observer = clockwork.Watch(executor);
  (void)clockwork.service->Poll(kStart);
  clockwork.world.Act(Verb::kClose, "drop", kStart);
  clockwork.world.Act(Verb::kSettle, "drop", kStart);
  REQUIRE(clockwork.world.inventory().Forget("drop", kStart)->code == Code::kDone);
  (void)clockwork.service->Poll(kStart + 1s);
  CHECK(observer->drops() == std::vector{DropReason::kSaleGone});
  CHECK(clockwork.service->Stats().observers == 0);
}

TEST_CASE("an observer that throws is counted and heard again") {
  Clockwork clockwork(kEager);
  InlineExecutor executor;
  const auto observer = clockwork.Watch(executor);
  observer->then = [] { throw std::runtime_error("a host's mistake"); };
  (void)clockwork.service->Poll(kStart - 1s);
  (void)clockwork.service->Poll(kStart);
  CHECK(observer->updates().size() == 2);
  CHECK(clockwork.service->Stats().failures == 2);
}

TEST_CASE("a store that fails is read again later") {
  bool fails = false;
  Clockwork clockwork(
      {.read_interval = 10ms, .retry_interval = 1s}, {.decide = [&](StorageCall call) {
        return fails && call == StorageCall::kReadStock ? Fault::kRefused : Fault::kNone;
      }});
  InlineExecutor executor;
  const auto observer = clockwork.Watch(executor);
  fails = true;
  const CountdownService::Report report = clockwork.service->Poll(kStart);
  CHECK(report.failures == 1);
  CHECK(report.next_poll == kStart + 1s);
  fails = false;
  (void)clockwork.service->Poll(kStart + 999ms);
  CHECK(observer->updates().empty());
  (void)clockwork.service->Poll(kStart + 1s);
  CHECK(observer->updates().size() == 1);
}

TEST_CASE("a poll gives out no more than its budget, and sales share it") {
  Clockwork clockwork({.read_interval = 1ms, .min_interval = 0ms, .max_updates_per_poll = 10});
  clockwork.world.Create(TermsOf("other"));
  InlineExecutor executor;
  std::vector<std::shared_ptr<RecordingObserver>> many;
  many.reserve(50);
  for (int i = 0; i < 50; ++i) many.push_back(clockwork.Watch(executor));
  const auto single = clockwork.Watch(executor, {}, "other");
  CountdownService::Report report = clockwork.service->Poll(kStart);
  CHECK(report.updates == 10);
  CHECK(report.more);
  CHECK(report.next_poll == kStart);
  CHECK(single->updates().size() == 1);
  for (int i = 0; i < 5; ++i) report = clockwork.service->Poll(kStart);
  CHECK_FALSE(report.more);
  for (const auto& observer : many) CHECK(observer->updates().size() == 1);
}

TEST_CASE("what is subscribed can be taken back, also while it is with the executor") {
  Clockwork clockwork(kEager);
  QueueExecutor executor;
  const auto observer = clockwork.Watch(executor);
  (void)clockwork.service->Poll(kStart);
  CHECK(clockwork.service->Unsubscribe(clockwork.last_id));
  CHECK_FALSE(clockwork.service->Unsubscribe(clockwork.last_id));
  executor.RunAll();
  CHECK(observer->updates().empty());
  CHECK(observer.use_count() == 1);

  CHECK(clockwork.service->Subscribe({.sale = "none", .observer = observer, .executor = executor})
            .status()
            .code() == StatusCode::kNotFound);
  CHECK(clockwork.service->Subscribe({.sale = "drop", .observer = nullptr, .executor = executor})
            .status()
            .message() == "observer: null, expected an observer");
}

TEST_CASE("there are no more observers than allowed") {
  Clockwork clockwork({.max_observers = 1});
  InlineExecutor executor;
  const auto observer = clockwork.Watch(executor);
  CHECK(clockwork.service->Subscribe({.sale = "drop", .observer = observer, .executor = executor})
            .status()
            .code() == StatusCode::kResourceExhausted);
  CHECK(clockwork.service->Unsubscribe(clockwork.last_id));
  CHECK(clockwork.service->Subscribe({.sale = "drop", .observer = observer, .executor = executor})
            .ok());
}

TEST_CASE("the service ends while observers wait and block, and lets go of all of them") {
  std::latch entered(1);
  std::latch release(1);
  QueueExecutor queue;
  ThreadExecutor thread;
  std::shared_ptr<RecordingObserver> waiting;
  std::shared_ptr<RecordingObserver> blocked;
  std::shared_ptr<RecordingObserver> idle;
  {
    Clockwork clockwork(kEager);
    InlineExecutor executor;
    waiting = clockwork.Watch(queue);
    blocked = clockwork.Watch(thread);
    idle = clockwork.Watch(executor);
    blocked->then = [&] {
      entered.count_down();
      release.wait();
    };
    (void)clockwork.service->Poll(kStart);
    REQUIRE(WaitFor([&] { return entered.try_wait(); }));
  }
  CHECK(idle.use_count() == 1);
  CHECK(queue.RunAll() == 1);
  CHECK(waiting->updates().empty());
  CHECK(waiting.use_count() == 1);
  release.count_down();
}

TEST_CASE("threads subscribe, poll and unsubscribe at once") {
  std::atomic<std::uint64_t> heard = 0;  // outlives the thread that tells the observers
  Clockwork clockwork(kEager);
  ThreadExecutor executor;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 200; ++i) {
          auto observer = std::make_shared<RecordingObserver>();
          observer->then = [&heard] { ++heard; };
          const auto id = clockwork.service->Subscribe(
              {.sale = "drop", .observer = observer, .executor = executor});
          if (id.ok() && i % 2 == 0) (void)clockwork.service->Unsubscribe(*id);
        }
      });
      threads.emplace_back([&, t] {
        for (int i = 0; i < 200; ++i) {
          const Time now = kStart + i * 10ms;
          const Command act{.verb = i % 2 == 0 ? Verb::kPause : Verb::kResume};
          Outcome outcome;
          if (t == 0)
            (void)clockwork.world.inventory().Apply("drop", now, {&act, 1}, {&outcome, 1});
          (void)clockwork.service->Poll(now);
        }
      });
    }
  }
  const CountdownStats stats = clockwork.service->Stats();
  CHECK(stats.observers == 200);
  CHECK(stats.failures == 0);
  // Those that stayed hear the end of it, whatever they missed.
  clockwork.world.Act(Verb::kClose, "drop", kStart + 1min);
  const auto last = clockwork.Watch(executor);
  std::latch told(1);
  last->then = [&] { told.count_down(); };
  (void)clockwork.service->Poll(kStart + 1min);
  REQUIRE(WaitFor([&] { return told.try_wait(); }));
  CHECK(last->updates().back().state == SaleState::kEnded);
}

}  // namespace
}  // namespace flashsale
