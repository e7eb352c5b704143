#include "examples/flashsale_sim/audit.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "flashsale/base/id.h"

namespace flashsale::sim {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{std::chrono::hours(1)};
constexpr Duration kHold = 60s;

SaleTerms Terms() {
  return {.id = "audited",
          .lines = {{.product = "a", .units = 10, .released_at_first = 4}},
          .start = kStart,
          .end = kStart + 1h,
          .limit_per_user = 2,
          .key_limits = {{.name = "device", .limit = 3}},
          .hold = kHold};
}

UserId User(std::uint64_t number) { return UserId::FromInteger(number); }

// Writes the event stream of a sale by hand, and the answers that go with it.
class Stream {
 public:
  explicit Stream(const SaleTerms& terms = Terms()) : audit_(terms) {}

  Audit& audit() { return audit_; }
  void Wait(Duration duration) { now_ += duration; }

  // The event with the next number; the doctored ones are changed by the tests.
  Event Make(EventType type, std::uint64_t user, Units units) {
    Event event{.seq = ++seq_, .at = now_, .type = type, .units = units};
    if (user != 0) {
      event.user = User(user);
      event.id = ReservationId::FromInteger(0);
    }
    if (type == EventType::kReserved) event.deadline = now_ + kHold;
    if (type == EventType::kReserved || type == EventType::kRevived) event.user_limit = 2;
    return event;
  }
  void Add(EventType type, std::uint64_t user, Units units) {
    audit_.OnEvent(Make(type, user, units));
  }

  void Reserve(std::uint64_t user, Units units = 1) { Add(EventType::kReserved, user, units); }
  void Confirm(std::uint64_t user, Units units = 1) { Add(EventType::kConfirmed, user, units); }
  void Expire(std::uint64_t user, Units units = 1) { Add(EventType::kExpired, user, units); }

  void Answer(std::uint64_t user, Code code, Units units = 1,
              ReservationState state = ReservationState::kNone) {
    audit_.OnAnswer(now_,
                    {.verb = Verb::kReserve,
                     .units = units,
                     .user = User(user),
                     .id = ReservationId::FromInteger(0)},
                    {.code = code, .state = state, .units = units});
  }

  AuditReport Report() const { return audit_.Report(); }

 private:
  Audit audit_;
  Time now_ = kStart;
  std::uint64_t seq_ = 0;
};

TEST_CASE("a lawful sale passes, and its fold is right") {
  Stream stream;
  stream.Reserve(1, 2);
  stream.Answer(1, Code::kDone, 2, ReservationState::kActive);
  stream.Reserve(2, 2);
  stream.Answer(3, Code::kSoldOut);
  stream.Answer(1, Code::kUserLimit);
  stream.Confirm(1, 2);
  stream.Wait(kHold);
  stream.Expire(2, 2);
  stream.Reserve(3, 2);
  stream.Add(EventType::kReleased, 0, 6);
  stream.Wait(1s);
  stream.Confirm(3, 2);
  stream.Reserve(4, 1);
  stream.Add(EventType::kCancelled, 4, 1);
  stream.Add(EventType::kRevived, 2, 1);
  stream.Add(EventType::kVoided, 2, 1);
  stream.Add(EventType::kTombstoned, 5, 0);

  const AuditReport report = stream.Report();
  CHECK(report.ok());
  CHECK(report.findings.empty());
  CHECK(report.events == 12);
  CHECK(report.released == 10);
  CHECK(report.sold == 4);
  CHECK(report.reserved == 0);
  CHECK(report.available == 6);
  CHECK(report.revived == 1);
  CHECK(report.resold_after_expiry == 2);
  CHECK(report.final_states[static_cast<std::size_t>(ReservationState::kActive)] == 0);
  CHECK(report.final_states[static_cast<std::size_t>(ReservationState::kPurchased)] == 2);
  CHECK(report.final_states[static_cast<std::size_t>(ReservationState::kCancelled)] == 3);
  CHECK(report.final_states[static_cast<std::size_t>(ReservationState::kExpired)] == 0);
}

TEST_CASE("a unit promised beyond what was released is oversold, even if it comes back") {
  Stream stream;
  stream.Reserve(1, 2);
  stream.Reserve(2, 2);
  stream.Reserve(3, 2);
  CHECK(stream.Report().oversold == 2);
  stream.Add(EventType::kCancelled, 3, 2);
  stream.Add(EventType::kCancelled, 2, 2);
  stream.Reserve(4, 1);
  CHECK(stream.Report().available == 1);
  CHECK(stream.Report().oversold == 2);
  CHECK_FALSE(stream.Report().ok());
}

TEST_CASE("a purchase revived without stock is oversold") {
  Stream stream;
  stream.Reserve(1, 2);
  stream.Wait(kHold);
  stream.Expire(1, 2);
  stream.Reserve(2, 2);
  stream.Reserve(3, 2);
  stream.Add(EventType::kRevived, 1, 1);
  CHECK(stream.Report().oversold == 1);
}

TEST_CASE("SoldOut while units are free is undersold") {
  Stream stream;
  stream.Reserve(1, 2);
  stream.Answer(2, Code::kSoldOut, 2);
  CHECK(stream.Report().dishonest_sold_out == 1);
  CHECK(stream.Report().undersold > 0);
  CHECK_FALSE(stream.Report().ok());
}

TEST_CASE("SoldOut while units have lapsed is undersold, though no event says that they lapsed") {
  Stream stream;
  stream.Reserve(1, 2);
  stream.Reserve(2, 2);
  stream.Wait(kHold - 1us);
  stream.Answer(3, Code::kSoldOut);
  CHECK(stream.Report().ok());
  stream.Wait(1us);
  stream.Answer(3, Code::kSoldOut);
  CHECK(stream.Report().dishonest_sold_out == 1);
}

TEST_CASE("SoldOut to one who asks for more than is free is honest") {
  Stream stream;
  stream.Reserve(1, 2);
  stream.Reserve(2, 1);
  stream.Answer(3, Code::kSoldOut, 2);
  CHECK(stream.Report().ok());
}

TEST_CASE("an extended hold does not lapse at its first deadline") {
  Stream stream;
  stream.Reserve(1, 2);
  stream.Reserve(2, 2);
  stream.Wait(kHold / 2);
  for (const std::uint64_t user : {1U, 2U}) {
    Event event = stream.Make(EventType::kExtended, user, 2);
    event.deadline = event.at + kHold;
    stream.audit().OnEvent(event);
  }
  stream.Wait(kHold - 1us);
  stream.Answer(3, Code::kSoldOut);
  CHECK(stream.Report().ok());
  stream.Wait(1us);
  stream.Answer(3, Code::kSoldOut);
  CHECK(stream.Report().dishonest_sold_out == 1);
}

TEST_CASE("under a cut every hold lapses at the end") {
  SaleTerms terms = Terms();
  terms.end_policy = EndPolicy::kCut;
  Stream stream(terms);
  stream.Wait(1h - 1s);
  stream.Reserve(1, 2);
  stream.Wait(1s);
  stream.Expire(1, 2);
  CHECK(stream.Report().ok());
}

TEST_CASE("a hold that a cut has ended is not live any more, though no event says so") {
  SaleTerms terms = Terms();
  terms.end_policy = EndPolicy::kCut;
  Stream stream(terms);
  stream.Reserve(1);
  stream.Wait(1s);
  stream.Add(EventType::kClosed, 0, 0);
  stream.Answer(1, Code::kAlreadyDone, 1, ReservationState::kActive);
  CHECK(stream.Report().unrecorded_answers == 1);
}

TEST_CASE("units left at the end are stranded if one who was refused them never got them") {
  Stream stream;
  stream.Reserve(1, 2);
  stream.Answer(2, Code::kSoldOut, 2);
  CHECK(stream.Report().stranded == 2);
  CHECK(stream.Report().undersold == 3);

  SUBCASE("not if they went to another one, even if they came back") {
    stream.Reserve(3, 1);
    stream.Add(EventType::kCancelled, 3, 1);
    CHECK(stream.Report().available == 2);
    CHECK(stream.Report().stranded == 0);
    CHECK(stream.Report().undersold == 1);
  }
  SUBCASE("not if that one got some of them later") {
    stream.Answer(3, Code::kSoldOut, 1);
    stream.Reserve(3, 1);
    CHECK(stream.Report().available == 1);
    CHECK(stream.Report().stranded == 0);
  }
  SUBCASE("only as many as there are") {
    stream.Answer(3, Code::kSoldOut, 2);
    stream.Answer(4, Code::kSoldOut, 1);
    CHECK(stream.Report().stranded == 1);  // the ones who asked for least come first
  }
}

TEST_CASE("one who was refused before the units came free strands nothing") {
  Stream stream;
  stream.Reserve(1, 2);
  stream.Reserve(2, 2);
  stream.Answer(3, Code::kSoldOut);
  stream.Wait(kHold);
  stream.Expire(1, 2);
  stream.Expire(2, 2);
  CHECK(stream.Report().available == 4);
  CHECK(stream.Report().ok());
}

TEST_CASE("a user who holds and buys more than the limit is counted once") {
  Stream stream;
  stream.Reserve(1, 2);
  stream.Confirm(1, 2);
  for (std::uint64_t cart = 1; cart <= 2; ++cart) {
    Event second = stream.Make(EventType::kReserved, 1, 1);
    second.id = ReservationId::FromInteger(cart);
    stream.audit().OnEvent(second);
  }
  CHECK(stream.Report().users_over_limit == 1);
  CHECK_FALSE(stream.Report().ok());
}

TEST_CASE("a limit that a command raised is the limit") {
  Stream stream;
  Event event = stream.Make(EventType::kReserved, 1, 4);
  event.user_limit = 4;
  stream.audit().OnEvent(event);
  CHECK(stream.Report().ok());
}

TEST_CASE("a limit key over its limit is counted") {
  Stream stream;
  for (const std::uint64_t user : {1U, 2U}) {
    Event event = stream.Make(EventType::kReserved, user, 2);
    event.keys[0] = LimitKey::FromInteger(9);
    stream.audit().OnEvent(event);
  }
  CHECK(stream.Report().users_over_limit == 1);
}

TEST_CASE("UserLimit to one with room is dishonest") {
  Stream stream;
  stream.Reserve(1, 1);
  stream.Answer(1, Code::kUserLimit, 2);
  CHECK(stream.Report().ok());
  stream.Answer(1, Code::kUserLimit, 1);
  CHECK(stream.Report().dishonest_user_limit == 1);
  CHECK(stream.Report().stranded == 1);

  SUBCASE("what lapsed is no longer charged") {
    stream.Wait(kHold);
    stream.Answer(1, Code::kUserLimit, 2);
    CHECK(stream.Report().dishonest_user_limit == 2);
  }
}

TEST_CASE("UserLimit because of a limit key is honest") {
  Stream stream;
  Event event = stream.Make(EventType::kReserved, 1, 2);
  event.keys[0] = LimitKey::FromInteger(9);
  stream.audit().OnEvent(event);
  Command command{.units = 2, .user = User(2), .id = ReservationId::FromInteger(0)};
  command.keys[0] = LimitKey::FromInteger(9);
  stream.audit().OnAnswer(kStart, command, {.code = Code::kUserLimit});
  CHECK(stream.Report().ok());
  command.keys[0] = LimitKey::FromInteger(8);
  stream.audit().OnAnswer(kStart, command, {.code = Code::kUserLimit});
  CHECK(stream.Report().dishonest_user_limit == 1);
}

TEST_CASE("transitions that no reservation may make are illegal") {
  Stream stream;
  SUBCASE("a confirm of nothing") { stream.Confirm(1); }
  SUBCASE("a confirm after the deadline") {
    stream.Reserve(1);
    stream.Wait(kHold);
    stream.Confirm(1);
  }
  SUBCASE("a confirm of other units") {
    stream.Reserve(1);
    stream.Confirm(1, 2);
  }
  SUBCASE("an expiry before the deadline") {
    stream.Reserve(1);
    stream.Wait(kHold - 1us);
    stream.Expire(1);
  }
  SUBCASE("an expiry of what was bought") {
    stream.Reserve(1);
    stream.Confirm(1);
    stream.Wait(kHold);
    stream.Expire(1);
  }
  SUBCASE("a second life of an id") {
    stream.Reserve(1);
    stream.Reserve(1);
  }
  SUBCASE("a reserve after a tombstone") {
    stream.Add(EventType::kTombstoned, 1, 0);
    stream.Reserve(1);
  }
  SUBCASE("a revival of what did not expire") {
    stream.Reserve(1);
    stream.Add(EventType::kRevived, 1, 1);
  }
  SUBCASE("a refund of what was not bought") {
    stream.Reserve(1);
    stream.Add(EventType::kVoided, 1, 1);
  }
  SUBCASE("an extension after the deadline") {
    stream.Reserve(1);
    stream.Wait(kHold);
    stream.Add(EventType::kExtended, 1, 1);
  }
  SUBCASE("a cancel after a purchase") {
    stream.Reserve(1);
    stream.Confirm(1);
    stream.Add(EventType::kCancelled, 1, 1);
  }
  SUBCASE("a wave beyond the limit of the line") { stream.Add(EventType::kReleased, 0, 7); }
  SUBCASE("a line that the sale does not have") {
    Event event = stream.Make(EventType::kReserved, 1, 1);
    event.line = 1;
    stream.audit().OnEvent(event);
  }
  SUBCASE("a reserve by nobody") { stream.Reserve(0); }
  CHECK(stream.Report().illegal_transitions == 1);
  CHECK(stream.Report().findings.size() == 1);
  CHECK_FALSE(stream.Report().ok());
}

TEST_CASE("an answer without the record that it speaks of is found") {
  Stream stream;
  SUBCASE("a promise without an event") {
    stream.Answer(1, Code::kDone, 1, ReservationState::kActive);
  }
  SUBCASE("another state") {
    stream.Reserve(1);
    stream.Answer(1, Code::kExpired, 1, ReservationState::kExpired);
  }
  SUBCASE("other units") {
    stream.Reserve(1, 1);
    stream.Answer(1, Code::kDone, 2, ReservationState::kActive);
  }
  SUBCASE("a hold that lapsed") {
    stream.Reserve(1);
    stream.Wait(kHold);
    stream.Answer(1, Code::kAlreadyDone, 1, ReservationState::kActive);
  }
  CHECK(stream.Report().unrecorded_answers == 1);
  CHECK_FALSE(stream.Report().ok());
}

TEST_CASE("events left out, repeated or lost are found") {
  Stream stream;
  stream.Reserve(1);
  SUBCASE("left out") {
    static_cast<void>(stream.Make(EventType::kReserved, 2, 1));
    stream.Reserve(3);
    CHECK(stream.Report().sequence_gaps == 1);
  }
  SUBCASE("repeated") {
    Event event = stream.Make(EventType::kReserved, 2, 1);
    event.seq = 1;
    stream.audit().OnEvent(event);
    CHECK(stream.Report().sequence_gaps == 1);
  }
  SUBCASE("lost") {
    stream.audit().OnLost({.from = 2, .to = 5});
    CHECK(stream.Report().lost_events == 4);
    CHECK(stream.Report().sequence_gaps == 0);
  }
  CHECK_FALSE(stream.Report().ok());
}

TEST_CASE("counters of the store that differ from the events are found") {
  Stream stream;
  stream.Reserve(1, 2);
  stream.Confirm(1, 2);
  stream.Reserve(2, 1);
  SaleStock stock;
  stock.seq = 3;
  stock.lines = {{.limit = 10, .released = 4, .reserved = 1, .sold = 2}};
  stream.audit().OnStock(stock);
  CHECK(stream.Report().ok());

  SUBCASE("released") { stock.lines[0].released = 5; }
  SUBCASE("reserved") { stock.lines[0].reserved = 2; }
  SUBCASE("sold") { stock.lines[0].sold = 1; }
  SUBCASE("the sequence") { stock.seq = 4; }
  SUBCASE("the number of lines") { stock.lines.push_back({}); }
  stream.audit().OnStock(stock);
  CHECK(stream.Report().counter_mismatches == 1);
  CHECK_FALSE(stream.Report().ok());
}

TEST_CASE(
    "units count as resold only where nothing that never lapsed could have been sold instead") {
  Stream stream;
  stream.Reserve(1, 1);
  stream.Wait(kHold);
  stream.Expire(1, 1);
  stream.Reserve(2, 2);  // three never lapsed
  stream.Confirm(2, 2);
  CHECK(stream.Report().resold_after_expiry == 0);
  stream.Reserve(3, 2);  // one of these lapsed
  CHECK(stream.Report().resold_after_expiry == 0);
  stream.Confirm(3, 2);
  CHECK(stream.Report().resold_after_expiry == 1);
}

TEST_CASE("a confirm of a part gives the rest back") {
  Stream stream;
  stream.Reserve(1, 2);
  Event event = stream.Make(EventType::kConfirmed, 1, 1);
  event.returned = 1;
  stream.audit().OnEvent(event);
  CHECK(stream.Report().ok());
  CHECK(stream.Report().sold == 1);
  CHECK(stream.Report().available == 3);
}

TEST_CASE("the first findings are told in words, all are counted") {
  Stream stream;
  for (std::uint64_t user = 1; user <= 50; ++user) stream.Confirm(user);
  CHECK(stream.Report().illegal_transitions == 50);
  REQUIRE(stream.Report().findings.size() == 10);
  CHECK(stream.Report().findings[0].starts_with("event 1: Confirmed of a reservation"));
}

TEST_CASE("SoldOut at the door is honest only when everything is paid for") {
  Stream stream;
  stream.Reserve(1, 2);
  stream.Reserve(2, 2);
  // Everything released is in carts, more may come: nobody may be sent away.
  stream.audit().OnTurnedAway(kStart, User(3));
  CHECK(stream.Report().dishonest_sold_out == 1);
  CHECK(stream.Report().undersold == 1);

  SaleTerms terms = Terms();
  terms.lines = {{.product = "a", .units = 2}};
  Stream sold(terms);
  sold.Reserve(1, 2);
  sold.Confirm(1, 2);
  sold.audit().OnTurnedAway(kStart, User(3));
  CHECK(sold.Report().ok());
}

TEST_CASE("the reports of several sales add up") {
  Stream fine;
  fine.Reserve(1);
  Stream oversold;
  oversold.Reserve(1, 2);
  oversold.Reserve(2, 2);
  oversold.Reserve(3, 1);
  AuditReport sum = fine.Report();
  sum.Add(oversold.Report());
  CHECK(sum.oversold == 1);
  CHECK(sum.events == 4);
  CHECK(sum.reserved == 6);
  CHECK(sum.findings == oversold.Report().findings);
}

TEST_CASE("promises that the record does not have, or has too often, are found") {
  AuditReport report;
  report.Compare("reserves", {.told = 5, .recorded = 5});
  CHECK(report.ok());
  report.Compare("reserves", {.told = 5, .recorded = 3});
  report.Compare("reserves", {.told = 5, .recorded = 6});
  CHECK(report.unrecorded_answers == 3);
  CHECK(report.findings.size() == 2);
}

}  // namespace
}  // namespace flashsale::sim
