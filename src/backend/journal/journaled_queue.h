#ifndef FLASHSALE_SRC_BACKEND_JOURNAL_JOURNALED_QUEUE_H_
#define FLASHSALE_SRC_BACKEND_JOURNAL_JOURNALED_QUEUE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "backend/journal/group_commit.h"
#include "backend/journal/record.h"
#include "backend/memory/memory_queue_repository.h"
#include "engine/keyed_hash.h"
#include "flashsale/repository/queue_repository.h"

namespace flashsale::inline v0::journal {

// Writes down what happens in one line.
class LineScribe final : public memory::LineLog {
 public:
  // What was written of the line so far is in the commit `last`, or in earlier ones.
  LineScribe(GroupCommit& commits, LineNumber number, GroupCommit::Ticket last)
      : commits_(commits), number_(number), last_commit_(last) {}

  LineNumber number() const { return number_; }
  // The line was forgotten, and so is what may still happen to it.  False where it was before.
  bool Stop() { return !stopped_.exchange(true, std::memory_order_acq_rel); }

  void OnEvent(const QueueEvent& event) noexcept override;
  // The last commit that has anything of the line.
  GroupCommit::Ticket last_commit() const { return last_commit_.load(std::memory_order_acquire); }

 private:
  GroupCommit& commits_;
  const LineNumber number_;
  std::atomic<bool> stopped_{false};
  std::atomic<GroupCommit::Ticket> last_commit_;
};

// The queues, or the waitlists, in memory; what changes in them is in the journal before anybody is
// told.  Only whether somebody was let in is told at once: whoever reserves for it waits for a
// later record.  Contract: QueueRepository.
class JournaledQueue final : public QueueRepository, private memory::LineKeeper {
 public:
  // `commits` and `next_number`, which numbers the lines of a journal's queues and waitlists and is
  // looked at by what GroupCommit::Append calls alone, must outlive it.
  JournaledQueue(GroupCommit& commits, LineUse use, LineNumber& next_number,
                 const engine::KeyedHash& hash)
      : commits_(commits), use_(use), next_number_(next_number), lines_(hash, this) {}

  // Takes up a line that was recovered.  Throws std::bad_alloc.
  void Add(LineNumber number, std::unique_ptr<memory::WaitingLine>& line);

  Result<Outcome> Open(const QueueTerms& terms, Time now) override;
  Result<SaleRef> Resolve(const SaleId& sale) override { return lines_.Resolve(sale); }
  Status Apply(const SaleRef& sale, Time now, std::span<const QueueCommand> commands,
               std::span<QueueAnswer> answers) override;
  AdmissionProbe Probe(const SaleRef& sale, const UserId& user) override {
    return lines_.Probe(sale, user);
  }
  void ProbeAll(const SaleRef& sale, std::span<const UserId> users,
                std::span<AdmissionProbe> probes) override {
    lines_.ProbeAll(sale, users, probes);
  }
  Status FindAdmissions(Time now, std::span<const AdmissionProbe> probes,
                        std::span<Admission> admissions) override {
    return lines_.FindAdmissions(now, probes, admissions);
  }
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
  void OnOpen(memory::WaitingLine& line) override;
  void OnForget(memory::WaitingLine& line) noexcept override;

  // The commit that has all that anybody can have seen of the line; of one that there is not: that
  // has all there is.
  GroupCommit::Ticket TicketOf(const SaleRef& sale);
  // What call() answers, once what it tells is kept.
  template <typename Answer, typename Call>
  Answer Kept(const SaleRef& sale, Call call);
  // The same of a call that brings the time.
  template <typename Answer, typename Call>
  Answer KeptAt(const SaleRef& sale, Time now, Call call);

  GroupCommit& commits_;
  const LineUse use_;
  LineNumber& next_number_;
  memory::MemoryQueueRepository lines_;
};

}  // namespace flashsale::inline v0::journal

#endif  // FLASHSALE_SRC_BACKEND_JOURNAL_JOURNALED_QUEUE_H_
