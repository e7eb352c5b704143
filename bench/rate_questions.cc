// What does it cost to hold somebody to a rate?
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "bench/crowd.h"
#include "bench/engine_under_test.h"
#include "bench/machine_limits.h"
#include "bench/measurement.h"
#include "bench/question.h"
#include "flashsale/backend/memory.h"
#include "flashsale/policy/rate_limiter.h"
#include "flashsale/policy/token_bucket.h"

namespace flashsale::bench {
namespace {

constexpr std::uint64_t kCalls = 1'000'000;

Question Bucket() {
  return {.name = "token_bucket_take",
          .asks =
              "What does a permit of a bucket cost that nobody else wants just then, against a "
              "compare-and-swap?",
          .unit = "ns",
          .reference_name = "uncontended CAS",
          .target = Target::RatioAtMost(3),
          .prepare = [](const Settings&) -> Trial {
            return []() -> Sample {
              TokenBucket bucket({.permits = 10'000'000, .per = std::chrono::seconds{1}});
              std::uint64_t allowed = 0;
              const double taken = NanosecondsOf([&] {
                for (std::uint64_t i = 0; i < kCalls; ++i) {
                  const Time now = kOpening + Duration(static_cast<Duration::rep>(i));
                  allowed += bucket.Take(now).allowed ? 1U : 0U;
                }
              });
              Require(allowed == kCalls, "a permit that was there was refused");
              return {.ours = taken / static_cast<double>(kCalls),
                      .reference = UncontendedCas(kCalls)};
            };
          }};
}

// A limiter of users alone, with so many of them in its table.
class LimitedCrowd {
 public:
  LimitedCrowd(const Settings& settings, std::uint64_t users)
      : users_(users),
        crowd_(settings.seed),
        order_(users),
        storage_(std::move(*OpenMemoryStorage({.rate_keys = users}))) {
    RateLimits limits{.per_ipv4 = std::nullopt,
                      .per_ipv6_64 = std::nullopt,
                      .per_ipv6_56 = std::nullopt,
                      .per_ipv6_48 = std::nullopt,
                      .per_device = std::nullopt};
    limits.per_user = Quota{.permits = 1, .per = std::chrono::seconds{1}, .burst = 1'000};
    auto limiter = RateLimiter::New(storage_->rates(), limits);
    Require(limiter.ok(), "the limits were refused");
    limiter_ = std::move(*limiter);
    CheckEach();
  }

  // Nanoseconds of one check of a user known to the table, all of them once, in a scattered order.
  double CheckEach() {
    std::uint64_t allowed = 0;
    const double taken = NanosecondsOf([&] {
      for (std::uint64_t i = 0; i < users_; ++i) {
        const RateLimiter::Probe probe = limiter_->ProbeFor({.user = crowd_.User(order_[i])});
        const Result<RateLimiter::Answer> answer = limiter_->Check(probe, kOpening);
        allowed += answer.ok() && answer->decision.allowed ? 1U : 0U;
      }
    });
    Require(allowed == users_, "a user within their rate was refused");
    return taken / static_cast<double>(users_);
  }

 private:
  const std::uint64_t users_;
  const Crowd crowd_;
  const ScatteredOrder order_;
  const std::unique_ptr<Storage> storage_;
  std::unique_ptr<RateLimiter> limiter_;
};

// A cache line holds seven keys and the word that newcomers share.
constexpr std::uint64_t BytesFor(std::uint64_t keys) { return (keys + 6) / 7 * 64; }

Question KeyedCheck(const Settings& settings) {
  const std::uint64_t users = settings.users / 10;
  return {.name = fmt::format("rate_check_{}", SizeName(users)),
          .asks = fmt::format("What does it cost to check a user's rate among {} users, probe and "
                              "check, against a dependent load over the memory of the table?",
                              users),
          .unit = "ns",
          .reference_name = "dependent load",
          .target = Target::RatioAtMost(1.2),
          .prepare = [users](const Settings& s) -> Trial {
            MachineLimits& limits = LimitsOf(BytesFor(users), s.seed);
            return [&limits, crowd = std::make_shared<LimitedCrowd>(s, users)]() -> Sample {
              return {.ours = crowd->CheckEach(), .reference = limits.DependentLoad()};
            };
          }};
}

Question BytesPerKey(const Settings& settings) {
  const std::uint64_t users = settings.users / 10;
  return {.name = fmt::format("rate_memory_per_key_{}", SizeName(users)),
          .asks = fmt::format("How many bytes are resident for each of {} users whose rates are "
                              "kept, against the word that a bucket is?",
                              users),
          .unit = "B",
          .reference_name = "one word",
          .target = Target::OursAtMost(32),
          .prepare = [users](const Settings& s) -> Trial {
            const auto before = static_cast<double>(ReadResidentMemory().all);
            const LimitedCrowd crowd(s, users);
            const double bytes = static_cast<double>(ReadResidentMemory().all) - before;
            return [sample = Sample{.ours = bytes / static_cast<double>(users), .reference = 8}] {
              return sample;
            };
          }};
}

std::vector<Question> RateQuestions(const Settings& settings) {
  return {Bucket(), KeyedCheck(settings), BytesPerKey(settings)};
}

const QuestionRegistration kRegistration("rate", &RateQuestions);

}  // namespace
}  // namespace flashsale::bench
