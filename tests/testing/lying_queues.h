#ifndef FLASHSALE_TESTS_TESTING_LYING_QUEUES_H_
#define FLASHSALE_TESTS_TESTING_LYING_QUEUES_H_

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "flashsale/repository/storage.h"

namespace flashsale {

// What a faulty repository does with one call; where it is not set, the right thing.
struct QueueLies {
  std::function<void(QueueTerms&)> open = {};
  std::function<void(QueueCommand&, Time&)> command = {};
  std::function<void(const QueueCommand&, Time, QueueAnswer&)> answer = {};
  // In the place of a whole batch; then neither of the two above is asked.
  std::function<Status(QueueRepository& inner, const SaleRef& sale, Time now,
                       std::span<const QueueCommand> commands, std::span<QueueAnswer> answers)>
      apply = {};
  std::function<void(Admission&)> found = {};
  std::function<void(std::uint64_t&)> used = {};
  std::function<void(QueueState&)> state = {};
  std::function<Result<std::size_t>(QueueRepository& inner, const SaleRef& sale, Time now,
                                    const AdmitPlan& plan, std::span<QueueEntry> admitted)>
      admit = {};
  std::function<void(LapseReport&)> lapse = {};
  std::function<Status(QueueRepository& inner, const SaleRef& sale, Time now)> pause = {};
  std::function<Status(QueueRepository& inner, const SaleRef& sale, Time now, std::uint8_t tier)>
      freeze = {};
  std::function<Status(QueueRepository& inner, const SaleRef& sale, Time now)> close = {};
  std::function<Status(QueueRepository& inner, const SaleRef& sale, const Arrangement&)> arrange =
      {};
  std::function<void(std::span<Entrant>)> entrants = {};
};

// Tells the lies about the queues of an otherwise right storage.
// Thread safety: that of the lies.  Ownership: of `inner`.
class StorageOfLyingQueues final : public Storage, private QueueRepository {
 public:
  StorageOfLyingQueues(std::unique_ptr<Storage> inner, QueueLies lies)
      : inner_(std::move(inner)), truth_(inner_->queue()), lies_(std::move(lies)) {}

  StorageTraits traits() const override { return inner_->traits(); }
  InventoryRepository& inventory() override { return inner_->inventory(); }
  FlashSaleRepository& sales() override { return inner_->sales(); }
  RateRepository& rates() override { return inner_->rates(); }
  QueueRepository& queue() override { return *this; }
  QueueRepository& waitlists() override { return inner_->waitlists(); }
  FingerprintRepository& fingerprints() override { return inner_->fingerprints(); }

 private:
  Result<Outcome> Open(const QueueTerms& terms, Time now) override {
    QueueTerms changed = terms;
    if (lies_.open) lies_.open(changed);
    return truth_.Open(changed, now);
  }
  Result<SaleRef> Resolve(const SaleId& sale) override { return truth_.Resolve(sale); }
  Status Apply(const SaleRef& sale, Time now, std::span<const QueueCommand> commands,
               std::span<QueueAnswer> answers) override {
    if (lies_.apply) return lies_.apply(truth_, sale, now, commands, answers);
    if (commands.size() != answers.size()) return truth_.Apply(sale, now, commands, answers);
    Time changed_now = now;
    std::vector<QueueCommand> changed(commands.begin(), commands.end());
    if (lies_.command) {
      for (QueueCommand& command : changed) lies_.command(command, changed_now);
    }
    Status status = truth_.Apply(sale, changed_now, changed, answers);
    for (std::size_t i = 0; status.ok() && lies_.answer && i < commands.size(); ++i) {
      lies_.answer(commands[i], now, answers[i]);
    }
    return status;
  }
  AdmissionProbe Probe(const SaleRef& sale, const UserId& user) override {
    return truth_.Probe(sale, user);
  }
  Status FindAdmissions(Time now, std::span<const AdmissionProbe> probes,
                        std::span<Admission> admissions) override {
    Status status = truth_.FindAdmissions(now, probes, admissions);
    if (status.ok() && lies_.found)
      std::for_each(admissions.begin(), admissions.end(), lies_.found);
    return status;
  }
  Status MarkUsed(Time now, std::span<const AdmissionProbe> probes,
                  std::span<const std::uint64_t> numbers) override {
    std::vector<std::uint64_t> changed(numbers.begin(), numbers.end());
    if (lies_.used) std::for_each(changed.begin(), changed.end(), lies_.used);
    return truth_.MarkUsed(now, probes, changed);
  }
  Result<QueueState> Read(const SaleRef& sale, Time now) override {
    Result<QueueState> state = truth_.Read(sale, now);
    if (state.ok() && lies_.state) lies_.state(*state);
    return state;
  }
  Result<std::size_t> Admit(const SaleRef& sale, Time now, const AdmitPlan& plan,
                            std::span<QueueEntry> admitted) override {
    return lies_.admit ? lies_.admit(truth_, sale, now, plan, admitted)
                       : truth_.Admit(sale, now, plan, admitted);
  }
  Result<LapseReport> LapseDue(const SaleRef& sale, Time now, std::size_t most) override {
    Result<LapseReport> report = truth_.LapseDue(sale, now, most);
    if (report.ok() && lies_.lapse) lies_.lapse(*report);
    return report;
  }
  Status SetPace(const SaleRef& sale, Time now, const QueuePace& pace) override {
    return truth_.SetPace(sale, now, pace);
  }
  Status Pause(const SaleRef& sale, Time now) override {
    return lies_.pause ? lies_.pause(truth_, sale, now) : truth_.Pause(sale, now);
  }
  Status Resume(const SaleRef& sale, Time now) override { return truth_.Resume(sale, now); }
  Status Freeze(const SaleRef& sale, Time now, std::uint8_t tier) override {
    return lies_.freeze ? lies_.freeze(truth_, sale, now, tier) : truth_.Freeze(sale, now, tier);
  }
  Result<std::size_t> ReadEntrants(const SaleRef& sale, std::uint8_t tier, std::uint64_t after,
                                   std::span<Entrant> entrants) override {
    Result<std::size_t> count = truth_.ReadEntrants(sale, tier, after, entrants);
    if (count.ok() && lies_.entrants) lies_.entrants(entrants.first(*count));
    return count;
  }
  Status Arrange(const SaleRef& sale, const Arrangement& arrangement) override {
    return lies_.arrange ? lies_.arrange(truth_, sale, arrangement)
                         : truth_.Arrange(sale, arrangement);
  }
  Status Begin(const SaleRef& sale, Time now, std::uint8_t tier) override {
    return truth_.Begin(sale, now, tier);
  }
  Status Close(const SaleRef& sale, Time now) override {
    return lies_.close ? lies_.close(truth_, sale, now) : truth_.Close(sale, now);
  }
  Status Forget(const SaleRef& sale) override { return truth_.Forget(sale); }

  const std::unique_ptr<Storage> inner_;
  QueueRepository& truth_;
  const QueueLies lies_;
};

}  // namespace flashsale

#endif  // FLASHSALE_TESTS_TESTING_LYING_QUEUES_H_
