#include "testing/rate_check.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <latch>
#include <random>
#include <span>
#include <thread>
#include <vector>

#include "flashsale/repository/rate_repository.h"
#include "testing/findings.h"

namespace flashsale::inline v0 {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr Time kOrigin = kMinTime + std::chrono::hours{400'000};
// Five at once, then one every twelve seconds.
const CellRate kSlow({.permits = 5, .per = minutes{1}, .burst = 5});

// How far a wait may be told too long: stores keep times in steps of their own.
constexpr Duration kRounding{1};

RateKey KeyOf(RateScope scope, std::uint8_t number) {
  RateKey key{.scope = scope};
  key.bytes[15] = number;
  return key;
}

// One key, asked for as a limiter asks.
class Asker {
 public:
  Asker(RateRepository& rates, const RateKey& key, const CellRate& rate)
      : rates_(rates), charge_{.probe = rates.Probe(key), .rate = rate} {}

  RateDecision Take(Time now, std::uint32_t weight = 1) {
    charge_.weight = weight;
    RateVerdict verdict;
    return rates_.Take(now, {&charge_, 1}, verdict).ok() ? verdict.decision : RateDecision{};
  }
  RateDecision Look(Time now, std::uint32_t weight = 1) {
    charge_.weight = weight;
    RateVerdict verdict;
    return rates_.Look(now, {&charge_, 1}, verdict).ok() ? verdict.decision : RateDecision{};
  }
  bool Return(Time now, std::uint32_t weight = 1) {
    charge_.weight = weight;
    return rates_.Return(now, {&charge_, 1}).ok();
  }
  const RateCharge& charge() const { return charge_; }

 private:
  RateRepository& rates_;
  RateCharge charge_;
};

void CheckOneKey(Storage& storage, Findings& f) {
  Asker ann(storage.rates(), KeyOf(RateScope::kUser, 1), kSlow);
  for (int i = 0; i < 5; ++i) f.Expect(ann.Take(kOrigin).allowed, "a burst is not given at once");
  const RateDecision refused = ann.Take(kOrigin);
  f.Expect(!refused.allowed, "more than the burst is given");
  f.Expect(refused.retry_after >= seconds{12} && refused.retry_after <= seconds{12} + kRounding,
           "the wait for one permit in twelve seconds is not twelve seconds");
  f.Expect(!ann.Look(kOrigin + refused.retry_after - 2 * kRounding).allowed,
           "a permit is there before the time that was told");
  f.Expect(ann.Look(kOrigin + refused.retry_after).allowed, "Look refuses what is there");
  f.Expect(ann.Take(kOrigin + refused.retry_after).allowed,
           "who comes back at the time that was told is refused");
  f.Expect(!ann.Take(kOrigin + refused.retry_after).allowed, "one permit came back, two are given");
  f.Expect(ann.Take(kOrigin + minutes{2}, 5).allowed, "a bucket that rested is not full");
  f.Expect(!ann.Take(kOrigin + minutes{2}).allowed, "a bucket that rested is more than full");
}

void CheckWeights(Storage& storage, Findings& f) {
  Asker ann(storage.rates(), KeyOf(RateScope::kUser, 1), kSlow);
  f.Expect(ann.Take(kOrigin, 6).retry_after == RateDecision::kNever,
           "a weight above the burst is to wait for ever");
  f.Expect(ann.Take(kOrigin, 0xFFFF'FFFF).retry_after == RateDecision::kNever,
           "the largest weight is to wait for ever");
  f.Expect(ann.Take(kOrigin, 3).allowed, "a refused weight was charged");
  const RateDecision refused = ann.Take(kOrigin, 4);
  f.Expect(!refused.allowed && refused.retry_after >= seconds{24} &&
               refused.retry_after <= seconds{24} + kRounding,
           "the wait for two more permits is not that of two");
  f.Expect(ann.Take(kOrigin, 2).allowed, "what is left of a burst is not given");
  f.Expect(ann.Return(kOrigin, 2), "Return");
  f.Expect(ann.Take(kOrigin, 2).allowed, "what was given back is not given again");
  f.Expect(!ann.Take(kOrigin).allowed, "more is given than was given back");
}

void CheckKeysAreTheirOwn(Storage& storage, Findings& f) {
  // The same bytes in every scope, and neighbours in one.
  for (std::uint8_t scope = 1; scope <= kRateScopes; ++scope) {
    for (std::uint8_t number = 0; number < 3; ++number) {
      Asker asker(storage.rates(), KeyOf(static_cast<RateScope>(scope), number), kSlow);
      f.Expect(asker.Take(kOrigin, 5).allowed, "a key is charged for what another one took");
      f.Expect(!asker.Take(kOrigin).allowed, "a key has more than its own");
    }
  }
}

void CheckTogetherOrNotAtAll(Storage& storage, Findings& f) {
  RateRepository& rates = storage.rates();
  Asker device(rates, KeyOf(RateScope::kDevice, 1), kSlow);
  Asker user(rates, KeyOf(RateScope::kUser, 1), kSlow);
  Asker address(rates, KeyOf(RateScope::kIpv4, 1), kSlow);
  const std::array<RateCharge, 3> all = {device.charge(), user.charge(), address.charge()};
  RateVerdict verdict;
  f.Expect(user.Take(kOrigin, 3).allowed, "Take");
  f.Expect(rates.Take(kOrigin, all, verdict).ok() && verdict.decision.allowed,
           "charges that all fit are refused");
  f.Expect(user.Take(kOrigin).allowed, "a set of charges took more than one of each");
  for (int i = 0; i < 10; ++i) {
    f.Expect(rates.Take(kOrigin, all, verdict).ok() && !verdict.decision.allowed &&
                 verdict.refused_by == 1,
             "of three charges the second does not fit: the verdict does not say so");
  }
  f.Expect(device.Take(kOrigin, 4).allowed && address.Take(kOrigin, 4).allowed,
           "a refused set was charged in part");
  f.Expect(rates.Take(kOrigin + seconds{12}, all, verdict).ok() && verdict.decision.allowed,
           "charges that all fit again are refused");
  f.Expect(rates.Return(kOrigin + seconds{12}, all).ok(), "Return");
  f.Expect(rates.Take(kOrigin + seconds{12}, all, verdict).ok() && verdict.decision.allowed,
           "a set that was given back does not fit again");
}

void CheckLooksAndPolls(Storage& storage, Findings& f) {
  Asker ann(storage.rates(), KeyOf(RateScope::kUser, 1), kSlow);
  for (int i = 0; i < 20; ++i) f.Expect(ann.Look(kOrigin, 5).allowed, "a look is charged");
  f.Expect(ann.Take(kOrigin, 5).allowed, "looks were charged");
  Time now = kOrigin;
  for (int i = 0; i < 50 && now < kOrigin + seconds{11}; ++i) {
    const Time next = storage.rates().Poll(now);
    f.Expect(next > now, "Poll asks to be called again at once, for ever");
    now = std::min(next, kOrigin + seconds{11});
    f.Expect(!ann.Look(now).allowed, "a poll forgot who has no permit");
  }
}

void CheckStepsBack(Storage& storage, Findings& f) {
  Asker ann(storage.rates(), KeyOf(RateScope::kUser, 1), kSlow);
  f.Expect(ann.Take(kOrigin + seconds{60}, 5).allowed, "Take");
  f.Expect(!ann.Take(kOrigin).allowed, "a caller whose clock is behind gets a second burst");
}

// As the reference has it: a bucket of each key, asked at random for hours.
void CheckRandomAsks(Storage& storage, Findings& f) {
  std::mt19937_64 random(1);
  const CellRate rate({.permits = 30, .per = minutes{1}, .burst = 10});
  std::vector<Asker> askers;
  std::array<std::int64_t, 8> tats{};
  askers.reserve(tats.size());
  for (std::size_t i = 0; i < tats.size(); ++i) {
    askers.emplace_back(storage.rates(), KeyOf(RateScope::kUser, static_cast<std::uint8_t>(i)),
                        rate);
  }
  Time now = kOrigin;
  for (int i = 0; i < 20'000 && f.text().empty(); ++i) {
    const std::size_t key = random() % tats.size();
    const auto weight = static_cast<std::uint32_t>(1 + random() % 3);
    const std::int64_t now_ns = CellRate::Nanoseconds(now);
    const CellRate::Step exact = rate.Take(tats[key], now_ns, weight);
    const bool allowed = askers[key].Take(now, weight).allowed;
    // Steps of a store may add up to a microsecond and more: then either answer is right.
    const bool close = !exact.decision.allowed && exact.decision.retry_after <= 100 * kRounding;
    const bool nearly = rate.Take(tats[key], now_ns - 100'000, weight).decision.allowed;
    f.Expect(allowed == exact.decision.allowed || close || !nearly,
             "a random ask is answered otherwise than by the cell rate algorithm");
    if (allowed) tats[key] = std::max(tats[key], now_ns) + rate.permit_ns() * weight;
    now += Duration(static_cast<Duration::rep>(random() % 400'000));
  }
}

void CheckThreads(Storage& storage, Findings& f) {
  constexpr std::uint32_t kBurst = 2'000;
  constexpr std::size_t kThreads = 4;
  constexpr std::uint32_t kEach = kBurst / 2;
  const CellRate once({.permits = 1, .per = std::chrono::seconds{40}, .burst = kBurst});
  for (std::uint8_t round = 0; round < 5; ++round) {
    std::atomic<std::uint32_t> allowed = 0;
    std::latch all_there(kThreads);
    {
      std::vector<std::jthread> threads;
      threads.reserve(kThreads);
      for (std::size_t thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&] {
          Asker shared(storage.rates(), KeyOf(RateScope::kDevice, round), once);
          all_there.arrive_and_wait();
          for (std::uint32_t i = 0; i < kEach; ++i) {
            allowed += shared.Take(kOrigin).allowed ? 1U : 0U;
          }
        });
      }
    }
    f.Expect(allowed == kBurst, "threads together got more or less than the burst of their key");
  }
}

}  // namespace

std::vector<CheckResult> CheckRates(const StorageFactory& open) {
  constexpr std::array<NamedCheck, 8> kChecks = {{
      {"rates/one key", &CheckOneKey},
      {"rates/weights", &CheckWeights},
      {"rates/keys are their own", &CheckKeysAreTheirOwn},
      {"rates/together or not at all", &CheckTogetherOrNotAtAll},
      {"rates/looks and polls", &CheckLooksAndPolls},
      {"rates/clocks that step back", &CheckStepsBack},
      {"rates/random asks", &CheckRandomAsks},
      {"rates/threads", &CheckThreads},
  }};
  return RunChecks(open, kChecks);
}

}  // namespace flashsale::inline v0
