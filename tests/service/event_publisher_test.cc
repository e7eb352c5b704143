#include "flashsale/service/event_publisher.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <latch>
#include <map>
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

// Keeps what it accepted, and checks that nothing of a sale is skipped or comes twice.
class RecordingSink final : public EventSink {
 public:
  SinkAnswer Deliver(const SaleId& sale, std::span<const Event> events) override {
    if (before) before();
    const std::lock_guard lock(mutex_);
    ++calls_;
    if (answer == SinkAnswer::kBusy) return answer;
    for (const Event& event : events) {
      if (event.seq != seqs_[sale] + 1) in_order_ = false;
      seqs_[sale] = event.seq;
    }
    return SinkAnswer::kAccepted;
  }
  void OnLost(const SaleId& sale, const EventPage::Lost& lost) override {
    const std::lock_guard lock(mutex_);
    if (lost.from != seqs_[sale] + 1) in_order_ = false;
    seqs_[sale] = lost.to;
    lost_ += lost.to - lost.from + 1;
  }

  std::uint64_t seq(const SaleId& sale) {
    const std::lock_guard lock(mutex_);
    return seqs_[sale];
  }
  bool in_order() {
    const std::lock_guard lock(mutex_);
    return in_order_;
  }
  std::uint64_t lost() {
    const std::lock_guard lock(mutex_);
    return lost_;
  }
  int calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

  std::function<void()> before;
  std::atomic<SinkAnswer> answer = SinkAnswer::kAccepted;

 private:
  std::mutex mutex_;
  std::map<SaleId, std::uint64_t> seqs_;
  std::uint64_t lost_ = 0;
  int calls_ = 0;
  bool in_order_ = true;
};

std::unique_ptr<EventPublisher> Make(World& world, const EventPublisherOptions& options = {}) {
  Result<std::unique_ptr<EventPublisher>> made = EventPublisher::New(world.inventory(), options);
  REQUIRE(made.ok());
  return std::move(*made);
}

SinkStats StatsOf(const EventPublisher& publisher, const std::string& name) {
  for (const SinkStats& stats : publisher.Stats()) {
    if (stats.name == name) return stats;
  }
  return {};
}

TEST_CASE("every event of every sale comes once and in order, in bounded batches") {
  World world;
  InlineExecutor executor;
  const auto sink = std::make_shared<RecordingSink>();
  const auto publisher = Make(world, {.max_batch = 10});
  world.Create(TermsOf("a"));
  world.Create(TermsOf("b"));
  REQUIRE(publisher->AddSale("a").ok());
  REQUIRE(publisher->AddSink({.name = "log", .sink = sink, .executor = executor}).ok());
  REQUIRE(publisher->AddSale("b").ok());
  world.ReserveMany("a", kStart, 105);
  world.ReserveMany("b", kStart, 7);

  EventPublisher::Report report = publisher->Poll(kStart);
  CHECK(report.events == 112);
  CHECK(report.batches == 12);
  CHECK_FALSE(report.more);
  CHECK(report.next_poll == kStart + 10ms);
  CHECK(sink->seq("a") == 105);
  CHECK(sink->seq("b") == 7);
  CHECK(sink->in_order());
  CHECK(publisher->Poll(kStart).events == 0);
  world.ReserveMany("b", kStart, 1, 100);
  CHECK(publisher->Poll(kStart).events == 1);
  CHECK(*publisher->Cursors("log") ==
        std::vector<SaleCursor>{{.sale = "a", .seq = 105}, {.sale = "b", .seq = 8}});
}

TEST_CASE("a poll delivers no more than its budget and goes on with the others next time") {
  World world;
  InlineExecutor executor;
  const auto sink = std::make_shared<RecordingSink>();
  const auto publisher = Make(world, {.max_batch = 10, .max_batches_per_poll = 3});
  REQUIRE(publisher->AddSink({.name = "log", .sink = sink, .executor = executor}).ok());
  for (const char* sale : {"a", "b", "c", "d"}) {
    world.Create(TermsOf(sale));
    REQUIRE(publisher->AddSale(sale).ok());
    world.ReserveMany(sale, kStart, 20);
  }
  const EventPublisher::Report report = publisher->Poll(kStart);
  CHECK(report.batches == 3);
  CHECK(report.more);
  CHECK(report.next_poll == kStart);
  CHECK(sink->seq("d") == 0);
  (void)publisher->Poll(kStart);
  CHECK(sink->seq("d") == 10);
  (void)publisher->Poll(kStart);
  for (const char* sale : {"a", "b", "c", "d"}) CHECK(sink->seq(sale) >= 10);
}

TEST_CASE("a busy sink gets the same events again after a rest that grows") {
  World world;
  InlineExecutor executor;
  const auto sink = std::make_shared<RecordingSink>();
  const auto publisher = Make(world, {.first_backoff = 50ms, .longest_backoff = 100ms});
  world.Create(TermsOf("a"));
  REQUIRE(publisher->AddSale("a").ok());
  REQUIRE(publisher->AddSink({.name = "log", .sink = sink, .executor = executor}).ok());
  world.ReserveMany("a", kStart, 3);
  sink->answer = SinkAnswer::kBusy;
  Time now = kStart;
  CHECK(publisher->Poll(now).batches == 1);
  for (const Duration rest : {50ms, 100ms, 100ms}) {
    (void)publisher->Poll(now);  // begins the rest
    CHECK(publisher->Poll(now + rest - 1us).batches == 0);
    now += rest;
    const int calls = sink->calls();
    (void)publisher->Poll(now);
    CHECK(sink->calls() == calls + 1);
  }
  sink->answer = SinkAnswer::kAccepted;
  (void)publisher->Poll(now);
  now += 100ms;
  (void)publisher->Poll(now);
  CHECK(sink->seq("a") == 3);
  CHECK(sink->in_order());
  CHECK(StatsOf(*publisher, "log").busy == 4);
}

TEST_CASE("a sink that throws harms nobody, and is tried again") {
  World world;
  InlineExecutor executor;
  const auto bad = std::make_shared<RecordingSink>();
  const auto good = std::make_shared<RecordingSink>();
  const auto publisher = Make(world);
  world.Create(TermsOf("a"));
  REQUIRE(publisher->AddSale("a").ok());
  REQUIRE(publisher->AddSink({.name = "bad", .sink = bad, .executor = executor}).ok());
  REQUIRE(publisher->AddSink({.name = "good", .sink = good, .executor = executor}).ok());
  world.ReserveMany("a", kStart, 3);
  bool throws = true;
  bad->before = [&] {
    if (throws) throw std::runtime_error("a host's mistake");
  };
  (void)publisher->Poll(kStart);
  CHECK(good->seq("a") == 3);
  CHECK(bad->seq("a") == 0);
  CHECK(StatsOf(*publisher, "bad").failures == 1);
  throws = false;
  (void)publisher->Poll(kStart);
  (void)publisher->Poll(kStart + 50ms);
  CHECK(bad->seq("a") == 3);
}

TEST_CASE("a sink that blocks for ever keeps one batch a sale, and nobody else or the end waits") {
  std::latch release(1);
  std::latch entered(1);
  World world;
  ThreadExecutor stuck_executor;
  InlineExecutor executor;
  const auto stuck = std::make_shared<RecordingSink>();
  const auto good = std::make_shared<RecordingSink>();
  std::atomic<int> begun = 0;
  stuck->before = [&] {
    if (begun.fetch_add(1) == 0) entered.count_down();
    release.wait();
  };
  {
    const auto publisher = Make(world, {.max_batch = 1, .max_outstanding = 2});
    REQUIRE(publisher->AddSink({.name = "stuck", .sink = stuck, .executor = stuck_executor}).ok());
    REQUIRE(publisher->AddSink({.name = "good", .sink = good, .executor = executor}).ok());
    for (const char* sale : {"a", "b", "c"}) {
      world.Create(TermsOf(sale));
      REQUIRE(publisher->AddSale(sale).ok());
      world.ReserveMany(sale, kStart, 5);
    }
    for (int i = 0; i < 10; ++i) (void)publisher->Poll(kStart + i * 1s);
    REQUIRE(WaitFor([&] { return entered.try_wait(); }));
    for (const char* sale : {"a", "b", "c"}) CHECK(good->seq(sale) == 5);
    CHECK(StatsOf(*publisher, "stuck").outstanding == 2);
  }
  // The publisher is gone while the first delivery is under way and the second not begun.
  release.count_down();
  CHECK(begun == 1);
}

TEST_CASE("what the log no longer keeps is told to the sink, once, before what follows") {
  World world;
  InlineExecutor executor;
  const auto sink = std::make_shared<RecordingSink>();
  world.Create(TermsOf("a"));
  const std::uint64_t events = (std::uint64_t{1} << 16) + 10'000;  // more than the ring keeps
  world.ReserveMany("a", kStart, events);
  const auto publisher = Make(world);
  REQUIRE(publisher->AddSale("a").ok());
  REQUIRE(publisher->AddSink({.name = "log", .sink = sink, .executor = executor}).ok());
  sink->answer = SinkAnswer::kBusy;
  (void)publisher->Poll(kStart);
  sink->answer = SinkAnswer::kAccepted;
  (void)publisher->Poll(kStart);
  (void)publisher->Poll(kStart + 1s);
  CHECK(sink->lost() == 10'000);
  CHECK(sink->seq("a") == events);
  CHECK(sink->in_order());
  CHECK(StatsOf(*publisher, "log").lost_events == 10'000);
}

TEST_CASE("cursors are given at a restart, and set") {
  World world;
  InlineExecutor executor;
  world.Create(TermsOf("a"));
  world.ReserveMany("a", kStart, 10);
  std::vector<SaleCursor> cursors;
  {
    const auto publisher = Make(world);
    REQUIRE(publisher->AddSale("a").ok());
    REQUIRE(
        publisher
            ->AddSink(
                {.name = "log", .sink = std::make_shared<RecordingSink>(), .executor = executor})
            .ok());
    (void)publisher->Poll(kStart);
    cursors = *publisher->Cursors("log");
  }
  world.ReserveMany("a", kStart, 5, 100);
  const auto publisher = Make(world);
  REQUIRE(publisher
              ->AddSink({.name = "log",
                         .sink = std::make_shared<RecordingSink>(),
                         .executor = executor,
                         .cursors = cursors})
              .ok());
  REQUIRE(publisher->AddSale("a").ok());
  CHECK(publisher->Poll(kStart).events == 5);
  REQUIRE(publisher->SetCursor("log", {.sale = "a", .seq = 3}).ok());
  CHECK(publisher->Poll(kStart).events == 12);
  CHECK(publisher->SetCursor("none", {.sale = "a"}).code() == StatusCode::kNotFound);
}

TEST_CASE("a cursor beyond the end of a log is told at each attempt, and passes nothing over") {
  World world;
  InlineExecutor executor;
  const auto sink = std::make_shared<RecordingSink>();
  const auto publisher = Make(world);
  // As of a log that had come further than the backup which was put back.
  world.Create(TermsOf("a"));
  world.ReserveMany("a", kStart, 10);
  REQUIRE(publisher->AddSale("a").ok());
  REQUIRE(publisher
              ->AddSink({.name = "log",
                         .sink = sink,
                         .executor = executor,
                         .cursors = {{.sale = "a", .seq = 12}}})
              .ok());
  // One poll notes a failure, one after the wait attempts again.
  Time now = kStart;
  int failures = 0;
  for (int i = 0; i < 6; ++i, now += std::chrono::hours{1}) {
    const EventPublisher::Report report = publisher->Poll(now);
    CHECK(report.events == 0);
    if (report.failures == 0) continue;
    ++failures;
    CHECK(report.last_error.code() == StatusCode::kFailedPrecondition);
    CHECK(report.last_error.message() == "after: 12, expected no more than 10, the last event");
  }
  CHECK(failures >= 2);
  CHECK(sink->calls() == 0);
  REQUIRE(publisher->SetCursor("log", {.sale = "a", .seq = 0}).ok());
  std::uint64_t events = 0;
  for (int i = 0; i < 2; ++i, now += std::chrono::hours{1}) events += publisher->Poll(now).events;
  CHECK(events == 10);
  CHECK(sink->in_order());
}

TEST_CASE("a delivery from before the cursor was set does not move it") {
  World world;
  QueueExecutor executor;
  world.Create(TermsOf("a"));
  world.ReserveMany("a", kStart, 10);
  const auto publisher = Make(world);
  REQUIRE(publisher->AddSale("a").ok());
  REQUIRE(publisher
              ->AddSink(
                  {.name = "log", .sink = std::make_shared<RecordingSink>(), .executor = executor})
              .ok());
  (void)publisher->Poll(kStart);
  REQUIRE(publisher->SetCursor("log", {.sale = "a", .seq = 3}).ok());
  executor.RunAll();
  CHECK((*publisher->Cursors("log"))[0].seq == 3);
}

TEST_CASE("an executor that refuses, or drops what it took, is a reason to try again") {
  World world;
  QueueExecutor executor(0);
  const auto sink = std::make_shared<RecordingSink>();
  world.Create(TermsOf("a"));
  world.ReserveMany("a", kStart, 10);
  const auto publisher = Make(world);
  REQUIRE(publisher->AddSale("a").ok());
  REQUIRE(publisher->AddSink({.name = "log", .sink = sink, .executor = executor}).ok());
  CHECK(publisher->Poll(kStart).batches == 0);
  CHECK(StatsOf(*publisher, "log").refused == 1);
  executor.set_room(1);
  (void)publisher->Poll(kStart);
  CHECK(publisher->Poll(kStart + 50ms).batches == 1);
  CHECK(StatsOf(*publisher, "log").outstanding == 1);
  executor.DropAll();
  CHECK(StatsOf(*publisher, "log").outstanding == 0);
  CHECK(StatsOf(*publisher, "log").refused == 2);
  (void)publisher->Poll(kStart + 50ms);
  (void)publisher->Poll(kStart + 50ms + 100ms);
  executor.RunAll();
  CHECK(sink->seq("a") == 10);
}

TEST_CASE("a log that cannot be read rests and harms no other") {
  bool fails = true;
  World world({.decide = [&](StorageCall call) {
    return fails && call == StorageCall::kReadEvents ? Fault::kRefused : Fault::kNone;
  }});
  InlineExecutor executor;
  const auto sink = std::make_shared<RecordingSink>();
  world.Create(TermsOf("a"));
  world.ReserveMany("a", kStart, 10);
  const auto publisher = Make(world);
  REQUIRE(publisher->AddSale("a").ok());
  REQUIRE(publisher->AddSink({.name = "log", .sink = sink, .executor = executor}).ok());
  CHECK(publisher->Poll(kStart).failures == 1);
  fails = false;
  CHECK(publisher->Poll(kStart).failures == 0);
  CHECK(sink->seq("a") == 0);
  (void)publisher->Poll(kStart + 50ms);
  CHECK(sink->seq("a") == 10);
}

TEST_CASE("sinks and sales come and go") {
  World world;
  QueueExecutor executor;
  const auto sink = std::make_shared<RecordingSink>();
  world.Create(TermsOf("a"));
  world.ReserveMany("a", kStart, 10);
  const auto publisher = Make(world);
  REQUIRE(publisher->AddSale("a").ok());
  REQUIRE(publisher->AddSink({.name = "log", .sink = sink, .executor = executor}).ok());
  CHECK(publisher->AddSink({.name = "log", .sink = sink, .executor = executor}).code() ==
        StatusCode::kAlreadyExists);
  CHECK(publisher->AddSink({.name = "x", .sink = nullptr, .executor = executor}).message() ==
        "sink: null, expected a sink");
  (void)publisher->Poll(kStart);
  CHECK(publisher->RemoveSink("log"));
  CHECK_FALSE(publisher->RemoveSink("log"));
  executor.RunAll();  // it was not begun: the sink hears nothing
  CHECK(sink->calls() == 0);
  REQUIRE(publisher->AddSink({.name = "log", .sink = sink, .executor = executor}).ok());
  CHECK(publisher->RemoveSale("a"));
  CHECK_FALSE(publisher->RemoveSale("a"));
  CHECK(publisher->Poll(kStart).batches == 0);
  CHECK(publisher->AddSale("not a name").code() == StatusCode::kInvalidArgument);
}

TEST_CASE("several threads poll while sinks run on threads of their own") {
  World world;
  const auto one = std::make_shared<RecordingSink>();
  const auto other = std::make_shared<RecordingSink>();
  ThreadExecutor first;
  ThreadExecutor second;
  const auto publisher = Make(world, {.max_batch = 7});
  REQUIRE(publisher->AddSink({.name = "one", .sink = one, .executor = first}).ok());
  REQUIRE(publisher->AddSink({.name = "other", .sink = other, .executor = second}).ok());
  constexpr std::uint64_t kEvents = 500;
  for (const char* sale : {"a", "b"}) {
    world.Create(TermsOf(sale));
    REQUIRE(publisher->AddSale(sale).ok());
  }
  {
    std::vector<std::jthread> threads;
    for (const char* sale : {"a", "b"}) {
      threads.emplace_back([&world, sale] { world.ReserveMany(sale, kStart, kEvents); });
    }
    for (int t = 0; t < 2; ++t) {
      threads.emplace_back([&] {
        const auto all = [&] {
          return one->seq("a") + one->seq("b") + other->seq("a") + other->seq("b");
        };
        const auto deadline = std::chrono::steady_clock::now() + 60s;
        while (all() < 4 * kEvents && std::chrono::steady_clock::now() < deadline) {
          (void)publisher->Poll(kStart);
        }
      });
    }
  }
  for (const char* sale : {"a", "b"}) {
    CHECK(one->seq(sale) == kEvents);
    CHECK(other->seq(sale) == kEvents);
  }
  CHECK(one->in_order());
  CHECK(other->in_order());
}

}  // namespace
}  // namespace flashsale
