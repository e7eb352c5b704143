#ifndef FLASHSALE_SRC_ENGINE_KEYED_HASH_H_
#define FLASHSALE_SRC_ENGINE_KEYED_HASH_H_

#include <array>
#include <cstdint>
#include <cstring>

namespace flashsale::inline v0::engine {

// A hash of 16 bytes under a secret key: shoppers choose ids, and must not be able to choose ones
// that collide.  Two rounds of folded multiplication (the full 128-bit product, halves xored).
// Thread safety: any thread.
class KeyedHash {
 public:
  explicit KeyedHash(std::uint64_t seed)
      : key0_(Fold(seed ^ kPi0, kPi1)), key1_(Fold(seed ^ kPi2, kPi3)) {}

  // `domain` keeps equal bytes of different kinds of keys apart.
  std::uint64_t operator()(const std::array<std::uint8_t, 16>& bytes,
                           std::uint64_t domain = 0) const {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::memcpy(&low, bytes.data(), sizeof(low));
    std::memcpy(&high, bytes.data() + sizeof(low), sizeof(high));
    const std::uint64_t mixed = Fold(low ^ key0_, high ^ key1_ ^ (domain * kPi1));
    return Fold(mixed ^ low ^ key1_, kPi3);
  }

 private:
  // Digits of the fraction of pi: numbers that nobody chose.
  static constexpr std::uint64_t kPi0 = 0x243F6A8885A308D3;
  static constexpr std::uint64_t kPi1 = 0x13198A2E03707345;
  static constexpr std::uint64_t kPi2 = 0xA4093822299F31D0;
  static constexpr std::uint64_t kPi3 = 0x082EFA98EC4E6C89;

  static std::uint64_t Fold(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = Wide{a} * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

  std::uint64_t key0_;
  std::uint64_t key1_;
};

}  // namespace flashsale::inline v0::engine

#endif  // FLASHSALE_SRC_ENGINE_KEYED_HASH_H_
