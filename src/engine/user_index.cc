#include "engine/user_index.h"

#include <memory>

namespace flashsale::inline v0::engine {

bool UserIndex::Grow(std::uint64_t keys) {
  int order = buckets() == nullptr ? 0 : order_ + 1;
  while (keys > (std::uint64_t{geometry_.base} << order) * kKeysPerBucket) ++order;
  if (order > BlockPool::kMaxOrder) return false;
  std::byte* const block = pool_.Allocate(order);
  if (block == nullptr) return false;
  if (buckets() != nullptr) pool_.Free(reinterpret_cast<std::byte*>(buckets()), order_);
  const std::uint32_t count = geometry_.base << order;
  auto* const fresh = reinterpret_cast<IndexBucket*>(block);
  std::uninitialized_value_construct_n(fresh, count);
  buckets_.store(fresh, std::memory_order_relaxed);
  bucket_count_.store(count, std::memory_order_relaxed);
  order_ = order;
  return true;
}

}  // namespace flashsale::inline v0::engine
