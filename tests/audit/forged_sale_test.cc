// Journals whose chain is whole and whose story of a sale is not.
#include <doctest/doctest.h>

#include <string>

#include "examples/flashsale_audit/sale_audit.h"
#include "tests/audit/forge.h"

namespace flashsale::audit_test {
namespace {

TEST_CASE("a story that is lawful is believed, whoever wrote it down") {
  Forge forge;
  const Event first = forge.Reserve(1, 1, kStart);
  const Event second = forge.Reserve(2, 1, kStart + 1s, 2);
  forge.Add(first);
  forge.Add(second);
  forge.Commit(kStart + 1s);
  forge.Add(forge.After(EventType::kConfirmed, first, kStart + 1min));
  forge.Add(forge.After(EventType::kExpired, second, kStart + 5min + 1s));
  forge.Add({.at = kStart + 30min, .type = EventType::kClosed});
  forge.Add({.at = kStart + 31min, .type = EventType::kSettled});
  const AuditReport report = forge.Audit();
  CHECK(Refuted(report).empty());
  CHECK(report.journal.summary.commits == 3);
  CHECK(LookedAt(report, "transitions") == 6);
  CHECK(LookedAt(report, "settled") == 1);
  REQUIRE(report.sales.size() == 1);
  CHECK(report.sales[0].figures->Of(EventType::kExpired).units == 2);
  CHECK(report.sales[0].figures->lines[0].sold == 1);
}

TEST_CASE("a unit that is sold twice is found") {
  Forge forge(Forge::Terms(1));
  const Event first = forge.Reserve(1, 1, kStart);
  forge.Add(first);
  forge.Add(forge.After(EventType::kConfirmed, first, kStart + 1s));
  forge.Add(forge.Reserve(2, 1, kStart + 2s));
  const std::string refuted = forge.Refuted();
  CHECK(refuted.find("oversold: commit 2, seq 3: 2 units of line 0 promised, 1 released\n") == 0);
  CHECK(refuted.find("stock: commit 2, seq 3: I1: takes 1 of 0 available\n") != std::string::npos);
}

TEST_CASE("a limit that is exceeded is found: a user's, a device's") {
  Forge forge;
  forge.Add(forge.Reserve(1, 1, kStart, 2));
  forge.Add(forge.Reserve(1, 2, kStart + 1s));
  CHECK(forge.Refuted() ==
        "limits: commit 2, seq 2: I3: the user has 2 held and 0 bought, takes 1, limit 2\n");

  SaleTerms terms = Forge::Terms();
  terms.key_limits = {{.name = "device", .limit = 1}};
  Forge shared(terms);
  for (const std::uint64_t user : {1U, 2U}) {
    Event event = shared.Reserve(user, 1, kStart);
    event.keys[0] = LimitKey::FromText("a phone");
    shared.Add(event);
  }
  CHECK(shared.Refuted() ==
        "limits: commit 2, seq 2: I3: the device has 1 held and 0 bought, takes 1, limit 1\n");
}

TEST_CASE("an event that was left out is found by its number") {
  Forge forge;
  forge.Add(forge.Reserve(1, 1, kStart));
  forge.Commit(kStart);
  Event later = forge.Reserve(2, 1, kStart + 1s);
  later.seq = 3;
  forge.Add(later);
  const std::string refuted = forge.Refuted();
  CHECK(refuted.starts_with("records: commit 3: record at byte "));
  CHECK(refuted.find("another event than the next") != std::string::npos);
}

TEST_CASE("a hold that was confirmed after its end is found") {
  Forge forge;
  const Event held = forge.Reserve(1, 1, kStart);
  forge.Add(held);
  forge.Add(forge.After(EventType::kConfirmed, held, kStart + 5min));
  CHECK(forge.Refuted() == "transitions: commit 2, seq 2: I4: Confirmed a hold that is over\n");
}

TEST_CASE("an id that was cancelled first and then reserved is found") {
  Forge forge;
  Event tombstone = forge.Reserve(1, 1, kStart);
  tombstone = {.at = kStart, .type = EventType::kTombstoned, .user = User(1), .id = Id(1)};
  forge.Add(tombstone);
  forge.Add(forge.Reserve(1, 1, kStart + 1s));
  CHECK(forge.Refuted() == "transitions: commit 2, seq 2: I4: the id was known\n");
}

TEST_CASE("a time from after its commit, and a commit from before the one before, are found") {
  Forge forge;
  forge.Add(forge.Reserve(1, 1, kStart + 10s));
  forge.Commit(kStart + 9s);
  CHECK(forge.Refuted() ==
        "times: commit 2: its entry 1 is 1000000 us later than anything in it may be\n");

  Forge back;
  back.Add(back.Reserve(1, 1, kStart));
  back.Commit(kStart);
  back.Add(back.Reserve(2, 1, kStart));
  back.Commit(kStart - 1s);
  CHECK(back.Refuted() == "times: commit 3: its time runs back\n");
}

TEST_CASE("an edge that is told where it did not occur, and a clock that tells none, are found") {
  Forge forge;
  Event event = forge.Reserve(1, 1, kStart);
  event.edges.Add(Edge::kSoldOut);
  forge.Add(event);
  CHECK(forge.Refuted() == "edges: commit 2, seq 1: edges: SoldOut marked, SaleStarted occurred\n");

  Forge clock;
  clock.Add({.at = kStart - 1min, .type = EventType::kPaused});
  clock.Add({.at = kStart - 1min, .type = EventType::kClock});
  CHECK(clock.Refuted() == "transitions: commit 2, seq 2: a clock event that tells nothing\n");
}

TEST_CASE("a reserve without the admission that the terms require is found") {
  SaleTerms terms = Forge::Terms();
  terms.requires_admission = true;
  Forge forge(terms);
  forge.Add(forge.Reserve(1, 1, kStart));
  CHECK(forge.Refuted() == "admission numbers: commit 2, seq 1: I6: admission 0 after 0\n");
}

TEST_CASE("a sale that is made twice is found") {
  Forge forge;
  forge.CreateAgain();
  CHECK(forge.Refuted() == "created once: commit 2: the sale 'drop' is made again\n");
}

TEST_CASE("what is sold after the settlement is found") {
  Forge forge;
  forge.Add({.at = kStart, .type = EventType::kClosed});
  forge.Add({.at = kStart, .type = EventType::kSettled});
  forge.Add(forge.Reserve(1, 1, kStart + 1s));
  const std::string refuted = forge.Refuted();
  CHECK(refuted.find("settled: commit 2, seq 3: Reserved after the settlement\n") !=
        std::string::npos);
  CHECK(refuted.find("transitions: commit 2, seq 3: ") != std::string::npos);
}

TEST_CASE("a gap in the numbers of a sale's events is found") {
  audit::SaleAudit sale(*Validate(Forge::Terms()));
  sale.Add(1, {.seq = 2, .at = kStart, .type = EventType::kClosed});
  for (const Claim& claim : sale.Claims()) {
    CHECK(claim.refuted() == (claim.name() == "numbers"));
    if (claim.refuted()) CHECK(claim.counterexample() == "commit 1, seq 2: I7: follows seq 0");
  }
}

TEST_CASE("a settlement while units are held is found") {
  Forge forge;
  forge.Add(forge.Reserve(1, 1, kStart));
  forge.Add({.at = kStart + 1s, .type = EventType::kClosed});
  forge.Add({.at = kStart + 2s, .type = EventType::kSettled});
  CHECK(forge.Refuted() == "transitions: commit 2, seq 3: I4: settled with 1 units held\n");
}

TEST_CASE("what comes after the first lie is not judged by it, and the report says so") {
  Forge forge;
  const Event held = forge.Reserve(1, 1, kStart);
  forge.Add(held);
  forge.Add(forge.After(EventType::kConfirmed, held, kStart + 5min));
  forge.Add(forge.Reserve(2, 1, kStart + 6min));
  const AuditReport report = forge.Audit();
  for (const Claim& claim : report.sales[0].claims) {
    if (claim.name() != "limits") continue;
    CHECK(!claim.refuted());
    CHECK(claim.looked_at() == 1);
    CHECK(claim.missing() == "looked at up to seq 2, the first event that is not lawful");
  }
}

}  // namespace
}  // namespace flashsale::audit_test
