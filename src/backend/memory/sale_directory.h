#ifndef FLASHSALE_SRC_BACKEND_MEMORY_SALE_DIRECTORY_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_SALE_DIRECTORY_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "backend/memory/epoch_gate.h"
#include "base/mutex.h"
#include "engine/sale_engine.h"
#include "flashsale/base/id.h"
#include "flashsale/repository/inventory_repository.h"

namespace flashsale::inline v0::memory {

// Finds the engine of a sale: at once by the hint of a resolved name, else by its id.  Look-ups
// take no lock: the lists behind the buckets are never changed, only replaced. Thread safety: any
// thread.
class SaleDirectory {
 public:
  SaleDirectory();
  ~SaleDirectory();

  // A sale that was found, alive until this is gone.
  class Pinned {
   public:
    Pinned(SaleDirectory& directory, const SaleRef& sale)
        : visit_(directory.gate_), engine_(directory.Find(sale)) {}
    // Null where there is no such sale.
    engine::SaleEngine* get() const { return engine_; }
    engine::SaleEngine* operator->() const { return engine_; }

   private:
    EpochGate::Visit visit_;
    engine::SaleEngine* engine_;
  };

  // Adds a sale, unless one by its id is there: then returns false.
  bool Add(std::unique_ptr<engine::SaleEngine> engine) FLASHSALE_EXCLUDES(mutex_);

  // The hint for the sale; 0 where there is no such sale.
  std::uint64_t HintFor(const SaleId& id) FLASHSALE_EXCLUDES(mutex_);

  // Takes out and destroys the sale, after the last call on it has returned.  False where this very
  // engine is not there any more.  REQUIRES: the calling thread holds no Pinned.
  bool Remove(const SaleId& id) FLASHSALE_EXCLUDES(mutex_);

 private:
  static constexpr std::size_t kBuckets = 1024;
  static constexpr std::size_t kSlotsPerBlock = 1024;
  static constexpr std::size_t kBlocks = 4096;

  // Where hints point.  A slot is used again for another sale, with another generation.
  struct Slot {
    std::atomic<engine::SaleEngine*> engine{nullptr};
    std::atomic<std::uint32_t> generation{1};
  };
  using SlotBlock = std::array<Slot, kSlotsPerBlock>;
  struct Entry {
    SaleId id;
    std::uint32_t slot;
  };
  using Bucket = std::vector<Entry>;

  engine::SaleEngine* Find(const SaleRef& sale) const;
  Slot* SlotAt(std::uint32_t index) const;
  static std::size_t BucketOf(const SaleId& id);
  const Entry* FindEntry(const SaleId& id) const;
  // Frees what was replaced, after all who may still look at it.
  void FreeReplaced() FLASHSALE_REQUIRES(mutex_);

  EpochGate gate_;
  std::array<std::atomic<SlotBlock*>, kBlocks> blocks_{};
  std::array<std::atomic<const Bucket*>, kBuckets> buckets_{};

  Mutex mutex_;
  std::vector<std::unique_ptr<SlotBlock>> blocks_owned_ FLASHSALE_GUARDED_BY(mutex_);
  std::vector<std::uint32_t> free_slots_ FLASHSALE_GUARDED_BY(mutex_);
  std::uint32_t slots_ FLASHSALE_GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<const Bucket>> replaced_ FLASHSALE_GUARDED_BY(mutex_);
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_SALE_DIRECTORY_H_
