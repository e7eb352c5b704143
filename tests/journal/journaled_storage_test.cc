// A journaled storage: nobody notices that it was closed and opened anew; what fails, fails safely.
#include "flashsale/backend/journal.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "backend/journal/commit.h"
#include "flashsale/service/flash_sale_service.h"
#include "flashsale/testing/conformance.h"
#include "flashsale/testing/digest.h"
#include "flashsale/testing/random_run.h"
#include "flashsale/testing/simulated_clock.h"
#include "tests/hard_cases/crowd.h"
#include "tests/journal/memory_medium.h"
#include "tests/journal/reopen.h"
#include "tests/journal/restarting_storage.h"

namespace flashsale::journal_test {
namespace {

using namespace std::chrono_literals;

StorageFactory Restarting(std::uint64_t calls_between) {
  return [calls_between](const StorageNeeds& needs) {
    const auto kept = std::make_shared<Kept>();
    return RestartingStorage::New([kept, needs] { return Reopen(kept, needs); }, calls_between);
  };
}

void RequireAllPass(const std::vector<CheckResult>& results) {
  REQUIRE(!results.empty());
  for (const CheckResult& result : results)
    CHECK_MESSAGE(result.passed, result.name << ": " << result.message);
}

TEST_CASE("a storage that is opened anew before every call answers as one that is not") {
  const std::vector<std::string> parts = {"scripts, singly", "scripts, batched",
                                          "calls and catalogue"};
  for (const ConformancePart& part : ConformanceParts()) {
    if (std::find(parts.begin(), parts.end(), part.name) == parts.end()) continue;
    // Rarely where each opening takes long; an odd number, so that it falls on every kind of call.
    RequireAllPass(part.run(Restarting(kRoundsDivisor == 1 ? 1 : 61), {}));
  }
}

TEST_CASE("random commands are answered alike whenever the storage is opened anew between them") {
  for (const std::uint64_t between : {1U, 2U, 7U, 40U}) {
    RequireAllPass(RunRandom(Restarting(between), {.first_seed = between,
                                                   .seeds = kRoundsDivisor == 1 ? 6U : 1U,
                                                   .commands_per_seed = 600 / kRoundsDivisor,
                                                   .batches_per_snapshot = 8,
                                                   .resent_per_thousand = 50}));
  }
}

std::string DigestAt(Storage& storage, Time now) {
  DigestVisitor visitor(now);
  const Status status = storage.inventory().Snapshot("drop", visitor);
  REQUIRE_MESSAGE(status.ok(), status.ToString());
  return visitor.Finish();
}

Outcome Do(Storage& storage, const Command& command, Time now = kStart) {
  Outcome outcome;
  const Status status = storage.inventory().Apply("drop", now, {&command, 1}, {&outcome, 1});
  REQUIRE_MESSAGE(status.ok(), status.ToString());
  return outcome;
}
Status StatusOf(Storage& storage, const Command& command) {
  Outcome outcome;
  return storage.inventory().Apply("drop", kStart, {&command, 1}, {&outcome, 1});
}

TEST_CASE("each prefix of the commits is what was there when its last one was kept") {
  const auto kept = std::make_shared<Kept>();
  std::map<std::size_t, std::string> digests;
  {
    const auto storage = MustOpen(kept);
    SaleTerms terms = SmallSale(40);
    terms.limit_per_user = 3;
    REQUIRE(storage->inventory().Create(terms).ok());
    for (std::uint64_t i = 1; i <= 120; ++i) {
      const Time now = kStart + std::chrono::seconds{static_cast<std::int64_t>(4 * i)};
      Do(*storage, Reserve(User(i % 17 + 1), Id(i)), now);
      if (i % 3 == 0) Do(*storage, About(Verb::kConfirm, User((i - 1) % 17 + 1), Id(i - 1)), now);
      if (i % 5 == 0) Do(*storage, About(Verb::kCancel, User(i % 17 + 1), Id(i)), now);
      digests[kept->commits.size()] = DigestAt(*storage, kStart);
    }
  }
  REQUIRE(digests.size() > 80);
  const std::vector<Kept::Commit> all = kept->commits;
  for (const auto& [count, digest] : digests) {
    const auto prefix = std::make_shared<Kept>();
    prefix->commits.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(count));
    CHECK(DigestAt(*MustOpen(prefix), kStart) == digest);
  }
}

TEST_CASE("an acknowledged command survives; one whose commit failed did not happen, or it did") {
  const auto kept = std::make_shared<Kept>();
  auto storage = MustOpen(kept);
  REQUIRE(storage->inventory().Create(SmallSale(5)).ok());
  REQUIRE(Do(*storage, Reserve(User(1), Id(1))).code == Code::kDone);
  kept->before_append = [](const JournalCommit&) {
    return Status(StatusCode::kUnavailable, "the disk is gone");
  };
  CHECK(StatusOf(*storage, Reserve(User(2), Id(2))).code() == StatusCode::kUnknown);
  // Nothing is told any more, whatever is asked.
  CHECK(StatusOf(*storage, Reserve(User(3), Id(3))).code() == StatusCode::kFenced);
  CHECK(storage->inventory().ReadStock("drop", kStart).status().code() == StatusCode::kFenced);
  CHECK(storage->inventory().Find("drop", User(1), Id(1)).status().code() == StatusCode::kFenced);
  CHECK(storage->sales().Get("drop").status().code() == StatusCode::kFenced);
  CHECK(storage->inventory().Create(SmallSale(5)).status().code() == StatusCode::kFenced);
  std::vector<Event> events(8);
  CHECK(storage->inventory().ReadEvents("drop", 0, events).status().code() == StatusCode::kFenced);
  storage.reset();
  kept->before_append = nullptr;
  storage = MustOpen(kept);
  CHECK(Do(*storage, Reserve(User(1), Id(1))).code == Code::kAlreadyDone);
  CHECK(Do(*storage, Reserve(User(2), Id(2))).code == Code::kDone);
}

TEST_CASE("where there is no room what was promised can be had, and nothing else is promised") {
  const auto kept = std::make_shared<Kept>();
  const auto storage = MustOpen(kept);
  REQUIRE(storage->inventory().Create(SmallSale(5)).ok());
  kept->nearly_full = true;
  REQUIRE(Do(*storage, Reserve(User(1), Id(1))).code == Code::kDone);
  CHECK(Do(*storage, Reserve(User(2), Id(2))).code == Code::kStorageFull);
  CHECK(Do(*storage, About(Verb::kCancel, User(3), Id(3))).code == Code::kStorageFull);
  CHECK(Do(*storage, About(Verb::kExtend, User(1), Id(1)), kStart + 1min).code == Code::kDone);
  CHECK(Do(*storage, About(Verb::kConfirm, User(1), Id(1))).code == Code::kDone);
  kept->nearly_full = false;
  CHECK(Do(*storage, About(Verb::kVoid, User(1), Id(1))).code == Code::kDone);
  CHECK(Do(*storage, Reserve(User(2), Id(2))).code == Code::kDone);
}

TEST_CASE("who is answered waits for what the answer tells, and who is told nothing does not") {
  const auto kept = std::make_shared<Kept>();
  const auto storage = MustOpen(kept);
  REQUIRE(storage->inventory().Create(SmallSale(1)).ok());
  std::atomic<bool> held{false};
  std::atomic<bool> go_on{false};
  kept->before_append = [&](const JournalCommit&) {
    held = true;
    while (!go_on) std::this_thread::yield();
    return Status();
  };
  std::thread buyer([&] { CHECK(StatusOf(*storage, Reserve(User(1), Id(1))).ok()); });
  while (!held) std::this_thread::yield();
  // The unit is promised, and nobody knows yet whether the promise will be kept.
  CHECK(Do(*storage, Reserve(User(2), Id(2))).code == Code::kSoldOut);
  std::atomic<bool> told{false};
  std::thread asker([&] {
    CHECK(storage->inventory().Find("drop", User(1), Id(1)).ok());
    told = true;
  });
  std::this_thread::yield();
  CHECK(!told);
  go_on = true;
  buyer.join();
  asker.join();
}

TEST_CASE("every answer but one that tells nothing names the commit that has what it tells") {
  const auto kept = std::make_shared<Kept>();
  const auto storage = MustOpen(kept);
  SaleTerms terms = SmallSale(2);
  terms.limit_per_user = 1;
  REQUIRE(storage->inventory().Create(terms).ok());
  const auto ticket_of = [&](const Command& command, Code due) {
    Outcome outcome;
    CommitTicket ticket;
    REQUIRE(storage->inventory()
                .ApplyUncommitted("drop", kStart, {&command, 1}, {&outcome, 1}, ticket)
                .ok());
    CHECK(outcome.code == due);
    return ticket.number;
  };
  const std::uint64_t promised = ticket_of(Reserve(User(1), Id(1)), Code::kDone);
  CHECK(promised > kept->commits.size());
  CHECK(ticket_of(Reserve(User(1), Id(1)), Code::kAlreadyDone) >= promised);
  CHECK(ticket_of(Reserve(User(1), Id(1), 2), Code::kIdConflict) >= promised);
  CHECK(ticket_of(Reserve(User(1), Id(2)), Code::kUserLimit) >= promised);
  CHECK(ticket_of(About(Verb::kConfirm, User(3), Id(1)), Code::kUnknownReservation) >= promised);
  ticket_of(Reserve(User(2), Id(1)), Code::kDone);
  // Whether the last unit is promised to somebody or sold is the same to who comes too late.
  CHECK(ticket_of(Reserve(User(3), Id(1)), Code::kSoldOut) == 0);
  CHECK(kept->commits.size() < promised);
  REQUIRE(storage->inventory().AwaitCommit({.number = promised}).ok());
  CHECK(kept->commits.size() >= promised);
}

// All of the sale after a cursor, in pages.
std::vector<Event> EventsAfter(Storage& storage, std::uint64_t cursor) {
  std::vector<Event> all;
  std::vector<Event> page(100);
  for (;;) {
    const auto read = storage.inventory().ReadEvents("drop", cursor, page);
    REQUIRE_MESSAGE(read.ok(), read.status().ToString());
    REQUIRE(!read->lost.has_value());
    if (read->count == 0) return all;
    all.insert(all.end(), page.begin(), page.begin() + static_cast<std::ptrdiff_t>(read->count));
    cursor = read->cursor;
  }
}

TEST_CASE("every event can be read again, from the first on, whatever memory has forgotten") {
  const auto kept = std::make_shared<Kept>();
  SaleTerms terms = SmallSale(900);
  terms.limit_per_user = 8;
  terms.key_limits = {{.name = "device", .limit = 1'000}};
  std::vector<Event> heard;
  std::uint64_t number = 0;
  for (int session = 0; session < 4; ++session) {
    const auto storage = MustOpen(kept);
    REQUIRE(storage->inventory().Create(terms).ok());
    for (int i = 0; i < 280; ++i) {
      // Old users and new ones, several records each.
      const Time now = kStart + std::chrono::seconds{static_cast<std::int64_t>(number)};
      std::vector<Command> batch;
      for (int b = 0; b < 4; ++b) {
        ++number;
        const UserId user = User(number * 7 % 400 + 1);
        Command reserve = Reserve(user, Id(number));
        reserve.quote = number;
        reserve.admission_number = number;
        reserve.admission_grant = 1;
        if (number % 3 == 0) reserve.keys[0] = LimitKey::FromInteger(number % 50 + 1);
        batch.push_back(reserve);
        if (number % 2 == 0) batch.push_back(About(Verb::kConfirm, user, Id(number)));
        if (number % 5 == 0) batch.push_back(About(Verb::kCancel, user, Id(number)));
        if (number % 2 == 0) batch.push_back(About(Verb::kVoid, user, Id(number)));
        if (number % 11 == 0) batch.push_back(About(Verb::kCancel, user, Id(number + 1'000'000)));
      }
      std::vector<Outcome> outcomes(batch.size());
      REQUIRE(storage->inventory().Apply("drop", now, batch, outcomes).ok());
      REQUIRE(storage->inventory().ExpireDue("drop", now, 100).ok());
      const std::vector<Event> more = EventsAfter(*storage, heard.size());
      heard.insert(heard.end(), more.begin(), more.end());
    }
    REQUIRE(heard.size() > static_cast<std::size_t>(1'024 * (session + 1)));
    CHECK(EventsAfter(*storage, 0) == heard);
  }
  const auto storage = MustOpen(kept);
  for (const std::size_t cursor : {std::size_t{0}, std::size_t{1}, heard.size() / 2}) {
    const std::vector<Event> rest(heard.begin() + static_cast<std::ptrdiff_t>(cursor), heard.end());
    CHECK(EventsAfter(*storage, cursor) == rest);
  }
}

TEST_CASE("a journal that was changed anywhere is refused, and the place is named") {
  const auto kept = std::make_shared<Kept>();
  {
    const auto storage = MustOpen(kept);
    SaleTerms terms = SmallSale(5);
    terms.key_limits = {{.name = "device", .limit = 2}};
    REQUIRE(storage->inventory().Create(terms).ok());
    for (std::uint64_t i = 1; i <= 4; ++i) {
      Command reserve = Reserve(User(i), Id(i));
      reserve.keys[0] = LimitKey::FromInteger(i);
      REQUIRE(Do(*storage, reserve).code == Code::kDone);
    }
    REQUIRE(Do(*storage, About(Verb::kConfirm, User(1), Id(1))).code == Code::kDone);
    REQUIRE(storage->sales().Put({.terms = terms}).ok());
  }
  const std::vector<Kept::Commit> all = kept->commits;
  REQUIRE(all.size() >= 7);
  const auto refusal_of = [](std::vector<Kept::Commit> commits) {
    const auto changed = std::make_shared<Kept>();
    changed->commits = std::move(commits);
    const auto opened = Reopen(changed);
    return opened.ok() ? Status() : opened.status();
  };
  REQUIRE(refusal_of(all).ok());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string name = "commit " + std::to_string(i + 1) + ":";
    for (const bool of_names : {false, true}) {
      const std::size_t size = of_names ? all[i].names.size() : all[i].records.size();
      for (std::size_t byte = 0; byte < size; ++byte) {
        auto commits = all;
        (of_names ? commits[i].names : commits[i].records)[byte] ^= 0x10;
        const Status refusal = refusal_of(commits);
        REQUIRE(!refusal.ok());
        REQUIRE_MESSAGE(refusal.message().starts_with(name), refusal.ToString());
      }
    }
    auto without = all;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    // Without the last one it is the journal of a moment before.
    CHECK(refusal_of(without).ok() == (i + 1 == all.size()));
    auto twice = all;
    twice.insert(twice.begin() + static_cast<std::ptrdiff_t>(i), all[i]);
    CHECK(refusal_of(twice).code() == StatusCode::kDataLoss);
  }
  auto newer = all;
  newer[0].records[3] = 2;
  CHECK(refusal_of(newer).code() == StatusCode::kFailedPrecondition);
  CHECK(refusal_of(newer).message() ==
        "commit 1: of format 2, newer than 1, the last that this version reads");
}

// Names are outside the chain, so their number is a check of its own.
TEST_CASE("a name too many, or too few, is found") {
  const auto kept = std::make_shared<Kept>();
  {
    const auto storage = MustOpen(kept);
    REQUIRE(storage->inventory().Create(SmallSale(5)).ok());
    Do(*storage, Reserve(User(1), Id(1)));
  }
  const auto named = std::find_if(kept->commits.begin(), kept->commits.end(),
                                  [](const auto& commit) { return !commit.names.empty(); });
  REQUIRE(named != kept->commits.end());
  const std::vector<std::uint8_t> name(named->names.begin() + journal::kNamesCheckSize,
                                       named->names.end());
  REQUIRE(name.size() == 16);
  Sha256 hasher;
  journal::ByteWriter sealed;
  std::vector<std::uint8_t> two = name;
  two.insert(two.end(), name.begin(), name.end());
  journal::SealNames(two, hasher, sealed);
  named->names.assign(sealed.bytes().begin(), sealed.bytes().end());
  const Status too_many = Reopen(kept).status();
  CHECK(too_many.code() == StatusCode::kDataLoss);
  CHECK(too_many.message().find("it has names that no record mentions") != std::string::npos);
  named->names.clear();
  const Status too_few = Reopen(kept).status();
  CHECK(too_few.code() == StatusCode::kDataLoss);
  CHECK(too_few.message().find("it cannot be read") != std::string::npos);
}

TEST_CASE("a sale that was forgotten stays forgotten, and may be made anew under its name") {
  const auto kept = std::make_shared<Kept>();
  auto storage = MustOpen(kept);
  REQUIRE(storage->inventory().Create(SmallSale(5)).ok());
  REQUIRE(Do(*storage, Reserve(User(1), Id(1))).code == Code::kDone);
  REQUIRE(Do(*storage, Act(Verb::kCancelSale)).code == Code::kDone);
  REQUIRE(Do(*storage, Act(Verb::kSettle)).code == Code::kDone);
  REQUIRE(storage->inventory().Forget("drop", kStart)->code == Code::kDone);
  storage = nullptr;
  storage = MustOpen(kept);
  CHECK(Do(*storage, Reserve(User(1), Id(1))).code == Code::kUnknownSale);
  REQUIRE(storage->inventory().Create(SmallSale(5))->code == Code::kDone);
  REQUIRE(Do(*storage, Reserve(User(1), Id(1))).code == Code::kDone);
  storage = nullptr;
  storage = MustOpen(kept);
  CHECK(Do(*storage, Reserve(User(1), Id(1))).code == Code::kAlreadyDone);
  CHECK(storage->inventory().Create(SmallSale(5))->code == Code::kAlreadyDone);
  CHECK(storage->inventory().Create(SmallSale(6)).status().code() == StatusCode::kAlreadyExists);
}

TEST_CASE("the time that was used is kept, but not with a commit of its own each time") {
  const auto kept = std::make_shared<Kept>();
  {
    const auto storage = MustOpen(kept);
    CHECK(storage->latest_time() == kMinTime);
    REQUIRE(storage->KeepTime(kStart).ok());
    const std::size_t commits = kept->commits.size();
    REQUIRE(storage->KeepTime(kStart + 59s).ok());
    CHECK(kept->commits.size() == commits);
    CHECK(storage->latest_time() == kStart + 59s);
    REQUIRE(storage->KeepTime(kStart + 60s).ok());
    CHECK(kept->commits.size() == commits + 1);
    REQUIRE(storage->KeepTime(kStart + 100s).ok());
  }
  // As after a crash: what was not written is not there.
  CHECK(MustOpen(kept)->latest_time() == kStart + 60s);
}

TEST_CASE("a service goes on where an earlier one left the time, and is held where it leapt") {
  const auto kept = std::make_shared<Kept>();
  SimulatedClock clock(kStart + 10s);
  const auto reserve = [](FlashSaleService& service, std::uint64_t user) {
    return service.Reserve({.sale = "drop", .user = User(user), .id = Id(1)})->code;
  };
  {
    const auto storage = MustOpen(kept);
    const auto service = FlashSaleService::New({.storage = *storage, .clock = &clock});
    REQUIRE(service.ok());
    SaleTerms terms = SmallSale(5);
    terms.hold = 60s;
    REQUIRE((*service)->Create(terms).ok());
    REQUIRE(reserve(**service, 1) == Code::kDone);
  }
  {
    // A clock that was set back while nobody was there.
    clock.Set(kStart - 1h);
    const auto storage = MustOpen(kept);
    const auto service = FlashSaleService::New({.storage = *storage, .clock = &clock});
    REQUIRE(service.ok());
    CHECK((*service)->clock().Now() == kStart + 10s);
    CHECK(reserve(**service, 2) == Code::kDone);
  }
  {
    clock.Set(kStart + 2h);
    const auto storage = MustOpen(kept);
    const auto service = FlashSaleService::New({.storage = *storage, .clock = &clock});
    REQUIRE(service.ok());
    CHECK(reserve(**service, 3) == Code::kPaused);
    (*service)->Poll();
    CHECK(storage->inventory().ReadStock("drop", kStart)->lines[0].reserved == 2);
    (*service)->clock().Trust();
    (*service)->Poll();
    CHECK(storage->inventory().ReadStock("drop", kStart)->lines[0].reserved == 0);
  }
}

TEST_CASE("options that make no sense are named") {
  const auto refusal = [](const JournalOptions& options) {
    return OpenJournaledStorage(std::make_unique<MemoryMedium>(std::make_shared<Kept>()), options)
        .status()
        .message();
  };
  CHECK(refusal({.commit_window = Duration(-1)}) ==
        "commit_window: -1 us, expected 0 us to 1000000 us");
  CHECK(refusal({.max_pending_bytes = 1}) == "max_pending_bytes: 1, expected 65536 to 1073741824");
  CHECK(refusal({.memory = {.events_per_sale = 3}}) ==
        "memory.events_per_sale: 3, expected a power of two from 1024 to 1073741824");
  CHECK(OpenJournaledStorage(nullptr).status().message() == "medium: null, expected one");
}

}  // namespace
}  // namespace flashsale::journal_test
