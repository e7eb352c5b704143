#ifndef FLASHSALE_SRC_TESTING_QUEUE_DECORATOR_H_
#define FLASHSALE_SRC_TESTING_QUEUE_DECORATOR_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "flashsale/repository/queue_repository.h"
#include "flashsale/testing/faults.h"

namespace flashsale::inline v0 {

// Queues every call of which goes through `around`; see StorageDecorator.
// Thread safety: any thread, if `around` is.
template <typename Around>
class QueueDecorator final : public QueueRepository {
 public:
  // Both must outlive it.
  QueueDecorator(QueueRepository& inner, Around& around) : inner_(inner), around_(around) {}

  Result<Outcome> Open(const QueueTerms& terms, Time now) override {
    return Call<Result<Outcome>>(StorageCall::kOpenQueue, [&] { return inner_.Open(terms, now); });
  }
  Result<SaleRef> Resolve(const SaleId& sale) override {
    return Call<Result<SaleRef>>(StorageCall::kResolveQueue, [&] { return inner_.Resolve(sale); });
  }
  Status Apply(const SaleRef& sale, Time now, std::span<const QueueCommand> commands,
               std::span<QueueAnswer> answers) override {
    Status status = Call<Status>(StorageCall::kApplyQueue,
                                 [&] { return inner_.Apply(sale, now, commands, answers); });
    if (Failed(status)) std::fill(answers.begin(), answers.end(), QueueAnswer{});
    return status;
  }
  AdmissionProbe Probe(const SaleRef& sale, const UserId& user) override {
    const auto inner = [&] { return inner_.Probe(sale, user); };
    if constexpr (requires { around_.template Make<AdmissionProbe>(inner); }) {
      return around_.template Make<AdmissionProbe>(inner);
    } else {
      return inner();
    }
  }
  Status FindAdmissions(Time now, std::span<const AdmissionProbe> probes,
                        std::span<Admission> admissions) override {
    Status status = Call<Status>(StorageCall::kFindAdmissions,
                                 [&] { return inner_.FindAdmissions(now, probes, admissions); });
    if (Failed(status)) std::fill(admissions.begin(), admissions.end(), Admission{});
    return status;
  }
  Status MarkUsed(Time now, std::span<const AdmissionProbe> probes,
                  std::span<const std::uint64_t> numbers) override {
    return Call<Status>(StorageCall::kMarkUsed,
                        [&] { return inner_.MarkUsed(now, probes, numbers); });
  }
  Result<QueueState> Read(const SaleRef& sale, Time now) override {
    return Call<Result<QueueState>>(StorageCall::kReadQueue,
                                    [&] { return inner_.Read(sale, now); });
  }
  Result<std::size_t> Admit(const SaleRef& sale, Time now, const AdmitPlan& plan,
                            std::span<QueueEntry> admitted) override {
    return Call<Result<std::size_t>>(StorageCall::kAdmit,
                                     [&] { return inner_.Admit(sale, now, plan, admitted); });
  }
  Result<LapseReport> LapseDue(const SaleRef& sale, Time now, std::size_t most) override {
    return Call<Result<LapseReport>>(StorageCall::kLapseDue,
                                     [&] { return inner_.LapseDue(sale, now, most); });
  }
  Status SetPace(const SaleRef& sale, Time now, const QueuePace& pace) override {
    return Direct([&] { return inner_.SetPace(sale, now, pace); });
  }
  Status Pause(const SaleRef& sale, Time now) override {
    return Direct([&] { return inner_.Pause(sale, now); });
  }
  Status Resume(const SaleRef& sale, Time now) override {
    return Direct([&] { return inner_.Resume(sale, now); });
  }
  Status Freeze(const SaleRef& sale, Time now, std::uint8_t tier) override {
    return Direct([&] { return inner_.Freeze(sale, now, tier); });
  }
  Result<std::size_t> ReadEntrants(const SaleRef& sale, std::uint8_t tier, std::uint64_t after,
                                   std::span<Entrant> entrants) override {
    return Call<Result<std::size_t>>(StorageCall::kDirectQueue, [&] {
      return inner_.ReadEntrants(sale, tier, after, entrants);
    });
  }
  Status Arrange(const SaleRef& sale, const Arrangement& arrangement) override {
    return Direct([&] { return inner_.Arrange(sale, arrangement); });
  }
  Status Begin(const SaleRef& sale, Time now, std::uint8_t tier) override {
    return Direct([&] { return inner_.Begin(sale, now, tier); });
  }
  Status Close(const SaleRef& sale, Time now) override {
    return Direct([&] { return inner_.Close(sale, now); });
  }
  Status Forget(const SaleRef& sale) override {
    return Call<Status>(StorageCall::kForgetQueue, [&] { return inner_.Forget(sale); });
  }

 private:
  // A caller that does not look at the status must not be right by chance.  InvalidArgument: the
  // spans do not belong together, and nothing is written.
  static bool Failed(const Status& status) {
    return !status.ok() && status.code() != StatusCode::kInvalidArgument;
  }
  template <typename Answer, typename Inner>
  Answer Call(StorageCall call, const Inner& inner) {
    return around_.template operator()<Answer>(call, inner);
  }
  template <typename Inner>
  Status Direct(const Inner& inner) {
    return Call<Status>(StorageCall::kDirectQueue, inner);
  }

  QueueRepository& inner_;
  Around& around_;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_TESTING_QUEUE_DECORATOR_H_
