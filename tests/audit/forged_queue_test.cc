// Journals whose chain is whole and whose story of a queue is not.
#include <doctest/doctest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "flashsale/policy/draw.h"
#include "flashsale/service/waitlist.h"
#include "tests/audit/forge.h"

namespace flashsale::audit_test {
namespace {

using Kind = QueueEvent::Kind;

SaleTerms Queued() {
  SaleTerms terms = Forge::Terms(100);
  terms.requires_admission = true;
  return terms;
}

// A sale with a queue that runs from the beginning, unless the terms say otherwise.
struct Line {
  explicit Line(QueueTerms terms = {}) : forge(Queued()) { forge.OpenQueue(std::move(terms)); }

  void Join(std::uint64_t user, Time at = kStart, std::uint8_t tier = 0) {
    forge.Queue({.kind = Kind::kJoined, .tier = tier, .at = at, .user = User(user)});
  }
  void About(Kind kind, std::uint64_t ticket, Time at) {
    forge.Queue({.kind = kind, .at = at, .ticket = ticket});
  }
  void Admit(std::uint64_t ticket, Time at) { About(Kind::kAdmitted, ticket, at); }
  void Stage(Kind kind, Time at = kMinTime, std::uint8_t tier = 0) {
    forge.Queue({.kind = kind, .tier = tier, .at = at});
  }
  void Reserve(std::uint64_t user, std::uint64_t id, Time admitted_at, Time at) {
    Event event = forge.Reserve(user, id, at);
    event.admission = static_cast<std::uint64_t>(admitted_at.time_since_epoch().count());
    forge.Add(event);
  }

  Forge forge;
};

TEST_CASE("a queue that kept its word is believed") {
  Line line({.pace = {.admissions_per_second = 10, .max_in_flight = 2}, .grant = 2});
  for (std::uint64_t user = 1; user <= 5; ++user) line.Join(user);
  line.About(Kind::kFellSilent, 2, kMinTime);
  line.Admit(1, kStart);
  line.Admit(3, kStart + 100ms);
  line.Reserve(1, 1, kStart, kStart + 1s);
  line.Reserve(1, 2, kStart, kStart + 2s);
  line.Stage(Kind::kPaused, kStart + 10s);
  line.Stage(Kind::kResumed, kStart + 70s);
  // A minute's pause: the windows last for six.
  line.Reserve(3, 1, kStart + 100ms, kStart + 6min);
  line.Admit(4, kStart + 6min + 100ms);
  line.Join(1, kStart + 6min + 100ms);
  const AuditReport report = line.forge.Audit();
  CHECK(Refuted(report).empty());
  const audit::QueueFigures& queue = *report.sales[0].queue;
  CHECK(queue.joined == 6);
  CHECK(queue.admitted == 3);
  CHECK(queue.windows_lapsed == 2);
  CHECK(queue.fell_silent == 1);
  CHECK(queue.waiting == 2);
  CHECK(LookedAt(report, "queue: order") == 3);
  CHECK(LookedAt(report, "queue: grants") == 3);
}

TEST_CASE("somebody who overtakes in a FIFO line is found") {
  Line line;
  line.Join(1);
  line.Join(2);
  line.Admit(2, kStart);
  CHECK(line.forge.Refuted() ==
        "queue: order: commit 3: ticket 2 was let in before ticket 1, which stands ahead of it\n");
}

TEST_CASE("somebody who came after the freeze and is let in before an entrant is found") {
  Line line({.opens = {kStart}});
  line.Join(1, kStart - 2s);
  line.Join(2, kStart - 1s);
  line.Stage(Kind::kFrozen, kStart);
  line.Join(3, kStart);
  line.Stage(Kind::kListed);
  const std::array<std::uint64_t, 2> order = {2, 1};
  line.forge.Queue({.kind = Kind::kArranged, .number = 0, .tickets = order});
  line.Stage(Kind::kBegun, kStart);
  line.Admit(2, kStart);
  line.Admit(3, kStart + 1s);
  CHECK(line.forge.Refuted() ==
        "queue: order: commit 3: ticket 3 was let in before ticket 1, which stands ahead of it\n");
}

TEST_CASE("a second ticket for who waits is found") {
  Line line;
  line.Join(1);
  line.Join(1, kStart + 1s);
  CHECK(line.forge.Refuted() ==
        "queue: tickets: commit 3, ticket 2: its user has ticket 1 still\n");
}

TEST_CASE("more people inside than there may be are found") {
  Line line({.pace = {.max_in_flight = 1}});
  line.Join(1);
  line.Join(2);
  line.Admit(1, kStart);
  line.Admit(2, kStart + 1s);
  CHECK(line.forge.Refuted() ==
        "queue: in flight: commit 3, ticket 2: was let in while 1 were inside, of 1\n");
}

TEST_CASE("an admission faster than the pace is found") {
  Line line({.pace = {.admissions_per_second = 10}});
  line.Join(1);
  line.Join(2);
  line.Admit(1, kStart);
  line.Admit(2, kStart + 99ms);
  CHECK(line.forge.Refuted() ==
        "queue: pace: commit 3, ticket 2: was let in 1000 us too early for 10 a second\n");
}

TEST_CASE("an admission in a pause, before the line begins, or after the close, is found") {
  Line paused;
  paused.Join(1);
  paused.Stage(Kind::kPaused, kStart);
  paused.Admit(1, kStart + 1s);
  CHECK(paused.forge.Refuted() == "queue: open: commit 3, ticket 1: was let in during a pause\n");

  Line early({.opens = {kStart}});
  early.Join(1, kStart - 2s);
  early.Admit(1, kStart - 1s);
  CHECK(early.forge.Refuted() ==
        "queue: open: commit 3: ticket 1 was let in while its tier had not begun\n");

  Line closed;
  closed.Join(1);
  closed.Stage(Kind::kClosed, kStart);
  closed.Admit(1, kStart + 1s);
  CHECK(closed.forge.Refuted() ==
        "queue: tickets: commit 3, ticket 1: was let in, and did not wait\n");
}

TEST_CASE("an admission that is used more often than it is good for is found") {
  Line line;
  line.Join(1);
  line.Admit(1, kStart);
  line.Reserve(1, 1, kStart, kStart + 1s);
  line.Reserve(1, 2, kStart, kStart + 2s);
  const std::string refuted = line.forge.Refuted();
  CHECK(refuted.find("queue: grants: commit 3, seq 2: admission 3600000000000 of ticket 1 was used "
                     "2 times, and is good for 1\n") != std::string::npos);
}

TEST_CASE("an admission that is over, another's, or nobody's, is found") {
  Line over;
  over.Join(1);
  over.Admit(1, kStart);
  over.Reserve(1, 1, kStart, kStart + 5min + 2s);
  CHECK(over.forge.Refuted() ==
        "queue: admissions: commit 3, seq 1: admission 3600000000000 of ticket 1 had ended 2000000 "
        "us before\n");
  Line stolen;
  stolen.Join(1);
  stolen.Admit(1, kStart);
  stolen.Reserve(2, 1, kStart, kStart + 1s);
  CHECK(stolen.forge.Refuted() ==
        "queue: admissions: commit 3, seq 1: admission 3600000000000 was given to somebody else\n");
  Line invented;
  invented.Reserve(2, 1, kStart, kStart + 1s);
  CHECK(invented.forge.Refuted() ==
        "queue: admissions: commit 3, seq 1: admission 3600000000000 was never given\n");
}

TEST_CASE("a time of a queue that runs back is found") {
  Line line;
  line.Join(1, kStart + 2s);
  line.Join(2, kStart + 1s);
  CHECK(line.forge.Refuted() ==
        "queue: time: commit 3, ticket 2: 1000000 us before the event before\n");
}

TEST_CASE("an entrant who was given no place, and a stranger who was given one, are found") {
  Line left_out({.opens = {kStart}});
  left_out.Join(1, kStart - 1s);
  left_out.Join(2, kStart - 1s);
  left_out.Stage(Kind::kFrozen, kStart);
  left_out.Stage(Kind::kListed);
  const std::array<std::uint64_t, 1> order = {2};
  left_out.forge.Queue({.kind = Kind::kArranged, .number = 0, .tickets = order});
  left_out.Stage(Kind::kBegun, kStart);
  CHECK(left_out.forge.Refuted() ==
        "queue: arrangement: commit 3, tier 0: ticket 1 waits, and was given no place\n");

  Line stranger({.opens = {kStart}});
  stranger.Join(1, kStart - 1s);
  stranger.Stage(Kind::kFrozen, kStart);
  stranger.Join(2, kStart);
  stranger.Stage(Kind::kListed);
  stranger.forge.Queue({.kind = Kind::kArranged, .number = 0, .tickets = order});
  CHECK(stranger.forge.Refuted() ==
        "queue: arrangement: commit 3, tier 0: ticket 2 was given place 1 of 1 entrants\n");
}

TEST_CASE("what a forger makes up is refuted, and brings nobody down") {
  Line nobody;
  for (const Kind kind : {Kind::kLeft, Kind::kAdmitted, Kind::kCompleted}) {
    nobody.About(kind, 0, kStart);
  }
  CHECK(nobody.forge.Refuted() == "queue: tickets: commit 3: ticket 0 was never given\n");
  Line still;
  still.forge.Queue({.kind = Kind::kPaceChanged, .at = kStart, .pace = {0, 0}});
  still.Join(1);
  still.Admit(1, kStart);
  CHECK(still.forge.Refuted() == "queue: pace: commit 3: a pace that there cannot be\n");
  Line far({.opens = {kStart}});
  far.Join(1, kStart - 1s);
  far.Stage(Kind::kFrozen, kStart);
  far.Stage(Kind::kListed);
  const std::array<std::uint64_t, 2> twice = {1, 1};
  far.forge.Queue({.kind = Kind::kArranged, .number = ~std::uint64_t{0}, .tickets = twice});
  far.Stage(Kind::kBegun, kStart);
  CHECK(far.forge.Refuted().find(
            "queue: arrangement: commit 3, tier 0: ticket 1 was given place ") == 0);
  Line paused;
  paused.Stage(Kind::kPaused, kStart);
  paused.Stage(Kind::kPaused, kStart + 1s);
  paused.Stage(Kind::kResumed, kStart + 2s);
  paused.Stage(Kind::kResumed, kStart + 3s);
  CHECK(paused.forge.Refuted() == "queue: open: commit 3: a pause in a pause\n");
}

// A draw of five, and the places that it gives.
struct Draw {
  Draw() {
    std::array<std::uint8_t, 32> bytes{1, 2, 3};
    const DrawSeed seed = DrawSeed::FromBytes(bytes);
    for (std::uint64_t user = 1; user <= 5; ++user) users.push_back(User(user));
    record = {.draw = {.sale = "drop", .tier = 0}, .commitment = seed.Commitment()};
    record.freeze = *FreezeDraw({.drawn = users});
    record.seed = seed;
    const auto order = ReplayDraw(record, {.drawn = users});
    REQUIRE(order.ok());
    for (const UserId& user : *order) tickets.push_back(user.bytes()[15]);
  }
  // A queue of the five, who came in the order of their numbers, in an order.
  Line Arranged(const std::vector<std::uint64_t>& order) const {
    Line line({.opens = {kStart}, .strategy = "lottery"});
    for (std::uint64_t user = 1; user <= 5; ++user) line.Join(user, kStart - 1s);
    line.Stage(Kind::kFrozen, kStart);
    line.Stage(Kind::kListed);
    line.forge.Queue({.kind = Kind::kArranged, .number = 0, .tickets = order});
    line.Stage(Kind::kBegun, kStart);
    return line;
  }

  std::vector<UserId> users;
  DrawRecord record;
  std::vector<std::uint64_t> tickets;
};

TEST_CASE("an order that is not that of the published draw is found") {
  const Draw draw;
  const AuditReport right = draw.Arranged(draw.tickets).forge.Audit({.draws = {draw.record}});
  CHECK(Refuted(right).empty());
  CHECK(LookedAt(right, "queue: draw") == 5);
  // Without the record nothing is said of the draw.
  for (const Claim& claim : ClaimsOf(draw.Arranged(draw.tickets).forge.Audit())) {
    if (claim.name() != "queue: draw") continue;
    CHECK(claim.missing() == "no record of the draw was given (--draw)");
  }

  std::vector<std::uint64_t> swapped = draw.tickets;
  std::swap(swapped[1], swapped[3]);
  CHECK(draw.Arranged(swapped).forge.Refuted({.draws = {draw.record}}) ==
        "queue: draw: commit 3, tier 0: place 2 was given to somebody else than the draw gives it "
        "to\n");
  DrawRecord other = draw.record;
  other.seed = DrawSeed::FromBytes({9});
  CHECK(draw.Arranged(draw.tickets).forge.Refuted({.draws = {other}}).find("queue: draw: ") == 0);
  DrawRecord fewer = draw.record;
  fewer.freeze = *FreezeDraw({.drawn = std::span(draw.users).first(4)});
  CHECK(draw.Arranged(draw.tickets)
            .forge.Refuted({.draws = {fewer}})
            .find("the record is not of this queue's 5 entrants") != std::string::npos);
}

TEST_CASE("a tier that gets more than its share while others wait is found") {
  const auto play = [](const std::vector<std::uint64_t>& admitted) {
    Line line({.tiers = 2, .strategy = "priority-2-1"});
    // Odd tickets are of tier 0, even ones of tier 1.
    for (std::uint64_t user = 1; user <= 40; ++user) {
      line.Join(user, kStart, user % 2 == 1 ? 0 : 1);
    }
    line.Admit(1, kStart);
    line.Stage(Kind::kTurn);
    Time at = kStart;
    for (const std::uint64_t ticket : admitted) line.Admit(ticket, at += 1s);
    return line;
  };
  Line fair = play({3, 2, 5, 7, 4, 9, 11, 6});
  const AuditReport report = fair.forge.Audit();
  CHECK(Refuted(report).empty());
  CHECK(LookedAt(report, "queue: shares") == 6);
  CHECK(play({3, 2, 5, 7, 9}).forge.Refuted() ==
        "queue: shares: commit 3, ticket 9: of the last 3 admissions, while all tiers waited, 3 "
        "were of tier 0, whose share is 2\n");
}

TEST_CASE("an offer before its turn, of two units, or of somebody else, is found or is none") {
  const auto play = [](bool has_turn, Units units, std::uint64_t user) {
    Forge forge;
    forge.OpenList(kStart);
    forge.List({.kind = Kind::kJoined, .at = kStart, .user = User(1)});
    if (has_turn) forge.List({.kind = Kind::kAdmitted, .at = kStart, .ticket = 1});
    Event event = forge.Reserve(user, 1, kStart + 1s, units);
    event.id = OfferId({.sale = "drop", .line = 0, .user = User(1), .epoch = kStart, .ticket = 1});
    forge.Add(event);
    return forge;
  };
  const AuditReport right = play(true, 1, 1).Audit();
  CHECK(Refuted(right).empty());
  CHECK(right.sales[0].lists[0].offers == 1);
  CHECK(play(false, 1, 1).Refuted() ==
        "waitlist of line 0: offers: commit 2, seq 1: the offer of ticket 1 was made before its "
        "turn\n");
  CHECK(play(true, 2, 1).Refuted() ==
        "waitlist of line 0: offers: commit 2, seq 1: the offer of ticket 1 is not one unit of the "
        "list's line\n");
  const AuditReport other = play(false, 1, 2).Audit();
  CHECK(Refuted(other).empty());
  CHECK(other.sales[0].lists[0].offers == 0);
}

}  // namespace
}  // namespace flashsale::audit_test
