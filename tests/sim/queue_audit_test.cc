#include "examples/flashsale_sim/queue_audit.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "flashsale/policy/draw.h"

namespace flashsale::sim {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{std::chrono::hours(1)};
constexpr Duration kWindow = 60s;

UserId User(std::uint64_t number) { return UserId::FromInteger(number); }

// A queue of people 1 to n, each with the ticket of their number, and whom it lets in.
class Queue {
 public:
  explicit Queue(std::uint64_t people,
                 const QueueAudit::Terms& terms = {.pace = {.admissions_per_second = 10}})
      : audit_(terms) {
    for (std::uint64_t ticket = 1; ticket <= people; ++ticket) audit_.OnTicket(ticket);
  }

  QueueAudit& audit() { return audit_; }
  void Wait(Duration duration) { now_ += duration; }
  void LetIn(std::uint64_t ticket) {
    const QueueEntry entry{
        .user = User(ticket),
        .state = TicketState::kAdmitted,
        .ticket = ticket,
        .admission = {.number = static_cast<std::uint64_t>(now_.time_since_epoch().count()),
                      .grant = 1,
                      .until = now_ + kWindow}};
    audit_.OnAdmitted(now_, {&entry, 1});
    Wait(100ms);
  }
  QueueReport Report() const { return audit_.Report(); }

 private:
  QueueAudit audit_;
  Time now_ = kStart;
};

TEST_CASE("inversions are the pairs in descending order") {
  CHECK(CountInversions({}) == 0);
  const std::vector<std::uint64_t> sorted = {1, 2, 2, 5};
  CHECK(CountInversions(sorted) == 0);
  const std::vector<std::uint64_t> reversed = {5, 4, 3, 2, 1};
  CHECK(CountInversions(reversed) == 10);
  const std::vector<std::uint64_t> mixed = {3, 1, 4, 1, 5, 9, 2, 6};
  std::uint64_t pairs = 0;
  for (std::size_t i = 0; i < mixed.size(); ++i) {
    for (std::size_t j = i + 1; j < mixed.size(); ++j) pairs += mixed[i] > mixed[j] ? 1U : 0U;
  }
  CHECK(CountInversions(mixed) == pairs);
}

TEST_CASE("a queue in order of its tickets passes, whoever is left out") {
  Queue queue(5);
  for (const unsigned ticket : {1U, 2U, 4U, 5U}) queue.LetIn(ticket);
  CHECK(queue.Report().ok());
  CHECK(queue.Report().tickets == 5);
  CHECK(queue.Report().admissions == 4);
}

TEST_CASE("who is let in before somebody ahead of them is an inversion") {
  Queue queue(4);
  for (const unsigned ticket : {1U, 3U, 4U, 2U}) queue.LetIn(ticket);
  CHECK(queue.Report().fifo_inversions == 2);
  CHECK_FALSE(queue.Report().ok());
  CHECK(queue.Report().findings.size() == 1);
}

TEST_CASE("who was passed over and waits to the end is an inversion with everybody behind") {
  Queue queue(4);
  for (const unsigned ticket : {1U, 3U, 4U}) queue.LetIn(ticket);
  CHECK(queue.Report().ok());  // 2 may have left
  queue.audit().OnStillWaiting(User(2), 0, 2);
  CHECK(queue.Report().fifo_inversions == 2);
}

TEST_CASE("who waits behind the last one let in has nothing to complain of") {
  Queue queue(4);
  queue.LetIn(1);
  queue.audit().OnStillWaiting(User(2), 0, 2);
  CHECK(queue.Report().ok());
}

TEST_CASE("tickets that jump or change are found") {
  Queue queue(2);
  queue.audit().OnTicket(4);
  CHECK(queue.Report().ticket_breaks == 1);
  queue.audit().OnTicketAgain({.given = 2, .again = 2});
  CHECK(queue.Report().ticket_breaks == 1);
  queue.audit().OnTicketAgain({.given = 2, .again = 5});
  CHECK(queue.Report().ticket_breaks == 2);
}

TEST_CASE("a draw lets people in by their ranks, and those who came later after them") {
  const LotteryKey key{7};
  const QueueAudit::Terms terms{.pace = {.admissions_per_second = 10}, .draws = true};
  std::vector<std::uint64_t> entrants = {1, 2, 3, 4, 5, 6};
  std::sort(entrants.begin(), entrants.end(), [&key](std::uint64_t a, std::uint64_t b) {
    return LotteryRank(key, User(a)) < LotteryRank(key, User(b));
  });
  const auto let_in = [&](const std::vector<std::uint64_t>& order) {
    Queue queue(6, terms);
    queue.audit().OnBegin(0);
    queue.audit().OnDrawn({.entrants = 6, .draw = QueueAudit::Draw{.key = key}});
    queue.audit().OnTicket(7);
    queue.audit().OnTicket(8);
    for (const std::uint64_t ticket : order) queue.LetIn(ticket);
    queue.LetIn(7);
    queue.LetIn(8);
    return queue.Report().fifo_inversions;
  };
  CHECK(let_in(entrants) == 0);
  std::swap(entrants[2], entrants[3]);
  CHECK(let_in(entrants) == 1);
}

TEST_CASE("a draw of which nothing that holds was published is found") {
  Queue queue(6, {.pace = {.admissions_per_second = 10}, .draws = true});
  queue.audit().OnBegin(0);
  queue.audit().OnDrawn({.entrants = 6});
  CHECK(queue.Report().fifo_inversions == 1);
  Queue nobody(0, {.pace = {.admissions_per_second = 10}, .draws = true});
  nobody.audit().OnDrawn({});
  CHECK(nobody.Report().ok());
}

TEST_CASE("of a draw in part some go first in the order of tickets, then the others by rank") {
  const LotteryKey key{9};
  std::vector<std::uint64_t> order = {3, 4, 5, 6};
  std::sort(order.begin(), order.end(), [&key](std::uint64_t a, std::uint64_t b) {
    return LotteryRank(key, User(a)) < LotteryRank(key, User(b));
  });
  order.insert(order.begin(), {1, 2});
  order.push_back(7);
  const auto inversions = [&key](const std::vector<std::uint64_t>& people) {
    Queue queue(6, {.pace = {.admissions_per_second = 10}, .draws = true});
    queue.audit().OnBegin(0);
    queue.audit().OnDrawn(
        {.entrants = 6, .draw = QueueAudit::Draw{.key = key, .first_through = 2}});
    queue.audit().OnTicket(7);
    for (const std::uint64_t person : people) queue.LetIn(person);
    return queue.Report().fifo_inversions;
  };
  CHECK(inversions(order) == 0);
  for (std::size_t i = 0; i + 1 < order.size(); ++i) {
    CAPTURE(i);
    std::vector<std::uint64_t> swapped = order;
    std::swap(swapped[i], swapped[i + 1]);
    CHECK(inversions(swapped) == 1);
  }
}

TEST_CASE("each tier has a draw of its own") {
  Queue queue(4, {.pace = {.admissions_per_second = 10}, .draws = true});
  queue.audit().OnBegin(0);
  queue.audit().OnDrawn({.tier = 0, .entrants = 4, .draw = QueueAudit::Draw{}});
  queue.audit().OnDrawn({.tier = 1, .entrants = 0});
  CHECK(queue.Report().ok());
  queue.audit().OnDrawn({.tier = 2, .entrants = 1});
  CHECK(queue.Report().fifo_inversions == 1);
}

// Expected values made with another implementation: examples/draw_verify/verify_draw.py.
TEST_CASE("the key of a draw follows from what is published, if it holds") {
  std::vector<UserId> entrants;
  entrants.reserve(5);
  for (std::uint64_t i = 0; i < 5; ++i) entrants.push_back(User(i));
  DrawSeed::Bytes seed;
  std::iota(seed.begin(), seed.end(), std::uint8_t{0});
  DrawRecord record{.draw = {.sale = "drop", .tier = 0},
                    .commitment = DrawSeed::FromBytes(seed).Commitment(),
                    .beacon_source = "x",
                    .freeze = *FreezeDraw({.drawn = entrants}),
                    .beacon = std::vector<std::uint8_t>{0xBE, 0xAC, 0, 0},
                    .seed = DrawSeed::FromBytes(seed)};
  const auto key = LotteryKeyOf(record, entrants);
  REQUIRE(key.has_value());
  CHECK(((*key)[0] == 0xDF && (*key)[1] == 0xD4 && (*key)[31] == 0x99));
  CHECK(LotteryRank(*key, User(3)) == 0x2A4C521F45B3C1EE);

  CHECK_FALSE(LotteryKeyOf(record, std::span(entrants).first(4)).has_value());
  std::swap(entrants[0], entrants[1]);
  CHECK_FALSE(LotteryKeyOf(record, entrants).has_value());
  std::swap(entrants[0], entrants[1]);
  record.seed = DrawSeed::FromBytes({1});
  CHECK_FALSE(LotteryKeyOf(record, entrants).has_value());
  record.seed.reset();
  CHECK_FALSE(LotteryKeyOf(record, entrants).has_value());
}

TEST_CASE("the key of a draw in part follows from both lists") {
  const std::vector<UserId> first = {User(9), User(1)};
  const std::vector<UserId> drawn = {User(2), User(3), User(5)};
  DrawRecord record{.draw = {.sale = "drop", .tier = 0},
                    .commitment = DrawSeed::FromBytes({1}).Commitment(),
                    .fifo_per_mille = 400,
                    .freeze = *FreezeDraw({.fifo = first, .drawn = drawn}),
                    .seed = DrawSeed::FromBytes({1})};
  const auto key = LotteryKeyOf(record, drawn, first);
  REQUIRE(key.has_value());
  // As the library's own repetition has it.
  const Result<std::vector<UserId>> order = ReplayDraw(record, {.fifo = first, .drawn = drawn});
  REQUIRE(order.ok());
  std::vector<UserId> ranked = drawn;
  std::sort(ranked.begin(), ranked.end(), [&key](const UserId& a, const UserId& b) {
    return LotteryRank(*key, a) < LotteryRank(*key, b);
  });
  CHECK(std::vector<UserId>(order->begin() + 2, order->end()) == ranked);

  CHECK_FALSE(LotteryKeyOf(record, drawn).has_value());
  CHECK_FALSE(LotteryKeyOf(record, drawn, std::vector<UserId>{User(1), User(9)}).has_value());
  record.fifo_per_mille = 600;  // another share than went first
  CHECK_FALSE(LotteryKeyOf(record, drawn, first).has_value());
}

TEST_CASE("more at once than may be are found, and windows that ended do not count") {
  Queue queue(5, {.pace = {.admissions_per_second = 10, .max_in_flight = 2}});
  queue.LetIn(1);
  queue.LetIn(2);
  queue.Wait(kWindow);
  queue.LetIn(3);
  queue.LetIn(4);
  CHECK(queue.Report().ok());
  queue.audit().OnMayHaveEnded(User(3));
  queue.LetIn(5);
  CHECK(queue.Report().ok());
  queue.LetIn(6);
  CHECK(queue.Report().over_max_in_flight == 1);
}

TEST_CASE("more in a second than may be are found") {
  // Ten a second, one at a time.
  Queue even(30);
  for (std::uint64_t ticket = 1; ticket <= 30; ++ticket) even.LetIn(ticket);
  CHECK(even.Report().over_pace == 0);

  Queue hasty(5);
  hasty.LetIn(1);
  hasty.Wait(-100ms);
  hasty.LetIn(2);
  CHECK(hasty.Report().over_pace == 1);
}

TEST_CASE("the rank of a draw is what anybody can work out with openssl") {
  // printf 00000000000000010000000000000005 | xxd -r -p | openssl dgst -sha256 -mac HMAC
  //   -macopt hexkey:00...00 (32 bytes): the first eight bytes of it.
  CHECK(LotteryRank(LotteryKey{}, User(5)) == 0x769EB8E908DD5A3A);
}

}  // namespace
}  // namespace flashsale::sim
