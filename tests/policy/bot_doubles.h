#ifndef FLASHSALE_TESTS_POLICY_BOT_DOUBLES_H_
#define FLASHSALE_TESTS_POLICY_BOT_DOUBLES_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "flashsale/base/executor.h"
#include "flashsale/policy/bot_detector.h"

namespace flashsale {

inline constexpr Time kBotStart = kMinTime + std::chrono::hours{400'000};

// A query and what its views show.
struct Visitor {
  SaleId sale = "drop";
  UserId user = UserId::FromInteger(1);
  GuardedAction action = GuardedAction::kReserve;
  RequestContext context = {};

  BotQuery query() const {
    return {.sale = sale, .user = user, .action = action, .context = context};
  }
};

// A detector that does what it is told, and remembers what it was asked for as long as it is told
// to answer later.
class ScriptedDetector final : public BotDetector {
 public:
  using Answer =
      std::function<std::optional<BotScore>(const BotQuery&, const std::shared_ptr<BotScoreSink>&)>;

  ScriptedDetector(DetectorCost cost, Answer answer, std::string name)
      : cost_(cost), answer_(std::move(answer)), name_(std::move(name)) {}
  ScriptedDetector(DetectorCost cost, std::uint8_t score, BotReason reason = BotReason::kHostRule)
      : ScriptedDetector(cost, [=](const BotQuery&, const auto&) {
          return std::optional(BotScore{.score = score, .reason = reason});
        }) {}
  ScriptedDetector(DetectorCost cost, Answer answer)
      : ScriptedDetector(cost, std::move(answer), NextName()) {}

  std::string_view name() const override { return name_; }
  DetectorCost cost() const override { return cost_; }
  std::optional<BotScore> Score(const BotQuery& query, const DetectorProbe& /*probe*/, Time /*now*/,
                                const std::shared_ptr<BotScoreSink>& later) override {
    ++asked_;
    return answer_(query, later);
  }

  int asked() const { return asked_; }

 private:
  // One of its own: a chain takes no two of one name.
  static std::string NextName() {
    static std::atomic<int> last = 0;
    return "scripted-" + std::to_string(++last);
  }

  const DetectorCost cost_;
  const Answer answer_;
  const std::string name_;
  std::atomic<int> asked_ = 0;
};

// A remote detector whose answers wait until the test gives them.
class PatientDetector final : public BotDetector {
 public:
  explicit PatientDetector(std::string name = "patient") : name_(std::move(name)) {}

  std::string_view name() const override { return name_; }
  DetectorCost cost() const override { return DetectorCost::kRemote; }
  std::optional<BotScore> Score(const BotQuery& query, const DetectorProbe& /*probe*/, Time /*now*/,
                                const std::shared_ptr<BotScoreSink>& later) override {
    const std::lock_guard lock(mutex_);
    tokens_.emplace_back(query.context.challenge_token);
    sinks_.push_back(later);
    return std::nullopt;
  }

  std::size_t open() const {
    const std::lock_guard lock(mutex_);
    return sinks_.size();
  }
  std::string token(std::size_t i) const {
    const std::lock_guard lock(mutex_);
    return tokens_[i];
  }
  // The oldest sink; the test's to answer, keep or drop.
  std::shared_ptr<BotScoreSink> TakeSink() {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<BotScoreSink> sink = std::move(sinks_.front());
    sinks_.pop_front();
    return sink;
  }

 private:
  const std::string name_;
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<BotScoreSink>> sinks_;
  std::vector<std::string> tokens_;
};

// An executor whose tasks run when the test says so.
class ManualExecutor final : public Executor {
 public:
  bool Post(std::function<void()> task) override {
    if (full) return false;
    tasks_.push_back(std::move(task));
    return true;
  }
  std::size_t waiting() const { return tasks_.size(); }
  void RunOne() {
    const std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
  }

  bool full = false;

 private:
  std::deque<std::function<void()>> tasks_;
};

// An executor that runs everything at once, on the thread that posts.
class InlineExecutor final : public Executor {
 public:
  bool Post(std::function<void()> task) override {
    task();
    return true;
  }
};

// An executor with threads; joins them when it goes, after all tasks have run.
class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(std::size_t threads) {
    for (std::size_t i = 0; i < threads; ++i) {
      threads_.emplace_back([this] { Work(); });
    }
  }
  ~ThreadExecutor() override {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  bool Post(std::function<void()> task) override {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    changed_.notify_one();
    return true;
  }

 private:
  void Work() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stopped_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      {
        const std::function<void()> task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
      }
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

// A gate that a blocked detector stands before until the test opens it.
class Latch {
 public:
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

// Takes the time limit for what it is; for tests in which it must not end.
inline constexpr Duration kAges = std::chrono::minutes{1};

}  // namespace flashsale

#endif  // FLASHSALE_TESTS_POLICY_BOT_DOUBLES_H_
