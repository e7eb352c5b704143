#include "flashsale/runtime/inline_executor.h"

#include "runtime/task_ring.h"

namespace flashsale::inline v0 {

bool InlineExecutor::Post(std::function<void()> task) {
  // Relaxed here and below: a count that orders nothing.
  if (!RunsWithoutThrowing(task)) exceptions_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

std::uint64_t InlineExecutor::exceptions() const {
  return exceptions_.load(std::memory_order_relaxed);
}

}  // namespace flashsale::inline v0
