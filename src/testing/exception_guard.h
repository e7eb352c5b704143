#ifndef FLASHSALE_SRC_TESTING_EXCEPTION_GUARD_H_
#define FLASHSALE_SRC_TESTING_EXCEPTION_GUARD_H_

#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "flashsale/testing/storage_factory.h"

namespace flashsale::inline v0 {

// Keeps the first exception that left a backend.
// Thread safety: any thread.
class ExceptionLog {
 public:
  void Note(std::string_view call, std::string_view what);
  // "Apply threw: out of luck"; empty where nothing was thrown.
  std::string first() const;

 private:
  mutable Mutex mutex_;
  std::string first_ FLASHSALE_GUARDED_BY(mutex_);
};

// Opens the same storages; a call of one that throws, on whichever thread, is noted in `log` and
// answers Internal.
StorageFactory GuardExceptions(const StorageFactory& open, std::shared_ptr<ExceptionLog> log);

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_EXCEPTION_GUARD_H_
