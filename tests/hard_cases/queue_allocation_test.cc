#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "flashsale/backend/memory.h"
#include "flashsale/testing/allocation_failure.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

constexpr Time kNow = kMinTime + 400'000h;
constexpr std::uint64_t kUsers = 5'000;

QueueTerms Terms() {
  return {.sale = "sale",
          .pace = {.admissions_per_second = 10'000'000, .max_in_flight = 1'000'000},
          .heartbeat_timeout = 1h,
          .tiers = 2,
          .opens = {kNow + 1h, kNow + 1h}};
}

// A queue whose every call is made again until memory suffices; each time one allocation later
// fails.
class Queue {
 public:
  Queue() : storage_(std::move(OpenMemoryStorage({.hash_seed = 1}).value())) {}

  // How often a call failed for want of memory.
  std::uint64_t failures() const { return failures_; }
  QueueRepository& queues() { return storage_->queue(); }
  QueueState Read() { return queues().Read("sale", kNow).value(); }

  // `call` returns a status.  After one that failed the queue must be as before.
  template <typename Call>
  void Insist(const Call& call, bool may_be_in_part = false) {
    for (std::uint64_t index = 0;; ++index) {
      const Result<QueueState> before = queues().Read("sale", kNow);
      Status status;
      bool failed = false;
      {
        const AllocationFailure failure(index);
        status = call();
        failed = failure.happened();
      }
      if (status.ok()) {
        // Once it is done without a failure no later allocation is left.
        if (!failed) return;
        continue;
      }
      ++failures_;
      REQUIRE(status.code() == StatusCode::kResourceExhausted);
      REQUIRE(index < 1'000);
      if (may_be_in_part || !before.ok()) continue;
      const QueueState after = Read();
      REQUIRE(after.revision == before->revision);
      REQUIRE(after.stages == before->stages);
      REQUIRE(after.joined == before->joined);
      REQUIRE(after.waiting == before->waiting);
      REQUIRE(after.in_flight == before->in_flight);
    }
  }

  QueueAnswer Look(std::uint64_t user) {
    const QueueCommand look{.user = UserId::FromInteger(user)};
    QueueAnswer answer;
    REQUIRE(queues().Apply("sale", kNow, {&look, 1}, {&answer, 1}).ok());
    return answer;
  }

 private:
  const std::unique_ptr<Storage> storage_;
  std::uint64_t failures_ = 0;
};

template <typename T>
Status StatusOf(const Result<T>& result) {
  return result.ok() ? Status() : result.status();
}

TEST_CASE("a queue whose memory runs out at any allocation refuses, keeps its state and goes on") {
  Queue queue;
  QueueRepository& queues = queue.queues();
  queue.Insist([&] { return StatusOf(queues.Open(Terms(), kNow)); });

  for (std::uint64_t user = 1; user <= kUsers; ++user) {
    const QueueCommand join{.verb = QueueVerb::kJoin,
                            .tier = static_cast<std::uint8_t>(user % 2),
                            .user = UserId::FromInteger(user)};
    QueueAnswer answer;
    queue.Insist([&] { return queues.Apply("sale", kNow, {&join, 1}, {&answer, 1}); });
    REQUIRE(answer.entry.ticket == user);
  }
  CHECK(queue.failures() > 10);
  CHECK(queue.Read().joined == kUsers);

  const std::uint64_t after_joins = queue.failures();
  queue.Insist([&] { return queues.Freeze("sale", kNow, 0); });
  std::vector<Entrant> entrants(kUsers);
  Result<std::size_t> count{std::size_t{0}};
  queue.Insist([&] {
    count = queues.ReadEntrants("sale", 0, 0, entrants);
    return StatusOf(count);
  });
  REQUIRE(*count == kUsers / 2);
  std::vector<std::uint64_t> tickets;
  for (std::size_t i = *count; i > 0; --i) tickets.push_back(entrants[i - 1].ticket);
  queue.Insist([&] { return queues.Arrange("sale", {.tickets = tickets}); });
  queue.Insist([&] {
    Status begun = queues.Begin("sale", kNow, 0);
    // Places are as they were while it failed.
    if (!begun.ok()) REQUIRE(queue.Look(entrants[7].ticket).ahead == 7);
    return begun;
  });
  CHECK(queue.failures() > after_joins + 3);
  CHECK(queue.Look(tickets[100]).ahead == 100);
  CHECK(queue.Look(1).ahead == 0);

  // To let people in may stop in the middle: who is inside is inside.
  const std::uint64_t after_begin = queue.failures();
  const std::vector<TierPick> picks(1);
  for (std::size_t i = 0; i < *count; ++i) {
    std::vector<QueueEntry> admitted(1);
    queue.Insist([&] {
      const Result<QueueState> state = queues.Read("sale", kNow);
      const Result<std::size_t> let_in =
          queues.Admit("sale", kNow, {.revision = state->revision, .picks = picks}, admitted);
      return StatusOf(let_in);
    });
    if (queue.Read().admitted >= *count) break;
  }
  CHECK(queue.failures() > after_begin);
  CHECK(queue.Read().in_flight == *count);
  queue.Insist([&] { return queues.Close("sale", kNow); });
  queue.Insist([&] { return queues.Forget("sale"); }, true);
  CHECK_FALSE(queues.Read("sale", kNow).ok());
}

}  // namespace
}  // namespace flashsale
