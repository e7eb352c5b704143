#ifndef FLASHSALE_TESTS_JOURNAL_REOPEN_H_
#define FLASHSALE_TESTS_JOURNAL_REOPEN_H_

#include <doctest/doctest.h>

#include <memory>
#include <utility>

#include "flashsale/backend/journal.h"
#include "flashsale/testing/storage_factory.h"
#include "tests/journal/memory_medium.h"

namespace flashsale::journal_test {

// Opens a storage on what is kept.
inline Result<std::unique_ptr<Storage>> Reopen(const std::shared_ptr<Kept>& kept,
                                               const StorageNeeds& needs = {}) {
  JournalOptions options;
  options.memory.hash_seed = 0;            // another one each time
  options.memory.events_per_sale = 1'024;  // small, because it is opened so often
  if (needs.max_records_per_sale.has_value()) {
    options.memory.max_records_per_sale = *needs.max_records_per_sale;
  }
  return OpenJournaledStorage(std::make_unique<MemoryMedium>(kept), options);
}

inline std::unique_ptr<Storage> MustOpen(const std::shared_ptr<Kept>& kept) {
  auto storage = Reopen(kept);
  REQUIRE_MESSAGE(storage.ok(), storage.status().ToString());
  return *std::move(storage);
}

}  // namespace flashsale::journal_test

#endif  // FLASHSALE_TESTS_JOURNAL_REOPEN_H_
