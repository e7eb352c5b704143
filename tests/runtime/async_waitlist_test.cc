// The calls of waitlists, by hosts that do not wait.
#include <doctest/doctest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "flashsale/policy/key_ring.h"
#include "flashsale/runtime/async_service.h"
#include "tests/runtime/async_world.h"

namespace flashsale::async_test {
namespace {

using HeardPlace = Heard<WaitlistPlace>;

constexpr std::uint64_t kHolder = 1;

JoinWaitlistRequest JoinOf(std::uint64_t user, const RequestContext& context = {}) {
  return {.sale = "drop", .user = UserId::FromInteger(user), .context = context};
}
WaitlistPositionRequest PositionOf(std::uint64_t user) {
  return {.sale = "drop", .user = UserId::FromInteger(user)};
}
LeaveWaitlistRequest LeaveOf(std::uint64_t user) {
  return {.sale = "drop", .user = UserId::FromInteger(user)};
}

// A sale of one unit, and a list of those who want it.
void CreateWithList(AsyncShop& shop) {
  const auto created = shop.service().Create({.id = "drop",
                                              .lines = {{.product = "thing", .units = 1}},
                                              .start = kOpening,
                                              .end = kOpening + 1h},
                                             {}, {.enabled = true});
  REQUIRE_MESSAGE(created.ok(), created.status().ToString());
}

// Submits and lets everything happen; the answer, however it came.
template <typename Answer, typename Request>
Answer AnswerOf(AsyncShop& shop, const Request& request) {
  Heard<Answer> heard;
  const std::optional<Result<Answer>> at_once = shop.async().Submit(request, heard);
  shop.Settle();
  REQUIRE(heard.count() == (at_once.has_value() ? 0 : 1));
  const Result<Answer> answer = at_once.has_value() ? *at_once : heard.answers()[0];
  REQUIRE_MESSAGE(answer.ok(), answer.status().ToString());
  return *answer;
}

TEST_CASE("a waitlist's calls answer as the service's own") {
  for (const bool may_block : {false, true}) {
    CAPTURE(may_block);
    AsyncShop shop({.may_block = may_block});
    CreateWithList(shop);
    REQUIRE(AnswerOf<Outcome>(shop, ReserveOf(kHolder)).code == Code::kDone);
    const auto joined = AnswerOf<WaitlistPlace>(shop, JoinOf(2));
    CHECK(joined.outcome.code == Code::kDone);
    CHECK(joined.position == 1);
    CHECK(AnswerOf<WaitlistPlace>(shop, JoinOf(2)).outcome.code == Code::kAlreadyDone);
    CHECK(AnswerOf<WaitlistPlace>(shop, JoinOf(3)).position == 2);
    CHECK(AnswerOf<Outcome>(shop, LeaveOf(2)).code == Code::kDone);
    CHECK(AnswerOf<Outcome>(shop, LeaveOf(2)).code == Code::kAlreadyDone);
    CHECK(AnswerOf<WaitlistPlace>(shop, PositionOf(2)).outcome.code == Code::kUnknownTicket);
    CHECK(AnswerOf<WaitlistPlace>(shop, PositionOf(3)).position == 1);

    CHECK(AnswerOf<Outcome>(shop, CancelOf(kHolder)).code == Code::kDone);
    shop.service().Poll();
    const auto offered = AnswerOf<WaitlistPlace>(shop, PositionOf(3));
    CHECK(offered.outcome.code == Code::kDone);
    REQUIRE(!offered.offer.is_nil());
    CHECK(AnswerOf<Outcome>(
              shop,
              ConfirmRequest{.sale = "drop", .user = UserId::FromInteger(3), .id = offered.offer})
              .code == Code::kDone);
    CHECK(shop.async().statistics().open == 0);
  }
}

TEST_CASE("a join to a waitlist waits for a detector without a thread") {
  for (const bool may_block : {false, true}) {
    CAPTURE(may_block);
    PatientDetector patient;
    const auto chain = ChainOf(patient);
    AsyncShop shop(
        {.may_block = may_block, .service = [&](auto& options) { options.bots = chain.get(); }});
    CreateWithList(shop);
    Heard<Outcome> held;
    CHECK(!shop.async().Submit(ReserveOf(kHolder), held).has_value());
    shop.Settle();
    patient.Deliver(0);
    shop.Settle();
    REQUIRE(held.code() == Code::kDone);

    HeardPlace person;
    HeardPlace robot;
    {
      // The request's memory is gone when Submit has returned.
      std::string token = "a token of this request";
      CHECK(!shop.async().Submit(JoinOf(2, {.challenge_token = token}), person).has_value());
      token.assign(token.size(), '#');
      CHECK(!shop.async().Submit(JoinOf(3), robot).has_value());
    }
    shop.Settle();
    CHECK(person.count() == 0);
    CHECK(patient.tokens()[1] == "a token of this request");
    const auto sinks = patient.TakeSinks();
    REQUIRE(sinks.size() == 2);
    sinks[0]->Deliver({.score = 0});
    sinks[1]->Deliver({.score = 100});
    shop.Settle();
    CHECK(person.code() == Code::kDone);
    CHECK(robot.code() == Code::kDenied);

    // Whoever has a place is told so, whatever the detector says.
    HeardPlace again;
    CHECK(!shop.async().Submit(JoinOf(2), again).has_value());
    shop.Settle();
    patient.Deliver(100);
    shop.Settle();
    CHECK(again.code() == Code::kAlreadyDone);

    // A detector that answers after the sale has gone, and one that is asked too late.
    HeardPlace late;
    CHECK(!shop.async().Submit(JoinOf(4), late).has_value());
    shop.Settle();
    REQUIRE(shop.service().CancelSale("drop").ok());
    REQUIRE(shop.service().Poll() > Time{});
    REQUIRE(shop.service().Settle("drop")->code == Code::kDone);
    REQUIRE(shop.service().Forget("drop")->code == Code::kDone);
    patient.Deliver(0);
    shop.Settle();
    CHECK(late.code() == Code::kUnknownSale);
    CHECK(shop.async().statistics().open == 0);
  }
}

TEST_CASE("after the detector the admission is asked for, by the queue or by a token") {
  auto keys = KeyRing::New();
  REQUIRE(keys.ok());
  const std::vector<std::uint8_t> secret(32, 7);
  REQUIRE((*keys)->Add({.id = "k1", .secret = secret}).ok());
  REQUIRE((*keys)->SignWith("k1").ok());
  std::atomic<bool> broken{false};
  PatientDetector patient;
  const auto chain = ChainOf(patient);
  AsyncShop shop({.faults = {.decide =
                                 [&](StorageCall call) {
                                   return broken && call == StorageCall::kFindAdmissions
                                              ? Fault::kRefused
                                              : Fault::kNone;
                                 }},
                  .service = [&](auto& options) {
                    options.bots = chain.get();
                    options.token_keys = keys->get();
                  }});
  // Two are let in, for units of the second line; of the first there is none.
  REQUIRE(shop.service()
              .Create({.id = "drop",
                       .lines = {{.product = "thing", .units = 1, .released_at_first = 0},
                                 {.product = "other", .units = 2}},
                       .start = kOpening,
                       .end = kOpening + 1h,
                       .requires_admission = true},
                      {}, {.enabled = true})
              .ok());
  for (const std::uint64_t user : {1U, 2U, 3U}) {
    REQUIRE(shop.service()
                .queue()
                .Join("drop", {.user = UserId::FromInteger(user)}, shop.clock().Now())
                .ok());
  }
  shop.service().Poll();
  shop.clock().Advance(100ms);
  shop.service().Poll();
  const auto place = shop.service().Position("drop", UserId::FromInteger(1));
  REQUIRE(place->entry.state == TicketState::kAdmitted);

  HeardPlace inside;
  HeardPlace outside;
  HeardPlace shown;
  CHECK(!shop.async().Submit(JoinOf(2), inside).has_value());
  CHECK(!shop.async().Submit(JoinOf(3), outside).has_value());
  shop.Settle();
  patient.Deliver(0);
  shop.Settle();
  CHECK(inside.code() == Code::kDone);
  CHECK(outside.code() == Code::kQueued);
  broken = true;
  {
    std::string token = *shop.service().IssueToken("drop", *place);
    JoinWaitlistRequest request = JoinOf(1);
    request.admission = token;
    CHECK(!shop.async().Submit(request, shown).has_value());
    token.assign(token.size(), '#');
  }
  shop.Settle();
  patient.Deliver(0);
  shop.Settle();
  CHECK(shown.code() == Code::kDone);
}

TEST_CASE("over a storage that may block, who asks a waitlist makes no call to it") {
  std::atomic<std::uint64_t> calls{0};
  AsyncShop shop({.may_block = true, .faults = {.before = [&](StorageCall) { ++calls; }}});
  CreateWithList(shop);
  REQUIRE(AnswerOf<Outcome>(shop, ReserveOf(kHolder)).code == Code::kDone);
  calls = 0;
  HeardPlace places;
  Heard<Outcome> outcomes;
  CHECK(!shop.async().Submit(JoinOf(2), places).has_value());
  CHECK(!shop.async().Submit(PositionOf(2), places).has_value());
  CHECK(!shop.async().Submit(LeaveOf(2), outcomes).has_value());
  CHECK(calls == 0);
  shop.Settle();
  CHECK(calls > 0);
  CHECK(places.count() == 2);
  CHECK(outcomes.code() == Code::kDone);
}

Frame Waiter(AsyncFlashSaleService& async, UserId user, std::vector<Code>& codes) {
  codes.push_back((co_await async.JoinWaitlist({.sale = "drop", .user = user}))->outcome.code);
  codes.push_back((co_await async.WaitlistPosition({"drop", user}))->outcome.code);
  codes.push_back((co_await async.LeaveWaitlist({"drop", user}))->code);
  codes.push_back((co_await async.WaitlistPosition({"drop", user}))->outcome.code);
}

TEST_CASE("a coroutine waits in a list and gives up") {
  for (const bool may_block : {false, true}) {
    CAPTURE(may_block);
    AsyncShop shop({.may_block = may_block});
    CreateWithList(shop);
    REQUIRE(AnswerOf<Outcome>(shop, ReserveOf(kHolder)).code == Code::kDone);
    std::vector<Code> codes;
    const Frame frame = Waiter(shop.async(), UserId::FromInteger(2), codes);
    CHECK(frame.coroutine.done() == !may_block);
    shop.Settle();
    CHECK(frame.coroutine.done());
    CHECK(codes == std::vector{Code::kDone, Code::kDone, Code::kDone, Code::kUnknownTicket});
    frame.coroutine.destroy();
  }
}

}  // namespace
}  // namespace flashsale::async_test
