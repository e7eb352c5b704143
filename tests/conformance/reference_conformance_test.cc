#include <doctest/doctest.h>

#include "flashsale/testing/reference_model.h"
#include "tests/conformance/conformance_cases.h"

namespace flashsale {
namespace {

Result<std::unique_ptr<Storage>> Open(const StorageNeeds& needs) {
  ReferenceOptions options;
  if (needs.max_records_per_sale.has_value()) {
    options.max_records_per_sale = *needs.max_records_per_sale;
  }
  return NewReferenceStorage(options);
}

TEST_CASE("the reference model answers every script as the contract does") {
  RunPart(Open, "scripts, singly");
}

TEST_CASE("the reference model answers batches as it answers single commands") {
  RunPart(Open, "scripts, batched");
}

TEST_CASE("the reference model keeps the catalogue and answers odd calls") {
  RunPart(Open, "calls and catalogue");
}

TEST_CASE("the reference model keeps rates") { RunPart(Open, "rates"); }

TEST_CASE("the reference model counts users by their prints") { RunPart(Open, "fingerprints"); }

TEST_CASE("the reference model keeps queues") { RunPart(Open, "queues"); }

TEST_CASE("the reference model answers random commands as the reference model does") {
  RunPart(Open, "random runs");
}

TEST_CASE("the reference model keeps its books under contention") { RunPart(Open, "contention"); }

TEST_CASE("every history of the reference model has an order that explains it") {
  RunPart(Open, "histories");
}

TEST_CASE("the reference model keeps its word to callers who are not always answered") {
  RunPart(Open, "faults");
}

}  // namespace
}  // namespace flashsale
