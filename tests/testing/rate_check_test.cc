#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "flashsale/testing/conformance.h"
#include "flashsale/testing/reference_model.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

// What a faulty repository does with one call; the right one does `inner`.
struct RateLies {
  std::function<RateProbe(RateRepository& inner, RateKey key)> probe = {};
  std::function<Status(RateRepository& inner, Time now, std::span<const RateCharge> charges,
                       RateVerdict& verdict)>
      take = {};
  std::function<Status(RateRepository& inner, Time now, std::span<const RateCharge> charges,
                       RateVerdict& verdict)>
      look = {};
  bool keeps_what_is_returned = false;
  // For lies that remember something: each storage has a copy of them.
  bool one_at_a_time = false;
  std::function<void(RateRepository& inner, Time now)> poll = {};
};

class StorageOfLyingRates final : public Storage, private RateRepository {
 public:
  explicit StorageOfLyingRates(RateLies lies)
      : inner_(NewReferenceStorage()), truth_(inner_->rates()), lies_(std::move(lies)) {}

  StorageTraits traits() const override { return inner_->traits(); }
  InventoryRepository& inventory() override { return inner_->inventory(); }
  FlashSaleRepository& sales() override { return inner_->sales(); }
  RateRepository& rates() override { return *this; }
  FingerprintRepository& fingerprints() override { return inner_->fingerprints(); }
  QueueRepository& queue() override { return inner_->queue(); }
  QueueRepository& waitlists() override { return inner_->waitlists(); }

 private:
  RateProbe Probe(const RateKey& key) override {
    return lies_.probe ? lies_.probe(truth_, key) : truth_.Probe(key);
  }
  Status Take(Time now, std::span<const RateCharge> charges, RateVerdict& verdict) override {
    std::unique_lock lock(mutex_, std::defer_lock);
    if (lies_.one_at_a_time) lock.lock();
    return lies_.take ? lies_.take(truth_, now, charges, verdict)
                      : truth_.Take(now, charges, verdict);
  }
  Status Look(Time now, std::span<const RateCharge> charges, RateVerdict& verdict) override {
    return lies_.look ? lies_.look(truth_, now, charges, verdict)
                      : truth_.Look(now, charges, verdict);
  }
  Status Return(Time now, std::span<const RateCharge> charges) override {
    return lies_.keeps_what_is_returned ? Status() : truth_.Return(now, charges);
  }
  Time Poll(Time now) override {
    if (lies_.poll) lies_.poll(truth_, now);
    return truth_.Poll(now);
  }

  const std::unique_ptr<Storage> inner_;
  RateRepository& truth_;
  const RateLies lies_;
  std::mutex mutex_;
};

// The first check of the part "rates" that fails, or "".
std::string RejectedBy(const RateLies& lies) {
  const StorageFactory open = [&lies](const StorageNeeds&) -> Result<std::unique_ptr<Storage>> {
    return std::unique_ptr<Storage>(std::make_unique<StorageOfLyingRates>(lies));
  };
  for (const ConformancePart& part : ConformanceParts()) {
    if (part.name != "rates") continue;
    for (const CheckResult& result : part.run(open, {})) {
      if (!result.passed) return result.name;
    }
  }
  return "";
}

TEST_CASE("rates that tell the truth pass") { CHECK(RejectedBy({}).empty()); }

TEST_CASE("a repository that tells waits too short is rejected") {
  CHECK(RejectedBy({.take = [](RateRepository& inner, Time now, auto charges, auto& verdict) {
          Status status = inner.Take(now, charges, verdict);
          verdict.decision.retry_after /= 2;
          return status;
        }}) == "rates/one key");
}

TEST_CASE("a repository that gives one more than the burst is rejected") {
  CHECK(RejectedBy({.take = [](RateRepository& inner, Time now, auto charges, auto& verdict) {
          return inner.Take(now + 12s, charges, verdict);
        }}) == "rates/one key");
}

TEST_CASE("a repository that charges what it refuses is rejected") {
  const auto charge_each = [](RateRepository& inner, Time now, std::span<const RateCharge> charges,
                              RateVerdict& verdict) {
    for (std::size_t i = 0; i < charges.size(); ++i) {
      Status status = inner.Take(now, charges.subspan(i, 1), verdict);
      verdict.refused_by = i;
      if (!status.ok() || !verdict.decision.allowed) return status;
    }
    return Status();
  };
  CHECK(RejectedBy({.take = charge_each}) == "rates/together or not at all");
}

TEST_CASE("a repository that charges a look is rejected") {
  CHECK(RejectedBy({.look = [](RateRepository& inner, Time now, auto charges, auto& verdict) {
          return inner.Take(now, charges, verdict);
        }}) != "");
}

TEST_CASE("a repository that keeps what is returned is rejected") {
  CHECK(RejectedBy({.keeps_what_is_returned = true}) == "rates/weights");
}

TEST_CASE("a repository that takes the scopes for one is rejected") {
  CHECK(RejectedBy({.probe = [](RateRepository& inner, RateKey key) {
          key.scope = RateScope::kUser;
          return inner.Probe(key);
        }}) == "rates/keys are their own");
}

TEST_CASE("a repository that forgets whom it should not is rejected") {
  // A poll that gives back what was charged last.
  std::mutex mutex;
  std::vector<RateCharge> last;
  CHECK(RejectedBy({.take =
                        [&](RateRepository& inner, Time now, auto charges, auto& verdict) {
                          const std::lock_guard lock(mutex);
                          last.assign(charges.begin(), charges.end());
                          return inner.Take(now, charges, verdict);
                        },
                    .poll =
                        [&](RateRepository& inner, Time now) {
                          const std::lock_guard lock(mutex);
                          static_cast<void>(inner.Return(now, last));
                        }}) == "rates/looks and polls");
}

TEST_CASE("a repository that believes a clock that stepped back is rejected") {
  const auto believe = [latest = Time{}](RateRepository& inner, Time now, auto charges,
                                         auto& verdict) mutable {
    const bool stepped_back = now + 30s < latest;
    latest = std::max(latest, now);
    Status status = inner.Take(now, charges, verdict);
    if (stepped_back) verdict.decision = {.allowed = true};
    return status;
  };
  CHECK(RejectedBy({.take = believe, .one_at_a_time = true}) == "rates/clocks that step back");
}

TEST_CASE("a repository that loses what two threads take at once is rejected") {
  // A look, then a charge of whatever is there: two steps, between which somebody else looks, if
  // there is anybody.
  std::atomic<int> looks = 0;
  CHECK(RejectedBy({.take = [&](RateRepository& inner, Time now, auto charges, auto& verdict) {
          Status status = inner.Look(now, charges, verdict);
          const int before = ++looks;
          if (!status.ok() || !verdict.decision.allowed) return status;
          // Where many ask one by one, nobody is there to wait for.
          const bool waits = charges.front().probe.scope == RateScope::kDevice;
          for (int i = 0; waits && i < 1'000; ++i) {
            if (looks != before) break;
            std::this_thread::yield();
          }
          RateVerdict ignored;
          return inner.Take(now, charges, ignored);
        }}) == "rates/threads");
}

}  // namespace
}  // namespace flashsale
