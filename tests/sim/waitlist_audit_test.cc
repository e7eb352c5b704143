#include "examples/flashsale_sim/waitlist_audit.h"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>

#include "flashsale/service/waitlist.h"

namespace flashsale::sim {
namespace {

using namespace std::chrono_literals;

constexpr Time kEpoch{std::chrono::hours(1)};
constexpr Time kEnd = kEpoch + 1h;

UserId User(std::uint64_t number) { return UserId::FromInteger(number); }

// The waitlist of a line whose units are all gone.  Person n has ticket n.
class List {
 public:
  explicit List(std::uint64_t people)
      : audit_({.sale = "drop",
                .lines = {{.product = "a", .units = 100, .released_at_first = 0},
                          {.product = "b", .units = 100, .released_at_first = 0}},
                .epoch = kEpoch,
                .end = kEnd,
                .tolerance = 200ms}) {
    for (std::uint64_t i = 1; i <= people; ++i) audit_.OnJoined(now_, User(i), {.ticket = i});
  }

  WaitlistAudit& audit() { return audit_; }
  Time now() const { return now_; }
  void Wait(Duration duration) { now_ += duration; }
  WaitlistReport Report() const { return audit_.Report(); }

  void Happens(EventType type, std::uint64_t person, const ReservationId& id) {
    audit_.OnEvent(
        {.seq = ++seq_, .at = now_, .type = type, .units = 1, .user = User(person), .id = id});
  }
  void Offer(std::uint64_t ticket) { Happens(EventType::kReserved, ticket, OfferTo(ticket)); }
  void Release(Units units) {
    audit_.OnEvent({.seq = ++seq_, .at = now_, .type = EventType::kReleased, .units = units});
  }
  static ReservationId OfferTo(std::uint64_t ticket) {
    return OfferId({.sale = "drop", .user = User(ticket), .epoch = kEpoch, .ticket = ticket});
  }

 private:
  WaitlistAudit audit_;
  Time now_ = kEpoch + 1min;
  std::uint64_t seq_ = 0;
};

TEST_CASE("a unit that is offered to somebody whom the queue never let in is found") {
  for (const bool queued : {false, true}) {
    WaitlistAudit audit({.sale = "drop",
                         .lines = {{.product = "a", .units = 2, .released_at_first = 0}},
                         .queued = queued,
                         .epoch = kEpoch,
                         .end = kEnd,
                         .tolerance = 200ms});
    audit.OnLetIn(User(1));
    audit.OnJoined(kEpoch, User(1), {.ticket = 1});
    audit.OnJoined(kEpoch, User(2), {.ticket = 2});
    audit.OnEvent({.seq = 1, .at = kEpoch, .type = EventType::kReleased, .units = 2});
    for (const std::uint64_t ticket : {1U, 2U}) {
      audit.OnEvent({.seq = 1 + ticket,
                     .at = kEpoch,
                     .type = EventType::kReserved,
                     .units = 1,
                     .user = User(ticket),
                     .id = List::OfferTo(ticket)});
    }
    CHECK(audit.Report().offered == 2);
    CHECK(audit.Report().past_queue == (queued ? 1 : 0));
    CHECK(audit.Report().ok() == !queued);
  }
}

TEST_CASE("units offered in line, whatever becomes of them, pass") {
  List list(7);
  list.Release(5);
  list.Offer(1);
  list.Offer(2);
  list.Happens(EventType::kConfirmed, 1, List::OfferTo(1));
  list.Happens(EventType::kCancelled, 2, List::OfferTo(2));
  list.audit().OnLeft({.ticket = 3});
  list.Offer(4);
  list.Happens(EventType::kExpired, 4, List::OfferTo(4));
  list.audit().OnWithdrawn({.ticket = 5});
  list.Offer(6);
  const WaitlistReport report = list.Report();
  CHECK(report.ok());
  CHECK(report.joined == 7);
  CHECK(report.left == 1);
  CHECK(report.withdrawn == 1);
  CHECK(report.offered == 4);
  CHECK(report.bought == 1);
  CHECK(report.refused == 1);
  CHECK(report.lapsed == 1);
  CHECK(report.still_waiting == 1);
}

TEST_CASE("a late payment for an offer that lapsed is a purchase") {
  List list(1);
  list.Offer(1);
  list.Happens(EventType::kExpired, 1, List::OfferTo(1));
  list.Happens(EventType::kRevived, 1, List::OfferTo(1));
  CHECK(list.Report().lapsed == 0);
  CHECK(list.Report().bought == 1);
}

TEST_CASE("an offer to somebody further back is an inversion") {
  List list(3);
  list.Offer(2);
  CHECK(list.Report().inversions == 1);
  list.Offer(1);
  list.Offer(3);
  CHECK(list.Report().inversions == 1);
}

TEST_CASE("a unit that a newcomer takes while somebody waits is found, on that line alone") {
  List list(1);
  list.audit().OnEvent({.seq = 1,
                        .at = list.now(),
                        .type = EventType::kReserved,
                        .line = 1,
                        .units = 1,
                        .user = User(9),
                        .id = ReservationId::FromInteger(0)});
  CHECK(list.Report().ok());
  list.Happens(EventType::kReserved, 9, ReservationId::FromInteger(0));
  CHECK(list.Report().bypassed == 1);
  list.Offer(1);
  list.Happens(EventType::kReserved, 8, ReservationId::FromInteger(0));
  CHECK(list.Report().bypassed == 1);
}

TEST_CASE("a unit that lies idle while somebody waits is found once") {
  List list(1);
  list.Release(1);
  list.audit().OnPolled(list.now());
  list.Wait(200ms);
  list.audit().OnPolled(list.now());
  CHECK(list.Report().ok());
  list.Wait(1ms);
  list.audit().OnPolled(list.now());
  list.audit().OnPolled(list.now());
  CHECK(list.Report().unoffered == 1);

  List offered(1);
  offered.Release(1);
  offered.audit().OnPolled(offered.now());
  offered.Offer(1);
  offered.Wait(1s);
  offered.audit().OnPolled(offered.now());
  CHECK(offered.Report().ok());
}

TEST_CASE("tickets that jump, or are lost while their user waits, are found") {
  List list(2);
  list.audit().OnJoined(list.now(), User(4), {.ticket = 4});
  CHECK(list.Report().ticket_breaks == 1);
  list.audit().OnUnknown(kEnd, {.ticket = 1});
  CHECK(list.Report().ticket_breaks == 1);
  list.audit().OnUnknown(list.now(), {.ticket = 1});
  CHECK(list.Report().ticket_breaks == 2);
  // Whose turn it was has no place any more.
  list.Offer(2);
  list.audit().OnUnknown(list.now(), {.ticket = 2});
  CHECK(list.Report().ticket_breaks == 2);
}

TEST_CASE("positions are those of the people ahead, with leavers anywhere") {
  List list(100);
  for (const std::uint64_t ticket : {3U, 50U, 77U}) list.audit().OnLeft({.ticket = ticket});
  list.Offer(1);
  list.audit().OnPosition({.ticket = 2}, 1);
  list.audit().OnPosition({.ticket = 49}, 47);
  list.audit().OnPosition({.ticket = 51}, 48);
  list.audit().OnPosition({.ticket = 100}, 96);
  CHECK(list.Report().ok());
  list.audit().OnPosition({.ticket = 100}, 97);
  CHECK(list.Report().wrong_positions == 1);
  list.audit().OnPosition({.ticket = 77}, 74);  // left
  CHECK(list.Report().wrong_positions == 2);
}

TEST_CASE("in stock is honest where more is available than people wait") {
  List list(2);
  list.Release(3);
  list.audit().OnInStock(0);
  CHECK(list.Report().ok());
  list.audit().OnJoined(list.now(), User(3), {.ticket = 3});
  list.audit().OnInStock(0);
  CHECK(list.Report().dishonest_in_stock == 1);
}

TEST_CASE("others are asked later while somebody waits, and until that is known to be over") {
  List list(1);
  CHECK(list.audit().AsksFirst(list.now(), 0));
  CHECK_FALSE(list.audit().AsksFirst(list.now(), 1));
  list.audit().OnLeft({.ticket = 1});
  list.Wait(200ms);
  CHECK(list.audit().AsksFirst(list.now(), 0));
  list.Wait(1ms);
  CHECK_FALSE(list.audit().AsksFirst(list.now(), 0));
}

}  // namespace
}  // namespace flashsale::sim
