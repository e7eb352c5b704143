// What an operator learns without asking: the log of their own acts, and of sinks and observers
// that fare badly; and what the metrics know of them.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/service/flash_sale_service.h"
#include "tests/service/shop_world.h"
#include "tests/service/test_executors.h"

namespace flashsale::service_test {
namespace {

// Keeps the lines of a log, from its event on.
class Lines {
 public:
  // An option of the service.
  std::function<void(FlashSaleServiceOptions&)> Keep() {
    return [this](FlashSaleServiceOptions& options) {
      options.log.sink = [this](const LogRecord& record) { Take(record); };
    };
  }
  void Take(const LogRecord& record) {
    const std::string line = FormatLogLine(record);
    lines_.push_back(line.substr(line.find("level=")));
  }

  std::size_t Count(std::string_view part) const {
    return static_cast<std::size_t>(std::count_if(
        lines_.begin(), lines_.end(),
        [part](const std::string& line) { return line.find(part) != std::string::npos; }));
  }
  bool Has(std::string_view part) const { return Count(part) != 0; }

 private:
  std::vector<std::string> lines_;
};

// Takes what it is told to.
class ToldSink final : public EventSink {
 public:
  SinkAnswer Deliver(const SaleId& sale, std::span<const Event>) override {
    if (throws_for.valid() && sale == throws_for) throw std::runtime_error("broken");
    return answer;
  }
  void OnLost(const SaleId&, const EventPage::Lost&) override {}

  SinkAnswer answer = SinkAnswer::kAccepted;
  SaleId throws_for;
};

TEST_CASE("each act of an operator is in the log, with its sale and its answer") {
  Lines lines;
  Shop shop(lines.Keep());
  FlashSaleService& service = shop.service();
  SaleTerms terms = Shop::Terms(10);
  terms.lines[0].released_at_first = 5;
  shop.Create(terms);
  REQUIRE(service.Create(terms).ok());
  CHECK(lines.Has("level=info event=sale_created sale=drop answer=Done"));
  CHECK(lines.Has("level=info event=sale_created sale=drop answer=AlreadyDone"));
  REQUIRE(service.Start("drop").ok());
  REQUIRE(service.Pause("drop").ok());
  REQUIRE(service.Resume("drop").ok());
  REQUIRE(service.Release({.sale = "drop", .line = 0, .units = 7}).ok());
  REQUIRE(shop.Reserve(1) == Code::kDone);
  REQUIRE(shop.Confirm(1) == Code::kDone);
  const UserId user = UserId::FromInteger(1);
  const ReservationId id = ReservationId::FromInteger(1);
  REQUIRE(service.Void({.sale = "drop", .user = user, .id = id}).ok());
  REQUIRE(service.Settle("drop")->code == Code::kSaleOpen);
  REQUIRE(service.Close("drop").ok());
  REQUIRE(service.CancelSale("drop").ok());
  REQUIRE(service.Settle("drop")->code == Code::kDone);
  REQUIRE(service.Forget("drop")->code == Code::kDone);
  const auto act = [&](const std::string& name, const std::string& rest) {
    return lines.Count("level=info event=operator_act sale=drop act=" + name + " " + rest) == 1;
  };
  CHECK(act("start", "answer=Done"));
  CHECK(act("pause", "answer=Done"));
  CHECK(act("resume", "answer=Done"));
  CHECK(act("release", "answer=Done line=0 units=7"));
  CHECK(act("void", "answer=Done user=" + user.ToString() + " id=" + id.ToString()));
  CHECK(act("settle", "answer=SaleOpen"));
  CHECK(act("close", "answer=Done"));
  CHECK(act("cancel-sale", "answer=Done"));
  CHECK(act("settle", "answer=Done"));
  CHECK(act("forget", "answer=Done"));

  CHECK(!service.Serve("drop").ok());
  CHECK(lines.Has("level=warning event=sale_not_served sale=drop error="));
  shop.Create(Shop::Terms(10, "other"));
  REQUIRE(shop.Open(lines.Keep())->Serve("other").ok());
  CHECK(lines.Has("level=info event=sale_served sale=other"));
}

TEST_CASE("an act that could not be carried out is in the log with its error") {
  Lines lines;
  Shop shop(lines.Keep());
  SaleTerms terms = Shop::Terms(10);
  shop.Create(terms);
  terms.hold = 1min;
  CHECK(shop.service().Create(terms).status().code() == StatusCode::kAlreadyExists);
  CHECK(lines.Has(
      "level=info event=call_refused sale=drop operation=create status=AlreadyExists error="));
}

TEST_CASE("a sink that begins to fail is told of once, and once when it has recovered") {
  Lines lines;
  Shop shop(lines.Keep());
  InlineExecutor executor;
  const auto sink = std::make_shared<ToldSink>();
  REQUIRE(
      shop.service().events().AddSink({.name = "bus", .sink = sink, .executor = executor}).ok());
  shop.Create(Shop::Terms());
  shop.Create(Shop::Terms(10, "quiet"));
  shop.At(0s);
  CHECK(!lines.Has("sink"));
  sink->answer = SinkAnswer::kBusy;
  REQUIRE(shop.Reserve(1) == Code::kDone);
  shop.Pass(20s);
  CHECK(shop.service().events().Stats()[0].busy > 2);
  CHECK(lines.Count("level=warning event=sink_failing sink=bus sales=1 busy=1 failures=0") == 1);
  CHECK(lines.Count("sink_failing") == 1);
  CHECK(!lines.Has("sink_recovered"));
  sink->answer = SinkAnswer::kAccepted;
  shop.Pass(20s);
  CHECK(lines.Count("level=info event=sink_recovered sink=bus") == 1);

  // One sale of many is enough, and that others are delivered does not mend it.
  sink->throws_for = "drop";
  REQUIRE(shop.Reserve(2) == Code::kDone);
  for (int i = 0; i < 20; ++i) {
    REQUIRE(shop.service().Pause("quiet").ok());
    REQUIRE(shop.service().Resume("quiet").ok());
    shop.Pass(1s);
  }
  CHECK(lines.Count("event=sink_failing sink=bus sales=1 busy=0 failures=1 refused=0") == 1);
  CHECK(lines.Count("sink_failing") == 2);
  CHECK(lines.Count("sink_recovered") == 1);
  // Another one of the name begins anew.
  CHECK(shop.service().events().RemoveSink("bus"));
  shop.Pass(1s);
  REQUIRE(
      shop.service().events().AddSink({.name = "bus", .sink = sink, .executor = executor}).ok());
  shop.Pass(1s);
  CHECK(lines.Count("sink_failing") == 3);
}

TEST_CASE("an executor that takes no deliveries makes a sink that fails") {
  Lines lines;
  Shop shop(lines.Keep());
  QueueExecutor executor(0);
  REQUIRE(shop.service()
              .events()
              .AddSink({.name = "bus", .sink = std::make_shared<ToldSink>(), .executor = executor})
              .ok());
  shop.Create(Shop::Terms());
  shop.At(0s);
  REQUIRE(shop.Reserve(1) == Code::kDone);
  shop.Pass(20s);
  CHECK(lines.Count("event=sink_failing sink=bus sales=1 busy=0 failures=0 refused=1") == 1);
  CHECK(lines.Count("sink_failing") == 1);
}

TEST_CASE("events that a sink has lost are told of once, and when it has caught up") {
  Lines lines;
  auto storage = OpenMemoryStorage({.events_per_sale = 1'024});
  REQUIRE(storage.ok());
  SimulatedClock clock(Shop::kOpening);
  FlashSaleServiceOptions options{.storage = **storage,
                                  .clock = &clock,
                                  .rate_limits = std::nullopt,
                                  .events = {.max_batch = 100, .max_batches_per_poll = 1}};
  lines.Keep()(options);
  const auto service = FlashSaleService::New(options);
  REQUIRE(service.ok());
  InlineExecutor executor;
  const auto sink = std::make_shared<ToldSink>();
  REQUIRE((*service)->events().AddSink({.name = "bus", .sink = sink, .executor = executor}).ok());
  REQUIRE((*service)->Create(Shop::Terms(10'000)).ok());
  std::uint64_t user = 0;
  const auto sell = [&](int units) {
    for (int i = 0; i < units; ++i) {
      REQUIRE((*service)
                  ->Reserve({.sale = "drop",
                             .user = UserId::FromInteger(++user),
                             .id = ReservationId::FromInteger(1)})
                  ->code == Code::kDone);
    }
  };
  const auto poll = [&] {
    clock.Advance(1ms);
    (*service)->Poll();
  };
  sell(2'000);
  poll();
  CHECK(lines.Count("level=warning event=events_lost sink=bus events=976 in_all=976") == 1);
  // It falls behind again and again, and never comes to the end.
  for (int i = 0; i < 5; ++i) {
    sell(1'000);
    poll();
  }
  CHECK((*service)->events().Stats()[0].lost_events > 976);
  CHECK(lines.Count("events_lost") == 1);
  CHECK(!lines.Has("sink_caught_up"));
  for (int i = 0; i < 20; ++i) poll();
  CHECK(lines.Count("level=info event=sink_caught_up sink=bus") == 1);
  sell(2'000);
  poll();
  CHECK(lines.Count("events_lost") == 2);
}

// Throws where it is told to.
class ToldObserver final : public CountdownObserver, public QueueObserver {
 public:
  void OnUpdate(const Countdown&) override { Throw(); }
  void OnDropped(DropReason) override {}
  void OnAdmitted(const SaleId&, Time, std::span<const QueueEntry>) override { Throw(); }

  bool throws = false;

 private:
  void Throw() const {
    if (throws) throw std::runtime_error("broken");
  }
};

TEST_CASE("observers that throw or are dropped are told of once, and that they have recovered") {
  Lines lines;
  Shop shop(lines.Keep());
  FlashSaleService& service = shop.service();
  InlineExecutor executor;
  shop.Create(Shop::QueuedTerms());
  const auto observer = std::make_shared<ToldObserver>();
  REQUIRE(service.countdown()
              .Subscribe({.sale = "drop", .observer = observer, .executor = executor})
              .ok());
  service.queue().Observe(observer.get());
  // Something to hear of, each second.
  const auto change = [&] {
    REQUIRE(service.Pause("drop").ok());
    shop.Pass(1s);
    REQUIRE(service.Resume("drop").ok());
    shop.Pass(1s);
  };
  shop.At(0s);
  observer->throws = true;
  for (std::uint64_t user = 1; user <= 3; ++user) {
    shop.Join(user);
    change();
  }
  CHECK(service.countdown().Stats().failures > 2);
  CHECK(service.queue().failures().observer == 3);
  CHECK(lines.Count("level=warning event=observers_failing observers=1") == 1);
  CHECK(lines.Count("level=warning event=admission_observer_failing") == 1);
  CHECK(!lines.Has("queue_failed"));
  observer->throws = false;
  for (std::uint64_t user = 4; user <= 6; ++user) {
    shop.Join(user);
    change();
  }
  CHECK(lines.Count("level=info event=observers_recovered observers=0") == 1);
  CHECK(lines.Count("level=info event=admission_observer_recovered") == 1);
  CHECK(lines.Count("observers_failing") == 1);

  // Two in one Poll, in one record.
  QueueExecutor full(0);
  for (int i = 0; i < 2; ++i) {
    REQUIRE(
        service.countdown()
            .Subscribe(
                {.sale = "drop", .observer = std::make_shared<ToldObserver>(), .executor = full})
            .ok());
  }
  shop.Pass(1s);
  CHECK(lines.Count("level=warning event=observers_dropped slow=0 refused=2") == 1);
  CHECK(lines.Count("observers_dropped") == 1);
  service.queue().Observe(nullptr);
}

TEST_CASE("a log's sink may poll the service that logs") {
  FlashSaleService* polled = nullptr;
  std::uint64_t records = 0;
  Shop shop([&](auto& options) {
    options.log.sink = [&](const LogRecord& record) {
      if (record.event != "sink_failing") return;
      ++records;
      polled->Poll();
    };
  });
  polled = &shop.service();
  InlineExecutor executor;
  const auto sink = std::make_shared<ToldSink>();
  sink->answer = SinkAnswer::kBusy;
  REQUIRE(polled->events().AddSink({.name = "bus", .sink = sink, .executor = executor}).ok());
  shop.Create(Shop::Terms());
  shop.At(0s);
  REQUIRE(shop.Reserve(1) == Code::kDone);
  shop.Pass(1s);
  CHECK(records == 1);
}

TEST_CASE("metrics tell how far each sink is, and what it made of its deliveries") {
  Shop shop;
  InlineExecutor executor;
  QueueExecutor later;
  const auto sink = std::make_shared<ToldSink>();
  EventPublisher& events = shop.service().events();
  REQUIRE(events.AddSink({.name = "audit", .sink = sink, .executor = later}).ok());
  REQUIRE(events.AddSink({.name = "bus", .sink = sink, .executor = executor}).ok());
  shop.Create(Shop::Terms());
  shop.At(0s);
  for (std::uint64_t user = 1; user <= 3; ++user) REQUIRE(shop.Reserve(user) == Code::kDone);
  shop.Pass(1s);
  sink->answer = SinkAnswer::kBusy;
  REQUIRE(shop.Reserve(4) == Code::kDone);
  shop.Pass(100ms);
  const MetricsSnapshot metrics = shop.service().ReadMetrics();
  const std::uint64_t seq = metrics.sales[0].seq;
  CHECK(seq == shop.service().ReadStock("drop")->seq);
  REQUIRE(metrics.sinks.size() == 2);
  CHECK(metrics.sinks[0].stats.name == "audit");
  CHECK(metrics.sinks[0].stats.outstanding == 1);
  CHECK(metrics.sinks[0].sales ==
        std::vector<SinkProgress>{{.sale = "drop", .cursor = 0, .lag = seq}});
  const SinkMetrics& bus = metrics.sinks[1];
  CHECK(bus.stats.name == "bus");
  CHECK(bus.stats.delivered_events == seq - 1);
  CHECK(bus.stats.busy == 1);
  CHECK(bus.stats.failing == 1);
  CHECK(bus.sales == std::vector<SinkProgress>{{.sale = "drop", .cursor = seq - 1, .lag = 1}});
  CHECK(metrics.countdown == CountdownStats{});
  later.DropAll();
}

TEST_CASE("metrics tell how the circuit breaker stands, and what the log left out") {
  bool broken = false;
  Lines lines;
  Shop shop(
      [&](auto& options) {
        lines.Keep()(options);
        options.log.rate_per_event = {.permits = 1, .per = 1s, .burst = 1};
        options.breaker = CircuitBreakerOptions{.min_calls = 3, .open_for = 5s};
      },
      FaultPlan{.decide = [&broken](StorageCall call) {
        return broken && call == StorageCall::kApply ? Fault::kRefused : Fault::kNone;
      }});
  shop.Create(Shop::Terms());
  shop.At(0s);
  REQUIRE(shop.Reserve(1) == Code::kDone);
  std::optional<CircuitSnapshot> breaker = shop.service().ReadMetrics().breaker;
  REQUIRE(breaker.has_value());
  CHECK(breaker->state == CircuitState::kClosed);
  CHECK(breaker->calls == 1);
  broken = true;
  for (std::uint64_t user = 2; user <= 3; ++user) {
    CHECK(!shop.service()
               .Reserve({.sale = "drop",
                         .user = UserId::FromInteger(user),
                         .id = ReservationId::FromInteger(1)})
               .ok());
  }
  CHECK(shop.Reserve(4) == Code::kWaitingPage);
  breaker = shop.service().ReadMetrics().breaker;
  CHECK(breaker->state == CircuitState::kOpen);
  CHECK(breaker->times_opened == 1);
  CHECK(breaker->refused == 1);
  CHECK(shop.service().ReadMetrics().log.suppressed == 1);  // of two that failed
  broken = false;
  shop.clock().Advance(5s);
  REQUIRE(shop.Reserve(5) == Code::kDone);
  CHECK(shop.service().ReadMetrics().breaker->state == CircuitState::kHalfOpen);
  CHECK(!Shop().service().ReadMetrics().breaker.has_value());
}

}  // namespace
}  // namespace flashsale::service_test
