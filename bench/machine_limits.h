#ifndef FLASHSALE_BENCH_MACHINE_LIMITS_H_
#define FLASHSALE_BENCH_MACHINE_LIMITS_H_

#include <cstddef>
#include <cstdint>
#include <memory>

namespace flashsale::bench {

// What the machine itself needs for the least that a call can do: touch one line of memory of a
// given footprint at random.  The memory lies in huge pages where the engine's would.
// Thread safety: Next from any thread; the rest as an int.  Ownership: of the memory.
class MachineLimits {
 public:
  // Lines of 64 bytes in `bytes`, linked into one random cycle, all of them resident.
  MachineLimits(std::size_t bytes, std::uint64_t seed);
  ~MachineLimits();
  MachineLimits(const MachineLimits&) = delete;
  MachineLimits& operator=(const MachineLimits&) = delete;

  // Nanoseconds of one load whose address is what the load before it gave.
  double DependentLoad();
  // Nanoseconds of one read-modify-write of a random line; the addresses are known beforehand.
  double IndependentUpdate();

  // The line that the cycle goes on to from `line`: one dependent load.
  std::uint32_t Next(std::uint32_t line) const { return lines_[line].next; }
  std::uint32_t line_count() const { return line_count_; }
  std::size_t bytes() const { return line_count_ * sizeof(Line); }

 private:
  struct alignas(64) Line {
    std::uint32_t next;
    std::uint32_t updates;
  };

  Line* lines_ = nullptr;
  std::uint32_t line_count_ = 0;
  std::size_t mapped_bytes_ = 0;
  void* mapped_ = nullptr;
  std::uint32_t position_ = 0;
  std::uint64_t random_;
};

// Kept for later questions about the same footprint: to link gigabytes takes seconds.
MachineLimits& LimitsOf(std::size_t bytes, std::uint64_t seed);

// Nanoseconds of one compare-and-swap of a word that no other thread wants.
double UncontendedCas(std::uint64_t swaps);

}  // namespace flashsale::bench

#endif  // FLASHSALE_BENCH_MACHINE_LIMITS_H_
