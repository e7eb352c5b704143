#ifndef FLASHSALE_TESTS_SERVICE_TEST_EXECUTORS_H_
#define FLASHSALE_TESTS_SERVICE_TEST_EXECUTORS_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "flashsale/base/executor.h"
#include "tests/wait_for.h"

namespace flashsale::service_test {

// Runs a task before Post returns.
class InlineExecutor final : public Executor {
 public:
  bool Post(std::function<void()> task) override {
    task();
    return true;
  }
};

// Keeps tasks until the test runs or drops them; takes `room` at most.
class QueueExecutor final : public Executor {
 public:
  explicit QueueExecutor(std::size_t room = 1'000'000) : room_(room) {}

  bool Post(std::function<void()> task) override {
    const std::lock_guard lock(mutex_);
    if (tasks_.size() >= room_) return false;
    tasks_.push_back(std::move(task));
    return true;
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return tasks_.size();
  }
  void set_room(std::size_t room) {
    const std::lock_guard lock(mutex_);
    room_ = room;
  }

  bool RunOne() {
    std::function<void()> task;
    {
      const std::lock_guard lock(mutex_);
      if (tasks_.empty()) return false;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
    return true;
  }
  std::size_t RunAll() {
    std::size_t count = 0;
    while (RunOne()) ++count;
    return count;
  }
  void DropAll() {
    std::deque<std::function<void()>> dropped;
    const std::lock_guard lock(mutex_);
    dropped.swap(tasks_);
  }

 private:
  mutable std::mutex mutex_;
  std::deque<std::function<void()>> tasks_;
  std::size_t room_;
};

// One thread that runs tasks in order; the destructor runs those that are left.
class ThreadExecutor final : public Executor {
 public:
  ThreadExecutor() : thread_([this] { Run(); }) {}
  ~ThreadExecutor() override {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  ThreadExecutor(const ThreadExecutor&) = delete;
  ThreadExecutor& operator=(const ThreadExecutor&) = delete;

  bool Post(std::function<void()> task) override {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    changed_.notify_all();
    return true;
  }

 private:
  void Run() {
    for (;;) {
      std::function<void()> task;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return ended_ || !tasks_.empty(); });
        if (tasks_.empty()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace flashsale::service_test

#endif  // FLASHSALE_TESTS_SERVICE_TEST_EXECUTORS_H_
