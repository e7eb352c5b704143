#include "flashsale/policy/velocity_detector.h"

#include <array>
#include <span>

#include "base/field_check.h"
#include "policy/keyed_quota.h"

namespace flashsale::inline v0 {
namespace {

constexpr unsigned kWide = 48;
constexpr unsigned kNarrow = 64;
// The last word of a probe says that the others are of use: two for each network, two for the user.
constexpr std::size_t kUserWord = 4;
constexpr std::size_t kProbedWord = 7;

// One network of a request.
struct Network {
  PrintScope scope = PrintScope::kIpv4;
  const ScoreRamp* ramp = nullptr;
  unsigned bits = 128;
};

// The networks of a request that are looked at, the widest first.
struct Networks {
  std::array<Network, 2> all;
  std::size_t count = 0;

  void Add(const std::optional<ScoreRamp>& ramp, PrintScope scope, unsigned bits) {
    if (ramp.has_value()) all[count++] = {.scope = scope, .ramp = &*ramp, .bits = bits};
  }
};

Networks NetworksOf(const BotQuery& query, const VelocityOptions& options) {
  Networks networks;
  const IpAddress& address = query.context.address;
  if (address.is_unspecified() || query.user.is_nil()) return networks;
  if (address.is_v4()) {
    networks.Add(options.users_per_ipv4, PrintScope::kIpv4, 128);
  } else {
    networks.Add(options.users_per_ipv6_48, PrintScope::kIpv6Slash48, kWide);
    networks.Add(options.users_per_ipv6_64, PrintScope::kIpv6Slash64, kNarrow);
  }
  return networks;
}

}  // namespace

Result<std::unique_ptr<VelocityDetector>> VelocityDetector::New(FingerprintRepository& prints,
                                                                RateRepository& rates,
                                                                const VelocityOptions& options) {
  struct Ramp {
    std::string_view field;
    const std::optional<ScoreRamp>& ramp;
  };
  for (const Ramp& each : std::array<Ramp, 3>{{{"users_per_ipv4", options.users_per_ipv4},
                                               {"users_per_ipv6_64", options.users_per_ipv6_64},
                                               {"users_per_ipv6_48", options.users_per_ipv6_48}}}) {
    if (!each.ramp.has_value()) continue;
    Status status = Validate(*each.ramp, each.field, FingerprintRepository::kCountable);
    if (!status.ok()) return status;
  }
  if (options.attempts_per_user.has_value()) {
    Status status = ValidateKeyed(*options.attempts_per_user, "attempts_per_user");
    if (!status.ok()) return status;
  }
  FieldCheck check;
  check.InRange<unsigned>("attempts_score", options.attempts_score, 0, kMaxBotScore);
  if (!check.ok()) return check.status();
  return std::unique_ptr<VelocityDetector>(new VelocityDetector(prints, rates, options));
}

VelocityDetector::VelocityDetector(FingerprintRepository& prints, RateRepository& rates,
                                   const VelocityOptions& options)
    : prints_(prints),
      rates_(rates),
      options_(options),
      attempts_(options.attempts_per_user.has_value()
                    ? std::optional<CellRate>(*options.attempts_per_user)
                    : std::nullopt) {}

DetectorProbe VelocityDetector::Probe(const BotQuery& query) {
  DetectorProbe probe{};
  const Networks networks = NetworksOf(query, options_);
  for (std::size_t i = 0; i < networks.count; ++i) {
    const Network& network = networks.all[i];
    const PrintProbe found = prints_.Probe(
        {.scope = network.scope, .bytes = query.context.address.Prefix(network.bits)});
    probe.words[2 * i] = found.hash[0];
    probe.words[2 * i + 1] = found.hash[1];
  }
  if (attempts_.has_value() && !query.user.is_nil()) {
    const RateProbe found =
        rates_.Probe({.scope = RateScope::kUserAttempts, .bytes = query.user.bytes()});
    probe.words[kUserWord] = found.hash[0];
    probe.words[kUserWord + 1] = found.hash[1];
  }
  probe.words[kProbedWord] = 1;
  return probe;
}

std::optional<BotScore> VelocityDetector::Score(const BotQuery& query, const DetectorProbe& given,
                                                Time now,
                                                const std::shared_ptr<BotScoreSink>& /*later*/) {
  const DetectorProbe probe = given.words[kProbedWord] == 0 ? Probe(query) : given;
  BotScore worst;
  const Networks networks = NetworksOf(query, options_);
  std::array<Sighting, 2> sightings;
  std::array<std::uint32_t, 2> users{};
  for (std::size_t i = 0; i < networks.count; ++i) {
    sightings[i] = {.probe = {.scope = networks.all[i].scope,
                              .hash = {probe.words[2 * i], probe.words[2 * i + 1]}},
                    .user = query.user};
  }
  if (networks.count != 0) {
    const Status status = prints_.Note(now, std::span(sightings).first(networks.count),
                                       std::span(users).first(networks.count));
    if (!status.ok()) return std::nullopt;
  }
  for (std::size_t i = 0; i < networks.count; ++i) {
    const std::uint8_t score = networks.all[i].ramp->At(users[i]);
    if (score > worst.score) {
      worst = {.score = score, .reason = BotReason::kManyUsersPerNetwork};
    }
  }
  if (attempts_.has_value() && !query.user.is_nil()) {
    const RateCharge charge{.probe = {.scope = RateScope::kUserAttempts,
                                      .hash = {probe.words[kUserWord], probe.words[kUserWord + 1]}},
                            .rate = *attempts_};
    RateVerdict verdict;
    if (!rates_.Take(now, {&charge, 1}, verdict).ok()) return std::nullopt;
    if (!verdict.decision.allowed && options_.attempts_score > worst.score) {
      worst = {.score = options_.attempts_score, .reason = BotReason::kManyAttempts};
    }
  }
  const bool blind = networks.count == 0 && (!attempts_.has_value() || query.user.is_nil());
  return blind ? BotScore{.reason = BotReason::kNoSignal} : worst;
}

}  // namespace flashsale::inline v0
