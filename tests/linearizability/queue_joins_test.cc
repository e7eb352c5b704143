// Joins of one user that meet in the middle of a call.
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <optional>
#include <thread>
#include <vector>

#include "flashsale/backend/memory.h"
#include "flashsale/service/flash_sale_service.h"
#include "flashsale/testing/simulated_clock.h"
#include "testing/meeting_point.h"
#include "tests/linearizability/preemption.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

TEST_CASE("who comes, by all ways at once, again and again, has one ticket each time") {
  constexpr std::size_t kThreads = 4;
  constexpr std::uint64_t kRounds = 500;
  // Who is joined by all threads between two meetings.
  constexpr std::uint64_t kUsers = 64;
  const auto storage = *OpenMemoryStorage({.hash_seed = 1});
  QueueRepository& queues = storage->queue();
  SimulatedClock clock(kMinTime + 1'000h);
  const auto service =
      *FlashSaleService::New({.storage = *storage, .clock = &clock, .rate_limits = std::nullopt});
  REQUIRE(service
              ->Create({.id = "drop",
                        .lines = {{.product = "thing", .units = 10}},
                        .start = clock.Now() + 1h,
                        .end = clock.Now() + 2h,
                        .requires_admission = true})
              ->code == Code::kDone);
  MeetingPoint meeting(kThreads);
  std::array<std::uint64_t, kThreads> given{};
  std::uint64_t wrong = 0;
  const auto work = [&](std::size_t thread) {
    const Preemption preemption(thread + 1);
    for (std::uint64_t round = 0; round < kRounds; ++round) {
      meeting.Meet();
      for (std::uint64_t i = 0; i < kUsers; ++i) {
        const UserId user = UserId::FromInteger(round * kUsers + i);
        if ((thread + i) % 2 == 0) {
          const auto place = service->Join({.sale = "drop", .user = user});
          if (place.ok() && place->outcome.code == Code::kDone) ++given[thread];
        } else {
          const QueueCommand join{.verb = QueueVerb::kJoin, .user = user};
          QueueAnswer answer;
          const Status status = queues.Apply("drop", clock.Now(), {&join, 1}, {&answer, 1});
          if (status.ok() && answer.code == Code::kDone) ++given[thread];
        }
      }
      meeting.Meet();
      if (thread != 0) continue;
      const QueueState state = *queues.Read("drop", clock.Now());
      if (state.joined != (round + 1) * kUsers || state.waiting[0] != kUsers) ++wrong;
      for (std::uint64_t i = 0; i < kUsers; ++i) {
        const auto left = service->Leave("drop", UserId::FromInteger(round * kUsers + i));
        if (left->code != Code::kDone) ++wrong;
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (std::size_t thread = 0; thread < kThreads; ++thread) threads.emplace_back(work, thread);
  }
  CHECK(wrong == 0);
  CHECK(std::accumulate(given.begin(), given.end(), std::uint64_t{0}) == kRounds * kUsers);
  CHECK(queues.Read("drop", clock.Now())->waiting[0] == 0);
}

}  // namespace
}  // namespace flashsale
