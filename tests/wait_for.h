#ifndef FLASHSALE_TESTS_WAIT_FOR_H_
#define FLASHSALE_TESTS_WAIT_FOR_H_

#include <algorithm>
#include <chrono>
#include <thread>

namespace flashsale {

// Waits for what another thread is about to do; false where it does not within a minute.  A machine
// that stands still meanwhile, and whose clock does not, is no reason to give up.
template <typename Condition>
bool WaitFor(Condition holds) {
  std::chrono::nanoseconds waited{0};
  auto last = std::chrono::steady_clock::now();
  while (!holds()) {
    if (waited > std::chrono::minutes{1}) return false;
    std::this_thread::yield();
    const auto now = std::chrono::steady_clock::now();
    waited += std::min<std::chrono::nanoseconds>(now - last, std::chrono::seconds{1});
    last = now;
  }
  return true;
}

}  // namespace flashsale

#endif  // FLASHSALE_TESTS_WAIT_FOR_H_
