#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "flashsale/backend/sqlite.h"
#include "tests/conformance/conformance_cases.h"
#include "tests/sqlite/folder.h"

namespace flashsale {
namespace {

// A new file for each storage, in a folder that goes with the last of them.
StorageFactory OpenIn(const sqlite_test::Folder& folder) {
  return [&folder, number = std::make_shared<int>(0)](
             const StorageNeeds& needs) -> Result<std::unique_ptr<Storage>> {
    SqliteOptions options{.path = folder / (std::to_string(++*number) + ".db"),
                          .reserved_bytes = 0};
    options.journal.memory.hash_seed = 1;
    if (needs.max_records_per_sale.has_value()) {
      options.journal.memory.max_records_per_sale = *needs.max_records_per_sale;
    }
    return OpenSqliteStorage(options);
  };
}

void RunOnFiles(const char* part) {
  const sqlite_test::Folder folder(sqlite_test::Folder::Kind::kMemory);
  RunPart(OpenIn(folder), part);
}

TEST_SUITE("conformance") {
  TEST_CASE("the SQLite backend answers every script as the contract does") {
    RunOnFiles("scripts, singly");
  }
  TEST_CASE("the SQLite backend answers batches as it answers single commands") {
    RunOnFiles("scripts, batched");
  }
  TEST_CASE("the SQLite backend keeps the catalogue and answers odd calls") {
    RunOnFiles("calls and catalogue");
  }
  TEST_CASE("the SQLite backend keeps rates") { RunOnFiles("rates"); }
  TEST_CASE("the SQLite backend counts users by their prints") { RunOnFiles("fingerprints"); }
  TEST_CASE("the SQLite backend keeps queues") { RunOnFiles("queues"); }
  TEST_CASE("the SQLite backend answers random commands as the reference model does") {
    RunOnFiles("random runs");
  }
  TEST_CASE("the SQLite backend keeps its books under contention") { RunOnFiles("contention"); }
  TEST_CASE("every history of the SQLite backend has an order that explains it") {
    RunOnFiles("histories");
  }
  TEST_CASE("the SQLite backend keeps its word to callers who are not always answered") {
    RunOnFiles("faults");
  }
}

}  // namespace
}  // namespace flashsale
