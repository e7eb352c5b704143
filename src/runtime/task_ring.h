#ifndef FLASHSALE_SRC_RUNTIME_TASK_RING_H_
#define FLASHSALE_SRC_RUNTIME_TASK_RING_H_

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace flashsale::inline v0 {

// A bounded first-in-first-out queue of tasks.  Its memory is there from the beginning, so that
// neither Push nor Pop throws.
// Thread safety: as an int.
class TaskRing {
 public:
  explicit TaskRing(std::size_t capacity) : tasks_(capacity) {}

  // REQUIRES: !full().
  void Push(std::function<void()>&& task) {
    std::size_t place = first_ + size_;
    if (place >= tasks_.size()) place -= tasks_.size();
    tasks_[place] = std::move(task);
    ++size_;
  }

  // REQUIRES: !empty().
  std::function<void()> Pop() {
    // Exchanged, because a function that was moved from may still hold what it captured.
    std::function<void()> task = std::exchange(tasks_[first_], nullptr);
    if (++first_ == tasks_.size()) first_ = 0;
    --size_;
    return task;
  }

  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == tasks_.size(); }
  std::size_t size() const { return size_; }

 private:
  std::vector<std::function<void()>> tasks_;
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

// Calls what a host gave us; true unless it threw.
template <typename Call>
bool RunsWithoutThrowing(const Call& call) noexcept {
  try {
    call();
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_RUNTIME_TASK_RING_H_
