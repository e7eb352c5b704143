#include "flashsale/testing/event_fold.h"

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "flashsale/testing/digest.h"
#include "flashsale/testing/invariants.h"

namespace flashsale {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr Time kStart{hours{1}};

SaleTerms Terms() {
  SaleTerms terms;
  terms.id = "sale";
  terms.lines = {{.product = "shirt", .units = 3}};
  terms.start = kStart;
  terms.end = kStart + hours{1};
  terms.limit_per_user = 3;
  terms.key_limits = {{.name = "device", .limit = 2}};
  terms.late_confirm = LateConfirm::kRevive;
  return *Validate(terms);
}

Edges Of(std::initializer_list<Edge> list) {
  Edges edges;
  for (const Edge edge : list) edges.Add(edge);
  return edges;
}

Event Reserved(std::uint64_t seq, std::uint64_t id, Units units) {
  return {.seq = seq,
          .at = kStart,
          .type = EventType::kReserved,
          .units = units,
          .user = UserId::FromInteger(1),
          .id = ReservationId::FromInteger(id),
          .deadline = kStart + minutes{5},
          .user_limit = 3};
}

Event About(Event event, EventType type, std::uint64_t seq, Time at) {
  event.type = type;
  event.seq = seq;
  event.at = at;
  event.edges = {};
  event.user_limit = 0;
  return event;
}

// A lawful beginning: two holds, one of them bought.
std::vector<Event> Beginning() {
  std::vector<Event> events = {Reserved(1, 1, 1), Reserved(2, 2, 1)};
  events[0].edges = Of({Edge::kSaleStarted});
  events.push_back(About(events[0], EventType::kConfirmed, 3, kStart + minutes{1}));
  return events;
}

// What the fold says to `event` after the beginning.
std::string Say(const Event& event) {
  EventFold fold(Terms());
  for (const Event& lawful : Beginning()) REQUIRE_FALSE(fold.Add(lawful).has_value());
  return fold.Add(event).value_or("");
}

TEST_CASE("a fold tells stock, tallies, records and marks") {
  EventFold fold(Terms());
  for (const Event& event : Beginning()) CHECK_FALSE(fold.Add(event).has_value());
  CHECK(fold.seq() == 3);
  CHECK(fold.lines()[0] == Stock{.limit = 3, .released = 3, .reserved = 1, .sold = 1});
  const Tally tally = fold.ReadTally(TallyKey::Of(UserId::FromInteger(1)));
  CHECK(tally == Tally{.limit = 3, .held = 1, .bought = 1, .open_holds = 1, .records = 2});
  const Reservation* bought = fold.Find(UserId::FromInteger(1), ReservationId::FromInteger(1));
  REQUIRE(bought != nullptr);
  CHECK(bought->state == ReservationState::kPurchased);
  CHECK(fold.Find(UserId::FromInteger(2), ReservationId::FromInteger(1)) == nullptr);
  CHECK_FALSE(fold.Add({.seq = 4, .at = kStart, .type = EventType::kPaused}).has_value());
  CHECK(fold.marks().paused);

  InvariantChecker checker;
  fold.Show(checker);
  CHECK(checker.Finish().empty());
}

TEST_CASE("a fold names the number of the event and what it breaks") {
  const Event held = Reserved(2, 2, 1);
  struct Sample {
    std::function<void(Event&)> change;
    std::string complaint;
  };
  const std::vector<Sample> samples = {
      {[](Event& e) { e.seq = 5; }, "seq 5: I7: follows seq 3"},
      {[](Event& e) { e.seq = 3; }, "seq 3: I7: follows seq 3"},
      {[](Event& e) { e.line = 1; }, "seq 4: I4: no line 1"},
      {[](Event& e) { e.units = 2; }, "seq 4: I5"},
      {[](Event& e) { e.returned = 1; }, "seq 4: I5"},
      {[](Event& e) { e.quote = 1; }, "seq 4: the event tells other terms"},
      {[](Event& e) { e.at = kStart + minutes{5}; }, "seq 4: I4: Confirmed a hold that is over"},
      {[](Event& e) { e.user = UserId::FromInteger(2); }, "seq 4: I4: Confirmed an unknown"},
      {[](Event& e) { e.id = ReservationId::FromInteger(1); },
       "seq 4: I4: Confirmed when purchased"},
      {[](Event& e) { e.deadline += Duration{1}; }, "seq 4: I4: another deadline"},
      {[](Event& e) { e.type = EventType::kExpired; }, "seq 4: I4: Expired a live hold"},
      {[](Event& e) { e.type = EventType::kRevived; }, "seq 4: I4: Revived when active"},
      {[](Event& e) { e.type = EventType::kVoided; }, "seq 4: I4: Voided when active"},
      {[](Event& e) { e.edges.Add(Edge::kSaleStarted); },
       "seq 4: edges: SaleStarted marked, none occurred"},
  };
  const Event lawful = About(held, EventType::kConfirmed, 4, kStart + minutes{2});
  CHECK(Say(lawful).empty());
  for (const Sample& sample : samples) {
    Event event = lawful;
    sample.change(event);
    CHECK_MESSAGE(Say(event).starts_with(sample.complaint), Say(event));
  }
}

TEST_CASE("a fold checks what a reserve takes") {
  struct Sample {
    std::function<void(Event&)> change;
    std::string complaint;
  };
  const std::vector<Sample> samples = {
      {[](Event& e) { e.units = 2; }, "seq 4: I1: takes 2 of 1 available"},
      {[](Event& e) { e.user_limit = 4; }, "seq 4: I3: a limit of 4"},
      {[](Event& e) { e.user_limit = 2; }, "seq 4: I3: a limit of 2 after 3"},
      {[](Event& e) { e.keys[1] = LimitKey::FromInteger(1); }, "seq 4: I3: a limit key"},
      {[](Event& e) { e.id = ReservationId::FromInteger(1); }, "seq 4: I4: the id was known"},
      {[](Event& e) { e.at = kStart - Duration{1}; }, "seq 4: I4: reserved in phase scheduled"},
      {[](Event& e) { e.at = kStart + hours{1}; }, "seq 4: I4: reserved in phase closed"},
      {[](Event& e) { e.deadline = kStart; }, "seq 4: I4: the deadline"},
      {[](Event& e) { e.deadline = kStart + minutes{15} + Duration{1}; },
       "seq 4: I4: the deadline"},
      {[](Event& e) { e.edges = Edges(); }, "seq 4: edges: none marked, SoldOut+LineSoldOut"},
  };
  Event lawful = Reserved(4, 3, 1);
  lawful.edges = Of({Edge::kSoldOut, Edge::kLineSoldOut});
  CHECK(Say(lawful).empty());
  for (const Sample& sample : samples) {
    Event event = lawful;
    sample.change(event);
    CHECK_MESSAGE(Say(event).starts_with(sample.complaint), Say(event));
  }
}

TEST_CASE("a clock event that passes nothing and a settlement over a hold are refused") {
  CHECK(Say({.seq = 4, .at = kStart + minutes{1}, .type = EventType::kClock}) ==
        "seq 4: a clock event that tells nothing");
  Event settled{.seq = 4, .at = kStart + hours{1}, .type = EventType::kSettled};
  CHECK(Say(settled) == "seq 4: I4: settled with 1 units held");
  settled.at = kStart;
  CHECK(Say(settled) == "seq 4: I4: Settled in phase open");
}

std::string DigestAt(const std::vector<Event>& events, Time now) {
  EventFold fold(Terms());
  for (const Event& event : events) REQUIRE_FALSE(fold.Add(event).has_value());
  DigestVisitor visitor(now);
  fold.Show(visitor);
  return visitor.Finish();
}

TEST_CASE("a digest counts lapsed holds as expired, and nothing else as the same") {
  const Time lapsed = kStart + minutes{5};
  const std::vector<Event> open = Beginning();
  std::vector<Event> expired = open;
  expired.push_back(About(open[1], EventType::kExpired, 4, lapsed));
  CHECK(DigestAt(open, lapsed) == DigestAt(expired, lapsed));
  CHECK(DigestAt(open, lapsed - Duration{1}) != DigestAt(expired, lapsed));

  std::vector<Event> cancelled = open;
  cancelled.push_back(About(open[1], EventType::kCancelled, 4, kStart));
  CHECK(DigestAt(cancelled, lapsed) != DigestAt(expired, lapsed));
  std::vector<Event> quoted = open;
  quoted[1].quote = 1;
  CHECK(DigestAt(quoted, kStart) != DigestAt(open, kStart));
  CHECK(DigestAt(open, kStart).size() == 64);
}

TEST_CASE("a digest counts every hold of a cancelled sale as cancelled") {
  std::vector<Event> unswept = Beginning();
  unswept.push_back(
      {.seq = 4, .at = kStart, .type = EventType::kSaleCancelled, .edges = Of({Edge::kSaleEnded})});
  std::vector<Event> swept = unswept;
  swept.push_back(About(unswept[1], EventType::kCancelled, 5, kStart));
  CHECK(DigestAt(unswept, kStart) == DigestAt(swept, kStart));
}

// Shows a snapshot of one user with one hold of one unit, all of it open to change.
struct Shown {
  SaleTerms terms = Terms();
  SaleMarks marks;
  Stock stock{.limit = 3, .released = 3, .reserved = 1, .sold = 0};
  Tally user{.limit = 3, .held = 1, .bought = 0, .open_holds = 1, .records = 1};
  Tally key{.limit = 2, .held = 1};
  Reservation record{.user = UserId::FromInteger(1),
                     .id = ReservationId::FromInteger(1),
                     .state = ReservationState::kActive,
                     .asked = 1,
                     .units = 1,
                     .keys = {LimitKey::FromInteger(9)}};

  std::vector<std::string> Broken() const {
    InvariantChecker checker;
    checker.OnSale({.terms = terms, .marks = marks, .seq = 1, .lines = std::span(&stock, 1)});
    checker.OnUser(UserId::FromInteger(1), user, std::span(&record, 1));
    checker.OnKey(TallyKey::Of(0, LimitKey::FromInteger(9)), key);
    return checker.Finish();
  }
};

TEST_CASE("every counter of a snapshot is held against its records") {
  CHECK(Shown().Broken().empty());
  struct Sample {
    std::function<void(Shown&)> change;
    std::string complaint;
  };
  const std::vector<Sample> samples = {
      {[](Shown& s) { s.stock.released = 4; }, "I1: line 0 released 4 of 3"},
      {[](Shown& s) { s.stock.limit = 4; }, "I1: line 0 has another limit"},
      {[](Shown& s) { s.stock.sold = 3; }, "I1: line 0 has 1 reserved and 3 sold"},
      {[](Shown& s) { s.stock.reserved = 0; }, "I2: reserved of line 0"},
      {[](Shown& s) { s.stock.sold = 1; }, "I2: sold of line 0"},
      {[](Shown& s) { s.user.held = 0; }, "I2: held by"},
      {[](Shown& s) { s.user.bought = 1; }, "I2: bought by"},
      {[](Shown& s) { s.user.open_holds = 0; }, "I2: open holds of"},
      {[](Shown& s) { s.user.records = 2; }, "I2: records of"},
      {[](Shown& s) { s.user.limit = 0; }, "I3: user"},
      {[](Shown& s) { s.user.limit = 4; }, "I3: user"},
      {[](Shown& s) { s.user.admission = 1; }, "I6: highest admission"},
      {[](Shown& s) { s.record.admission = 1; }, "I6: highest admission"},
      {[](Shown& s) { s.key.held = 2; }, "I2: a key of kind 1"},
      {[](Shown& s) { s.record.keys = {}; }, "I2: a key of kind 1 is charged for no record"},
      {[](Shown& s) { s.marks.settled = true; }, "record"},
      {[](Shown& s) { s.record.units = 2; }, "record"},
  };
  for (std::size_t i = 0; i < samples.size(); ++i) {
    Shown shown;
    samples[i].change(shown);
    const std::vector<std::string> broken = shown.Broken();
    REQUIRE_MESSAGE(!broken.empty(), samples[i].complaint);
    CHECK_MESSAGE(broken.front().starts_with(samples[i].complaint), broken.front());
  }
}

}  // namespace
}  // namespace flashsale
