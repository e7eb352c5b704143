#include "flashsale/testing/faults.h"

#include <doctest/doctest.h>

#include <array>
#include <barrier>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "flashsale/backend/memory.h"
#include "flashsale/testing/digest.h"

namespace flashsale {
namespace {

constexpr Time kStart{std::chrono::hours{24 * 365 * 50}};

SaleTerms Terms() {
  return {.id = "drop",
          .lines = {{.product = "thing", .units = 5}},
          .start = kStart,
          .end = kStart + std::chrono::hours{1},
          .limit_per_user = 2,
          .hold = std::chrono::milliseconds{1},
          .late_confirm = LateConfirm::kRevive};
}

std::unique_ptr<Storage> OpenMemory() {
  Result<std::unique_ptr<Storage>> storage = OpenMemoryStorage();
  REQUIRE(storage.ok());
  return std::move(storage).value();
}

struct Answer {
  Status status;
  Outcome outcome;
};
Answer Ask(Storage& storage, Time now, const Command& command) {
  Answer answer{.outcome = {.code = Code::kSoldOut}};
  answer.status = storage.inventory().Apply("drop", now, {&command, 1}, {&answer.outcome, 1});
  return answer;
}

Command ReserveOf(std::uint64_t user, std::uint64_t id) {
  return {.verb = Verb::kReserve,
          .units = 1,
          .user = UserId::FromInteger(user),
          .id = ReservationId::FromInteger(id)};
}

Units ReservedIn(Storage& storage) {
  return storage.inventory().ReadStock("drop", kStart)->lines[0].reserved;
}

TEST_CASE("a refused call and a lost request are not applied, a lost reply is") {
  Fault fault = Fault::kNone;
  const std::unique_ptr<Storage> storage =
      NewFaultyStorage(OpenMemory(), {.decide = [&](StorageCall call) {
                         return call == StorageCall::kApply ? fault : Fault::kNone;
                       }});
  REQUIRE(storage->inventory().Create(Terms()).ok());

  fault = Fault::kRefused;
  Answer answer = Ask(*storage, kStart, ReserveOf(1, 1));
  CHECK(answer.status.code() == StatusCode::kUnavailable);
  CHECK(answer.outcome == Outcome{});
  CHECK(ReservedIn(*storage) == 0);

  fault = Fault::kLostRequest;
  answer = Ask(*storage, kStart, ReserveOf(1, 1));
  CHECK(answer.status.MayHaveBeenApplied());
  CHECK(ReservedIn(*storage) == 0);

  fault = Fault::kLostReply;
  answer = Ask(*storage, kStart, ReserveOf(1, 1));
  CHECK(answer.status.MayHaveBeenApplied());
  CHECK(answer.outcome == Outcome{});
  CHECK(ReservedIn(*storage) == 1);

  fault = Fault::kNone;
  CHECK(Ask(*storage, kStart, ReserveOf(1, 1)).outcome.code == Code::kAlreadyDone);
  CHECK(ReservedIn(*storage) == 1);
}

TEST_CASE("a delay lets another call overtake") {
  std::barrier overtaken(2);
  const auto wait_in_the_first = [&, first = true](StorageCall call) mutable {
    if (call != StorageCall::kApply || !first) return;
    first = false;
    overtaken.arrive_and_wait();  // the second may go
    overtaken.arrive_and_wait();  // the second has gone
  };
  std::unique_ptr<Storage> memory = OpenMemory();
  SaleTerms terms = Terms();
  terms.lines[0].units = 1;
  REQUIRE(memory->inventory().Create(terms).ok());
  const std::unique_ptr<Storage> storage =
      NewFaultyStorage(std::move(memory), {.before = wait_in_the_first});
  Outcome delayed;
  {
    std::jthread first([&] { delayed = Ask(*storage, kStart, ReserveOf(1, 1)).outcome; });
    overtaken.arrive_and_wait();
    CHECK(Ask(*storage, kStart, ReserveOf(2, 2)).outcome.code == Code::kDone);
    overtaken.arrive_and_wait();
  }
  CHECK(delayed.code == Code::kSoldOut);
}

TEST_CASE("a mixture follows from its seed") {
  const FaultMix mix{.seed = 7, .refused = 100, .lost_requests = 100, .lost_replies = 100};
  const auto one = RandomFaults(mix);
  const auto same = RandomFaults(mix);
  const auto other = RandomFaults({.seed = 8, .refused = 100, .lost_requests = 100});
  int faults = 0;
  int differences = 0;
  for (int i = 0; i < 10'000; ++i) {
    const Fault fault = one(StorageCall::kApply);
    REQUIRE(fault == same(StorageCall::kApply));
    if (fault != Fault::kNone) ++faults;
    if (fault != other(StorageCall::kApply)) ++differences;
    REQUIRE(RandomFaults({.lost_replies = 1'000})(StorageCall::kCreate) == Fault::kNone);
  }
  CHECK(faults > 2'500);
  CHECK(faults < 3'500);
  CHECK(differences > 1'000);
}

TEST_CASE("resending gives up after its bound and does not repeat a compare-and-set") {
  int calls = 0;
  const auto count = [&](StorageCall) {
    ++calls;
    return Fault::kRefused;
  };
  const std::unique_ptr<Storage> refusing =
      NewResendingStorage(NewFaultyStorage(OpenMemory(), {.decide = count}), {.max_attempts = 5});
  CHECK(refusing->inventory().Create(Terms()).status().code() == StatusCode::kUnavailable);
  CHECK(calls == 5);

  calls = 0;
  const std::unique_ptr<Storage> losing =
      NewResendingStorage(NewFaultyStorage(OpenMemory(), {.decide = [&](StorageCall) {
                                             ++calls;
                                             return Fault::kLostReply;
                                           }}));
  CHECK(losing->sales().Put({.terms = Terms()}).status().MayHaveBeenApplied());
  CHECK(calls == 1);
}

// A resent command answers as the first time, or tells that it had been carried out.
bool Agrees(const Outcome& due, Outcome given) {
  if (given.code == Code::kAlreadyDone && (due.code == Code::kDone || due.code == Code::kRevived)) {
    given.code = due.code;
  }
  return given == due;
}

TEST_CASE("resent through every fault, commands do what they do without") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const std::unique_ptr<Storage> plain = OpenMemory();
    const std::unique_ptr<Storage> resent = NewResendingStorage(NewFaultyStorage(
        OpenMemory(),
        {.decide = RandomFaults(
             {.seed = seed, .refused = 200, .lost_requests = 200, .lost_replies = 200})}));
    REQUIRE(plain->inventory().Create(Terms()).ok());
    REQUIRE(resent->inventory().Create(Terms()).ok());
    std::mt19937_64 random(seed);
    for (int step = 0; step < 300; ++step) {
      static constexpr std::array kVerbs = {Verb::kReserve, Verb::kReserve, Verb::kConfirm,
                                            Verb::kCancel,  Verb::kExtend,  Verb::kVoid};
      const std::uint64_t user = random() % 5;
      Command command = ReserveOf(user, random() % 20);
      command.verb = kVerbs[random() % kVerbs.size()];
      if (command.verb != Verb::kReserve) command.units = 0;
      const Time now = kStart + Duration(step * 50);
      const Answer due = Ask(*plain, now, command);
      const Answer given = Ask(*resent, now, command);
      REQUIRE(due.status.ok());
      REQUIRE(given.status.ok());
      REQUIRE_MESSAGE(Agrees(due.outcome, given.outcome), Name(command.verb)
                                                              << ": " << ToString(given.outcome)
                                                              << ", due " << ToString(due.outcome));
      REQUIRE(*ReadDigest(plain->inventory(), "drop", now) ==
              *ReadDigest(resent->inventory(), "drop", now));
    }
  }
}

// A queue's command that comes again is told that it was carried out.
bool Agrees(const QueueCommand& command, QueueAnswer due, QueueAnswer given) {
  const bool done = due.code == Code::kDone && given.code == Code::kAlreadyDone;
  if (done && command.verb != QueueVerb::kTouch) given.code = due.code;
  return given == due;
}

TEST_CASE("resent through every fault, commands to a queue do what they do without") {
  const QueueTerms terms{.sale = "drop", .max_waiting = 4};
  int lost_replies = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    const std::unique_ptr<Storage> plain = OpenMemory();
    const auto faults =
        RandomFaults({.seed = seed, .refused = 200, .lost_requests = 200, .lost_replies = 200});
    const std::unique_ptr<Storage> resent =
        NewResendingStorage(NewFaultyStorage(OpenMemory(), {.decide = [&](StorageCall call) {
                                               const Fault fault = faults(call);
                                               if (fault == Fault::kLostReply) ++lost_replies;
                                               return fault;
                                             }}));
    REQUIRE(plain->queue().Open(terms, kMinTime).ok());
    REQUIRE(resent->queue().Open(terms, kMinTime).ok());
    std::mt19937_64 random(seed);
    for (int step = 0; step < 300; ++step) {
      static constexpr std::array kVerbs = {QueueVerb::kJoin, QueueVerb::kJoin, QueueVerb::kLeave,
                                            QueueVerb::kTouch, QueueVerb::kLook};
      const QueueCommand command{.verb = kVerbs[random() % kVerbs.size()],
                                 .user = UserId::FromInteger(1 + random() % 6)};
      const Time now = kStart + std::chrono::milliseconds{step * 100};
      QueueAnswer due;
      QueueAnswer given;
      REQUIRE(plain->queue().Apply("drop", now, {&command, 1}, {&due, 1}).ok());
      REQUIRE(resent->queue().Apply("drop", now, {&command, 1}, {&given, 1}).ok());
      REQUIRE(Agrees(command, due, given));
      const Result<QueueState> one = plain->queue().Read("drop", now);
      const Result<QueueState> other = resent->queue().Read("drop", now);
      REQUIRE(one->joined == other->joined);
      REQUIRE(one->left == other->left);
      REQUIRE(one->waiting == other->waiting);
    }
  }
  CHECK(lost_replies > 1'000);
}

}  // namespace
}  // namespace flashsale
