// Two calls of which the second comes between two instructions of the first, at every place of it;
// each history and its log are checked.  What random histories meet once in a thousand runs, or
// never, is met here in each.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "flashsale/backend/memory.h"
#include "flashsale/testing/history.h"
#include "flashsale/testing/linearizability.h"
#include "flashsale/testing/log_check.h"
#include "tests/linearizability/interruption.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;
using Places = Interruption::Places;

constexpr Duration kHold = 1ms;
constexpr Time kStart{std::chrono::hours{24 * 365 * 50}};
// When what was taken at kStart has lapsed.
constexpr Time kLater = kStart + kHold;

// One call; without a command, ExpireDue.
struct Step {
  Time now;
  std::optional<Command> command = std::nullopt;
};
Step Expire(Time now) { return {.now = now}; }
Step Reserve(Time now, std::uint64_t user, std::uint64_t id, std::uint64_t device = 0) {
  Command command{.verb = Verb::kReserve,
                  .units = 1,
                  .user = UserId::FromInteger(user),
                  .id = ReservationId::FromInteger(id)};
  if (device != 0) command.keys[0] = LimitKey::FromInteger(device);
  return {.now = now, .command = command};
}
Step About(Time now, Verb verb, std::uint64_t user, std::uint64_t id) {
  return {
      .now = now,
      .command = Command{
          .verb = verb, .user = UserId::FromInteger(user), .id = ReservationId::FromInteger(id)}};
}
Step Act(Time now, Verb verb, Units units = 0) {
  return {.now = now, .command = Command{.verb = verb, .units = units}};
}

bool Take(const Step& step, HistoryRecorder::Client& client) {
  return step.command.has_value() ? client.Apply(step.now, *step.command).ok()
                                  : client.ExpireDue(step.now, 100).ok();
}
bool Take(const std::vector<Step>& steps, HistoryRecorder::Client& client) {
  return std::all_of(steps.begin(), steps.end(),
                     [&client](const Step& step) { return Take(step, client); });
}

// One unit, limit 1, a hold of a millisecond.
SaleTerms OneUnit() {
  return {.id = "interleaved",
          .lines = {{.product = "thing", .units = 1}},
          .start = kStart,
          .end = kStart + 1h,
          .hold = kHold,
          .late_confirm = LateConfirm::kRevive};
}

struct Row {
  SaleTerms terms = OneUnit();
  std::vector<Step> before = {};
  Step call;
  // What comes between two of its instructions.
  std::vector<Step> between;
  std::vector<Step> after = {};
  Places places = Places::kAtomic;
  // Of the store.
  std::uint64_t max_records = MemoryOptions().max_records_per_sale;
  // What is held in the end, where that is known.
  std::optional<Units> held = std::nullopt;
};

// One run, interrupted at this place; false where the call has fewer.
bool RunsOn(const Row& row, std::size_t place) {
  const Result<std::unique_ptr<Storage>> storage = OpenMemoryStorage(
      {.events_per_sale = 1'024, .max_records_per_sale = row.max_records, .hash_seed = 1});
  REQUIRE(storage.ok());
  InventoryRepository& inventory = (*storage)->inventory();
  REQUIRE(inventory.Create(row.terms).ok());
  HistoryRecorder recorder(inventory, *inventory.Resolve(row.terms.id), 2);
  REQUIRE(Take(row.before, recorder.client(0)));
  bool called = false;
  bool intruded = true;
  const bool reached = RunInterrupted(
      {.places = row.places, .at = place}, [&] { called = Take(row.call, recorder.client(0)); },
      [&] { intruded = Take(row.between, recorder.client(1)); });
  REQUIRE(called);
  REQUIRE(intruded);
  REQUIRE(Take(row.after, recorder.client(0)));
  if (row.held.has_value()) {
    const Result<SaleStock> stock = inventory.ReadStock(row.terms.id, row.call.now);
    REQUIRE(stock.ok());
    REQUIRE_MESSAGE(stock->lines[0].reserved == *row.held, "at place " << place);
  }

  const LinearizabilityReport report = CheckLinearizable(row.terms, recorder.TakeHistory());
  REQUIRE_MESSAGE(report.ok(), "at place " << place << ": " << report.explanation);
  const std::string complaint = CheckLog(inventory, row.terms);
  REQUIRE_MESSAGE(complaint.empty(), "at place " << place << ": " << complaint);
  return reached;
}

// Every place, or every so many.
void TryEverywhere(const Row& row, std::size_t stride = 1) {
  if (!CanInterrupt()) {
    MESSAGE("skipped: calls cannot be interrupted here");
    return;
  }
  std::size_t place = stride;
  while (RunsOn(row, place)) place += stride;
  CHECK(place > 3 * stride);
}
// Where the places that matter are a stretch of the call, between one look at a word and another.
constexpr std::size_t kStride = 16;

TEST_CASE("a hold taken by a clock that is behind is seen by who asks when it has lapsed") {
  TryEverywhere({.call = Reserve(kStart, 1, 1), .between = {Reserve(kLater, 2, 2)}});
}

TEST_CASE("the same id asked again, while it takes the last unit, is one hold") {
  Row row{.call = Reserve(kStart, 1, 1), .between = {Reserve(kStart, 1, 1)}};
  TryEverywhere(row);
  row.places = Places::kEvery;
  TryEverywhere(row, kStride);
}

TEST_CASE("who is over their limit takes nothing, not even for a moment") {
  SaleTerms terms = OneUnit();
  terms.lines[0].units = 2;
  TryEverywhere({.terms = terms,
                 .before = {Reserve(kStart, 1, 1)},
                 .call = Reserve(kStart, 1, 2),
                 .between = {Reserve(kStart, 2, 3)}});
}

TEST_CASE("who finds the unit taken at the last moment keeps no place in a store of few records") {
  TryEverywhere({.call = Reserve(kStart, 1, 1),
                 .between = {Reserve(kStart, 2, 1)},
                 // Whoever has it gives it back; then there is room for one record more.
                 .after = {About(kStart, Verb::kCancel, 1, 1), About(kStart, Verb::kCancel, 2, 1),
                           Reserve(kStart, 3, 1)},
                 .max_records = 3,
                 .held = 1});
}

TEST_CASE("a unit that lapsed is numbered as lapsed before it is numbered as taken") {
  TryEverywhere({.before = {Reserve(kStart, 1, 1)},
                 .call = Expire(kLater),
                 .between = {Reserve(kLater, 2, 2)}});
}

TEST_CASE("a unit given back is numbered as such before it is numbered as taken") {
  for (const Verb verb : {Verb::kCancel, Verb::kVoid}) {
    std::vector<Step> before = {Reserve(kStart, 1, 1)};
    if (verb == Verb::kVoid) before.push_back(About(kStart, Verb::kConfirm, 1, 1));
    TryEverywhere(
        {.before = before, .call = About(kStart, verb, 1, 1), .between = {Reserve(kStart, 2, 2)}});
  }
}

// One unit is there for whoever comes, at every point of the batch's order.
TEST_CASE("a batch that gives units back and takes some never shows that there are none") {
  if (!CanInterrupt()) {
    MESSAGE("skipped: calls cannot be interrupted here");
    return;
  }
  for (const Verb verb : {Verb::kCancel, Verb::kVoid, Verb::kConfirm}) {
    CAPTURE(static_cast<int>(verb));
    // A confirm of one of two gives the other back.
    const bool in_part = verb == Verb::kConfirm;
    SaleTerms terms = OneUnit();
    terms.lines[0].units = in_part ? 3 : 2;
    terms.limit_per_user = 2;
    bool reached = true;
    for (std::size_t place = 1; reached; ++place) {
      const Result<std::unique_ptr<Storage>> storage =
          OpenMemoryStorage({.events_per_sale = 1'024, .hash_seed = 1});
      REQUIRE(storage.ok());
      InventoryRepository& inventory = (*storage)->inventory();
      REQUIRE(inventory.Create(terms).ok());
      const auto code_of = [&](Command command) {
        Outcome outcome;
        REQUIRE(inventory.Apply(terms.id, kStart, {&command, 1}, {&outcome, 1}).ok());
        return outcome.code;
      };
      Command first = *Reserve(kStart, 1, 1).command;
      if (in_part) first.units = 2;
      REQUIRE(code_of(first) == Code::kDone);
      if (verb == Verb::kVoid) {
        REQUIRE(code_of(*About(kStart, Verb::kConfirm, 1, 1).command) == Code::kDone);
      }
      std::array<Command, 2> batch = {*About(kStart, verb, 1, 1).command,
                                      *Reserve(kStart, 2, 2).command};
      if (in_part) batch[0].units = 1;
      std::array<Outcome, 2> outcomes;
      Code intruder = Code::kDone;
      reached = RunInterrupted(
          {.places = Places::kAtomic, .at = place},
          [&] { (void)inventory.Apply(terms.id, kStart, batch, outcomes); },
          [&] { intruder = code_of(*Reserve(kStart, 3, 3).command); });
      CAPTURE(place);
      REQUIRE(intruder == Code::kDone);
      REQUIRE(outcomes[0].code == Code::kDone);
      REQUIRE(outcomes[1].code == Code::kDone);
    }
  }
}

TEST_CASE("a wave is numbered before what it makes possible") {
  SaleTerms terms = OneUnit();
  terms.lines[0].released_at_first = 0;
  TryEverywhere(
      {.terms = terms, .call = Act(kStart, Verb::kRelease, 1), .between = {Reserve(kStart, 2, 2)}});
}

TEST_CASE("an act that opens is numbered before what it makes possible, one that closes after") {
  for (const auto& [before, act] :
       std::vector<std::pair<std::vector<Step>, Verb>>{{{Act(kStart, Verb::kPause)}, Verb::kResume},
                                                       {{}, Verb::kPause},
                                                       {{}, Verb::kClose},
                                                       {{}, Verb::kCancelSale}}) {
    TryEverywhere({.before = before, .call = Act(kStart, act), .between = {Reserve(kStart, 2, 2)}});
    TryEverywhere({.before = before, .call = Reserve(kStart, 2, 2), .between = {Act(kStart, act)}});
  }
}

TEST_CASE("a hold that enters a shard while its lapsed ones are cleaned away will lapse, too") {
  for (const std::uint64_t user : {1U, 2U}) {  // of its shard, and of another
    TryEverywhere({.before = {Reserve(kStart, 1, 1)},
                   .call = Expire(kLater),
                   .between = {Reserve(kLater, user, 2)},
                   .after = {Reserve(kLater + kHold, 9, 3)}});
  }
}

TEST_CASE("a unit that somebody is just expiring is not sold out to who comes now") {
  SaleTerms terms = OneUnit();
  terms.key_limits = {{.name = "device", .limit = 1}};
  TryEverywhere({.terms = terms,
                 .before = {Reserve(kStart, 1, 1, 7)},
                 .call = Expire(kLater),
                 .between = {Expire(kLater), Reserve(kLater, 2, 2, 8)}});
}

TEST_CASE("a unit revived during a pause was free before it: sold out is no answer at all") {
  TryEverywhere({.before = {Reserve(kStart, 1, 1), Expire(kLater)},
                 .call = Reserve(kLater, 2, 2),
                 .between = {Act(kLater, Verb::kPause), About(kLater, Verb::kConfirm, 1, 1)},
                 .places = Places::kEvery},
                kStride);
}

TEST_CASE("an event is read whole or not at all") {
  if (!CanInterrupt()) {
    MESSAGE("skipped: calls cannot be interrupted here");
    return;
  }
  const SaleTerms terms = OneUnit();
  const Step call = Reserve(kStart, 1, 1);
  std::size_t place = 0;
  bool reached = true;
  while (reached) {
    const Result<std::unique_ptr<Storage>> storage =
        OpenMemoryStorage({.events_per_sale = 1'024, .hash_seed = 1});
    REQUIRE(storage.ok());
    InventoryRepository& inventory = (*storage)->inventory();
    REQUIRE(inventory.Create(terms).ok());
    Event seen;
    std::size_t count = 0;
    Outcome outcome;
    reached = RunInterrupted(
        {.places = Places::kEvery, .at = ++place},
        [&] {
          if (!inventory.Apply(terms.id, kStart, {&*call.command, 1}, {&outcome, 1}).ok()) {
            outcome = {};
          }
        },
        [&] {
          const Result<EventPage> page = inventory.ReadEvents(terms.id, 0, {&seen, 1});
          count = page.ok() ? page->count : 0;
        });
    REQUIRE(outcome.code == Code::kDone);
    if (count == 0) continue;
    REQUIRE_MESSAGE(seen.type == EventType::kReserved, "at place " << place);
    REQUIRE_MESSAGE(seen.user == call.command->user, "at place " << place);
    REQUIRE_MESSAGE(seen.id == call.command->id, "at place " << place);
    REQUIRE_MESSAGE(seen.deadline == kLater, "at place " << place);
    REQUIRE_MESSAGE(seen.user_limit == 1, "at place " << place);
  }
  CHECK(place > 100);
}

// Has somebody reserve in the midst of a snapshot, after the stock was shown and before the users.
class Meddler final : public SnapshotVisitor {
 public:
  explicit Meddler(std::function<void()> meddle) : meddle_(std::move(meddle)) {}

  void OnSale(const Sale& sale) override {
    reserved_ = sale.lines[0].reserved;
    thread_ = std::jthread([this] {
      meddle_();
      done_ = true;
    });
    // It ought to wait for the snapshot's end: it gets every chance not to.
    for (int i = 0; i < 1'000 && !done_; ++i) std::this_thread::yield();
  }
  void OnUser(const UserId&, const Tally& tally, std::span<const Reservation>) override {
    held_ += tally.held;
  }
  void OnKey(const TallyKey&, const Tally&) override {}

  Units reserved() const { return reserved_; }
  Units held() const { return held_; }

 private:
  const std::function<void()> meddle_;
  std::atomic<bool> done_ = false;
  Units reserved_ = 0;
  Units held_ = 0;
  std::jthread thread_;
};

TEST_CASE("a snapshot is of one instant, whoever reserves meanwhile") {
  SaleTerms terms = OneUnit();
  terms.lines[0].units = 20;
  const Result<std::unique_ptr<Storage>> storage =
      OpenMemoryStorage({.events_per_sale = 1'024, .hash_seed = 1});
  REQUIRE(storage.ok());
  InventoryRepository& inventory = (*storage)->inventory();
  REQUIRE(inventory.Create(terms).ok());
  for (std::uint64_t user = 1; user <= 20; ++user) {
    Outcome outcome;
    Meddler visitor([&] {
      const Command command = *Reserve(kStart, user, user).command;
      if (!inventory.Apply(terms.id, kStart, {&command, 1}, {&outcome, 1}).ok()) outcome = {};
    });
    REQUIRE(inventory.Snapshot(terms.id, visitor).ok());
    REQUIRE(visitor.reserved() == visitor.held());
  }
}

}  // namespace
}  // namespace flashsale
