// What does it cost to tell a machine from a shopper?
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/crowd.h"
#include "bench/engine_under_test.h"
#include "bench/machine_limits.h"
#include "bench/measurement.h"
#include "bench/question.h"
#include "flashsale/backend/memory.h"
#include "flashsale/policy/behavior_detector.h"
#include "flashsale/policy/composite_bot_detector.h"
#include "flashsale/policy/device_print.h"
#include "flashsale/policy/fingerprint_detector.h"
#include "flashsale/policy/velocity_detector.h"

namespace flashsale::bench {
namespace {

constexpr std::uint64_t kBytesPerKey = 16;

template <typename T>
std::unique_ptr<T> Made(Result<std::unique_ptr<T>> result) {
  Require(result.ok(), "the options of a detector were refused");
  return std::move(*result);
}

// So many shoppers with a device, an address and a pace of their own, all of them known.
class WatchedCrowd {
 public:
  WatchedCrowd(const Settings& settings, std::uint64_t users)
      : users_(users),
        crowd_(settings.seed),
        order_(users),
        storage_(std::move(*OpenMemoryStorage({.rate_keys = users, .fingerprint_keys = users}))) {
    fingerprint_ = Made(FingerprintDetector::New(storage_->fingerprints()));
    VelocityOptions velocity;
    velocity.attempts_per_user =
        Quota{.permits = 1, .per = std::chrono::seconds{1}, .burst = 1'000};
    velocity_ = Made(VelocityDetector::New(storage_->fingerprints(), storage_->rates(), velocity));
    behavior_ = Made(BehaviorDetector::New());
    chain_ = Made(CompositeBotDetector::New({.detectors = {{.detector = fingerprint_.get()},
                                                           {.detector = velocity_.get()},
                                                           {.detector = behavior_.get()}}}));
    DecideEach();
  }

  // Nanoseconds of one decision about a shopper who is known, all of them once, in a scattered
  // order.
  double DecideEach() {
    std::uint64_t allowed = 0;
    const double taken = NanosecondsOf([&] {
      for (std::uint64_t i = 0; i < users_; ++i) {
        const std::uint64_t shopper = order_[i];
        const UserId user = crowd_.User(shopper);
        const RequestContext context{
            .address = AddressOf(shopper),
            .device = LimitKey::FromBytes(user.bytes()),
            .behavior = {.time_on_page = std::chrono::seconds{3}, .intervals = kIntervals}};
        const BotQuery query{.sale = sale_, .user = user, .context = context};
        const BotDecision decision = chain_->Decide(query, chain_->ProbeFor(query), kOpening);
        allowed += decision.action == BotAction::kAllow ? 1U : 0U;
      }
    });
    Require(allowed == users_, "a shopper was taken for a machine");
    return taken / static_cast<double>(users_);
  }

 private:
  static constexpr std::array<Duration, 8> kIntervals = {
      Duration{210'000}, Duration{90'000},  Duration{640'000}, Duration{333'000},
      Duration{120'000}, Duration{870'000}, Duration{150'000}, Duration{55'000}};

  static IpAddress AddressOf(std::uint64_t shopper) {
    return IpAddress::FromIpv4({10, static_cast<std::uint8_t>(shopper >> 16),
                                static_cast<std::uint8_t>(shopper >> 8),
                                static_cast<std::uint8_t>(shopper)});
  }

  const std::uint64_t users_;
  const SaleId sale_ = "drop";
  const Crowd crowd_;
  const ScatteredOrder order_;
  const std::unique_ptr<Storage> storage_;
  std::unique_ptr<FingerprintDetector> fingerprint_;
  std::unique_ptr<VelocityDetector> velocity_;
  std::unique_ptr<BehaviorDetector> behavior_;
  std::unique_ptr<CompositeBotDetector> chain_;
};

Question LocalChain(const Settings& settings) {
  const std::uint64_t users = settings.users / 10;
  return {.name = fmt::format("bot_chain_local_{}", SizeName(users)),
          .asks = fmt::format("What does it cost to judge a shopper among {} by device, network, "
                              "attempts and behavior, probe and decision, against one dependent "
                              "load over the memory of a table of prints?",
                              users),
          .unit = "ns",
          .reference_name = "dependent load",
          .target = Target::RatioAtMost(3),
          .prepare = [users](const Settings& s) -> Trial {
            MachineLimits& limits = LimitsOf(users * kBytesPerKey, s.seed);
            return [&limits, crowd = std::make_shared<WatchedCrowd>(s, users)]() -> Sample {
              return {.ours = crowd->DecideEach(), .reference = limits.DependentLoad()};
            };
          }};
}

Question HeaderPrint() {
  return {.name = "bot_device_print",
          .asks =
              "What does a print of a browser's headers cost, where the host takes none of its "
              "own, against SHA-256 of as many bytes?",
          .unit = "ns",
          .reference_name = "SHA-256",
          .target = Target::RatioAtMost(2),
          .prepare = [](const Settings&) -> Trial {
            return []() -> Sample {
              constexpr std::uint64_t kPrints = 100'000;
              static constexpr std::array<HeaderField, 6> kHeaders = {
                  {{.name = "User-Agent",
                    .value = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like "
                             "Gecko) Chrome/126.0 Mobile Safari/537.36"},
                   {.name = "Accept", .value = "application/json, text/plain, */*"},
                   {.name = "Accept-Language", .value = "en-GB,en;q=0.9"},
                   {.name = "Accept-Encoding", .value = "gzip, deflate, br, zstd"},
                   {.name = "Sec-CH-UA", .value = "\"Chromium\";v=\"126\""},
                   {.name = "Sec-CH-UA-Mobile", .value = "?1"}}};
              std::string text;
              for (const HeaderField& field : kHeaders) {
                text += field.name;
                text += field.value;
              }
              const RequestContext context{.address = IpAddress::FromIpv4({192, 0, 2, 1}),
                                           .headers = kHeaders};
              std::uint64_t nil = 0;
              const double taken = NanosecondsOf([&] {
                for (std::uint64_t i = 0; i < kPrints; ++i) {
                  nil += DevicePrint(context).is_nil() ? 1U : 0U;
                }
              });
              const double hashing = NanosecondsOf([&] {
                for (std::uint64_t i = 0; i < kPrints; ++i) {
                  nil += LimitKey::FromText(text).is_nil() ? 1U : 0U;
                }
              });
              Require(nil == 0, "headers gave no print");
              return {.ours = taken / static_cast<double>(kPrints),
                      .reference = hashing / static_cast<double>(kPrints)};
            };
          }};
}

std::vector<Question> BotQuestions(const Settings& settings) {
  return {LocalChain(settings), HeaderPrint()};
}

const QuestionRegistration kRegistration("bot", &BotQuestions);

}  // namespace
}  // namespace flashsale::bench
