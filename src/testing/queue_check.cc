#include "testing/queue_check.h"

#include <array>
#include <cstdint>
#include <iterator>
#include <memory>
#include <utility>

#include "testing/probed_queue.h"
#include "testing/queue_comparison.h"

namespace flashsale::inline v0 {
namespace {

// A storage whose waitlists stand in the place of its queues, so that what checks those checks
// them.
class WaitlistsAsQueues final : public Storage {
 public:
  explicit WaitlistsAsQueues(std::unique_ptr<Storage> inner) : inner_(std::move(inner)) {}

  StorageTraits traits() const override { return inner_->traits(); }
  InventoryRepository& inventory() override { return inner_->inventory(); }
  FlashSaleRepository& sales() override { return inner_->sales(); }
  RateRepository& rates() override { return inner_->rates(); }
  FingerprintRepository& fingerprints() override { return inner_->fingerprints(); }
  QueueRepository& queue() override { return inner_->waitlists(); }
  QueueRepository& waitlists() override { return inner_->queue(); }

 private:
  const std::unique_ptr<Storage> inner_;
};

void CheckApart(Storage& storage, Findings& f) {
  const QueueTerms terms = PlainQueue();
  ProbedQueue queue(storage, terms, f);
  queue.Join(1, kQueueOrigin);
  f.ExpectError(storage.waitlists().Read(terms.sale, kQueueOrigin), StatusCode::kNotFound,
                "Read of a waitlist where there is a queue of that name");
  const Result<Outcome> opened = storage.waitlists().Open(terms, kQueueOrigin);
  f.Expect(opened.ok() && opened->code == Code::kDone,
           "a waitlist cannot be opened under the name of a queue");
  const Result<QueueState> state = storage.waitlists().Read(terms.sale, kQueueOrigin);
  f.Expect(state.ok() && state->joined == 0, "who stands in a queue stands in a waitlist");
  f.ExpectStatus(storage.waitlists().Forget(terms.sale), StatusCode::kOk, "Forget of a waitlist");
  f.Expect(queue.Look(1, kQueueOrigin).code == Code::kAlreadyDone,
           "a queue is forgotten with the waitlist of its name");
}

constexpr std::array<NamedCheck, 1> kApart = {{{"queues/apart from waitlists", &CheckApart}}};

// The waitlists are a repository of the same kind, and as a rule of the same code.
std::vector<CheckResult> CheckWaitlists(const StorageFactory& open) {
  constexpr std::uint64_t kSeeds = 2;
  const StorageFactory waitlists =
      [&open](const StorageNeeds& needs) -> Result<std::unique_ptr<Storage>> {
    Result<std::unique_ptr<Storage>> storage = open(needs);
    if (!storage.ok()) return storage;
    return std::unique_ptr<Storage>(std::make_unique<WaitlistsAsQueues>(*std::move(storage)));
  };
  std::vector<CheckResult> all = CompareQueues(waitlists, {.seeds = kSeeds});
  for (const std::span<const NamedCheck> checks :
       {QueueVerbChecks(), QueueAdmissionChecks(), QueueStageChecks()}) {
    std::vector<CheckResult> results = RunChecks(waitlists, checks);
    std::move(results.begin(), results.end(), std::back_inserter(all));
  }
  for (CheckResult& result : all) result.name += " (waitlists)";
  return all;
}

}  // namespace

std::vector<CheckResult> CheckQueues(const StorageFactory& open) {
  std::vector<CheckResult> all;
  for (const std::span<const NamedCheck> checks :
       {QueueVerbChecks(), QueueAdmissionChecks(), QueueStageChecks(), QueueThreadChecks(),
        std::span<const NamedCheck>(kApart)}) {
    std::vector<CheckResult> results = RunChecks(open, checks);
    std::move(results.begin(), results.end(), std::back_inserter(all));
  }
  for (std::vector<CheckResult> results : {CompareQueues(open, {}), CheckWaitlists(open)}) {
    std::move(results.begin(), results.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace flashsale::inline v0
