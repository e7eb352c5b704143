#include "engine/edge_fold.h"

#include <doctest/doctest.h>

#include <chrono>
#include <initializer_list>
#include <string>

namespace flashsale::engine {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{std::chrono::hours{24 * 365 * 50}};

SaleTerms TwoLines(Units first = 2, Units second = 1) {
  return {.id = "drop",
          .lines = {{.product = "a", .units = 2, .released_at_first = first},
                    {.product = "b", .units = 1, .released_at_first = second}},
          .start = kStart,
          .end = kStart + 1h};
}

// The names of the edges that a step carries, in the order of their bits.
class Fold {
 public:
  explicit Fold(const SaleTerms& terms = TwoLines()) : fold_(terms) {}

  std::string At(Time at, EventType type, std::uint16_t line = 0, Units units = 0,
                 Units returned = 0) {
    const Edges edges =
        fold_.Apply({.type = type, .line = line, .units = units, .returned = returned, .at = at});
    std::string names;
    for (int bit = 0; bit < 16; ++bit) {
      const auto edge = static_cast<Edge>(1 << bit);
      if (!edges.Has(edge)) continue;
      if (!names.empty()) names += ' ';
      names += Name(edge);
    }
    return names;
  }
  std::string operator()(EventType type, std::uint16_t line = 0, Units units = 0,
                         Units returned = 0) {
    return At(kStart + 1s, type, line, units, returned);
  }
  bool TimeEdgeIsDue(Time now) const { return fold_.TimeEdgeIsDue(now); }

 private:
  EdgeFold fold_;
};

TEST_CASE("the start is marked once, on the first event at or after it") {
  Fold fold;
  CHECK(fold.At(kStart - 1us, EventType::kTombstoned).empty());
  CHECK(fold.At(kStart, EventType::kTombstoned) == "SaleStarted");
  CHECK(fold.At(kStart, EventType::kTombstoned).empty());
  CHECK(fold.At(kStart - 1s, EventType::kStartedEarly).empty());
}

TEST_CASE("an early start marks the start") {
  Fold fold;
  CHECK(fold.At(kStart - 1h, EventType::kStartedEarly) == "SaleStarted");
  CHECK(fold.At(kStart, EventType::kClock).empty());
}

TEST_CASE("the end is marked once, by time, by a close or by a cancellation") {
  Fold by_time;
  CHECK(by_time.At(kStart, EventType::kClock) == "SaleStarted");
  CHECK(by_time.At(kStart + 1h - 1us, EventType::kTombstoned).empty());
  CHECK(by_time.At(kStart + 1h, EventType::kTombstoned) == "SaleEnded");
  CHECK(by_time.At(kStart + 2h, EventType::kClosed).empty());
  for (const EventType type : {EventType::kClosed, EventType::kSaleCancelled}) {
    Fold by_act;
    CHECK(by_act.At(kStart, EventType::kPaused) == "SaleStarted");
    CHECK(by_act.At(kStart, type) == "SaleEnded");
    CHECK(by_act.At(kStart + 2h, EventType::kSettled).empty());
  }
}

TEST_CASE("a sale that ended before its start never starts") {
  Fold fold;
  CHECK(fold.At(kStart - 1h, EventType::kClosed) == "SaleEnded");
  CHECK(fold.At(kStart + 1s, EventType::kClock).empty());
  CHECK(fold.At(kStart + 2h, EventType::kClock).empty());
}

TEST_CASE("one event may carry both the start and the end") {
  Fold fold;
  CHECK(fold.At(kStart + 1h, EventType::kClock) == "SaleStarted SaleEnded");
  Fold cancelled;
  CHECK(cancelled.At(kStart, EventType::kSaleCancelled) == "SaleStarted SaleEnded");
}

TEST_CASE("a time edge is due while a clock event would carry it") {
  Fold fold;
  CHECK_FALSE(fold.TimeEdgeIsDue(kStart - 1us));
  CHECK(fold.TimeEdgeIsDue(kStart));
  fold.At(kStart, EventType::kClock);
  CHECK_FALSE(fold.TimeEdgeIsDue(kStart));
  CHECK_FALSE(fold.TimeEdgeIsDue(kStart + 1h - 1us));
  CHECK(fold.TimeEdgeIsDue(kStart + 1h));
  fold.At(kStart + 1h, EventType::kClock);
  CHECK_FALSE(fold.TimeEdgeIsDue(kStart + 2h));
  Fold closed;
  closed.At(kStart - 1h, EventType::kClosed);
  CHECK_FALSE(closed.TimeEdgeIsDue(kStart + 2h));
}

TEST_CASE("a line sells out and comes back; the sale does when all of its lines do") {
  Fold fold;
  CHECK(fold(EventType::kReserved, 0, 1) == "SaleStarted");
  CHECK(fold(EventType::kReserved, 1, 1) == "LineSoldOut");
  CHECK(fold(EventType::kReserved, 0, 1) == "SoldOut LineSoldOut");
  CHECK(fold(EventType::kExpired, 1, 1) == "Restocked LineRestocked");
  CHECK(fold(EventType::kCancelled, 0, 1) == "LineRestocked");
  CHECK(fold(EventType::kReserved, 1, 1) == "LineSoldOut");
  CHECK(fold(EventType::kRevived, 0, 1) == "SoldOut LineSoldOut");
}

TEST_CASE("a confirm of a part restocks, a whole one does not") {
  Fold fold(TwoLines(2, 0));
  CHECK(fold(EventType::kReserved, 0, 2) == "SaleStarted SoldOut LineSoldOut");
  CHECK(fold(EventType::kConfirmed, 0, 1, 1) == "Restocked LineRestocked");
  CHECK(fold(EventType::kReserved, 0, 1) == "SoldOut LineSoldOut");
  CHECK(fold(EventType::kConfirmed, 0, 1).empty());
}

TEST_CASE("a line that begins with nothing released is restocked by its first wave") {
  Fold fold(TwoLines(0, 0));
  CHECK(fold.At(kStart, EventType::kClock) == "SaleStarted");
  CHECK(fold(EventType::kReleased, 0, 2) == "Restocked LineRestocked");
  CHECK(fold(EventType::kReleased, 1, 1) == "LineRestocked");
}

TEST_CASE("sold out for good is when every unit of every line is sold, and again after a void") {
  Fold fold;
  fold(EventType::kReserved, 0, 2);
  fold(EventType::kReserved, 1, 1);
  CHECK(fold(EventType::kConfirmed, 0, 2).empty());
  CHECK(fold(EventType::kConfirmed, 1, 1) == "SoldOutForGood");
  CHECK(fold(EventType::kVoided, 0, 1) == "Restocked LineRestocked");
  CHECK(fold(EventType::kReserved, 0, 1) == "SoldOut LineSoldOut");
  CHECK(fold(EventType::kConfirmed, 0, 1) == "SoldOutForGood");
}

TEST_CASE("units that are not released yet keep a sale from being sold out for good") {
  Fold fold(TwoLines(1, 1));
  fold(EventType::kReserved, 0, 1);
  fold(EventType::kReserved, 1, 1);
  fold(EventType::kConfirmed, 1, 1);
  CHECK(fold(EventType::kConfirmed, 0, 1).empty());
  CHECK(fold(EventType::kReleased, 0, 1) == "Restocked LineRestocked");
  CHECK(fold(EventType::kRevived, 0, 1) == "SoldOut SoldOutForGood LineSoldOut");
}

TEST_CASE("what moves no stock marks none") {
  Fold fold;
  fold(EventType::kReserved, 0, 2);
  for (const EventType type :
       {EventType::kExtended, EventType::kTombstoned, EventType::kPaused, EventType::kResumed,
        EventType::kStartedEarly, EventType::kClock, EventType::kSettled}) {
    CHECK(fold(type, 0, 2).empty());
  }
}

}  // namespace
}  // namespace flashsale::engine
