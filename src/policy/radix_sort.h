#ifndef FLASHSALE_SRC_POLICY_RADIX_SORT_H_
#define FLASHSALE_SRC_POLICY_RADIX_SORT_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace flashsale::inline v0 {

// Sorts by keys of bytes, the first byte weighing most.  The first few bytes in which keys differ
// are sorted by counting, which nearly decides where keys are spread; what they leave undecided is
// sorted by `less`.  Key: the key's size as kSize, ByteOf(item, i), Less(a, b) by the whole key.
// Memory: as much again as the items.
template <typename Key, typename T>
void RadixSort(std::vector<T>& items) {
  constexpr std::size_t kFewest = 1'024;
  constexpr std::size_t kMostPasses = 4;
  if (items.size() < kFewest) {
    std::sort(items.begin(), items.end(), &Key::Less);
    return;
  }
  std::array<std::uint8_t, Key::kSize> differs{};
  for (const T& item : items) {
    for (std::size_t i = 0; i < Key::kSize; ++i) {
      differs[i] |= static_cast<std::uint8_t>(Key::ByteOf(item, i) ^ Key::ByteOf(items[0], i));
    }
  }
  std::array<std::size_t, kMostPasses> bytes{};
  std::size_t passes = 0;
  for (std::size_t i = 0; i < Key::kSize && passes < kMostPasses; ++i) {
    if (differs[i] != 0) bytes[passes++] = i;
  }
  std::vector<T> scratch(items.size());
  for (std::size_t pass = passes; pass-- > 0;) {
    const std::size_t byte = bytes[pass];
    std::array<std::size_t, 256> next{};
    for (const T& item : items) ++next[Key::ByteOf(item, byte)];
    std::size_t first = 0;
    for (std::size_t& place : next) {
      const std::size_t count = place;
      place = first;
      first += count;
    }
    for (const T& item : items) scratch[next[Key::ByteOf(item, byte)]++] = item;
    items.swap(scratch);
  }
  const auto alike = [&](const T& a, const T& b) {
    return std::all_of(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(passes),
                       [&](std::size_t i) { return Key::ByteOf(a, i) == Key::ByteOf(b, i); });
  };
  for (auto first = items.begin(); first != items.end();) {
    auto last = first + 1;
    while (last != items.end() && alike(*first, *last)) ++last;
    if (last - first > 1) std::sort(first, last, &Key::Less);
    first = last;
  }
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_POLICY_RADIX_SORT_H_
