#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_ID_HASH_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_ID_HASH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace flashsale::sim {

// Hashes the 16 bytes of an id for the simulator's own maps, whose ids nobody chooses to collide.
inline std::size_t HashId(const std::array<std::uint8_t, 16>& bytes) {
  std::array<std::uint64_t, 2> halves;
  std::memcpy(halves.data(), bytes.data(), sizeof(halves));
  // Ids made from integers differ in their last bytes only, so every bit must reach every other.
  std::uint64_t hash = halves[0] * 0x9E3779B97F4A7C15 ^ halves[1];
  hash = (hash ^ (hash >> 32)) * 0xD6E8FEB86659FD93;
  hash = (hash ^ (hash >> 32)) * 0xD6E8FEB86659FD93;
  return static_cast<std::size_t>(hash ^ (hash >> 32));
}

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_ID_HASH_H_
