#ifndef FLASHSALE_TESTING_STORAGE_FACTORY_H_
#define FLASHSALE_TESTING_STORAGE_FACTORY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "flashsale/base/status.h"
#include "flashsale/repository/storage.h"

namespace flashsale::inline v0 {

// What a test asks of the storage it is given.
struct StorageNeeds {
  // The most records of each sale, so that StorageFull can be provoked.  Not set: as many as any
  // test makes.  Every backend has a bound of this kind: a full disk should refuse, not fail.
  std::optional<std::uint64_t> max_records_per_sale = std::nullopt;
};

// Opens an empty storage of the backend under test.  Called once per check, from one thread.
using StorageFactory = std::function<Result<std::unique_ptr<Storage>>(const StorageNeeds&)>;

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_TESTING_STORAGE_FACTORY_H_
