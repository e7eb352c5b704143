#ifndef FLASHSALE_SRC_ENGINE_USER_INDEX_H_
#define FLASHSALE_SRC_ENGINE_USER_INDEX_H_

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "engine/block_pool.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace flashsale::inline v0::engine {

// Where the line of a user lies: a number that never changes.
using Place = std::uint32_t;
inline constexpr Place kNoPlace = std::numeric_limits<Place>::max();

// One cache line of an index: up to twelve places, each with eight bits of its key's hash.  The
// tags are compared all at once, so that a search touches only lines that promise the right key (as
// in M. Kulukundis, "Designing a Fast, Efficient, Cache-friendly Hash Table, Step by Step", CppCon
// 2017).  Filled from the front; nothing is ever removed.
struct alignas(64) IndexBucket {
  using Tag = std::uint8_t;
  static constexpr std::size_t kPlaces = 12;
  static constexpr Tag kFree = 0;

  std::array<Tag, 16> tags;  // the last four are always free
  std::array<Place, kPlaces> places;

  // A set of places is a word with bit i for the i-th.
  std::uint32_t Matching(Tag tag) const {
#if defined(__SSE2__)
    const __m128i all = _mm_load_si128(reinterpret_cast<const __m128i*>(tags.data()));
    const __m128i equal = _mm_cmpeq_epi8(all, _mm_set1_epi8(static_cast<char>(tag)));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(equal));
#else
    std::uint32_t set = 0;
    for (std::size_t i = 0; i < tags.size(); ++i) set |= std::uint32_t{tags[i] == tag} << i;
    return set;
#endif
  }
  // kPlaces where it is full.
  std::size_t size() const { return static_cast<std::size_t>(std::countr_zero(Matching(kFree))); }
};
static_assert(sizeof(IndexBucket) == 64);

// How the indices of a sale are sized.  They double until they have `base << expected_order`
// buckets, which hold the expected users at the load that is aimed at.
struct IndexGeometry {
  std::uint32_t base = 1;
  int expected_order = 0;

  std::size_t unit_bytes() const { return base * sizeof(IndexBucket); }
};

// Finds places by the hashes of their keys: a hash table of cache lines, probed one after the
// other. Thread safety: as an int; Prefetch from any thread.  Ownership: its block is the pool's.
class UserIndex {
 public:
  // REQUIRES: the pool's unit is geometry.unit_bytes().
  UserIndex(BlockPool& pool, const IndexGeometry& geometry) : pool_(pool), geometry_(geometry) {}
  UserIndex(const UserIndex&) = delete;
  UserIndex& operator=(const UserIndex&) = delete;

  // How many keys a bucket should have in the mean: beyond three quarters full probing gets long.
  static constexpr std::uint32_t kKeysPerBucket = 9;

  // How many keys there is room for.
  std::uint64_t capacity() const { return std::uint64_t{bucket_count()} * kKeysPerBucket; }

  // Of the places whose keys may have this hash the first that is_it(place) accepts; or kNoPlace.
  template <typename IsIt>
  Place Find(std::uint64_t hash, IsIt is_it) const {
    if (bucket_count() == 0) return kNoPlace;
    const IndexBucket* const all = buckets();
    for (std::uint32_t i = Home(hash);; i = Next(i)) {
      const IndexBucket& bucket = all[i];
      for (std::uint32_t set = bucket.Matching(TagOf(hash)); set != 0; set &= set - 1) {
        const Place place = bucket.places[static_cast<std::size_t>(std::countr_zero(set))];
        if (is_it(place)) return place;
      }
      if (bucket.tags[IndexBucket::kPlaces - 1] == IndexBucket::kFree) return kNoPlace;
    }
  }

  // REQUIRES: there is room for one more.
  void Insert(std::uint64_t hash, Place place) {
    std::uint32_t i = Home(hash);
    std::size_t size = 0;
    while ((size = buckets()[i].size()) == IndexBucket::kPlaces) i = Next(i);
    buckets()[i].tags[size] = TagOf(hash);
    buckets()[i].places[size] = place;
  }

  // An empty index in place of this one, with room for `keys`: the caller inserts them all anew.
  // False, and nothing changed, where memory ran out.
  bool Grow(std::uint64_t keys);

  // Asks for the line that a search begins with.  A search may change the index meanwhile: then
  // this asks in vain.
  void Prefetch(std::uint64_t hash) const { __builtin_prefetch(buckets() + Home(hash)); }

 private:
  IndexBucket* buckets() const { return buckets_.load(std::memory_order_relaxed); }
  std::uint32_t bucket_count() const { return bucket_count_.load(std::memory_order_relaxed); }
  std::uint32_t Home(std::uint64_t hash) const {
    return static_cast<std::uint32_t>((hash & 0xFFFFFFFF) * bucket_count() >> 32);
  }
  std::uint32_t Next(std::uint32_t i) const { return i + 1 == bucket_count() ? 0 : i + 1; }
  // Bits that neither the shard nor the home takes; 1 to 255.
  static IndexBucket::Tag TagOf(std::uint64_t hash) {
    return static_cast<IndexBucket::Tag>((hash >> 32 & 0xFF) % 255 + 1);
  }

  // Atomic for Prefetch alone.
  std::atomic<IndexBucket*> buckets_{nullptr};
  std::atomic<std::uint32_t> bucket_count_{0};
  int order_ = 0;
  BlockPool& pool_;
  const IndexGeometry& geometry_;
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_USER_INDEX_H_
