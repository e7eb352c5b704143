// Queues that do something twice for who calls twice, or something although they refuse.

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "flashsale/testing/reference_model.h"
#include "testing/queue_check.h"
#include "tests/testing/lying_queues.h"

namespace flashsale {
namespace {

// The checks that fail.
std::vector<std::string> RejectedBy(const QueueLies& lies) {
  const StorageFactory open = [&](const StorageNeeds&) -> Result<std::unique_ptr<Storage>> {
    return std::unique_ptr<Storage>(
        std::make_unique<StorageOfLyingQueues>(NewReferenceStorage(), lies));
  };
  std::vector<std::string> names;
  for (const CheckResult& result : RunChecks(open, QueueFaultChecks())) {
    if (!result.passed) names.push_back(result.name);
  }
  return names;
}

bool IsRejectedBy(const std::string& check, const QueueLies& lies) {
  const std::vector<std::string> names = RejectedBy(lies);
  return std::find(names.begin(), names.end(), check) != names.end();
}

TEST_CASE("a queue that does everything once, and nothing that it refuses, passes") {
  CHECK(RejectedBy({}).empty());
}

TEST_CASE("a queue that counts a leaver twice is rejected") {
  std::uint64_t more = 0;
  CHECK(IsRejectedBy("queues/resends",
                     {.answer =
                          [&](const QueueCommand& command, Time, QueueAnswer& answer) {
                            const bool again = command.verb == QueueVerb::kLeave &&
                                               answer.code == Code::kAlreadyDone;
                            if (again) ++more;
                          },
                      .state = [&](QueueState& state) { state.left += more; }}));
}

TEST_CASE("a queue that tells who joins again that they did not before is rejected") {
  CHECK(IsRejectedBy("queues/resends",
                     {.answer = [](const QueueCommand& command, Time, QueueAnswer& answer) {
                       if (command.verb == QueueVerb::kJoin) answer.code = Code::kDone;
                     }}));
}

TEST_CASE("a queue that completes whatever is there is rejected") {
  std::map<UserId, std::uint64_t> present;
  const QueueLies lies{.command =
                           [&](QueueCommand& command, Time&) {
                             if (command.admission != 0) command.admission = present[command.user];
                           },
                       .admit =
                           [&](QueueRepository& inner, const SaleRef& sale, Time now,
                               const AdmitPlan& plan, std::span<QueueEntry> admitted) {
                             Result<std::size_t> count = inner.Admit(sale, now, plan, admitted);
                             for (const QueueEntry& entry : admitted) {
                               present[entry.user] = entry.admission.number;
                             }
                             return count;
                           }};
  CHECK(IsRejectedBy("queues/late resends", lies));
}

TEST_CASE("a queue that follows a plan twice is rejected") {
  CHECK(IsRejectedBy("queues/operators' resends",
                     {.admit = [](QueueRepository& inner, const SaleRef& sale, Time now,
                                  const AdmitPlan& plan, std::span<QueueEntry> admitted) {
                       AdmitPlan present = plan;
                       const Result<QueueState> state = inner.Read(sale, now);
                       if (state.ok()) present.revision = state->revision;
                       return inner.Admit(sale, now, present, admitted);
                     }}));
}

TEST_CASE("a queue that resumes when it is paused twice is rejected") {
  CHECK(IsRejectedBy("queues/operators' resends",
                     {.pause = [](QueueRepository& inner, const SaleRef& sale, Time now) {
                       const Result<QueueState> state = inner.Read(sale, now);
                       return state.ok() && state->paused ? inner.Resume(sale, now)
                                                          : inner.Pause(sale, now);
                     }}));
}

TEST_CASE("a queue that keeps the ticket of whom it sent to the waiting page is rejected") {
  std::uint64_t more = 0;
  CHECK(
      IsRejectedBy("queues/refusals", {.answer =
                                           [&](const QueueCommand&, Time, QueueAnswer& answer) {
                                             if (answer.code == Code::kWaitingPage) ++more;
                                           },
                                       .state = [&](QueueState& state) { state.joined += more; }}));
}

TEST_CASE("a queue that follows a plan up to what is wrong with it is rejected") {
  CHECK(IsRejectedBy(
      "queues/refusals", {.admit = [](QueueRepository& inner, const SaleRef& sale, Time now,
                                      const AdmitPlan& plan, std::span<QueueEntry> admitted) {
        const auto wrong =
            std::ranges::find_if(plan.picks, [](const TierPick& pick) { return pick.tier > 1; });
        AdmitPlan first = plan;
        first.picks = {plan.picks.begin(), wrong};
        if (wrong != plan.picks.end()) {
          static_cast<void>(inner.Admit(sale, now, first, admitted));
        }
        return inner.Admit(sale, now, plan, admitted);
      }}));
}

TEST_CASE("a queue that carries out as much of a batch as it can answer is rejected") {
  CHECK(IsRejectedBy(
      "queues/refusals",
      {.apply = [](QueueRepository& inner, const SaleRef& sale, Time now,
                   std::span<const QueueCommand> commands, std::span<QueueAnswer> answers) {
        const std::size_t size = std::min(commands.size(), answers.size());
        if (size != commands.size()) {
          static_cast<void>(inner.Apply(sale, now, commands.first(size), answers.first(size)));
        }
        return inner.Apply(sale, now, commands, answers);
      }}));
}

}  // namespace
}  // namespace flashsale
