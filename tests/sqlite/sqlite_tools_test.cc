// Journals in files that nobody has open: compacted, exported, and freed of people.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "flashsale/backend/journal/journal_tools.h"
#include "flashsale/backend/sqlite.h"
#include "flashsale/testing/digest.h"
#include "tests/hard_cases/crowd.h"
#include "tests/sqlite/folder.h"

namespace flashsale::sqlite_test {
namespace {

SqliteOptions OptionsFor(const std::string& path) {
  SqliteOptions options{.path = path, .reserved_bytes = 0};
  options.journal.memory.events_per_sale = 1'024;
  return options;
}

UserId Person(std::uint64_t number) { return UserId::FromText("person " + std::to_string(number)); }

void Sell(Storage& storage, const char* sale, std::uint64_t people) {
  SaleTerms terms = SmallSale(1U << 20);
  terms.id = SaleId(sale);
  REQUIRE(storage.inventory().Create(terms).ok());
  for (std::uint64_t i = 1; i <= people; ++i) {
    const Command command = Reserve(Person(i), Id(i));
    Outcome outcome;
    REQUIRE(storage.inventory().Apply(sale, kStart, {&command, 1}, {&outcome, 1}).ok());
    REQUIRE(outcome.code == Code::kDone);
  }
}

std::string DigestOf(const SqliteOptions& options, const char* sale) {
  const auto storage = OpenSqliteStorage(options);
  REQUIRE_MESSAGE(storage.ok(), storage.status().ToString());
  DigestVisitor visitor(kStart);
  REQUIRE((*storage)->inventory().Snapshot(sale, visitor).ok());
  return visitor.Finish();
}

std::unique_ptr<JournalMedium> MustOpenMedium(const SqliteOptions& options) {
  auto medium = OpenSqliteMedium(options);
  REQUIRE_MESSAGE(medium.ok(), medium.status().ToString());
  return *std::move(medium);
}

TEST_CASE("nothing of who was erased is left in any of the files") {
  const Folder folder;
  const SqliteOptions options = OptionsFor(folder / "drop.db");
  {
    const auto storage = OpenSqliteStorage(options);
    REQUIRE(storage.ok());
    Sell(**storage, "drop", 600);
  }
  const auto mentions = [&](std::uint64_t person) {
    const auto name = Person(person).bytes();
    std::size_t files = 0;
    for (const char* const suffix : {"", "-wal"}) {
      const std::vector<char> bytes = Contents(options.path + suffix);
      files += std::search(bytes.begin(), bytes.end(), name.begin(), name.end(),
                           [](char byte, std::uint8_t other) {
                             return static_cast<std::uint8_t>(byte) == other;
                           }) != bytes.end()
                   ? 1U
                   : 0U;
    }
    return files;
  };
  CHECK(mentions(17) != 0);
  CHECK(mentions(400) != 0);
  std::vector<UserId> users;
  for (std::uint64_t person = 1; person <= 600; person += 2) users.push_back(Person(person));
  {
    const auto medium = MustOpenMedium(options);
    const auto report = EraseFromJournal(*medium, {.users = users});
    REQUIRE_MESSAGE(report.ok(), report.status().ToString());
    CHECK(report->names == 300);
  }
  CHECK(mentions(17) == 0);
  CHECK(mentions(399) == 0);
  CHECK(mentions(400) != 0);
  const auto storage = OpenSqliteStorage(options);
  REQUIRE_MESSAGE(storage.ok(), storage.status().ToString());
  CHECK((*storage)->inventory().ReadStock("drop", kStart)->lines[0].reserved == 600);
  CHECK((*storage)->inventory().ReadTally("drop", TallyKey::Of(Person(400)))->held == 1);
  CHECK((*storage)->inventory().ReadTally("drop", TallyKey::Of(Person(399)))->held == 0);
}

TEST_CASE("a sale goes into a file of its own, and out of the one where all are") {
  const Folder folder;
  const SqliteOptions all = OptionsFor(folder / "all.db");
  const SqliteOptions one = OptionsFor(folder / "one.db");
  {
    const auto storage = OpenSqliteStorage(all);
    REQUIRE(storage.ok());
    Sell(**storage, "first", 300);
    Sell(**storage, "second", 300);
  }
  {
    const auto from = MustOpenMedium(all);
    const auto to = MustOpenMedium(one);
    REQUIRE(CopyJournal(*from, *to, {.only = SaleId("first")}).ok());
    // A storage cannot be opened while that is under way.
    CHECK(OpenSqliteStorage(all).status().code() == StatusCode::kFailedPrecondition);
  }
  CHECK(DigestOf(one, "first") == DigestOf(all, "first"));
  const auto storage = OpenSqliteStorage(one);
  REQUIRE(storage.ok());
  CHECK((*storage)->inventory().Resolve("second").status().code() == StatusCode::kNotFound);
}

}  // namespace
}  // namespace flashsale::sqlite_test
