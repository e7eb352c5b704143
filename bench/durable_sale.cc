#include "bench/durable_sale.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <utility>

#include "bench/measurement.h"
#include "bench/question.h"
#include "flashsale/backend/journal.h"
#include "flashsale/backend/memory.h"
#include "flashsale/backend/sqlite.h"
#include "flashsale/runtime/lane.h"

namespace flashsale::bench {
namespace {

// Writes down how large commits are.
class MeteredMedium final : public JournalMedium {
 public:
  MeteredMedium(std::unique_ptr<JournalMedium> medium, CommitSizes& sizes)
      : medium_(std::move(medium)), sizes_(sizes) {}

  Status Append(const JournalCommit& commit) override {
    sizes_.push_back(commit.records.size() + commit.names.size());
    return medium_->Append(commit);
  }
  Status Read(std::uint64_t after, Reader& reader) override { return medium_->Read(after, reader); }
  bool IsNearlyFull() override { return medium_->IsNearlyFull(); }

 private:
  const std::unique_ptr<JournalMedium> medium_;
  CommitSizes& sizes_;
};

std::unique_ptr<Storage> Open(const std::string& path, CommitSizes& sizes) {
  if (path.empty()) return Given(OpenMemoryStorage({.prefault = true}));
  return OpenDurableStorage({.path = path, .sizes = &sizes, .memory = Memory::kAtOnce});
}

// Callers who share a lane, and so the thread on which they hear of their answers.  They send again
// at once, so what is acknowledged together comes back as one batch, or as a few.
class Crew {
 public:
  Crew(SaleOnDisk& sale, const Crowd& crowd, const SaleOnDisk::Callers& calls)
      : sale_(sale),
        crowd_(crowd),
        next_(calls.first + calls.callers),
        end_(calls.first + calls.count),
        busy_(calls.callers),
        lane_(Given(Lane::New(sale.inventory(), sale.clock(),
                              {.capacity = calls.callers, .max_batch = kLargestLaneBatch}))) {
    callers_.reserve(calls.callers);
    for (std::uint64_t i = 0; i < calls.callers; ++i) callers_.emplace_back(*this);
  }

  void Begin() {
    std::uint64_t shopper = next_ - callers_.size();
    for (Caller& caller : callers_) Send(shopper++, caller);
  }
  // Returns when all have heard of all.
  void Finish() {
    for (;;) {
      // Acquire pairs with Acknowledge: what was wrong.
      const std::uint64_t busy = busy_.load(std::memory_order_acquire);
      if (busy == 0) break;
      busy_.wait(busy, std::memory_order_acquire);
    }
    Require(!wrong_, "a reserve with stock for all was refused");
  }

 private:
  class Caller final : public LaneCompletion {
   public:
    explicit Caller(Crew& crew) : crew_(crew) {}
    void Complete(const Result<Outcome>& answer) override { crew_.Acknowledge(answer, *this); }

   private:
    Crew& crew_;
  };

  void Send(std::uint64_t shopper, Caller& caller) {
    const auto refused =
        lane_->Submit({.sale = sale_.ref(), .command = crowd_.Reserve(shopper)}, caller);
    if (refused.has_value()) Leave(true);
  }
  void Acknowledge(const Result<Outcome>& answer, Caller& caller) {
    if (!answer.ok() || answer->code != Code::kDone) return Leave(true);
    if (next_ == end_) return Leave(false);
    Send(next_++, caller);
  }
  void Leave(bool wrong) {
    if (wrong) wrong_ = true;
    if (busy_.fetch_sub(1, std::memory_order_release) == 1) busy_.notify_all();
  }

  SaleOnDisk& sale_;
  const Crowd& crowd_;
  // Begin leaves it alone: from the first answer on it is the lane's thread's.
  std::uint64_t next_;
  const std::uint64_t end_;
  std::atomic<bool> wrong_{false};
  std::atomic<std::uint64_t> busy_;
  std::vector<Caller> callers_;
  const std::unique_ptr<Lane> lane_;
};

}  // namespace

std::unique_ptr<Storage> OpenDurableStorage(const DurableOptions& options) {
  SqliteOptions opened{.path = options.path, .reserved_bytes = 0};
  opened.journal.memory.prefault = options.memory == Memory::kAtOnce;
  if (options.sizes == nullptr) return Given(OpenSqliteStorage(opened));
  auto medium = std::make_unique<MeteredMedium>(Given(OpenSqliteMedium(opened)), *options.sizes);
  return Given(OpenJournaledStorage(std::move(medium), opened.journal));
}

SaleOnDisk::SaleOnDisk(const std::string& path, std::uint64_t units)
    : clock_(NewSystemClock()), storage_(Open(path, sizes_)) {
  SaleTerms terms = BenchTerms(static_cast<Units>(units));
  terms.start = clock_->Now();
  terms.end = terms.start + std::chrono::hours{24};
  Given(inventory().Create(terms));
  sale_ = Given(inventory().Resolve(terms.id));
  sizes_.clear();
}

void SaleOnDisk::Apply(const Crowd& crowd, const Calls& calls) {
  std::vector<Command> commands(calls.batch);
  std::vector<Outcome> outcomes(calls.batch);
  std::uint64_t done = 0;
  for (std::uint64_t i = 0; i < calls.count; i += calls.batch) {
    const std::size_t size = std::min<std::uint64_t>(calls.batch, calls.count - i);
    for (std::size_t k = 0; k < size; ++k) {
      const std::uint64_t shopper = calls.first + i + k;
      commands[k] =
          calls.verb == Verb::kReserve ? crowd.Reserve(shopper) : crowd.About(calls.verb, shopper);
    }
    Given(inventory().Apply(sale_, clock_->Now(), std::span(commands).first(size),
                            std::span(outcomes).first(size)));
    for (std::size_t k = 0; k < size; ++k) done += outcomes[k].code == Code::kDone ? 1U : 0U;
  }
  Require(done == calls.count, "a call that should succeed was refused");
}

double SaleOnDisk::ReserveInFlight(const Crowd& crowd, const Callers& callers) {
  Crew crew(*this, crowd, callers);
  return WallNanosecondsOf([&] {
    crew.Begin();
    crew.Finish();
  });
}

}  // namespace flashsale::bench
