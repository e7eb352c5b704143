#include "flashsale/runtime/awaitable.h"

#include <atomic>
#include <cassert>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <utility>

namespace flashsale::inline v0 {

// What the lane holds of a coroutine that waits.
class LaneAwaitable::Wait final : public LaneCompletion {
 public:
  Wait(LaneAwaitable& owner, std::coroutine_handle<> waiting) : owner_(&owner), waiting_(waiting) {}

  void Complete(const Result<Outcome>& answer) override {
    // Acquire-release: either what the coroutine wrote before it waited is seen, or that it is
    // gone.
    if (state_.exchange(kAnswered, std::memory_order_acq_rel) == kAbandoned) {
      delete this;
      return;
    }
    owner_->answer_ = answer;
    owner_->wait_ = nullptr;
    const std::coroutine_handle<> waiting = waiting_;
    delete this;
    waiting.resume();
  }

  // The coroutine is being destroyed.
  void Abandon() {
    const std::uint8_t state = state_.exchange(kAbandoned, std::memory_order_acq_rel);
    assert(state == kWaiting && "a coroutine was destroyed while its answer was resuming it");
    static_cast<void>(state);
  }

  // The lane never heard of it.
  void Discard() { delete this; }

 protected:
  ~Wait() = default;

 private:
  static constexpr std::uint8_t kWaiting = 0;
  static constexpr std::uint8_t kAnswered = 1;
  static constexpr std::uint8_t kAbandoned = 2;

  LaneAwaitable* const owner_;
  const std::coroutine_handle<> waiting_;
  std::atomic<std::uint8_t> state_{kWaiting};
};

LaneAwaitable::LaneAwaitable(Lane& lane, const LaneCall& call) : lane_(lane), call_(call) {}

LaneAwaitable::~LaneAwaitable() {
  if (wait_ != nullptr) wait_->Abandon();
}

bool LaneAwaitable::await_suspend(std::coroutine_handle<> waiting) {
  auto* const wait = new (std::nothrow) Wait(*this, waiting);
  if (wait == nullptr) {
    answer_ = Status(StatusCode::kResourceExhausted, std::string());
    return false;
  }
  wait_ = wait;
  const std::optional<Outcome> refusal = lane_.Submit(call_, *wait);
  // Accepted: from here on the coroutine may be running, or gone.
  if (!refusal.has_value()) return true;
  wait_ = nullptr;
  wait->Discard();
  answer_ = *refusal;
  return false;
}

Result<Outcome> LaneAwaitable::await_resume() { return std::move(answer_); }

}  // namespace flashsale::inline v0
