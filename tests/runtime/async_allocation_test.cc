// Every allocation on the way of an asynchronous call fails once: its caller is answered all the
// same, once, and what is recorded is what they were told.
#include <doctest/doctest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "flashsale/testing/allocation_failure.h"
#include "tests/runtime/async_world.h"

namespace flashsale::async_test {
namespace {

constexpr std::uint64_t kMostAllocations = 1'000;
constexpr std::uint64_t kUser = 7;

// What a call was answered, and how often; asks for no memory.
struct Answers {
  int count = 0;
  StatusCode status = StatusCode::kOk;
  Code code = Code::kDone;

  void Take(const Result<Outcome>& answer) { Take(answer.status(), CodeOf(answer)); }
  void Take(const Result<QueuePlace>& answer) { Take(answer.status(), CodeOf(answer)); }
  void Take(const Status& error, Code answered) {
    ++count;
    status = error.code();
    code = answered;
  }

 private:
  static Code CodeOf(const Result<Outcome>& answer) {
    return answer.ok() ? answer->code : Code::kDone;
  }
  static Code CodeOf(const Result<QueuePlace>& answer) {
    return answer.ok() ? answer->outcome.code : Code::kDone;
  }
};

template <typename Answer>
class Counting final : public Completion<Answer> {
 public:
  explicit Counting(Answers& answers) : answers_(answers) {}
  void Complete(const Result<Answer>& answer) override { answers_.Take(answer); }

 private:
  Answers& answers_;
};

// A way that a call may take: who stands at the gates, and whether the store may block.
struct Way {
  std::string name;
  bool may_block = false;
  bool detector = false;
  bool queued = false;
  bool guarded = false;  // by rates and a circuit breaker
};

// A shop whose gates are those of the way, with the sale "drop" open.
class Scene {
 public:
  explicit Scene(const Way& way)
      : chain_(ChainOf(detector_)),
        shop_({.may_block = way.may_block, .service = [&](FlashSaleServiceOptions& options) {
                 if (way.detector) options.bots = chain_.get();
                 if (!way.guarded) return;
                 options.rate_limits = RateLimits{};
                 options.breaker = CircuitBreakerOptions{};
               }}) {
    shop_.Create(10, "drop", way.queued);
    if (way.queued) shop_.service().Poll();
  }

  // Submits and goes on until nothing is left to do.  What it answers, at once or later.
  template <typename Answer, typename Request>
  void Call(const Request& request, Answers& answers) {
    Counting<Answer> completion(answers);
    // A completion that is called after its call has been answered at once is counted, too.
    const std::optional<Result<Answer>> at_once = shop_.async().Submit(request, completion);
    if (at_once.has_value()) answers.Take(*at_once);
    shop_.Settle();
    detector_.Deliver(0);
    shop_.Settle();
  }

  AsyncShop& shop() { return shop_; }

 private:
  PatientDetector detector_;
  const std::unique_ptr<CompositeBotDetector> chain_;
  AsyncShop shop_;
};

bool IsRefusal(const Answers& answers) {
  return answers.status == StatusCode::kResourceExhausted ||
         answers.status == StatusCode::kUnknown || answers.code == Code::kOverloaded ||
         answers.code == Code::kStorageFull;
}

// Makes `call` in a new scene, where one allocation fails; whether there were so many.
// `recorded`: how much the store has of it, of one at the most.
bool FailOne(const Way& way, std::uint64_t index, const std::function<void(Scene&)>& before,
             const std::function<void(Scene&, Answers&)>& call,
             const std::function<std::uint64_t(Scene&)>& recorded) {
  Scene scene(way);
  before(scene);
  Answers first;
  bool happened = false;
  bool threw = false;
  {
    const AllocationFailure failure(index);
    try {
      call(scene, first);
    } catch (...) {
      threw = true;
    }
    happened = failure.happened();
  }
  REQUIRE_FALSE(threw);
  REQUIRE(first.count == 1);
  CHECK(scene.shop().async().statistics().open == 0);
  const bool is_done = first.status == StatusCode::kOk && first.code == Code::kDone;
  CHECK((is_done || (happened && IsRefusal(first))));
  CHECK(recorded(scene) <= 1);
  if (is_done) CHECK(recorded(scene) == 1);

  // The same call again, with memory: it is carried out once in all.
  Answers again;
  call(scene, again);
  REQUIRE(again.count == 1);
  CHECK(again.status == StatusCode::kOk);
  CHECK((again.code == Code::kDone || again.code == Code::kAlreadyDone));
  if (is_done) CHECK(again.code == Code::kAlreadyDone);
  CHECK(recorded(scene) == 1);
  return happened;
}

// Makes `call` again and again in new scenes, where the first allocation fails, the second, and so
// on, until none is left to fail.
void FailEach(const Way& way, const std::function<void(Scene&)>& before,
              const std::function<void(Scene&, Answers&)>& call,
              const std::function<std::uint64_t(Scene&)>& recorded) {
  CAPTURE(way.name);
  std::uint64_t failures = 0;
  for (std::uint64_t index = 0;; ++index) {
    REQUIRE(index < kMostAllocations);
    CAPTURE(index);
    const std::int64_t live = AllocationFailure::live();
    if (!FailOne(way, index, before, call, recorded)) break;
    // In the first scene what a thread needs for as long as it lives.
    if (index > 0) CHECK(AllocationFailure::live() == live);
    ++failures;
  }
  MESSAGE(way.name << ": " << failures << " allocations failed");
}

std::uint64_t Reserved(Scene& scene) { return scene.shop().StockNow().reserved; }
std::uint64_t Waiting(Scene& scene) {
  return scene.shop().service().queue().Read("drop", kOpening)->waiting[0];
}

TEST_CASE("an allocation that fails on the way of a reserve leaves one answer, and what it says") {
  for (const Way& way :
       {Way{.name = "at once"}, Way{.name = "guarded", .guarded = true},
        Way{.name = "behind a detector", .detector = true},
        Way{.name = "behind a detector, guarded", .detector = true, .guarded = true},
        Way{.name = "to a store that may block", .may_block = true},
        Way{.name = "all", .may_block = true, .detector = true, .guarded = true}}) {
    FailEach(
        way, [](Scene&) {},
        [](Scene& scene, Answers& answers) { scene.Call<Outcome>(ReserveOf(kUser), answers); },
        Reserved);
  }
}

TEST_CASE("an allocation that fails on the way of a reserve by admission leaves one answer") {
  for (const Way& way :
       {Way{.name = "at once", .queued = true},
        Way{.name = "all", .may_block = true, .detector = true, .queued = true, .guarded = true}}) {
    FailEach(
        way,
        [](Scene& scene) {
          AsyncShop& shop = scene.shop();
          REQUIRE(shop.service()
                      .queue()
                      .Join("drop", {.user = UserId::FromInteger(kUser)}, kOpening)
                      .ok());
          shop.clock().Advance(1s);
          shop.service().Poll();
          REQUIRE(shop.service().queue().Read("drop", kOpening + 1s)->in_flight == 1);
        },
        [](Scene& scene, Answers& answers) { scene.Call<Outcome>(ReserveOf(kUser), answers); },
        Reserved);
  }
}

TEST_CASE(
    "an allocation that fails on the way of a join leaves one answer, and one ticket or none") {
  const JoinRequest join{.sale = "drop", .user = UserId::FromInteger(kUser)};
  for (const Way& way :
       {Way{.name = "at once", .queued = true},
        Way{.name = "behind a detector", .detector = true, .queued = true},
        Way{.name = "to a store that may block", .may_block = true, .queued = true},
        Way{.name = "all", .may_block = true, .detector = true, .queued = true, .guarded = true}}) {
    FailEach(
        way, [](Scene&) {},
        [&](Scene& scene, Answers& answers) { scene.Call<QueuePlace>(join, answers); }, Waiting);
  }
}

}  // namespace
}  // namespace flashsale::async_test
