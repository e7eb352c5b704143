#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_BACKEND_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_BACKEND_H_

#include <cstdint>
#include <memory>

#include "examples/flashsale_sim/backend_name.h"
#include "flashsale/backend/memory.h"
#include "flashsale/base/status.h"
#include "flashsale/repository/storage.h"

namespace flashsale::sim {

// The store that a run keeps its sales in.  A run begins with nothing: time that goes on from where
// another run ended would be another sale.  So a durable one is made, never found; and it is left
// where it is, to be looked at.
// Thread safety: storage() as a Storage, the rest on one thread.
// Blocking: as the storage.  Ownership: none.  Clock: none.
class Backend {
 public:
  // What lies on the disk of a durable one.
  struct OnDisk {
    std::uint64_t commits = 0;
    // Of the records in them, and of all files, where there is room for more.
    std::uint64_t journal_bytes = 0;
    std::uint64_t file_bytes = 0;
  };

  // Whether it could be opened, as far as can be told without making anything.
  // Errors: FailedPrecondition where this build lacks it, or there is a file of that name.
  static Status CheckIsNew(const BackendName& name);

  // `memory`: of the engine, whatever lies behind it.
  // Errors: those of CheckIsNew; those of the backend.
  static Result<std::unique_ptr<Backend>> Open(const BackendName& name,
                                               const MemoryOptions& memory);

  const BackendName& name() const { return name_; }
  Storage& storage() { return *storage_; }
  bool is_durable() const { return storage_->traits().durability != Durability::kNone; }

  // Closes a durable one, looks at what it left, and opens it again.
  // REQUIRES: is_durable(), and nobody uses storage(), which is another one afterwards.  After an
  // error there is none.  Errors: those of the backend.
  Result<OnDisk> Reopen();

 private:
  Backend(const BackendName& name, const MemoryOptions& memory) : name_(name), memory_(memory) {}

  const BackendName name_;
  const MemoryOptions memory_;
  std::unique_ptr<Storage> storage_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_BACKEND_H_
