#include "base/epoch_gate.h"

#include <doctest/doctest.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <thread>

#include "tests/hard_cases/crowd.h"

namespace flashsale {
namespace {

TEST_CASE("with nobody inside there is nothing to wait for") {
  EpochGate gate;
  for (int i = 0; i < 10; ++i) {
    gate.Synchronize();
    const EpochGate::Visit visit(gate);
    const EpochGate::Visit nested(gate);
  }
  gate.Synchronize();
}

TEST_CASE("who began before the call is waited for, who began after it is not") {
  EpochGate gate;
  std::optional<EpochGate::Visit> before(std::in_place, gate);
  std::atomic<bool> waiting = false;
  std::atomic<bool> passed = false;
  std::jthread writer([&] {
    waiting = true;
    gate.Synchronize();
    passed = true;
  });
  while (!waiting) std::this_thread::yield();
  for (int i = 0; i < 1'000; ++i) {
    std::this_thread::yield();
    CHECK_FALSE(passed);
  }
  before.reset();
  writer.join();
  CHECK(passed);
}

// What a visitor found must be whole until the visitor has left.  The state is no atomic: where the
// gate lets a writer through too early, ThreadSanitizer sees the race and the visitor the wreck.
TEST_CASE("nothing is torn down while a visitor looks at it") {
  struct Shown {
    int whole = 1;
  };
  constexpr std::size_t kVisitors = 3;
  constexpr std::size_t kWriters = 2;
  EpochGate gate;
  std::atomic<Shown*> shown{new Shown};
  std::atomic<std::size_t> writing = kWriters;
  std::atomic<int> wrecks = 0;
  AtOnce(kVisitors + kWriters, [&](std::size_t thread) {
    if (thread < kWriters) {
      for (int i = 0; i < Rounds(20'000); ++i) {
        const std::unique_ptr<Shown> old(shown.exchange(new Shown));
        gate.Synchronize();
        old->whole = 0;
      }
      --writing;
      return;
    }
    while (writing != 0) {
      const EpochGate::Visit visit(gate);
      const Shown* const seen = shown.load();
      std::this_thread::yield();
      if (seen->whole != 1) ++wrecks;
    }
  });
  CHECK(wrecks == 0);
  delete shown.load();
}

}  // namespace
}  // namespace flashsale
