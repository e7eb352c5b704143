#include "tests/linearizability/preemption.h"

#include <doctest/doctest.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>

namespace flashsale {
namespace {

// What the handler needs: plain data only.
struct ThreadState {
  timer_t timer{};
  std::uint64_t random = 0;
  volatile std::sig_atomic_t on = 0;
};
thread_local ThreadState state;

// One shot, one to sixteen microseconds from now.  Async-signal-safe.
void Arm() {
  state.random ^= state.random << 13;  // xorshift64, G. Marsaglia 2003
  state.random ^= state.random >> 7;
  state.random ^= state.random << 17;
  itimerspec when{};
  when.it_value.tv_nsec = 1'000 + static_cast<long>(state.random & 0x3fff);
  timer_settime(state.timer, 0, &when, nullptr);
}

void OnSignal(int /*signal*/) {
  if (state.on == 0) return;
  const int saved_errno = errno;
  sched_yield();
  Arm();
  errno = saved_errno;
}

}  // namespace

Preemption::Preemption(std::uint64_t seed) {
  struct sigaction action{};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGURG, &action, nullptr);  // a signal that is ignored where nobody handles it

  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGURG;
#ifdef sigev_notify_thread_id
  event.sigev_notify_thread_id = static_cast<pid_t>(syscall(SYS_gettid));
#else
  event._sigev_un._tid = static_cast<pid_t>(syscall(SYS_gettid));
#endif
  REQUIRE(timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0);
  state.timer = timer_;
  state.random = seed * 2 + 1;
  state.on = 1;
  Arm();
}

Preemption::~Preemption() {
  state.on = 0;
  timer_delete(timer_);
}

}  // namespace flashsale
