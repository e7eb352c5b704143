#include "flashsale/testing/faults.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "testing/storage_decorator.h"

namespace flashsale::inline v0 {
namespace {

// Puts the faults of a plan around one call.
class FaultAround {
 public:
  explicit FaultAround(FaultPlan plan) : plan_(std::move(plan)) {}

  template <typename Answer, typename Inner>
  Answer operator()(StorageCall call, const Inner& inner) {
    const Fault fault = plan_.decide ? plan_.decide(call) : Fault::kNone;
    if (fault == Fault::kRefused) return Status(StatusCode::kUnavailable, "refused by a fault");
    if (fault == Fault::kLostRequest) {
      return Status(StatusCode::kUnknown, "the request was lost by a fault");
    }
    if (plan_.before) plan_.before(call);
    Answer answer = inner();
    if (plan_.after) plan_.after(call);
    if (fault == Fault::kLostReply) {
      return Status(StatusCode::kUnknown, "the reply was lost by a fault");
    }
    return answer;
  }

 private:
  const FaultPlan plan_;
};

// Makes one call again until it is answered.
class ResendAround {
 public:
  explicit ResendAround(const ResendOptions& options) : options_(options) {}

  template <typename Answer, typename Inner>
  Answer operator()(StorageCall call, const Inner& inner) {
    for (std::uint32_t attempt = 1;; ++attempt) {
      Answer answer = inner();
      if (attempt >= options_.max_attempts || !IsToBeResent(call, CodeOf(answer))) return answer;
    }
  }

 private:
  static StatusCode CodeOf(const Status& answer) { return answer.code(); }
  template <typename T>
  static StatusCode CodeOf(const Result<T>& answer) {
    return answer.status().code();
  }

  static bool IsToBeResent(StorageCall call, StatusCode code) {
    if (code == StatusCode::kUnavailable) return true;
    if (code != StatusCode::kUnknown) return false;
    switch (call) {
      case StorageCall::kPutSale:
      case StorageCall::kRemoveSale:
        return false;  // compare-and-set: only a look at the catalogue tells what is there
      case StorageCall::kTakeRates:
      case StorageCall::kReturnRates:
        return false;  // it would be charged, or given back, twice
      case StorageCall::kAdmit:
        return false;  // whoever was let in is known by a look at them alone
      default:
        return true;
    }
  }

  const ResendOptions options_;
};

// splitmix64, as G. Steele, D. Lea and C. Flood give it (2014): one step of its counter.
std::uint64_t Mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace

std::unique_ptr<Storage> NewFaultyStorage(std::unique_ptr<Storage> inner, FaultPlan plan) {
  return std::make_unique<StorageDecorator<FaultAround>>(std::move(inner),
                                                         FaultAround(std::move(plan)));
}

std::unique_ptr<Storage> NewResendingStorage(std::unique_ptr<Storage> inner,
                                             const ResendOptions& options) {
  return std::make_unique<StorageDecorator<ResendAround>>(std::move(inner), ResendAround(options));
}

std::function<Fault(StorageCall)> RandomFaults(const FaultMix& mix) {
  // Relaxed: the order of decisions among threads means nothing.
  auto calls = std::make_shared<std::atomic<std::uint64_t>>(0);
  return [mix, calls](StorageCall call) {
    const std::uint64_t number = calls->fetch_add(1, std::memory_order_relaxed);
    const std::uint64_t drawn = Mix(mix.seed + (number + 1) * 0x9e3779b97f4a7c15) % 1000;
    if (drawn < mix.refused) return Fault::kRefused;
    if (drawn < mix.refused + mix.lost_requests) return Fault::kLostRequest;
    const bool applies = call == StorageCall::kApply || call == StorageCall::kApplyQueue;
    const bool lost = drawn < mix.refused + mix.lost_requests + mix.lost_replies;
    return applies && lost ? Fault::kLostReply : Fault::kNone;
  };
}

}  // namespace flashsale::inline v0
