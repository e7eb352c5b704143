#include "flashsale/runtime/runner.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "runtime/condition.h"

namespace flashsale::inline v0 {
namespace {

class KernelSleeper final : public Sleeper {
 public:
  explicit KernelSleeper(Clock& clock) : clock_(clock) {}

  void SleepUntil(Time until) override {
    constexpr Duration kLongest = std::chrono::minutes{1};
    const MutexLock lock(mutex_);
    const Time now = clock_.Now();
    if (!woken_ && until > now) woken_or_late_.WaitFor(mutex_, std::min(until - now, kLongest));
    woken_ = false;
  }

  void Wake() override {
    {
      const MutexLock lock(mutex_);
      woken_ = true;
    }
    woken_or_late_.NotifyAll();
  }

 private:
  Clock& clock_;
  Mutex mutex_;
  Condition woken_or_late_;
  bool woken_ FLASHSALE_GUARDED_BY(mutex_) = false;
};

}  // namespace

std::unique_ptr<Sleeper> NewSleeper(Clock& clock) { return std::make_unique<KernelSleeper>(clock); }

struct Runner::State {
  State(Clock& time, std::unique_ptr<PollSchedule> polls, Sleeper* given)
      : clock(time),
        schedule(std::move(polls)),
        own_sleeper(given == nullptr ? NewSleeper(time) : nullptr),
        sleeper(given == nullptr ? *own_sleeper : *given) {}

  void Work() {
    while (!stopping.load(std::memory_order_acquire)) {
      // Acquire pairs with Wake: what happened before it is seen by the functions.
      const bool all = woken.exchange(false, std::memory_order_acquire);
      const Time now = clock.Now();
      const Time next = all ? schedule->RunAll(now) : schedule->RunDue(now);
      exceptions.store(schedule->exceptions(), std::memory_order_relaxed);
      // A Wake since the exchange is still to be answered by the sleeper.
      sleeper.SleepUntil(next);
    }
  }

  Clock& clock;
  const std::unique_ptr<PollSchedule> schedule;
  const std::unique_ptr<Sleeper> own_sleeper;
  Sleeper& sleeper;
  std::atomic<bool> stopping{false};
  std::atomic<bool> woken{false};
  std::atomic<std::uint64_t> exceptions{0};
  std::thread thread;
};

Result<std::unique_ptr<Runner>> Runner::New(Clock& clock, std::vector<PollFunction> polls,
                                            const PollScheduleOptions& options, Sleeper* sleeper) {
  auto schedule = PollSchedule::New(std::move(polls), options);
  if (!schedule.ok()) return schedule.status();
  std::unique_ptr<Runner> runner(
      new Runner(std::make_unique<State>(clock, std::move(*schedule), sleeper)));
  try {
    runner->state_->thread = std::thread([state = runner->state_.get()] { state->Work(); });
  } catch (const std::system_error& error) {
    return Status(StatusCode::kResourceExhausted, error.what());
  }
  return runner;
}

Runner::Runner(std::unique_ptr<State> state) : state_(std::move(state)) {}

Runner::~Runner() {
  // Release, here and in Wake, pairs with the acquire in Work.
  state_->stopping.store(true, std::memory_order_release);
  state_->sleeper.Wake();
  if (state_->thread.joinable()) state_->thread.join();
}

void Runner::Wake() {
  state_->woken.store(true, std::memory_order_release);
  state_->sleeper.Wake();
}

std::uint64_t Runner::exceptions() const {
  return state_->exceptions.load(std::memory_order_relaxed);
}

}  // namespace flashsale::inline v0
