#ifndef FLASHSALE_RUNTIME_AWAITABLE_H_
#define FLASHSALE_RUNTIME_AWAITABLE_H_

#include <atomic>
#include <cassert>
#include <coroutine>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "flashsale/base/outcome.h"
#include "flashsale/base/status.h"
#include "flashsale/runtime/completion.h"
#include "flashsale/runtime/lane.h"

namespace flashsale::inline v0 {

// An answer, awaited by a coroutine; made by CallLane and by AsyncFlashSaleService.
//
// `Begin` starts the call when it is awaited: given a Completion<Answer>&, it returns the answer
// where there is one at once, else nothing, and the completion hears it.
//
// The coroutine goes on where completions run, i.e. on their executor; at once, without suspending,
// where it is answered at once.
//
// A coroutine that is destroyed while it waits is forgotten: nothing of it is touched any more.
// The command may be applied all the same; whoever gives up a hold sends a cancel.
// REQUIRES: it is not destroyed while the answer is resuming it, i.e. on the executor's thread, or
// after what answers was drained.
template <typename Answer, typename Begin>
class [[nodiscard]] Awaitable {
 public:
  explicit Awaitable(Begin begin) : begin_(std::move(begin)) {}
  ~Awaitable() {
    if (wait_ != nullptr) wait_->Abandon();
  }
  Awaitable(const Awaitable&) = delete;
  Awaitable& operator=(const Awaitable&) = delete;

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> waiting) {
    auto* const wait = new (std::nothrow) Wait(*this, waiting);
    if (wait == nullptr) {
      answer_ = Status(StatusCode::kResourceExhausted, std::string());
      return false;
    }
    wait_ = wait;
    std::optional<Result<Answer>> at_once = begin_(*wait);
    // Accepted: from here on the coroutine may be running, or gone.
    if (!at_once.has_value()) return true;
    wait_ = nullptr;
    wait->Discard();
    answer_ = *std::move(at_once);
    return false;
  }
  Result<Answer> await_resume() { return std::move(answer_); }

 private:
  // What is held of a coroutine that waits.
  class Wait final : public Completion<Answer> {
   public:
    Wait(Awaitable& owner, std::coroutine_handle<> waiting) : owner_(owner), waiting_(waiting) {}

    void Complete(const Result<Answer>& answer) override {
      // Acquire-release: either what the coroutine wrote before it waited is seen, or that it is
      // gone.
      if (state_.exchange(kAnswered, std::memory_order_acq_rel) == kAbandoned) {
        delete this;
        return;
      }
      owner_.answer_ = answer;
      owner_.wait_ = nullptr;
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

    // Nobody was told of it.
    void Discard() { delete this; }

   protected:
    ~Wait() = default;

   private:
    static constexpr std::uint8_t kWaiting = 0;
    static constexpr std::uint8_t kAnswered = 1;
    static constexpr std::uint8_t kAbandoned = 2;

    Awaitable& owner_;
    const std::coroutine_handle<> waiting_;
    std::atomic<std::uint8_t> state_{kWaiting};
  };

  Begin begin_;
  // Shared by the coroutine and whoever answers, because either may be the first to go.
  Wait* wait_ = nullptr;
  Result<Answer> answer_ = Answer{};
};

// Awaitable<Answer>(begin), whose second parameter nobody wants to name.
template <typename Answer, typename Begin>
Awaitable<Answer, Begin> Await(Begin begin) {
  return Awaitable<Answer, Begin>(std::move(begin));
}

// co_await CallLane(lane, {.sale = …, .command = …}): the answer as Lane::Submit gives it or its
// completion hears it, a refusal (Overloaded) included.
inline auto CallLane(Lane& lane, const LaneCall& call) {
  return Await<Outcome>(
      [&lane, call](LaneCompletion& completion) -> std::optional<Result<Outcome>> {
        return lane.Submit(call, completion);
      });
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_RUNTIME_AWAITABLE_H_
