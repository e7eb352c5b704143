#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_SHARED_ANSWERS_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_SHARED_ANSWERS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "examples/flashsale_sim/answers.h"
#include "flashsale/base/outcome.h"

namespace flashsale::sim {

// Answers that one thread counts while another looks on.  Counting costs what it costs in Answers:
// nobody else writes, so no operation has to be a locked one.
// Thread safety: Count on one thread, Read on any.
// Blocking: never.
class SharedAnswers {
 public:
  void Count(Operation operation, Code code) {
    std::atomic<std::uint64_t>& count =
        rows_[static_cast<std::size_t>(operation)][static_cast<std::size_t>(code)];
    // Relaxed, as in Read: each is a number of its own, with nothing behind it.
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  // Each count as it is; together of no one instant while somebody counts.
  Answers Read() const {
    Answers answers;
    for (std::size_t i = 0; i < kOperations; ++i) {
      for (std::size_t code = 0; code < Answers::kCodes; ++code) {
        answers.Count(static_cast<Operation>(i), static_cast<Code>(code),
                      rows_[i][code].load(std::memory_order_relaxed));
      }
    }
    return answers;
  }

 private:
  std::array<std::array<std::atomic<std::uint64_t>, Answers::kCodes>, kOperations> rows_{};
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_SHARED_ANSWERS_H_
