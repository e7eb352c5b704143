#include "flashsale/policy/fingerprint_detector.h"

#include "base/field_check.h"
#include "flashsale/policy/device_print.h"

namespace flashsale::inline v0 {
namespace {

// The third word of a probe; the first two are the hash.
constexpr std::uint64_t kNotProbed = 0;
constexpr std::uint64_t kMeasured = 1;
constexpr std::uint64_t kDerived = 2;
constexpr std::uint64_t kNoPrint = 3;

}  // namespace

Result<std::unique_ptr<FingerprintDetector>> FingerprintDetector::New(
    FingerprintRepository& prints, const FingerprintOptions& options) {
  Status status = Validate(options.measured, "measured", FingerprintRepository::kCountable);
  if (!status.ok()) return status;
  status = Validate(options.derived, "derived", FingerprintRepository::kCountable);
  if (!status.ok()) return status;
  FieldCheck check;
  check.InRange<unsigned>("no_signal_score", options.no_signal_score, 0, kMaxBotScore);
  if (!check.ok()) return check.status();
  return std::unique_ptr<FingerprintDetector>(new FingerprintDetector(prints, options));
}

DetectorProbe FingerprintDetector::TakePrint(const BotQuery& query) const {
  LimitKey device = query.context.device;
  std::uint64_t kind = kMeasured;
  if (device.is_nil() && options_.extractor) {
    device = options_.extractor(query.context);
  } else if (device.is_nil()) {
    device = DevicePrint(query.context);
    kind = kDerived;
  }
  if (device.is_nil() || query.user.is_nil()) return {.words = {0, 0, kNoPrint}};
  const PrintProbe probe = prints_.Probe({.scope = PrintScope::kDevice, .bytes = device.bytes()});
  return {.words = {probe.hash[0], probe.hash[1], kind}};
}

DetectorProbe FingerprintDetector::Probe(const BotQuery& query) {
  try {
    return TakePrint(query);
  } catch (...) {
    return {};  // Score tries again, and fails
  }
}

std::optional<BotScore> FingerprintDetector::Score(const BotQuery& query,
                                                   const DetectorProbe& probe, Time now,
                                                   const std::shared_ptr<BotScoreSink>& /*later*/) {
  try {
    const DetectorProbe taken = probe.words[2] == kNotProbed ? TakePrint(query) : probe;
    if (taken.words[2] == kNoPrint) {
      return BotScore{.score = options_.no_signal_score, .reason = BotReason::kNoSignal};
    }
    const Sighting sighting{
        .probe = {.scope = PrintScope::kDevice, .hash = {taken.words[0], taken.words[1]}},
        .user = query.user};
    std::uint32_t users = 0;
    if (!prints_.Note(now, {&sighting, 1}, {&users, 1}).ok()) return std::nullopt;
    const ScoreRamp& ramp = taken.words[2] == kMeasured ? options_.measured : options_.derived;
    const std::uint8_t score = ramp.At(users);
    return BotScore{.score = score,
                    .reason = score == 0 ? BotReason::kNone : BotReason::kManyUsersPerDevice};
  } catch (...) {
    return std::nullopt;
  }
}

}  // namespace flashsale::inline v0
