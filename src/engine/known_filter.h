#ifndef FLASHSALE_SRC_ENGINE_KNOWN_FILTER_H_
#define FLASHSALE_SRC_ENGINE_KNOWN_FILTER_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "engine/page_region.h"

namespace flashsale::inline v0::engine {

// Tells who certainly has nothing in a sale, without a lock: a Bloom filter in which all bits of a
// key lie in one word (F. Putze et al., "Cache-, Hash- and Space-Efficient Bloom Filters", 2007).
// Keys are never taken out, so "unknown" at one instant means unknown at every earlier one.
// Thread safety: any thread, but for what is said at Insert; wait-free.
class KnownFilter {
 public:
  // Eight bits for each of `expected` keys, so that it stays in the caches: one unknown key in
  // twenty is taken for known.  More keys only make it answer "perhaps" more often.  Each of the
  // `parts`, into which the upper bits of the hash divide all keys evenly, has words of its own.
  // REQUIRES: parts >= 1.
  KnownFilter(std::uint64_t expected, std::uint64_t parts)
      : words_((std::clamp(expected / 8, kFewestWords, kMostWords) + parts - 1) / parts * parts),
        region_(PageRegion::Map(words_ * sizeof(std::atomic<std::uint64_t>))) {}

  // False where the system had no memory.
  bool ok() const { return !region_.empty(); }

  // REQUIRES: no other thread inserts a key of the same part; the shard's lock sees to that.
  void Insert(std::uint64_t hash) {
    std::atomic<std::uint64_t>& word = Word(hash);
    // Release: whoever sees what the caller publishes next sees the key here.
    word.store(word.load(std::memory_order_relaxed) | Bits(hash), std::memory_order_release);
  }

  // False: no Insert(hash) happened before what this thread has read so far.
  bool MayContain(std::uint64_t hash) const {
    const std::uint64_t bits = Bits(hash);
    return (Word(hash).load(std::memory_order_acquire) & bits) == bits;
  }

  void Prefault() { region_.Prefault(); }
  void Prefetch(std::uint64_t hash) const { __builtin_prefetch(&Word(hash)); }

 private:
  static constexpr std::uint64_t kFewestWords = 512;
  static constexpr std::uint64_t kMostWords = std::uint64_t{1} << 23;

  std::atomic<std::uint64_t>& Word(std::uint64_t hash) const {
    auto* const words = reinterpret_cast<std::atomic<std::uint64_t>*>(region_.data());
    return words[(hash >> 32) * words_ >> 32];
  }
  static std::uint64_t Bits(std::uint64_t hash) {
    return std::uint64_t{1} << (hash & 63) | std::uint64_t{1} << (hash >> 6 & 63) |
           std::uint64_t{1} << (hash >> 12 & 63);
  }

  const std::uint64_t words_;
  PageRegion region_;
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_KNOWN_FILTER_H_
