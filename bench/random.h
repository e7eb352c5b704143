#ifndef FLASHSALE_BENCH_RANDOM_H_
#define FLASHSALE_BENCH_RANDOM_H_

#include <cstdint>
#include <numeric>

namespace flashsale::bench {

// The output function of SplitMix64 (G. Steele, D. Lea, C. Flood, Fast splittable pseudorandom
// number generators, 2014): a bijection that leaves no trace of the order of its arguments.
constexpr std::uint64_t Mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

// A number below `bound` out of 64 random bits (D. Lemire's reduction, 2019).
constexpr std::uint64_t Reduce(std::uint64_t random, std::uint64_t bound) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((Wide{random} * bound) >> 64);
}

// The numbers below `count`, each once, in strides of the golden section: neighbours in this order
// are far apart, and no table of the order has to be kept in the caches that are being measured.
class ScatteredOrder {
 public:
  explicit ScatteredOrder(std::uint64_t count)
      : count_(count),
        stride_(static_cast<std::uint64_t>(static_cast<double>(count) * 0.6180339887)) {
    while (std::gcd(stride_, count_) != 1) ++stride_;
  }

  // The i-th.  REQUIRES: i < count <= 2^32.
  std::uint64_t operator[](std::uint64_t i) const { return i * stride_ % count_; }

 private:
  std::uint64_t count_;
  std::uint64_t stride_;
};

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_RANDOM_H_
