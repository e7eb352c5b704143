#include "flashsale/policy/composite_bot_detector.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/field_check.h"
#include "policy/bot_chain.h"

namespace flashsale::inline v0 {
namespace {

constexpr unsigned kNever = kMaxBotScore + 1U;

Status Validate(const ChainedDetector& chained, std::size_t place) {
  const auto field = [place](std::string_view member) {
    return fmt::format("detectors[{}].{}", place, member);
  };
  FieldCheck check;
  check.That(chained.detector != nullptr, field("detector"), "null", "a detector");
  if (!check.ok()) return check.status();
  const std::string_view name = chained.detector->name();
  const auto cost = static_cast<unsigned>(chained.detector->cost());
  check
      .That(id_internal::IsName(name), field("detector.name"), Printable(name),
            "1 to 64 of A-Z a-z 0-9 . _ -")
      .InRange<unsigned>(field("detector.cost"), cost, 1, 3)
      .InRange<std::uint32_t>(field("weight"), chained.weight, 0, 100)
      .That(chained.on_failure == FailurePolicy::kOpen ||
                chained.on_failure == FailurePolicy::kClosed,
            field("on_failure"), fmt::format("{}", static_cast<unsigned>(chained.on_failure)),
            "kOpen or kClosed")
      .InRange(field("time_limit"), chained.time_limit, std::chrono::milliseconds{1},
               std::chrono::minutes{1})
      .InRange<std::uint32_t>(field("max_outstanding"), chained.max_outstanding, 1, 65'536);
  return check.status();
}

// The first with this name is at `place`, or before it.
Status ValidateName(std::span<const ChainedDetector> detectors, std::size_t place) {
  const std::string_view name = detectors[place].detector->name();
  const auto same = [name](const ChainedDetector& other) { return other.detector->name() == name; };
  const auto first = std::find_if(detectors.begin(), detectors.end(), same);
  const auto index = static_cast<std::size_t>(first - detectors.begin());
  FieldCheck check;
  check
      .That(index == place || first->detector != detectors[place].detector,
            fmt::format("detectors[{}].detector", place),
            fmt::format("the same as detectors[{}]", index), "each detector once")
      .That(index == place, fmt::format("detectors[{}].detector.name", place), Printable(name),
            fmt::format("another one than that of detectors[{}]", index));
  return check.status();
}

Status Validate(const CompositeOptions& options) {
  const BotThresholds& thresholds = options.thresholds;
  FieldCheck check;
  check
      .That(id_internal::IsName(options.name), "name", Printable(options.name),
            "1 to 64 of A-Z a-z 0-9 . _ -")
      .InRange<std::size_t>("detectors", options.detectors.size(), 1,
                            CompositeBotDetector::kMaxDetectors)
      .InRange<unsigned>("thresholds.challenge", thresholds.challenge, 1, kNever)
      .InRange<unsigned>("thresholds.tarpit", thresholds.tarpit, thresholds.challenge, kNever)
      .InRange<unsigned>("thresholds.deny", thresholds.deny, thresholds.tarpit, kNever)
      .InRange("tarpit", options.tarpit, Duration{0}, std::chrono::minutes{1});
  if (!check.ok()) return check.status();
  for (std::size_t i = 0; i < options.detectors.size(); ++i) {
    Status status = Validate(options.detectors[i], i);
    if (!status.ok()) return status;
    status = ValidateName(options.detectors, i);
    if (!status.ok()) return status;
  }
  return Status();
}

}  // namespace

std::string_view Name(BotAction action) {
  switch (action) {
    case BotAction::kAllow:
      return "Allow";
    case BotAction::kChallenge:
      return "Challenge";
    case BotAction::kTarpit:
      return "Tarpit";
    case BotAction::kDeny:
      return "Deny";
  }
  return "Unknown";
}

Result<std::unique_ptr<CompositeBotDetector>> CompositeBotDetector::New(
    const CompositeOptions& options) {
  try {
    Status status = Validate(options);
    if (!status.ok()) return status;
    return std::unique_ptr<CompositeBotDetector>(
        new CompositeBotDetector(std::make_shared<Chain>(options)));
  } catch (const std::exception& error) {
    return Status(StatusCode::kResourceExhausted, error.what());
  }
}

CompositeBotDetector::CompositeBotDetector(std::shared_ptr<Chain> chain)
    : chain_(std::move(chain)) {}

CompositeBotDetector::~CompositeBotDetector() { chain_->Close(); }

CompositeBotDetector::Probes CompositeBotDetector::ProbeFor(const BotQuery& query) const {
  return chain_->ProbeFor(query);
}

BotDecision CompositeBotDetector::Decide(const BotQuery& query, const Probes& probes,
                                         Time now) const {
  if (chain_->cost() != DetectorCost::kRemote) return chain_->DecideByLocals(query, probes, now);
  return *chain_->Decide(query, probes, now, nullptr, true);
}

std::optional<BotDecision> CompositeBotDetector::DecideAsync(const BotQuery& query,
                                                             const Probes& probes, Time now,
                                                             Completion done) const {
  if (chain_->cost() != DetectorCost::kRemote) return chain_->DecideByLocals(query, probes, now);
  return chain_->Decide(query, probes, now, std::move(done), false);
}

Time CompositeBotDetector::Poll(Time now) { return chain_->Poll(now); }

std::size_t CompositeBotDetector::size() const { return chain_->options().detectors.size(); }

std::string_view CompositeBotDetector::DetectorName(std::size_t detector) const {
  return chain_->options().detectors[detector].detector->name();
}

DetectorStats CompositeBotDetector::StatsOf(std::size_t detector) const {
  return chain_->StatsOf(detector);
}

ChainStats CompositeBotDetector::Stats() const { return chain_->Stats(); }

std::string_view CompositeBotDetector::name() const { return chain_->options().name; }

DetectorCost CompositeBotDetector::cost() const { return chain_->cost(); }

std::optional<BotScore> CompositeBotDetector::Score(const BotQuery& query,
                                                    const DetectorProbe& /*probe*/, Time now,
                                                    const std::shared_ptr<BotScoreSink>& later) {
  const auto score_of = [shadow = chain_->options().shadow](const BotDecision& decision) {
    return shadow ? BotScore{} : BotScore{.score = decision.score, .reason = decision.reason};
  };
  const Probes probes = ProbeFor(query);
  if (later == nullptr) return score_of(Decide(query, probes, now));
  const std::optional<BotDecision> decision = DecideAsync(
      query, probes, now,
      [later, score_of](const BotDecision& decided) { later->Deliver(score_of(decided)); });
  if (!decision.has_value()) return std::nullopt;
  return score_of(*decision);
}

}  // namespace flashsale::inline v0
