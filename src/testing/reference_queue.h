#ifndef FLASHSALE_SRC_TESTING_REFERENCE_QUEUE_H_
#define FLASHSALE_SRC_TESTING_REFERENCE_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "flashsale/repository/queue_repository.h"

namespace flashsale::inline v0 {

// One queue as QueueRepository describes it, in the plainest way: everybody in lists in the order
// in which they stand, looked through from the front.  Who falls silent is met at once.
//
// Thread safety: as an int.
class ReferenceLine {
 public:
  ReferenceLine(const QueueTerms& terms, Time now);

  const QueueTerms& terms() const { return terms_; }

  void Apply(Time now, std::span<const QueueCommand> commands, std::span<QueueAnswer> answers);
  Admission FindAdmission(Time now, const UserId& user) const;
  void MarkUsed(const UserId& user, std::uint64_t number);
  QueueState Read(Time now);
  Result<std::size_t> Admit(Time now, const AdmitPlan& plan, std::span<QueueEntry> admitted);
  LapseReport LapseDue(Time now);
  void SetPace(Time now, const QueuePace& pace);
  void Pause(Time now);
  void Resume(Time now);
  Status Freeze(Time now, std::size_t tier);
  Result<std::size_t> ReadEntrants(std::size_t tier, std::uint64_t after,
                                   std::span<Entrant> entrants);
  Status Arrange(const Arrangement& arrangement);
  Status Begin(Time now, std::size_t tier);
  void Close(Time now);

 private:
  // All times are the queue's own, but joined_at.
  struct Waiting {
    UserId user;
    std::uint64_t ticket;
    std::uint64_t place;
    std::uint64_t restored_place;
    Time joined_at;
    Time last_seen;
  };
  struct Admitted {
    std::uint8_t tier;
    std::uint64_t ticket;
    Time joined_at;
    std::uint64_t number;
    Time until;
    bool used;
  };
  struct Place {
    std::size_t tier;
    std::size_t index;
  };

  // The queue's time; whoever is silent or whose window has passed by then is gone.
  Time Enter(Time now);
  Time At(Time now) const { return (paused_at_.has_value() ? *paused_at_ : now) - stood_still_; }
  Time Host(Time at, Time now) const;
  QueueAnswer Carry(const QueueCommand& command, Time at);
  Code Complete(const QueueCommand& command);
  void Stand(const UserId& user, QueueAnswer& answer) const;
  std::optional<Place> PlaceOf(const UserId& user) const;
  QueueEntry EntryOf(const UserId& user, const Admitted& admitted, Time now) const;
  std::uint64_t total_waiting() const;
  std::uint32_t RoomAt(Time at) const;
  QueueStage& StageOf(std::size_t tier) { return state_.stages[tier]; }
  void FreezeTier(std::size_t tier);
  Code Join(const QueueCommand& command, Time at);
  bool TakesBack(const QueueCommand& command) const;

  const QueueTerms terms_;
  QueueState state_;  // what it knows of itself, but for what is counted when it is asked for
  Time latest_{};
  std::optional<Time> paused_at_;
  Duration stood_still_{0};
  std::int64_t tat_ns_ = 0;
  std::uint64_t last_number_ = 0;
  std::vector<std::vector<Waiting>> waiting_;  // by tier, who is let in first coming first
  std::map<UserId, Admitted> admitted_;
  std::set<UserId> gave_up_;  // who has left with a place that was brought back
  // Since the freeze.
  std::vector<std::vector<Entrant>> entrants_;                  // by tier
  std::vector<std::map<std::uint64_t, std::uint64_t>> places_;  // by tier: ticket to place
};

// All queues behind one mutex.
class ReferenceQueues final : public QueueRepository {
 public:
  Result<Outcome> Open(const QueueTerms& terms, Time now) override;
  Result<SaleRef> Resolve(const SaleId& sale) override;
  Status Apply(const SaleRef& sale, Time now, std::span<const QueueCommand> commands,
               std::span<QueueAnswer> answers) override;
  AdmissionProbe Probe(const SaleRef& sale, const UserId& user) override;
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
  template <typename R, typename Use>
  R With(const SaleRef& sale, Time now, Use use);

  Mutex mutex_;
  std::map<SaleId, ReferenceLine> lines_ FLASHSALE_GUARDED_BY(mutex_);
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_REFERENCE_QUEUE_H_
