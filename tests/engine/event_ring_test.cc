#include "engine/event_ring.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "tests/hard_cases/crowd.h"

namespace flashsale::engine {
namespace {

SaleTerms Terms(std::size_t keys = 0) {
  SaleTerms terms = SmallSale(kMaxUnits);
  for (std::size_t i = 0; i < keys; ++i) {
    terms.key_limits.push_back({.name = "key-" + std::to_string(i)});
  }
  return terms;
}

// A ring with the word its numbers come from.
struct RingOf {
  explicit RingOf(std::size_t capacity, std::size_t keys = 0)
      : ring(Terms(keys), capacity, next_seq) {
    REQUIRE(ring.ok());
  }
  std::atomic<std::uint64_t> next_seq{1};
  EventRing ring;
};

// An event of which every member tells its number.
Event Numbered(std::uint64_t seq, std::size_t keys = 0) {
  Event event{.seq = seq,
              .at = kStart - std::chrono::hours{1} + Duration(static_cast<Duration::rep>(seq % 9)),
              .type = EventType::kExtended,
              .units = static_cast<Units>(seq),
              .user = UserId::FromInteger(seq),
              .id = ReservationId::FromInteger(~seq),
              .deadline = Time(Duration(static_cast<Duration::rep>(seq * 3))),
              .quote = ~seq,
              .admission = seq * 5,
              .user_limit = static_cast<Units>(seq * 7)};
  for (std::size_t i = 0; i < keys; ++i) event.keys[i] = LimitKey::FromInteger(seq + i);
  return event;
}

void WriteNext(RingOf& ring, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) ring.ring.Write(Numbered(ring.ring.TakeNumbers(1)));
}

TEST_CASE("every member of an event comes back as it was written, with any number of limit keys") {
  for (std::size_t keys = 0; keys <= kMaxLimitKeys; ++keys) {
    RingOf ring(16, keys);
    Event event = Numbered(1, keys);
    event.type = EventType::kConfirmed;
    event.line = 0;
    event.returned = 4'000'000'000;
    event.at = kMaxTime - Duration(1);
    event.deadline = kMaxTime;
    event.admission = kMaxExactInteger;
    REQUIRE(ring.ring.TakeNumbers(1) == 1);
    ring.ring.Write(event);
    std::vector<Event> read(4);
    const EventPage page = ring.ring.Read(0, read);
    REQUIRE(page.count == 1);
    event.edges.Add(Edge::kSaleStarted);
    event.edges.Add(Edge::kSaleEnded);
    CHECK(read[0] == event);
  }
}

TEST_CASE("an empty ring gives an empty page and keeps the cursor") {
  RingOf ring(8);
  CHECK(ring.ring.last_seq() == 0);
  std::vector<Event> read(4);
  for (const std::uint64_t after : {0U, 5U}) {
    const EventPage page = ring.ring.Read(after, read);
    CHECK(page.count == 0);
    CHECK(page.cursor == after);
    CHECK_FALSE(page.lost.has_value());
  }
}

TEST_CASE("a cursor beyond the last event stays where it is, the largest number too") {
  RingOf ring(8);
  WriteNext(ring, 2);
  for (const std::uint64_t after :
       {std::uint64_t{2}, std::uint64_t{3}, ~std::uint64_t{0} - 1, ~std::uint64_t{0}}) {
    CAPTURE(after);
    std::vector<Event> events(4);
    const EventPage page = ring.ring.Read(after, events);
    CHECK(page.count == 0);
    CHECK(page.cursor == after);
    CHECK_FALSE(page.lost.has_value());
  }
}

TEST_CASE("a reader that keeps up sees every event once, round after round of the ring") {
  RingOf ring(8);
  std::uint64_t cursor = 0;
  std::vector<Event> read(3);
  for (int i = 0; i < 1'000; ++i) {
    WriteNext(ring, 1 + static_cast<std::uint64_t>(i) % 5);
    for (;;) {
      const EventPage page = ring.ring.Read(cursor, read);
      REQUIRE_FALSE(page.lost.has_value());
      if (page.count == 0) break;
      for (std::size_t n = 0; n < page.count; ++n) {
        Event expected = Numbered(++cursor);
        REQUIRE(read[n] == expected);
      }
      REQUIRE(page.cursor == cursor);
    }
  }
  CHECK(cursor == ring.ring.last_seq());
}

TEST_CASE("a reader that fell behind is told exactly what it lost, and reads on from there") {
  RingOf ring(8);
  WriteNext(ring, 20);
  std::vector<Event> read(32);
  EventPage page = ring.ring.Read(0, read);
  REQUIRE(page.lost.has_value());
  CHECK(page.lost->from == 1);
  CHECK(page.lost->to == 12);
  REQUIRE(page.count == 8);
  CHECK(read[0] == Numbered(13));
  CHECK(read[7] == Numbered(20));
  CHECK(page.cursor == 20);

  WriteNext(ring, 9);
  page = ring.ring.Read(20, read);
  REQUIRE(page.lost.has_value());
  CHECK(page.lost->from == 21);
  CHECK(page.lost->to == 21);
  CHECK(page.count == 8);
  CHECK(page.cursor == 29);

  WriteNext(ring, 8);
  page = ring.ring.Read(29, read);
  CHECK_FALSE(page.lost.has_value());
  CHECK(page.count == 8);
}

TEST_CASE("a page no longer than its span, and a span of nothing") {
  RingOf ring(8);
  WriteNext(ring, 5);
  std::vector<Event> read(2);
  EventPage page = ring.ring.Read(1, read);
  CHECK(page.count == 2);
  CHECK(page.cursor == 3);
  CHECK(read[1] == Numbered(3));
  page = ring.ring.Read(3, std::span<Event>());
  CHECK(page.count == 0);
  CHECK(page.cursor == 3);
}

TEST_CASE("an event that is not written yet holds back those after it") {
  RingOf ring(8);
  const std::uint64_t first = ring.ring.TakeNumbers(2);
  ring.ring.Write(Numbered(first + 1));
  std::vector<Event> read(4);
  CHECK(ring.ring.Read(0, read).count == 0);
  ring.ring.Write(Numbered(first));
  CHECK(ring.ring.Read(0, read).count == 2);
}

TEST_CASE("edges are marked by the order of the numbers, not of the writing") {
  RingOf ring(8);
  const std::uint64_t first = ring.ring.TakeNumbers(2);
  Event later = Numbered(first + 1);
  later.at = kStart + Duration(1);
  ring.ring.Write(later);
  Event earlier = Numbered(first);
  earlier.at = kStart;
  CHECK_FALSE(ring.ring.TimeEdgeIsDue(kStart - Duration(1)));
  CHECK(ring.ring.TimeEdgeIsDue(kStart));
  ring.ring.Write(earlier);
  CHECK_FALSE(ring.ring.TimeEdgeIsDue(kStart));
  std::vector<Event> read(4);
  REQUIRE(ring.ring.Read(0, read).count == 2);
  CHECK(read[0].edges.Has(Edge::kSaleStarted));
  CHECK(read[1].edges.empty());
}

// Writers take numbers in runs and write them; readers follow.  Whatever a reader is told must be
// whole, in order and without a gap that it was not told of.
void WritersAndReaders(std::size_t capacity, std::size_t readers) {
  constexpr std::size_t kWriters = 3;
  const std::uint64_t events = static_cast<std::uint64_t>(Rounds(60'000));
  RingOf ring(capacity);
  std::atomic<std::size_t> writing = kWriters;
  std::atomic<int> faults = 0;
  std::vector<std::uint64_t> accounted(readers);
  AtOnce(kWriters + readers, [&](std::size_t thread) {
    std::mt19937_64 random(thread);
    if (thread < kWriters) {
      for (std::uint64_t written = 0; written < events;) {
        const std::uint64_t run = std::min<std::uint64_t>(1 + random() % 3, events - written);
        const std::uint64_t first = ring.ring.TakeNumbers(run);
        for (std::uint64_t i = 0; i < run; ++i) ring.ring.Write(Numbered(first + i));
        written += run;
      }
      --writing;
      return;
    }
    std::vector<Event> read(1 + random() % 20);
    std::uint64_t cursor = 0;
    std::uint64_t& seen_or_lost = accounted[thread - kWriters];
    for (;;) {
      const bool last_look = writing.load() == 0;
      const EventPage page = ring.ring.Read(cursor, read);
      if (page.lost.has_value()) {
        if (page.lost->from != cursor + 1 || page.lost->to < page.lost->from) ++faults;
        seen_or_lost += page.lost->to - page.lost->from + 1;
        cursor = page.lost->to;
      }
      for (std::size_t i = 0; i < page.count; ++i) {
        if (read[i] != Numbered(++cursor)) ++faults;
      }
      seen_or_lost += page.count;
      if (page.cursor != cursor) ++faults;
      if (last_look && page.count == 0 && !page.lost.has_value()) break;
    }
  });
  CHECK(faults == 0);
  CHECK(ring.ring.last_seq() == kWriters * events);
  for (const std::uint64_t count : accounted) CHECK(count == kWriters * events);
}

TEST_CASE("writers and readers at once: whole, in order, no gap untold") {
  WritersAndReaders(1'024, 2);
}
TEST_CASE("writers that lap the ring and its readers all the time") { WritersAndReaders(16, 2); }
TEST_CASE("writers that nobody reads never wait for a reader") { WritersAndReaders(16, 0); }

}  // namespace
}  // namespace flashsale::engine
