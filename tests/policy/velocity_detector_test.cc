#include "flashsale/policy/velocity_detector.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "flashsale/testing/reference_model.h"
#include "tests/policy/bot_doubles.h"
#include "tests/policy/lost_repositories.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

constexpr ScoreRamp kSteep{.from = 2, .to = 4, .most = 90};

class Watched {
 public:
  explicit Watched(const VelocityOptions& options,
                   std::unique_ptr<Storage> storage = NewReferenceStorage())
      : storage_(std::move(storage)) {
    auto made = VelocityDetector::New(storage_->fingerprints(), storage_->rates(), options);
    REQUIRE_MESSAGE(made.ok(), made.status().ToString());
    detector_ = std::move(*made);
  }

  std::optional<BotScore> Ask(std::uint64_t user, const std::string& address, Time now = kBotStart,
                              bool probe = true) {
    const Visitor visitor{.user = user == 0 ? UserId() : UserId::FromInteger(user),
                          .context = {.address = *IpAddress::Parse(address)}};
    const BotQuery query = visitor.query();
    return detector_->Score(query, probe ? detector_->Probe(query) : DetectorProbe{}, now, nullptr);
  }

 private:
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<VelocityDetector> detector_;
};

VelocityOptions Nothing() {
  return {.users_per_ipv4 = std::nullopt,
          .users_per_ipv6_64 = std::nullopt,
          .users_per_ipv6_48 = std::nullopt,
          .attempts_per_user = std::nullopt};
}

TEST_CASE("users of one IPv4 address are counted together, of two apart") {
  VelocityOptions options = Nothing();
  options.users_per_ipv4 = kSteep;
  Watched watched(options);
  CHECK(watched.Ask(1, "192.0.2.1")->score == 0);
  CHECK(watched.Ask(2, "192.0.2.1")->score == 0);
  CHECK(watched.Ask(2, "192.0.2.1")->score == 0);
  CHECK(watched.Ask(3, "::ffff:192.0.2.1")->score == 45);
  CHECK(watched.Ask(4, "192.0.2.1") ==
        BotScore{.score = 90, .reason = BotReason::kManyUsersPerNetwork});
  CHECK(watched.Ask(5, "192.0.2.2")->score == 0);
  CHECK(watched.Ask(6, "2001:db8::1")->score == 0);
}

TEST_CASE("users of one /64 are counted together, and those of all /64 of one /48") {
  VelocityOptions narrow = Nothing();
  narrow.users_per_ipv6_64 = kSteep;
  Watched house(narrow);
  for (std::uint64_t user = 1; user <= 4; ++user) {
    house.Ask(user, "2001:db8:0:1::" + std::to_string(user));
  }
  CHECK(house.Ask(5, "2001:db8:0:1:ffff::9")->score == 90);
  CHECK(house.Ask(6, "2001:db8:0:2::1")->score == 0);

  VelocityOptions wide = Nothing();
  wide.users_per_ipv6_48 = kSteep;
  Watched provider(wide);
  for (std::uint64_t user = 1; user <= 4; ++user) {
    provider.Ask(user, "2001:db8:0:" + std::to_string(user) + "::1");
  }
  CHECK(provider.Ask(5, "2001:db8:0:ffff::1")->score == 90);
  CHECK(provider.Ask(6, "2001:db8:1::1")->score == 0);

  // The worse of both.
  VelocityOptions both = Nothing();
  both.users_per_ipv6_48 = ScoreRamp{.from = 1, .to = 2, .most = 30};
  both.users_per_ipv6_64 = ScoreRamp{.from = 1, .to = 2, .most = 70};
  Watched worse(both);
  worse.Ask(1, "2001:db8::1");
  CHECK(worse.Ask(2, "2001:db8:0:1::1")->score == 30);
  CHECK(worse.Ask(3, "2001:db8::2")->score == 70);
}

TEST_CASE("a user who tries at a machine's speed is told apart from one who clicks") {
  VelocityOptions options = Nothing();
  options.attempts_per_user = Quota{.permits = 60, .per = 1min, .burst = 5};
  options.attempts_score = 66;
  Watched watched(options);
  for (int i = 0; i < 5; ++i) CHECK(watched.Ask(1, "192.0.2.1")->score == 0);
  CHECK(watched.Ask(1, "192.0.2.2") == BotScore{.score = 66, .reason = BotReason::kManyAttempts});
  CHECK(watched.Ask(2, "192.0.2.1")->score == 0);
  CHECK(watched.Ask(1, "192.0.2.1", kBotStart + 1s)->score == 0);
  CHECK(watched.Ask(1, "192.0.2.1", kBotStart + 1s)->score == 66);
}

TEST_CASE("attempts are counted apart from what a limiter lets in") {
  const auto storage = NewReferenceStorage();
  VelocityOptions options = Nothing();
  options.attempts_per_user = Quota{.permits = 1, .per = 1min, .burst = 1};
  auto detector =
      std::move(*VelocityDetector::New(storage->fingerprints(), storage->rates(), options));
  const Visitor visitor;
  const CellRate rate({.permits = 5, .per = 1min, .burst = 5});
  const RateCharge charge{
      .probe = storage->rates().Probe({.scope = RateScope::kUser, .bytes = visitor.user.bytes()}),
      .rate = rate,
      .weight = 5};
  RateVerdict verdict;
  REQUIRE(storage->rates().Take(kBotStart, {&charge, 1}, verdict).ok());
  CHECK(verdict.decision.allowed);
  CHECK(detector->Score(visitor.query(), {}, kBotStart, nullptr)->score == 0);
  CHECK(detector->Score(visitor.query(), {}, kBotStart, nullptr)->score == options.attempts_score);
}

TEST_CASE("velocity is the same with a probe and without one") {
  VelocityOptions options = Nothing();
  options.users_per_ipv6_64 = ScoreRamp{.from = 1, .to = 2, .most = 70};
  options.attempts_per_user = Quota{.permits = 60, .per = 1min, .burst = 2};
  Watched watched(options);
  CHECK(watched.Ask(1, "2001:db8::1", kBotStart, true)->score == 0);
  CHECK(watched.Ask(2, "2001:db8::1", kBotStart, false)->score == 70);
  CHECK(watched.Ask(1, "2001:db9::1", kBotStart, false)->score == 0);
  CHECK(watched.Ask(1, "2001:db9::1", kBotStart, true)->reason == BotReason::kManyAttempts);
}

TEST_CASE("where nothing is known there is no signal") {
  Watched watched({});
  CHECK(watched.Ask(0, "192.0.2.1") == BotScore{.reason = BotReason::kNoSignal});
  CHECK(watched.Ask(1, "0.0.0.0") == BotScore{});  // attempts are a signal
  Watched blind(Nothing());
  CHECK(blind.Ask(1, "192.0.2.1") == BotScore{.reason = BotReason::kNoSignal});
}

TEST_CASE("a store of velocity that is away is a failure") {
  Watched sightings({}, NewLostStorage(StorageCall::kNoteSightings));
  CHECK_FALSE(sightings.Ask(1, "192.0.2.1").has_value());
  Watched attempts({}, NewLostStorage(StorageCall::kTakeRates));
  CHECK_FALSE(attempts.Ask(1, "192.0.2.1").has_value());
}

TEST_CASE("what is wrong with the options of velocity is named") {
  const auto storage = NewReferenceStorage();
  const auto message = [&](const VelocityOptions& options) {
    return VelocityDetector::New(storage->fingerprints(), storage->rates(), options)
        .status()
        .message();
  };
  CHECK(message({.users_per_ipv4 = ScoreRamp{.from = 1, .to = 129}}) ==
        "users_per_ipv4.to: 129, expected 1 to 128");
  CHECK(message({.users_per_ipv6_64 = ScoreRamp{.from = 3, .to = 3}}) ==
        "users_per_ipv6_64.from: 3, expected 0 to 2");
  CHECK(message({.users_per_ipv6_48 = ScoreRamp{.from = 1, .to = 3, .most = 101}}) ==
        "users_per_ipv6_48.most: 101, expected 0 to 100");
  CHECK(message({.attempts_per_user = Quota{.permits = 1, .per = 1h, .burst = 25}}) ==
        "attempts_per_user.burst: 25, expected a burst that comes back within a day");
  CHECK(message({.attempts_score = 101}) == "attempts_score: 101, expected 0 to 100");
}

}  // namespace
}  // namespace flashsale
