#include "tests/linearizability/interruption.h"

// Sanitizers keep signals back or make each call many thousand instructions long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FLASHSALE_TEST_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FLASHSALE_TEST_SANITIZED 1
#endif
#endif
#if defined(__x86_64__) && defined(__linux__) && !defined(FLASHSALE_TEST_SANITIZED)
#define FLASHSALE_TEST_CAN_INTERRUPT 1
#endif

#if defined(FLASHSALE_TEST_CAN_INTERRUPT)

#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <thread>

// Where the program's own code begins and ends: the linker says.
extern "C" const char __executable_start;  // NOLINT(bugprone-reserved-identifier)
extern "C" const char etext;

namespace flashsale {
namespace {

// The thread that intrudes, as the handler sees it.
struct Intruder {
  enum Stage : int { kWaits, kAsked, kDone };
  std::atomic<int> stage{kWaits};
  std::atomic<int> stat_file{-1};  // of its state, as the kernel tells it; -1: not running yet
};

// Of the one thread that is being stepped; the handler runs on it.
struct Stepping {
  bool on = false;
  bool previous_was_atomic = false;
  std::size_t place = 0;
  Interruption interruption;
  Intruder* intruder = nullptr;
};
Stepping stepping;

constexpr greg_t kTrapFlag = 0x100;

// Whether the instruction is an atomic read-modify-write: one with a lock prefix, or an exchange
// with memory, which needs none (Intel SDM volume 2, chapter 2 and XCHG).
bool IsAtomic(const unsigned char* code) {
  for (; *code == 0x66 || *code == 0xF2 || *code == 0xF3 || *code == 0x2E || *code == 0x3E;
       ++code) {
  }
  if (*code == 0xF0) return true;
  if ((*code & 0xF0) == 0x40) ++code;
  return (*code == 0x86 || *code == 0x87) && code[1] < 0xC0;
}

// Whether the kernel says that the thread sleeps, which it does only while it waits for a lock.
bool Sleeps(const Intruder& intruder) {
  char text[256];
  const ssize_t size =
      pread(intruder.stat_file.load(std::memory_order_acquire), text, sizeof(text) - 1, 0);
  if (size <= 0) return false;
  text[size] = '\0';
  const char* const name_end = std::strrchr(text, ')');
  return name_end != nullptr && name_end[1] == ' ' && name_end[2] == 'S';
}

// Async-signal-safe.
void LetIntrude(Intruder& intruder) {
  intruder.stage.store(Intruder::kAsked, std::memory_order_release);
  for (int looks = 1; intruder.stage.load(std::memory_order_acquire) != Intruder::kDone; ++looks) {
    if (looks % 4 == 0 && Sleeps(intruder)) return;
    sched_yield();
  }
}

// Whether the code is the program's own, with the library in it, and not the system's.
bool IsOurs(const unsigned char* code) {
  const auto address = reinterpret_cast<std::uintptr_t>(code);
  return address >= reinterpret_cast<std::uintptr_t>(&__executable_start) &&
         address < reinterpret_cast<std::uintptr_t>(&etext);
}

void OnTrap(int /*signal*/, siginfo_t* /*info*/, void* context) {
  const int saved_errno = errno;
  greg_t* const registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const auto* const code = reinterpret_cast<const unsigned char*>(registers[REG_RIP]);
  const bool next_is_atomic = IsOurs(code) && IsAtomic(code);
  const bool is_place = stepping.interruption.places == Interruption::Places::kEvery
                            ? IsOurs(code)
                            : stepping.previous_was_atomic || next_is_atomic;
  stepping.previous_was_atomic = next_is_atomic;
  if (stepping.on && is_place && ++stepping.place == stepping.interruption.at) {
    LetIntrude(*stepping.intruder);
    stepping.on = false;
  }
  if (stepping.on) {
    registers[REG_EFL] |= kTrapFlag;
  } else {
    registers[REG_EFL] &= ~kTrapFlag;
  }
  errno = saved_errno;
}

}  // namespace

bool CanInterrupt() { return true; }

bool RunInterrupted(const Interruption& interruption, const std::function<void()>& call,
                    const std::function<void()>& intrude) {
  struct sigaction action{};
  action.sa_sigaction = OnTrap;
  action.sa_flags = SA_SIGINFO;
  struct sigaction before{};
  sigaction(SIGTRAP, &action, &before);

  Intruder intruder;
  bool intruded = false;
  std::thread thread([&] {
    char path[64];
    std::snprintf(path, sizeof(path), "/proc/self/task/%ld/stat", syscall(SYS_gettid));
    intruder.stat_file.store(open(path, O_RDONLY | O_CLOEXEC), std::memory_order_release);
    // Never asleep but in a lock: see Sleeps.
    while (intruder.stage.load(std::memory_order_acquire) == Intruder::kWaits) sched_yield();
    if (intruder.stage.load(std::memory_order_acquire) == Intruder::kDone) return;
    intruded = true;
    intrude();
    intruder.stage.store(Intruder::kDone, std::memory_order_release);
  });
  while (intruder.stat_file.load(std::memory_order_acquire) < 0) sched_yield();

  stepping = {.on = true, .interruption = interruption, .intruder = &intruder};
  std::raise(SIGTRAP);  // the handler sets the trap flag
  call();
  stepping.on = false;

  int waits = Intruder::kWaits;
  intruder.stage.compare_exchange_strong(waits, Intruder::kDone, std::memory_order_acq_rel);
  thread.join();
  close(intruder.stat_file.load(std::memory_order_relaxed));
  sigaction(SIGTRAP, &before, nullptr);
  return intruded;
}

}  // namespace flashsale

#else

namespace flashsale {

bool CanInterrupt() { return false; }

bool RunInterrupted(const Interruption& /*interruption*/, const std::function<void()>& call,
                    const std::function<void()>& /*intrude*/) {
  call();
  return false;
}

}  // namespace flashsale

#endif
