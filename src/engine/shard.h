#ifndef FLASHSALE_SRC_ENGINE_SHARD_H_
#define FLASHSALE_SRC_ENGINE_SHARD_H_

#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "base/mutex.h"
#include "engine/expiry_queue.h"
#include "engine/key_ledger.h"
#include "engine/user_table.h"

namespace flashsale::inline v0::engine {

// One part of a sale: the users and limit keys whose hashes fall here, and the holds of those
// users. Everything but the mutex is touched only by who holds it.
struct alignas(64) Shard {
  Shard(UserLineArena& lines, BlockPool& index_pool, const IndexGeometry& geometry,
        ExpiryBlockArena& expiry_blocks, bool has_keys)
      : users(lines, index_pool, geometry),
        queue(expiry_blocks),
        keys(has_keys ? std::make_unique<KeyLedger>() : nullptr) {}

  WordMutex mutex;
  UserTable users;
  ExpiryQueue queue;
  std::unique_ptr<KeyLedger> keys;  // null unless the terms have limit keys
  // Holds that could not be expired.  They wait for ExpireDue and count for nothing else.
  std::vector<ExpiryEntry> quarantine;

  // Asks for what every command of these users reads.  Not for writing: a crowd that is refused must
  // not take the lines from one another.
  void Prefetch() const {
    const auto* const bytes = reinterpret_cast<const std::byte*>(this);
    for (std::size_t i = 0; i < 3; ++i) __builtin_prefetch(bytes + i * 64);
  }
};

// The shards of a sale, side by side.
class ShardArray {
 public:
  template <typename... Args>
  explicit ShardArray(std::size_t size, Args&&... args)
      : shards_(std::allocator<Shard>().allocate(size)) {
    // A shard's constructor may run out of memory: what was made is unmade.
    try {
      for (; size_ < size; ++size_) new (&shards_[size_]) Shard(args...);
    } catch (...) {
      Destroy(size);
      throw;
    }
  }
  ~ShardArray() { Destroy(size_); }
  ShardArray(const ShardArray&) = delete;
  ShardArray& operator=(const ShardArray&) = delete;

  std::size_t size() const { return size_; }
  Shard& operator[](std::size_t i) { return shards_[i]; }
  const Shard& operator[](std::size_t i) const { return shards_[i]; }
  Shard* begin() { return shards_; }
  Shard* end() { return shards_ + size_; }

 private:
  void Destroy(std::size_t allocated) {
    std::destroy_n(shards_, size_);
    std::allocator<Shard>().deallocate(shards_, allocated);
  }

  Shard* shards_;
  std::size_t size_ = 0;
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_SHARD_H_
