#include "bench/machine_limits.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <new>
#include <numeric>
#include <utility>
#include <vector>

#include "bench/measurement.h"
#include "bench/random.h"

namespace flashsale::bench {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

}  // namespace

MachineLimits::MachineLimits(std::size_t bytes, std::uint64_t seed)
    : line_count_(static_cast<std::uint32_t>(std::max<std::size_t>(bytes / sizeof(Line), 2))),
      mapped_bytes_(line_count_ * sizeof(Line) + kHugePage),
      random_(Mix(seed)) {
  mapped_ = mmap(nullptr, mapped_bytes_, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped_ == MAP_FAILED) throw std::bad_alloc();
  void* aligned = mapped_;
  std::size_t space = mapped_bytes_;
  std::align(kHugePage, line_count_ * sizeof(Line), aligned, space);
  lines_ = static_cast<Line*>(aligned);
  if (line_count_ * sizeof(Line) >= kHugePage) {
    madvise(aligned, line_count_ * sizeof(Line), MADV_HUGEPAGE);
  }

  // A shuffle of the lines, read as the order of one cycle through all of them.
  std::vector<std::uint32_t> order(line_count_);
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  for (std::uint32_t i = line_count_ - 1; i > 0; --i) {
    std::swap(order[i], order[Reduce(Mix(random_++), i + 1)]);
  }
  for (std::uint32_t i = 0; i < line_count_; ++i) {
    lines_[order[i]].next = order[i + 1 == line_count_ ? 0 : i + 1];
  }
}

MachineLimits::~MachineLimits() { munmap(mapped_, mapped_bytes_); }

double MachineLimits::DependentLoad() {
  const std::uint64_t loads = std::clamp<std::uint64_t>(line_count_, 50'000, 400'000);
  const double taken = NanosecondsOf([&] {
    std::uint32_t line = position_;
    for (std::uint64_t i = 0; i < loads; ++i) line = lines_[line].next;
    position_ = line;
  });
  return taken / static_cast<double>(loads);
}

double MachineLimits::IndependentUpdate() {
  const std::uint64_t updates = std::clamp<std::uint64_t>(line_count_, 200'000, 2'000'000);
  const double taken = NanosecondsOf([&] {
    std::uint64_t counter = random_;
    for (std::uint64_t i = 0; i < updates; ++i)
      ++lines_[Reduce(Mix(counter++), line_count_)].updates;
    random_ = counter;
    Keep(lines_);
  });
  return taken / static_cast<double>(updates);
}

MachineLimits& LimitsOf(std::size_t bytes, std::uint64_t seed) {
  static std::map<std::pair<std::size_t, std::uint64_t>, MachineLimits> kept;
  return kept.try_emplace({bytes, seed}, bytes, seed).first->second;
}

double UncontendedCas(std::uint64_t swaps) {
  std::atomic<std::uint64_t> word{0};
  const double taken = NanosecondsOf([&] {
    std::uint64_t expected = 0;
    for (std::uint64_t i = 0; i < swaps; ++i) {
      word.compare_exchange_strong(expected, expected + 1, std::memory_order_acq_rel,
                                   std::memory_order_relaxed);
      ++expected;
    }
    Keep(word);
  });
  return taken / static_cast<double>(swaps);
}

}  // namespace flashsale::bench
