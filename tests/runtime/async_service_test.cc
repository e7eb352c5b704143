#include "flashsale/runtime/async_service.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <coroutine>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "flashsale/runtime/inline_executor.h"
#include "flashsale/runtime/task.h"
#include "flashsale/runtime/thread_pool_executor.h"
#include "service/spread.h"
#include "tests/runtime/async_world.h"

namespace flashsale::async_test {
namespace {

using HeardOutcome = Heard<Outcome>;
using HeardPlace = Heard<QueuePlace>;

// Submits and lets everything happen; the answer, however it came.
template <typename Answer, typename Request>
Result<Answer> Call(AsyncShop& shop, const Request& request) {
  Heard<Answer> heard;
  const std::optional<Result<Answer>> at_once = shop.async().Submit(request, heard);
  shop.Settle();
  CHECK(heard.count() == (at_once.has_value() ? 0 : 1));
  return at_once.has_value() ? *at_once : heard.answers().at(0);
}
template <typename Request>
Outcome OutcomeOf(AsyncShop& shop, const Request& request) {
  const Result<Outcome> answer = Call<Outcome>(shop, request);
  REQUIRE_MESSAGE(answer.ok(), answer.status().ToString());
  return *answer;
}
template <typename Request>
QueuePlace PlaceOf(AsyncShop& shop, const Request& request) {
  const Result<QueuePlace> answer = Call<QueuePlace>(shop, request);
  REQUIRE_MESSAGE(answer.ok(), answer.status().ToString());
  return *answer;
}

TEST_CASE("every verb answers as the service's own") {
  for (const bool may_block : {false, true}) {
    CAPTURE(may_block);
    AsyncShop shop({.may_block = may_block});
    shop.Create();
    const Outcome held = OutcomeOf(shop, ReserveOf(1));
    CHECK(held.code == Code::kDone);
    CHECK(held.state == ReservationState::kActive);
    CHECK(held.deadline() == kOpening + 5min);
    CHECK(OutcomeOf(shop, ReserveOf(1)).code == Code::kAlreadyDone);
    shop.clock().Advance(1min);
    CHECK(OutcomeOf(shop, ExtendOf(1)).deadline() == kOpening + 6min);
    CHECK(OutcomeOf(shop, ConfirmOf(1)).state == ReservationState::kPurchased);
    CHECK(OutcomeOf(shop, CancelOf(1)).code == Code::kAlreadyPurchased);
    CHECK(OutcomeOf(shop, ReserveOf(2)).code == Code::kDone);
    CHECK(OutcomeOf(shop, CancelOf(2)).code == Code::kDone);
    CHECK(OutcomeOf(shop, ConfirmOf(3)).code == Code::kUnknownReservation);
    CHECK(shop.StockNow() == Stock{.limit = 10, .released = 10, .reserved = 0, .sold = 1});
    CHECK(shop.async().statistics().open == 0);
  }
}

TEST_CASE("the queue before a sale: who is let in reserves, and is counted out when they bought") {
  for (const bool may_block : {false, true}) {
    CAPTURE(may_block);
    AsyncShop shop({.may_block = may_block});
    shop.Create(10, "drop", true);
    const UserId ann = UserId::FromInteger(1);
    CHECK(PlaceOf(shop, PositionRequest{"drop", ann}).outcome.code == Code::kUnknownTicket);
    CHECK(PlaceOf(shop, JoinRequest{.sale = "drop", .user = ann}).outcome.code == Code::kDone);
    CHECK(PlaceOf(shop, PositionRequest{"drop", ann}).position == 1);
    CHECK(OutcomeOf(shop, HeartbeatRequest{"drop", ann}).code == Code::kDone);
    CHECK(OutcomeOf(shop, ReserveOf(1)).code == Code::kQueued);
    for (int i = 0; i < 20; ++i) {
      shop.clock().Advance(100ms);
      shop.service().Poll();
    }
    CHECK(PlaceOf(shop, PositionRequest{"drop", ann}).entry.state == TicketState::kAdmitted);
    CHECK(OutcomeOf(shop, ReserveOf(1)).code == Code::kDone);
    CHECK(OutcomeOf(shop, ConfirmOf(1)).code == Code::kDone);
    // The queue was told: the slot is free.
    CHECK(shop.service().queue().Read("drop", shop.clock().Now())->in_flight == 0);
    const UserId bob = UserId::FromInteger(2);
    CHECK(PlaceOf(shop, JoinRequest{.sale = "drop", .user = bob}).outcome.code == Code::kDone);
    CHECK(OutcomeOf(shop, LeaveRequest{"drop", bob}).code == Code::kDone);
    CHECK(OutcomeOf(shop, LeaveRequest{"drop", bob}).code == Code::kAlreadyDone);
  }
}

TEST_CASE("what phase, shape and rates refuse is answered at once, and the store not asked") {
  AsyncShop shop({.service = [](auto& options) {
    options.rate_limits = RateLimits{.per_user = Quota{.permits = 1, .per = 1min, .burst = 1}};
  }});
  shop.Create();
  HeardOutcome heard;
  const auto code = [&](const ReserveRequest& request) {
    const auto at_once = shop.async().Submit(request, heard);
    REQUIRE((at_once.has_value() && at_once->ok()));
    return (*at_once)->code;
  };
  ReserveRequest unknown = ReserveOf(1);
  unknown.sale = "other";
  CHECK(code(unknown) == Code::kUnknownSale);
  CHECK(code({.sale = "drop"}) == Code::kInvalid);
  CHECK(OutcomeOf(shop, ReserveOf(1)).code == Code::kDone);
  ReserveRequest again = ReserveOf(1);
  again.id = ReservationId::FromInteger(77);
  CHECK(code(again) == Code::kRateLimited);
  // Who sends the same call again passes: the store knows it.
  CHECK(OutcomeOf(shop, ReserveOf(1)).code == Code::kAlreadyDone);
  shop.clock().Advance(2h);
  CHECK(code(ReserveOf(2)) == Code::kSaleEnded);
  CHECK(heard.count() == 0);
  CHECK(shop.async().statistics().lane.accepted == 2);
}

TEST_CASE("a full lane refuses at once, and takes calls again once it has room") {
  AsyncShop shop({.async = [](auto& options) {
    options.lane.capacity = 1;
    options.lane.retry_after = 70ms;
  }});
  shop.Create();
  HeardOutcome first;
  HeardOutcome second;
  CHECK(!shop.async().Submit(ReserveOf(1), first).has_value());
  const auto refused = shop.async().Submit(ReserveOf(2), second);
  REQUIRE((refused.has_value() && refused->ok()));
  CHECK((*refused)->code == Code::kOverloaded);
  CHECK((*refused)->retry_after() == 70ms);
  CHECK(shop.async().statistics().open == 1);
  shop.Settle();
  CHECK(first.code() == Code::kDone);
  CHECK(second.count() == 0);
  CHECK(OutcomeOf(shop, ReserveOf(2)).code == Code::kDone);
}

TEST_CASE("an error of the store is the caller's, and the same call again tells what became") {
  Fault fault = Fault::kNone;
  AsyncShop shop({.faults = {.decide = [&](StorageCall call) {
                    return call == StorageCall::kApply ? std::exchange(fault, Fault::kNone)
                                                       : Fault::kNone;
                  }}});
  shop.Create();
  fault = Fault::kRefused;
  CHECK(Call<Outcome>(shop, ReserveOf(1)).status().code() == StatusCode::kUnavailable);
  CHECK(shop.StockNow().reserved == 0);
  fault = Fault::kLostReply;
  CHECK(Call<Outcome>(shop, ReserveOf(1)).status().code() == StatusCode::kUnknown);
  CHECK(OutcomeOf(shop, ReserveOf(1)).code == Code::kAlreadyDone);
  const MetricsSnapshot metrics = shop.service().ReadMetrics();
  CHECK(metrics.failures.size() == 2);
}

TEST_CASE("a circuit breaker hears of the store through the lane, and opens") {
  AsyncShop shop({.faults = {.decide =
                                 [](StorageCall call) {
                                   return call == StorageCall::kApply ? Fault::kRefused
                                                                      : Fault::kNone;
                                 }},
                  .service = [](auto& options) {
                    options.breaker = CircuitBreakerOptions{.min_calls = 2, .open_for = 7s};
                  }});
  shop.Create();
  for (const std::uint64_t user : {1U, 2U}) {
    CHECK(!Call<Outcome>(shop, ReserveOf(user)).ok());
  }
  const Outcome refused = OutcomeOf(shop, ReserveOf(3));
  CHECK(refused.code == Code::kWaitingPage);
  // And as much again at the most, for each user another.
  const Time now = shop.clock().Now();
  CHECK(refused.retry_after() == 7s + SpreadOver(7s, UserId::FromInteger(3), now));
}

TEST_CASE("calls of one sale reach the store, and their answers the executor, as submitted") {
  AsyncShop shop({.async = [](auto& options) { options.lane.max_batch = 4; }});
  shop.Create(100);
  struct Numbered final : Completion<Outcome> {
    void Complete(const Result<Outcome>& answer) override {
      order->push_back(number);
      code = answer->code;
    }
    std::vector<std::size_t>* order = nullptr;
    std::size_t number = 0;
    Code code = Code::kInvalid;
  };
  constexpr std::size_t kShoppers = 30;
  std::vector<std::size_t> order;
  std::array<Numbered, 3 * kShoppers> calls;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    calls[i].order = &order;
    calls[i].number = i;
  }
  // Nobody waits for an answer before the next call.
  for (std::size_t i = 0; i < kShoppers; ++i) {
    CHECK(!shop.async().Submit(ReserveOf(i), calls[3 * i]).has_value());
    CHECK(!shop.async().Submit(ConfirmOf(i), calls[3 * i + 1]).has_value());
    CHECK(!shop.async().Submit(CancelOf(i), calls[3 * i + 2]).has_value());
  }
  shop.Settle();
  REQUIRE(order.size() == calls.size());
  for (std::size_t i = 0; i < calls.size(); ++i) {
    CHECK(order[i] == i);
    CHECK(calls[i].code == (i % 3 == 2 ? Code::kAlreadyPurchased : Code::kDone));
  }
}

TEST_CASE("nothing waits for a detector that takes its time, and its word decides") {
  for (const bool may_block : {false, true}) {
    CAPTURE(may_block);
    PatientDetector patient;
    const auto chain = ChainOf(patient);
    AsyncShop shop(
        {.may_block = may_block, .service = [&](auto& options) { options.bots = chain.get(); }});
    shop.Create(10, "queued", true);
    shop.Create();
    HeardOutcome good;
    HeardOutcome bad;
    HeardPlace joined;
    HeardPlace kept_out;
    const auto submit = [&](auto& person, auto& robot) {
      // The requests' memory is gone when Submit has returned.
      std::string token = "a token of this request";
      const RequestContext context{.challenge_token = token};
      CHECK(!shop.async().Submit(ReserveOf(1, context), good).has_value());
      CHECK(!shop.async()
                 .Submit(
                     JoinRequest{
                         .sale = "queued", .user = UserId::FromInteger(1), .context = context},
                     person)
                 .has_value());
      token.assign(token.size(), '#');
      CHECK(!shop.async().Submit(ReserveOf(2, context), bad).has_value());
      CHECK(!shop.async()
                 .Submit(
                     JoinRequest{
                         .sale = "queued", .user = UserId::FromInteger(2), .context = context},
                     robot)
                 .has_value());
    };
    submit(joined, kept_out);
    shop.Settle();
    REQUIRE(patient.tokens().size() == 4);
    CHECK(patient.tokens()[0] == "a token of this request");
    CHECK(patient.tokens()[1] == "a token of this request");
    CHECK(good.count() == 0);
    CHECK(shop.async().statistics().open == 4);
    const auto sinks = patient.TakeSinks();
    for (std::size_t i = 0; i < sinks.size(); ++i) {
      sinks[i]->Deliver({.score = static_cast<std::uint8_t>(i < 2 ? 0 : 100)});
    }
    shop.Settle();
    CHECK(good.code() == Code::kDone);
    CHECK(joined.code() == Code::kDone);
    CHECK(bad.code() == Code::kDenied);
    CHECK(kept_out.code() == Code::kDenied);
    CHECK(shop.async().statistics().open == 0);
  }
}

TEST_CASE("a detector that never answers holds a call up for its time and no longer") {
  PatientDetector patient;
  const auto chain = ChainOf(patient);
  AsyncShop shop({.service = [&](auto& options) { options.bots = chain.get(); }});
  shop.Create();
  HeardOutcome heard;
  CHECK(!shop.async().Submit(ReserveOf(1), heard).has_value());
  shop.clock().Advance(10s);
  shop.service().Poll();
  shop.Settle();
  CHECK(heard.code() == Code::kDone);
}

// A detector that keeps the thread that asks it until the test lets it go.
class KeepingDetector final : public BotDetector {
 public:
  std::string_view name() const override { return "keeping"; }
  DetectorCost cost() const override { return DetectorCost::kRemote; }
  std::optional<BotScore> Score(const BotQuery&, const DetectorProbe&, Time,
                                const std::shared_ptr<BotScoreSink>&) override {
    asked = true;
    while (!let_go) std::this_thread::yield();
    return BotScore{};
  }
  std::atomic<bool> asked{false};
  std::atomic<bool> let_go{false};
};

TEST_CASE("a drain waits for a thread that is still in the service, though its call was refused") {
  KeepingDetector keeping;
  const auto chain = ChainOf(keeping);
  const auto pool = *ThreadPoolExecutor::New({.threads = 1});
  AsyncShop shop({.may_block = true,
                  .service = [&](auto& options) { options.bots = chain.get(); },
                  .async = [&](auto& options) { options.blocking = pool.get(); }});
  shop.Create();
  HeardOutcome heard;
  REQUIRE(!shop.async().Submit(ReserveOf(1), heard).has_value());
  REQUIRE(WaitFor([&] { return keeping.asked.load(); }));
  std::atomic<bool> drained{false};
  std::thread drain([&] {
    shop.async().Drain();
    drained = true;
  });
  REQUIRE(WaitFor([&] { return heard.count() == 1; }));
  CHECK(heard.code() == Code::kOverloaded);
  // The service may go when a drain has returned.
  for (int i = 0; i < 1'000; ++i) std::this_thread::yield();
  CHECK(!drained);
  keeping.let_go = true;
  drain.join();
  CHECK(drained);
}

TEST_CASE("over a storage that may block, the thread that submits makes no call to it") {
  std::atomic<std::uint64_t> calls{0};
  AsyncShop shop({.may_block = true,
                  .faults = {.before = [&](StorageCall) { ++calls; }},
                  .service = [](auto& options) { options.rate_limits = RateLimits{}; }});
  shop.Create(10, "drop", true);
  calls = 0;
  HeardOutcome outcomes;
  HeardPlace places;
  const UserId ann = UserId::FromInteger(1);
  CHECK(!shop.async().Submit(ReserveOf(1), outcomes).has_value());
  CHECK(!shop.async().Submit(ConfirmOf(1), outcomes).has_value());
  CHECK(!shop.async().Submit(HeartbeatRequest{"drop", ann}, outcomes).has_value());
  CHECK(!shop.async().Submit(LeaveRequest{"drop", ann}, outcomes).has_value());
  CHECK(!shop.async().Submit(JoinRequest{.sale = "drop", .user = ann}, places).has_value());
  CHECK(!shop.async().Submit(PositionRequest{"drop", ann}, places).has_value());
  CHECK(calls == 0);
  shop.Settle();
  CHECK(calls > 0);
  CHECK(outcomes.count() == 4);
  CHECK(places.count() == 2);
}

TEST_CASE("where the executor for round trips is full, calls that need it are refused") {
  const auto tiny = *ManualExecutor::New({.capacity = 1});
  AsyncShop shop(
      {.may_block = true, .async = [&](auto& options) { options.blocking = tiny.get(); }});
  shop.Create();
  HeardOutcome first;
  HeardOutcome second;
  HeardPlace place;
  CHECK(!shop.async().Submit(ReserveOf(1), first).has_value());
  const auto refused = shop.async().Submit(ReserveOf(2), second);
  REQUIRE((refused.has_value() && refused->ok()));
  CHECK((*refused)->code == Code::kOverloaded);
  const auto no_place =
      shop.async().Submit(JoinRequest{.sale = "drop", .user = UserId::FromInteger(2)}, place);
  REQUIRE((no_place.has_value() && no_place->ok()));
  CHECK((*no_place)->outcome.code == Code::kOverloaded);
  tiny->RunReady();
  shop.async().Poll();
  // A confirm asks no gate: it comes to the lane, and what follows is done where it was answered.
  CHECK(!shop.async().Submit(ConfirmOf(1), second).has_value());
  shop.async().Poll();
  tiny->RunReady();
  shop.Settle();
  CHECK(first.code() == Code::kDone);
  CHECK(second.code() == Code::kDone);
  CHECK(shop.async().statistics().executor_refusals >= 2);
}

TEST_CASE("without an executor, or where it refuses, completions run where the answer is") {
  const auto tiny = *ManualExecutor::New({.capacity = 1});
  CHECK(tiny->Post([] {}));
  for (Executor* const executor :
       {static_cast<Executor*>(nullptr), static_cast<Executor*>(tiny.get())}) {
    AsyncShop shop({.async = [&](auto& options) { options.executor = executor; }});
    shop.Create();
    HeardOutcome heard;
    CHECK(!shop.async().Submit(ReserveOf(1), heard).has_value());
    shop.async().Poll();
    CHECK(heard.code() == Code::kDone);
    CHECK(shop.async().statistics().executor_refusals == (executor == nullptr ? 0 : 1));
  }
}

TEST_CASE("a completion that throws is counted, and those behind it run") {
  struct Throwing final : Completion<Outcome> {
    void Complete(const Result<Outcome>&) override { throw std::runtime_error("no more"); }
  };
  AsyncShop shop;
  shop.Create();
  Throwing throwing;
  HeardOutcome heard;
  CHECK(!shop.async().Submit(ReserveOf(1), throwing).has_value());
  CHECK(!shop.async().Submit(ReserveOf(2), heard).has_value());
  shop.Settle();
  CHECK(heard.code() == Code::kDone);
  CHECK(shop.async().statistics().exceptions == 1);
  CHECK(shop.async().statistics().open == 0);
}

// --- shutdown

TEST_CASE("a closed one refuses, and what it had accepted goes on") {
  AsyncShop shop;
  shop.Create();
  HeardOutcome before;
  HeardOutcome after;
  HeardPlace place;
  CHECK(!shop.async().Submit(ReserveOf(1), before).has_value());
  shop.async().Close();
  CHECK((*shop.async().Submit(ReserveOf(2), after))->code == Code::kOverloaded);
  CHECK((*shop.async().Submit(ConfirmOf(1), after))->code == Code::kOverloaded);
  CHECK((*shop.async().Submit(PositionRequest{"drop", UserId::FromInteger(1)}, place))
            ->outcome.code == Code::kOverloaded);
  shop.Settle();
  CHECK(before.code() == Code::kDone);
  CHECK(after.count() == 0);
}

TEST_CASE("draining answers everything on the thread that drains, and later tasks find nothing") {
  PatientDetector patient;
  const auto chain = ChainOf(patient);
  AsyncShop shop({.service = [&](auto& options) { options.bots = chain.get(); }});
  shop.Create();
  HeardOutcome posted;
  HeardOutcome in_lane;
  HeardOutcome waiting;
  CHECK(!shop.async().Submit(ReserveOf(1), posted).has_value());
  patient.Deliver(0);
  shop.async().Poll();
  CHECK(!shop.async().Submit(ConfirmOf(1), in_lane).has_value());
  CHECK(!shop.async().Submit(ReserveOf(2), waiting).has_value());
  shop.async().Drain();
  CHECK(posted.code() == Code::kDone);
  CHECK(in_lane.code() == Code::kDone);
  CHECK(waiting.code() == Code::kOverloaded);
  CHECK(shop.async().statistics().open == 0);
  // The detector answers a question that nobody asks any more, and the store hears nothing of it.
  patient.Deliver(0);
  CHECK(waiting.count() == 1);
  CHECK(shop.StockNow().reserved == 0);
  shop.DestroyAsync();
  shop.loop().RunReady();
  CHECK(posted.count() == 1);
}

TEST_CASE("a detector may answer after all has gone") {
  PatientDetector patient;
  HeardOutcome heard;
  HeardPlace place;
  std::vector<std::shared_ptr<BotScoreSink>> sinks;
  {
    const auto chain = ChainOf(patient);
    AsyncShop shop({.service = [&](auto& options) { options.bots = chain.get(); }});
    shop.Create(10, "drop", true);
    CHECK(!shop.async().Submit(ReserveOf(1), heard).has_value());
    CHECK(!shop.async()
               .Submit(JoinRequest{.sale = "drop", .user = UserId::FromInteger(1)}, place)
               .has_value());
    sinks = patient.TakeSinks();
    shop.DestroyAsync();
    CHECK(heard.code() == Code::kOverloaded);
    CHECK(place.code() == Code::kOverloaded);
  }
  for (const auto& sink : sinks) sink->Deliver({.score = 0});
  CHECK(heard.count() == 1);
  CHECK(place.count() == 1);
}

TEST_CASE("options that cannot be are refused by name") {
  AsyncShop shop;
  AsyncShop blocking({.may_block = true});
  const auto refusal = [](AsyncShop& of, const AsyncServiceOptions& options) {
    const auto made = AsyncFlashSaleService::New(of.service(), options);
    REQUIRE(!made.ok());
    CHECK(made.status().code() == StatusCode::kInvalidArgument);
    return made.status().message();
  };
  InlineExecutor executor;
  CHECK(refusal(shop, {.lane = {.executor = &executor}}).starts_with("lane.executor: "));
  CHECK(refusal(shop, {.lane = {.workers = 65}}).starts_with("lane.workers: "));
  CHECK(refusal(blocking, {}).starts_with("blocking: "));
}

// --- coroutines

Frame Shopper(AsyncFlashSaleService& async, std::uint64_t user, std::vector<Code>& codes) {
  const auto note = [&codes](const Result<Outcome>& answer) {
    codes.push_back(answer.ok() ? answer->code : Code::kInvalid);
  };
  note(co_await async.Reserve(ReserveOf(user)));
  note(co_await async.Extend(ExtendOf(user)));
  note(co_await async.Confirm(ConfirmOf(user)));
  note(co_await async.Cancel(CancelOf(user)));
}

Frame Waiter(AsyncFlashSaleService& async, UserId user, std::vector<Code>& codes) {
  const Result<QueuePlace> joined = co_await async.Join({.sale = "drop", .user = user});
  codes.push_back(joined->outcome.code);
  codes.push_back((co_await async.Position({"drop", user}))->outcome.code);
  codes.push_back((co_await async.Heartbeat({"drop", user}))->code);
  codes.push_back((co_await async.Leave({"drop", user}))->code);
}

TEST_CASE("a coroutine goes through a purchase, one answer after the other") {
  for (const bool may_block : {false, true}) {
    CAPTURE(may_block);
    AsyncShop shop({.may_block = may_block});
    shop.Create();
    shop.Create(10, "other");
    std::vector<Code> codes;
    const Frame frame = Shopper(shop.async(), 1, codes);
    CHECK(codes.empty());
    shop.Settle();
    CHECK(frame.coroutine.done());
    CHECK(codes ==
          std::vector{Code::kDone, Code::kAlreadyDone, Code::kDone, Code::kAlreadyPurchased});
    frame.coroutine.destroy();
  }
}

TEST_CASE(
    "a coroutine stands in the queue, and goes on at once where nothing has to be waited for") {
  for (const bool may_block : {false, true}) {
    CAPTURE(may_block);
    AsyncShop shop({.may_block = may_block});
    shop.Create(10, "drop", true);
    std::vector<Code> codes;
    const Frame frame = Waiter(shop.async(), UserId::FromInteger(1), codes);
    CHECK(frame.coroutine.done() == !may_block);
    shop.Settle();
    CHECK(frame.coroutine.done());
    CHECK(codes == std::vector{Code::kDone, Code::kDone, Code::kDone, Code::kDone});
    frame.coroutine.destroy();
  }
}

TEST_CASE("a coroutine that is destroyed while it waits is forgotten") {
  PatientDetector patient;
  const auto chain = ChainOf(patient);
  AsyncShop shop({.service = [&](auto& options) { options.bots = chain.get(); }});
  shop.Create();
  std::vector<Code> in_lane;
  std::vector<Code> at_detector;
  std::vector<Code> kept;
  const Frame first = Shopper(shop.async(), 1, in_lane);
  const Frame third = Shopper(shop.async(), 3, kept);
  patient.Deliver(0);
  const Frame second = Shopper(shop.async(), 2, at_detector);
  first.coroutine.destroy();
  second.coroutine.destroy();
  patient.Deliver(0);
  shop.Settle();
  CHECK(in_lane.empty());
  CHECK(at_detector.empty());
  CHECK(kept.size() == 4);
  // Their commands were carried out all the same.
  CHECK(shop.StockNow() == Stock{.limit = 10, .released = 10, .reserved = 2, .sold = 1});
  CHECK(shop.async().statistics().open == 0);
  third.coroutine.destroy();
}

TEST_CASE("a coroutine that waits when all is shut down gets its answer, and is refused the next") {
  AsyncShop shop;
  shop.Create();
  std::vector<Code> codes;
  const Frame frame = Shopper(shop.async(), 1, codes);
  shop.async().Drain();
  CHECK(frame.coroutine.done());
  CHECK(codes == std::vector{Code::kDone, Code::kOverloaded, Code::kOverloaded, Code::kOverloaded});
  frame.coroutine.destroy();
}

}  // namespace
}  // namespace flashsale::async_test
