#include <doctest/doctest.h>

#include <memory>
#include <utility>

#include "flashsale/backend/memory.h"
#include "tests/conformance/conformance_cases.h"
#include "tests/conformance/lane_storage.h"

namespace flashsale {
namespace {

Result<std::unique_ptr<Storage>> Open(const StorageNeeds& needs, std::size_t workers) {
  MemoryOptions options;
  if (needs.max_records_per_sale.has_value()) {
    options.max_records_per_sale = *needs.max_records_per_sale;
  }
  options.hash_seed = 1;
  auto memory = OpenMemoryStorage(options);
  if (!memory.ok()) return memory.status();
  // Small, so that it is often full and batches are often cut.
  return NewLaneStorage(std::move(*memory), {.workers = workers, .capacity = 24, .max_batch = 7});
}

// Whose commands are sent by threads of the lane's.
Result<std::unique_ptr<Storage>> Served(const StorageNeeds& needs) { return Open(needs, 2); }
// Whose commands are sent by whichever caller waits for its answer.
Result<std::unique_ptr<Storage>> Polled(const StorageNeeds& needs) { return Open(needs, 0); }

TEST_CASE("a lane answers every script as the contract does") {
  RunPart(Served, "scripts, singly");
  RunPart(Polled, "scripts, singly");
}

TEST_CASE("a lane answers batches as it answers single commands") {
  RunPart(Served, "scripts, batched");
  RunPart(Polled, "scripts, batched");
}

TEST_CASE("a lane keeps the catalogue and answers odd calls") {
  RunPart(Served, "calls and catalogue");
  RunPart(Polled, "calls and catalogue");
}

TEST_CASE("rates do not mind a lane") { RunPart(Polled, "rates"); }

TEST_CASE("a lane answers random commands as the reference model does") {
  RunPart(Polled, "random runs");
}

TEST_CASE("a lane keeps its books under contention") {
  RunPart(Served, "contention");
  RunPart(Polled, "contention");
}

TEST_CASE("every history of a lane has an order that explains it") {
  RunPart(Served, "histories");
  RunPart(Polled, "histories");
}

TEST_CASE("a lane keeps its word to callers who are not always answered") {
  RunPart(Polled, "faults");
}

}  // namespace
}  // namespace flashsale
