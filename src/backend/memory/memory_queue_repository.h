#ifndef FLASHSALE_SRC_BACKEND_MEMORY_MEMORY_QUEUE_REPOSITORY_H_
#define FLASHSALE_SRC_BACKEND_MEMORY_MEMORY_QUEUE_REPOSITORY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "backend/memory/waiting_line.h"
#include "base/directory.h"
#include "base/mutex.h"
#include "engine/keyed_hash.h"
#include "flashsale/repository/queue_repository.h"

namespace flashsale::inline v0::memory {

// Hears of the lines that come and go, one at a time.
class LineKeeper {
 public:
  virtual ~LineKeeper() = default;
  // A line that nobody else knows yet.  May throw std::bad_alloc: then it does not come.
  virtual void OnOpen(WaitingLine& line) = 0;
  // A line that goes, whether or not anybody else came to know it.
  virtual void OnForget(WaitingLine& line) noexcept = 0;
};

// One WaitingLine a sale, behind a directory.  Contract: QueueRepository.
//
// Thread safety: any thread; queues share no lock but to be opened and forgotten.
class MemoryQueueRepository final : public QueueRepository {
 public:
  using Lines = Directory<WaitingLine>;

  // `keeper`, if it is not null, must outlive it.
  explicit MemoryQueueRepository(const engine::KeyedHash& hash, LineKeeper* keeper = nullptr)
      : hash_(hash), keeper_(keeper) {}

  // Takes up a line that there was before: its keeper knows it, and it has the same hash.  Throws
  // std::bad_alloc, and nothing changed.
  void Add(std::unique_ptr<WaitingLine>& line) { directory_.Add(line->terms().sale, line); }
  // The line, for as long as this lives; or null.
  Lines::Pinned Pin(const SaleRef& sale) { return {directory_, sale.id(), sale.hint()}; }

  Result<Outcome> Open(const QueueTerms& terms, Time now) override;
  Result<SaleRef> Resolve(const SaleId& sale) override;
  Status Apply(const SaleRef& sale, Time now, std::span<const QueueCommand> commands,
               std::span<QueueAnswer> answers) override;
  AdmissionProbe Probe(const SaleRef& sale, const UserId& user) override;
  void ProbeAll(const SaleRef& sale, std::span<const UserId> users,
                std::span<AdmissionProbe> probes) override;
  Status FindAdmissions(Time now, std::span<const AdmissionProbe> probes,
                        std::span<Admission> admissions) override;
  Status MarkUsed(Time now, std::span<const AdmissionProbe> probes,
                  std::span<const std::uint64_t> numbers) override;
  Result<QueueState> Read(const SaleRef& sale, Time now) override;
  Result<std::size_t> Admit(const SaleRef& sale, Time now, const AdmitPlan& plan,
                            std::span<QueueEntry> admitted) override;
  Result<LapseReport> LapseDue(const SaleRef& sale, Time now, std::size_t most) override;
  Status SetPace(const SaleRef& sale, Time now, const QueuePace& pace) override;
  Status Pause(const SaleRef& sale, Time now) override;
  Status Resume(const SaleRef& sale, Time now) override;
  Status Freeze(const SaleRef& sale, Time now, std::uint8_t tier) override;
  Result<std::size_t> ReadEntrants(const SaleRef& sale, std::uint8_t tier, std::uint64_t after,
                                   std::span<Entrant> entrants) override;
  Status Arrange(const SaleRef& sale, const Arrangement& arrangement) override;
  Status Begin(const SaleRef& sale, Time now, std::uint8_t tier) override;
  Status Close(const SaleRef& sale, Time now) override;
  Status Forget(const SaleRef& sale) override;

 private:
  // Calls `use(line)`; its result, or NotFound.
  template <typename R, typename Use>
  R With(const SaleRef& sale, Use use);
  // The same; before, InvalidArgument for a `now` that is not valid.
  template <typename R, typename Use>
  R WithAt(const SaleRef& sale, Time now, Use use);

  const engine::KeyedHash hash_;
  LineKeeper* const keeper_;
  Lines directory_;
  // Opening and forgetting, which look before they act.
  Mutex lifetime_mutex_;
};

}  // namespace flashsale::inline v0::memory

#endif  // FLASHSALE_SRC_BACKEND_MEMORY_MEMORY_QUEUE_REPOSITORY_H_
