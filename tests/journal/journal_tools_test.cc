// What is done to journals that nobody has open: reading, copying, erasing.
#include "flashsale/backend/journal/journal_tools.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/sha256.h"
#include "flashsale/backend/journal/journal_reader.h"
#include "flashsale/testing/digest.h"
#include "flashsale/testing/event_fold.h"
#include "tests/hard_cases/crowd.h"
#include "tests/journal/memory_medium.h"
#include "tests/journal/reopen.h"

namespace flashsale::journal_test {
namespace {

using namespace std::chrono_literals;

// Ids that nothing else happens to look like.
UserId Person(std::uint64_t number) { return UserId::FromText("person " + std::to_string(number)); }
LimitKey Device(std::uint64_t number) {
  return LimitKey::FromText("device " + std::to_string(number));
}

std::string DigestOf(Storage& storage, const char* sale) {
  DigestVisitor visitor(kStart);
  const Status status = storage.inventory().Snapshot(sale, visitor);
  if (!status.ok()) return status.ToString();
  return visitor.Finish();
}

SaleTerms TermsOf(const char* sale) {
  SaleTerms terms = SmallSale(60);
  terms.id = SaleId(sale);
  terms.limit_per_user = 4;
  terms.hold = 20s;
  terms.late_confirm = LateConfirm::kRevive;
  terms.key_limits = {{.name = "device", .limit = 6}};
  return terms;
}

QueueTerms LineOf(const char* sale) { return {.sale = SaleId(sale), .tiers = 2}; }

// Things by chance that happen in a sale, its queue and its waitlist.
void Play(Storage& storage, const char* sale, std::uint64_t seed, int commands) {
  std::mt19937_64 random(seed);
  const auto below = [&random](std::uint64_t bound) { return random() % bound; };
  Time now = kStart;
  for (int i = 0; i < commands; ++i) {
    now += Duration(static_cast<Duration::rep>(below(900'000)));
    const UserId user = Person(1 + below(25));
    const ReservationId id = Id(1 + below(8));
    constexpr std::array kVerbs = {Verb::kConfirm, Verb::kCancel, Verb::kVoid, Verb::kExtend};
    Command command = About(kVerbs[below(kVerbs.size())], user, id);
    if (below(2) == 0) {
      command = Reserve(user, id, static_cast<Units>(1 + below(2)));
      if (below(2) == 0) command.keys[0] = Device(1 + below(9));
    }
    Outcome outcome;
    REQUIRE(storage.inventory().Apply(sale, now, {&command, 1}, {&outcome, 1}).ok());
    const QueueCommand join{.verb = below(3) == 0 ? QueueVerb::kLeave : QueueVerb::kJoin,
                            .tier = static_cast<std::uint8_t>(below(2)),
                            .user = Person(1 + below(40))};
    QueueAnswer answer;
    QueueRepository& line = below(2) == 0 ? storage.queue() : storage.waitlists();
    REQUIRE(line.Apply(sale, now, {&join, 1}, {&answer, 1}).ok());
  }
}

void Open(Storage& storage, const char* sale) {
  REQUIRE(storage.inventory().Create(TermsOf(sale)).ok());
  if (!storage.sales().Get(sale).ok()) {
    REQUIRE(storage.sales().Put({.terms = TermsOf(sale)}).ok());
  }
  REQUIRE(storage.queue().Open(LineOf(sale), kStart).ok());
  REQUIRE(storage.waitlists().Open(LineOf(sale), kStart).ok());
}

// Ends a sale and forgets it.
void Forget(Storage& storage, const char* sale) {
  const Time late = kStart + std::chrono::hours{24 * 400};
  for (const Verb verb : {Verb::kResume, Verb::kClose}) {
    const Command act = Act(verb);
    Outcome outcome;
    REQUIRE(storage.inventory().Apply(sale, late, {&act, 1}, {&outcome, 1}).ok());
  }
  REQUIRE(storage.inventory().ExpireDue(sale, late, 10'000).ok());
  const Command settle = Act(Verb::kSettle);
  Outcome outcome;
  REQUIRE(storage.inventory().Apply(sale, late, {&settle, 1}, {&outcome, 1}).ok());
  REQUIRE(outcome.code == Code::kDone);
  const Result<Outcome> forgotten = storage.inventory().Forget(sale, late);
  REQUIRE(forgotten.ok());
  REQUIRE(forgotten->code == Code::kDone);
  REQUIRE(storage.queue().Forget(sale).ok());
  REQUIRE(storage.waitlists().Forget(sale).ok());
}

// A journal of two sales over three sessions; one more sale came and went.
std::shared_ptr<Kept> TwoSales() {
  const auto kept = std::make_shared<Kept>();
  for (std::uint64_t session = 1; session <= 3; ++session) {
    const auto storage = MustOpen(kept);
    if (session == 1) {
      for (const char* const sale : {"drop", "gone", "other"}) Open(*storage, sale);
    }
    Play(*storage, "drop", session, 150);
    if (session < 3) Play(*storage, "gone", session + 10, 150);
    if (session == 2) Forget(*storage, "gone");
    Play(*storage, "other", session + 20, 150);
  }
  return kept;
}

class Told final : public JournalVisitor {
 public:
  Status OnEntry(const JournalEntry& entry) override {
    using Kind = JournalEntry::Kind;
    ++kinds[entry.kind];
    if (entry.kind == Kind::kSaleCreated) folds.emplace(entry.number, EventFold(*entry.terms));
    if (entry.kind == Kind::kEvent) {
      const auto complaint = folds.at(entry.number).Add(entry.event);
      CHECK_MESSAGE(!complaint.has_value(), complaint.value_or(""));
      if (entry.sale == SaleId("drop")) events.push_back(entry.event);
    }
    if (entry.kind == Kind::kQueueEvent) {
      CHECK(!entry.queue_event.user.is_nil());
      if (entry.sale == SaleId("drop") && !entry.is_waitlist &&
          entry.queue_event.kind == QueueEvent::Kind::kJoined) {
        ++joined;
        CHECK(entry.queue_event.ticket == joined);
      }
    }
    return {};
  }
  std::map<JournalEntry::Kind, std::size_t> kinds;
  std::map<std::uint64_t, EventFold> folds;
  std::vector<Event> events;
  std::uint64_t joined = 0;
};

JournalSummary MustRead(const std::shared_ptr<Kept>& kept, JournalVisitor& visitor) {
  MemoryMedium medium(kept);
  const Result<JournalSummary> summary = ReadJournal(medium, visitor);
  REQUIRE_MESSAGE(summary.ok(), summary.status().ToString());
  return *summary;
}

TEST_CASE("a journal tells whole events, whatever its records leave out") {
  const auto kept = TwoSales();
  Told told;
  const JournalSummary summary = MustRead(kept, told);
  CHECK(summary.commits == kept->commits.size());
  CHECK(told.kinds[JournalEntry::Kind::kSession] >= 3);
  CHECK(told.kinds[JournalEntry::Kind::kSaleCreated] == 3);
  CHECK(told.kinds[JournalEntry::Kind::kSaleForgotten] == 1);
  CHECK(told.kinds[JournalEntry::Kind::kQueueOpened] == 6);
  CHECK(told.kinds[JournalEntry::Kind::kQueueForgotten] == 2);
  CHECK(told.kinds[JournalEntry::Kind::kListed] == 3);
  const auto storage = MustOpen(kept);
  std::vector<Event> events(told.events.size() + 1);
  std::size_t count = 0;
  while (count < events.size()) {
    const Result<EventPage> page =
        storage->inventory().ReadEvents("drop", count, std::span(events).subspan(count));
    REQUIRE(page.ok());
    REQUIRE(!page->lost.has_value());
    if (page->count == 0) break;
    count += page->count;
  }
  events.resize(count);
  CHECK(events == told.events);
  CHECK(storage->queue().Read("drop", kStart)->joined == told.joined);
}

TEST_CASE("a visitor who has seen enough is shown no more") {
  class Once final : public JournalVisitor {
   public:
    Status OnEntry(const JournalEntry&) override {
      ++entries;
      return {StatusCode::kConflict, "enough"};
    }
    int entries = 0;
  };
  Once once;
  MemoryMedium medium(TwoSales());
  CHECK(ReadJournal(medium, once).status() == Status(StatusCode::kConflict, "enough"));
  CHECK(once.entries == 1);
}

std::size_t SizeOf(const Kept& kept) {
  std::size_t size = 0;
  for (const auto& commit : kept.commits) size += commit.records.size() + commit.names.size();
  return size;
}

TEST_CASE("a copy has all that is there, and nothing of what was forgotten") {
  const auto kept = TwoSales();
  const auto copied = std::make_shared<Kept>();
  MemoryMedium from(kept);
  MemoryMedium to(copied);
  const Result<JournalCopyReport> report = CopyJournal(from, to);
  REQUIRE_MESSAGE(report.ok(), report.status().ToString());
  CHECK(report->sales == 2);
  CHECK(report->commits_read == kept->commits.size());
  CHECK(report->commits_written == copied->commits.size());
  CHECK(report->bytes_read == SizeOf(*kept));
  CHECK(report->bytes_written == SizeOf(*copied));
  CHECK(SizeOf(*copied) < SizeOf(*kept) * 4 / 5);
  Told told;
  MustRead(copied, told);
  CHECK(told.kinds[JournalEntry::Kind::kCopied] == 1);
  CHECK(told.kinds[JournalEntry::Kind::kSaleCreated] == 2);
  CHECK(told.kinds[JournalEntry::Kind::kQueueOpened] == 4);
  {
    const auto before = MustOpen(kept);
    const auto after = MustOpen(copied);
    for (const char* const sale : {"drop", "gone", "other"}) {
      CHECK(DigestOf(*after, sale) == DigestOf(*before, sale));
      CHECK(after->queue().Read(sale, kStart).ok() == before->queue().Read(sale, kStart).ok());
      CHECK(after->sales().Get(sale).ok());
    }
    CHECK(after->latest_time() == before->latest_time());
    CHECK(after->queue().Read("drop", kStart)->waiting ==
          before->queue().Read("drop", kStart)->waiting);
    // And it goes on.
    Play(*after, "drop", 99, 50);
    Open(*after, "gone");
    Play(*after, "gone", 98, 50);
  }
  Told more;
  MustRead(copied, more);
  CHECK(more.kinds[JournalEntry::Kind::kSaleCreated] == 3);
  // A copy is not written over anything.
  CHECK(CopyJournal(from, to).status().code() == StatusCode::kFailedPrecondition);
}

TEST_CASE("one sale can be taken out of a journal, even one that was forgotten") {
  const auto kept = TwoSales();
  MemoryMedium from(kept);
  const auto exported = std::make_shared<Kept>();
  MemoryMedium to(exported);
  REQUIRE(CopyJournal(from, to, {.only = SaleId("drop")}).ok());
  Told told;
  MustRead(exported, told);
  CHECK(told.kinds[JournalEntry::Kind::kSaleCreated] == 1);
  CHECK(told.kinds[JournalEntry::Kind::kQueueOpened] == 2);
  CHECK(told.kinds[JournalEntry::Kind::kListed] == 1);
  CHECK(DigestOf(*MustOpen(exported), "drop") == DigestOf(*MustOpen(kept), "drop"));
  CHECK(!MustOpen(exported)->inventory().Resolve("other").ok());

  const auto history = std::make_shared<Kept>();
  MemoryMedium gone(history);
  const Result<JournalCopyReport> report =
      CopyJournal(from, gone, {.only = SaleId("gone"), .without_forgotten = false});
  REQUIRE(report.ok());
  CHECK(report->sales == 1);
  Told of_gone;
  MustRead(history, of_gone);
  CHECK(of_gone.kinds[JournalEntry::Kind::kSaleForgotten] == 1);
  CHECK(of_gone.kinds[JournalEntry::Kind::kEvent] > 50);

  const auto nothing = std::make_shared<Kept>();
  MemoryMedium none(nothing);
  const Status status = CopyJournal(from, none, {.only = SaleId("never")}).status();
  CHECK(status.code() == StatusCode::kNotFound);
  CHECK(status.message() == "only: 'never', expected a sale that the journal has");
  CHECK(nothing->commits.empty());
}

TEST_CASE("a sale that is taken out of a journal brings the waitlists of its lines along") {
  const auto kept = std::make_shared<Kept>();
  {
    const auto storage = MustOpen(kept);
    for (const char* const sale : {"drop", "other"}) {
      // Under the name that the service gives it, and before there is a sale.
      for (const std::uint16_t line : std::to_array<std::uint16_t>({0, 1'023})) {
        QueueTerms terms = LineOf("drop");
        terms.sale = WaitlistName(SaleId(sale), line);
        REQUIRE(storage->waitlists().Open(terms, kStart).ok());
      }
      Open(*storage, sale);
    }
  }
  MemoryMedium from(kept);
  const auto exported = std::make_shared<Kept>();
  MemoryMedium to(exported);
  REQUIRE(CopyJournal(from, to, {.only = SaleId("drop")}).ok());
  const auto storage = MustOpen(exported);
  CHECK(storage->waitlists().Read(WaitlistName("drop", 0), kStart).ok());
  CHECK(storage->waitlists().Read(WaitlistName("drop", 1'023), kStart).ok());
  CHECK(!storage->waitlists().Read(WaitlistName("other", 0), kStart).ok());
}

// A journal that somebody goes on writing once it was read the first time.
class GrowingMedium final : public JournalMedium {
 public:
  GrowingMedium(std::shared_ptr<Kept> kept, std::function<void()> grow)
      : inner_(std::move(kept)), grow_(std::move(grow)) {}
  Status Append(const JournalCommit& commit) override { return inner_.Append(commit); }
  Status Read(std::uint64_t after, Reader& reader) override {
    Status status = inner_.Read(after, reader);
    if (grow_) std::exchange(grow_, nullptr)();
    return status;
  }
  bool IsNearlyFull() override { return false; }

 private:
  MemoryMedium inner_;
  std::function<void()> grow_;
};

TEST_CASE("a copy of a journal that is written to is of what there was at the beginning") {
  const auto kept = TwoSales();
  const std::string before = DigestOf(*MustOpen(kept), "drop");
  const std::size_t commits = kept->commits.size();
  GrowingMedium from(kept, [&] { Play(*MustOpen(kept), "drop", 77, 50); });
  const auto copied = std::make_shared<Kept>();
  MemoryMedium to(copied);
  const Result<JournalCopyReport> report = CopyJournal(from, to);
  REQUIRE_MESSAGE(report.ok(), report.status().ToString());
  REQUIRE(kept->commits.size() > commits);
  CHECK(report->commits_read == commits);
  CHECK(DigestOf(*MustOpen(copied), "drop") == before);
  CHECK(DigestOf(*MustOpen(kept), "drop") != before);
}

bool Mentions(const Kept& kept, const std::array<std::uint8_t, 16>& name) {
  return std::any_of(kept.commits.begin(), kept.commits.end(), [&](const auto& commit) {
    const auto in = [&](const std::vector<std::uint8_t>& bytes) {
      return std::search(bytes.begin(), bytes.end(), name.begin(), name.end()) != bytes.end();
    };
    return in(commit.names) || in(commit.records);
  });
}

TEST_CASE("people who are erased cannot be found any more, and nothing else has changed") {
  const auto kept = TwoSales();
  const std::vector<UserId> users = {Person(3), Person(7), Person(999)};
  const std::vector<LimitKey> keys = {Device(4)};
  CHECK(Mentions(*kept, users[0].bytes()));
  CHECK(Mentions(*kept, keys[0].bytes()));
  Told before;
  const JournalSummary as_it_was = MustRead(kept, before);
  MemoryMedium medium(kept);
  const Result<JournalErasureReport> report =
      EraseFromJournal(medium, {.users = users, .keys = keys});
  REQUIRE_MESSAGE(report.ok(), report.status().ToString());
  CHECK(report->names > 10);
  CHECK(report->commits > 10);
  for (const UserId& user : users) CHECK(!Mentions(*kept, user.bytes()));
  CHECK(!Mentions(*kept, keys[0].bytes()));
  CHECK(Mentions(*kept, Person(4).bytes()));

  Told after;
  const JournalSummary summary = MustRead(kept, after);
  CHECK(summary.hash == as_it_was.hash);
  CHECK(summary.names_hash != as_it_was.names_hash);
  CHECK(after.kinds == before.kinds);
  const auto storage = MustOpen(kept);
  CHECK(storage->inventory().ReadTally("drop", TallyKey::Of(Person(3)))->records == 0);
  CHECK(storage->inventory().ReadTally("drop", TallyKey::Of(Person(4)))->records != 0);
  // Twice is as good as once.
  const Result<JournalErasureReport> again =
      EraseFromJournal(medium, {.users = users, .keys = keys});
  REQUIRE(again.ok());
  CHECK(again->names == 0);
  Told unchanged;
  CHECK(MustRead(kept, unchanged).names_hash == summary.names_hash);
  const std::vector<UserId> nobody = {UserId()};
  CHECK(EraseFromJournal(medium, {.users = nobody}).status().message() ==
        "users[0]: nil, expected an id");
}

TEST_CASE("names have a hash of their own, which tells of two that were exchanged") {
  const auto kept = TwoSales();
  // After each commit, worked out from the bytes alone.
  class Chained final : public JournalVisitor {
   public:
    explicit Chained(const Kept& kept) : kept_(kept) {}
    Status OnEntry(const JournalEntry&) override { return {}; }
    Status OnCommit(const JournalSummary& so_far) override {
      std::vector<std::uint8_t> bytes(expected.begin(), expected.end());
      const auto& names = kept_.commits.at(so_far.commits - 1).names;
      bytes.insert(bytes.end(), names.begin(), names.end());
      expected = Sha256().Of(bytes);
      CHECK(so_far.names_hash == expected);
      return {};
    }
    JournalHash expected{};

   private:
    const Kept& kept_;
  } chained(*kept);
  const JournalSummary before = MustRead(kept, chained);
  CHECK(before.names_hash == chained.expected);

  class Uncritical final : public JournalVisitor {
    Status OnEntry(const JournalEntry&) override { return {}; }
  };
  // Two rows whose names fit each other's records: with their checksums, everything else is right.
  for (std::size_t i = 0; i + 1 < kept->commits.size(); ++i) {
    auto& one = kept->commits[i].names;
    auto& next = kept->commits[i + 1].names;
    if (one.empty() || one.size() != next.size() || one == next) continue;
    MemoryMedium medium(kept);
    Uncritical uncritical;
    std::swap(one, next);
    const Result<JournalSummary> after = ReadJournal(medium, uncritical);
    std::swap(one, next);
    if (!after.ok()) continue;
    CHECK(after->hash == before.hash);
    CHECK(after->names_hash != before.names_hash);
    return;
  }
  FAIL("no two commits whose names could be exchanged");
}

TEST_CASE("what is damaged is neither read, copied nor erased from") {
  const auto kept = TwoSales();
  kept->commits[20].records[60] ^= 1;
  MemoryMedium from(kept);
  Told told;
  CHECK(ReadJournal(from, told).status().code() == StatusCode::kDataLoss);
  const auto copied = std::make_shared<Kept>();
  MemoryMedium to(copied);
  CHECK(CopyJournal(from, to).status().code() == StatusCode::kDataLoss);
  CHECK(copied->commits.empty());
  auto& names = std::find_if(kept->commits.begin(), kept->commits.end(), [](const auto& commit) {
                  return !commit.names.empty();
                })->names;
  names.back() ^= 1;
  const std::vector<UserId> users = {Person(3)};
  CHECK(EraseFromJournal(from, {.users = users}).status().code() == StatusCode::kDataLoss);
}

}  // namespace
}  // namespace flashsale::journal_test
