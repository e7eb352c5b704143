#include <doctest/doctest.h>

#include "flashsale/backend/journal.h"
#include "tests/conformance/conformance_cases.h"
#include "tests/journal/memory_medium.h"

namespace flashsale {
namespace {

Result<std::unique_ptr<Storage>> Open(const StorageNeeds& needs) {
  JournalOptions options;
  if (needs.max_records_per_sale.has_value()) {
    options.memory.max_records_per_sale = *needs.max_records_per_sale;
  }
  options.memory.hash_seed = 1;
  return OpenJournaledStorage(
      std::make_unique<journal_test::MemoryMedium>(std::make_shared<journal_test::Kept>()),
      options);
}

TEST_CASE("the journaled backend answers every script as the contract does") {
  RunPart(Open, "scripts, singly");
}

TEST_CASE("the journaled backend answers batches as it answers single commands") {
  RunPart(Open, "scripts, batched");
}

TEST_CASE("the journaled backend keeps the catalogue and answers odd calls") {
  RunPart(Open, "calls and catalogue");
}

TEST_CASE("the journaled backend keeps rates") { RunPart(Open, "rates"); }

TEST_CASE("the journaled backend counts users by their prints") { RunPart(Open, "fingerprints"); }

TEST_CASE("the journaled backend keeps queues") { RunPart(Open, "queues"); }

TEST_CASE("the journaled backend answers random commands as the reference model does") {
  RunPart(Open, "random runs");
}

TEST_CASE("the journaled backend keeps its books under contention") { RunPart(Open, "contention"); }

TEST_CASE("every history of the journaled backend has an order that explains it") {
  RunPart(Open, "histories");
}

TEST_CASE("the journaled backend keeps its word to callers who are not always answered") {
  RunPart(Open, "faults");
}

}  // namespace
}  // namespace flashsale
