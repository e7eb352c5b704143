#include "flashsale/policy/fingerprint_detector.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "flashsale/testing/reference_model.h"
#include "tests/policy/bot_doubles.h"
#include "tests/policy/lost_repositories.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;

class Watched {
 public:
  explicit Watched(const FingerprintOptions& options = {},
                   std::unique_ptr<Storage> storage = NewReferenceStorage())
      : storage_(std::move(storage)) {
    auto made = FingerprintDetector::New(storage_->fingerprints(), options);
    REQUIRE_MESSAGE(made.ok(), made.status().ToString());
    detector_ = std::move(*made);
  }

  std::optional<BotScore> Ask(std::uint64_t user, const RequestContext& context,
                              Time now = kBotStart, bool probe = true) {
    const Visitor visitor{.user = user == 0 ? UserId() : UserId::FromInteger(user),
                          .context = context};
    const BotQuery query = visitor.query();
    return detector_->Score(query, probe ? detector_->Probe(query) : DetectorProbe{}, now, nullptr);
  }
  FingerprintDetector& detector() { return *detector_; }

 private:
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<FingerprintDetector> detector_;
};

const RequestContext kTablet{.device = LimitKey::FromInteger(1)};
const std::vector<HeaderField> kHeaders = {{.name = "User-Agent", .value = "Mozilla"}};
const RequestContext kBrowser{.address = *IpAddress::Parse("192.0.2.1"), .headers = kHeaders};

TEST_CASE("the more users a device has, the more it looks like a farm") {
  Watched watched({.measured = {.from = 2, .to = 6, .most = 100}});
  const std::vector<int> scores = {0, 0, 25, 50, 75, 100, 100};
  for (std::uint64_t user = 1; user <= scores.size(); ++user) {
    const std::optional<BotScore> score = watched.Ask(user, kTablet);
    REQUIRE(score.has_value());
    CHECK(score->score == scores[user - 1]);
    CHECK(score->reason == (score->score == 0 ? BotReason::kNone : BotReason::kManyUsersPerDevice));
  }
  // One user as often as they like, on another device.
  for (int i = 0; i < 100; ++i) {
    CHECK(watched.Ask(1, {.device = LimitKey::FromInteger(2)})->score == 0);
  }
  // The farm is forgotten when it has rested.
  CHECK(watched.Ask(1, kTablet, kBotStart + 2 * FingerprintRepository::kMemory)->score == 0);
}

TEST_CASE("with a probe and without one the answer is the same") {
  Watched watched({.measured = {.from = 1, .to = 2}});
  CHECK(watched.Ask(1, kTablet, kBotStart, true)->score == 0);
  CHECK(watched.Ask(2, kTablet, kBotStart, false)->score == 100);
  CHECK(watched.Ask(1, kBrowser, kBotStart, false)->score == 0);
}

TEST_CASE("a probe notes nobody") {
  Watched watched({.measured = {.from = 1, .to = 2}});
  const Visitor other{.user = UserId::FromInteger(7), .context = kTablet};
  for (int i = 0; i < 10; ++i) watched.detector().Probe(other.query());
  CHECK(watched.Ask(1, kTablet)->score == 0);
}

TEST_CASE("a print of headers has a ramp of its own, a print of the host's comes first") {
  Watched watched(
      {.measured = {.from = 1, .to = 2, .most = 100}, .derived = {.from = 2, .to = 3, .most = 60}});
  CHECK(watched.Ask(1, kBrowser)->score == 0);
  CHECK(watched.Ask(2, kBrowser)->score == 0);
  CHECK(watched.Ask(3, kBrowser)->score == 60);
  RequestContext both = kBrowser;
  both.device = LimitKey::FromInteger(1);
  CHECK(watched.Ask(1, both)->score == 0);
  CHECK(watched.Ask(2, both)->score == 100);
}

TEST_CASE("by default a print of headers alone denies nobody") {
  Watched watched;
  std::uint8_t worst = 0;
  for (std::uint64_t user = 1; user <= 500; ++user) worst = watched.Ask(user, kBrowser)->score;
  CHECK(worst == 60);
}

TEST_CASE("a host's extractor makes the prints that the host did not take") {
  Watched watched(
      {.measured = {.from = 1, .to = 2}, .extractor = [](const RequestContext& context) {
         const auto canvas = context.Header("X-Canvas");
         return canvas.has_value() ? LimitKey::FromText(*canvas) : LimitKey();
       }});
  const std::vector<HeaderField> one = {{.name = "x-canvas", .value = "one"}};
  const std::vector<HeaderField> two = {{.name = "x-canvas", .value = "two"}};
  CHECK(watched.Ask(1, {.headers = one})->score == 0);
  CHECK(watched.Ask(2, {.headers = two})->score == 0);
  CHECK(watched.Ask(3, {.headers = one})->score == 100);
  CHECK(watched.Ask(1, kBrowser)->reason == BotReason::kNoSignal);
}

TEST_CASE("no print or no user is no signal, which has a score of its own") {
  Watched watched({.no_signal_score = 15});
  for (const bool probe : {false, true}) {
    CHECK(watched.Ask(1, {}, kBotStart, probe) ==
          BotScore{.score = 15, .reason = BotReason::kNoSignal});
    CHECK(watched.Ask(0, kTablet, kBotStart, probe) ==
          BotScore{.score = 15, .reason = BotReason::kNoSignal});
  }
}

TEST_CASE("an extractor that throws and a store that is away are failures") {
  Watched thrower(
      {.extractor = [](const RequestContext&) -> LimitKey { throw std::runtime_error("no"); }});
  CHECK_FALSE(thrower.Ask(1, kBrowser).has_value());
  CHECK(thrower.Ask(1, kTablet).has_value());
  Watched lost({}, NewLostStorage(StorageCall::kNoteSightings));
  CHECK_FALSE(lost.Ask(1, kTablet).has_value());
}

TEST_CASE("users who come at once on many threads are all counted") {
  Watched watched({.measured = {.from = 7, .to = 8}});
  std::vector<std::jthread> threads;
  threads.reserve(12);
  for (std::uint64_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&watched, thread] {
      watched.Ask(2 * thread + 1, kTablet);
      watched.Ask(2 * thread + 2, kTablet);
    });
  }
  threads.clear();
  CHECK(watched.Ask(1, kTablet)->score == 100);
}

TEST_CASE("what is wrong with the options of prints is named") {
  const auto storage = NewReferenceStorage();
  const auto message = [&](const FingerprintOptions& options) {
    return FingerprintDetector::New(storage->fingerprints(), options).status().message();
  };
  CHECK(message({.measured = {.from = 1, .to = 129}}) == "measured.to: 129, expected 1 to 128");
  CHECK(message({.derived = {.from = 9, .to = 9}}) == "derived.from: 9, expected 0 to 8");
  CHECK(message({.no_signal_score = 101}) == "no_signal_score: 101, expected 0 to 100");
}

}  // namespace
}  // namespace flashsale
