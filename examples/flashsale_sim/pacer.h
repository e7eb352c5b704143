#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_PACER_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_PACER_H_

#include <chrono>
#include <cstdint>

namespace flashsale::sim {

// When each call of an open loop is meant to be made: evenly spaced, whatever becomes of the calls
// before it.  Latencies that count from these instants show what a crowd would feel that does not
// wait for its turn to ask; counted from when a stalled caller got round to it, a stall would hide
// the calls that it kept from being made ("coordinated omission").
// Thread safety: any thread.
// Blocking: never.  Ownership: none.  Clock: none.
class Pacer {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  // `threads` share a rate of `per_second`; thread number `thread` makes every threads-th call.
  struct Share {
    std::uint64_t per_second = 1;
    std::uint32_t threads = 1;
    std::uint32_t thread = 0;
  };
  // REQUIRES: per_second >= 1, thread < threads.
  Pacer(Instant start, const Share& share) : start_(start), share_(share) {}

  // The instant of this thread's call number `call`, from 0.  Worked out from the start, so that no
  // rounding adds up.  REQUIRES: the schedule is shorter than a year.
  Instant At(std::uint64_t call) const {
    constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;
    const std::uint64_t of_all = call * share_.threads + share_.thread;
    const std::uint64_t seconds = of_all / share_.per_second;
    const std::uint64_t rest = of_all % share_.per_second * kNanosecondsPerSecond;
    return start_ + std::chrono::seconds(static_cast<std::int64_t>(seconds)) +
           std::chrono::nanoseconds(static_cast<std::int64_t>(rest / share_.per_second));
  }

 private:
  const Instant start_;
  const Share share_;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_PACER_H_
