#include "service/wait_estimator.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <deque>
#include <random>
#include <vector>

#include "flashsale/base/id.h"
#include "flashsale/base/time.h"

namespace flashsale {
namespace {

using namespace std::chrono_literals;
using Limit = WaitEstimator::Limit;

constexpr Time kStart = Time(Duration(1'700'000'000'000'000));

void NoteAdmitted(WaitEstimator& estimator, const UserId& user, Time at) {
  WaitEstimator::Ended ended{.user = user, .admitted_at = at};
  estimator.NoteEnded({&ended, 1});
}

// A queue of which somebody is told every second, and who is told waits as long as the model says,
// times a number drawn for them.
class ToldWaits {
 public:
  // `scatter`: standard deviation of the number's logarithm; `bias`: its mean.
  ToldWaits(double bias, double scatter) : number_(bias, scatter) {}

  // One second more.  Returns whether whoever was told something measured a second ago or before,
  // and is let in now, was in their interval.
  void Step(const WaitEstimator::Ahead& ahead) {
    now_ += 1s;
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      if (it->at > now_) {
        ++it;
        continue;
      }
      NoteAdmitted(estimator_, it->user, it->at);
      if (it->wait.is_measured) {
        const Duration waited = it->at - it->told_at;
        ++counted_;
        before_ += waited < it->wait.earliest ? 1 : 0;
        after_ += waited > it->wait.latest ? 1 : 0;
      }
      it = waiting_.erase(it);
    }
    estimator_.NoteWaiting(now_);
    const UserId user = UserId::FromInteger(1'000'000 + ++users_);
    const WaitEstimator::Told told = estimator_.Estimate(ahead);
    estimator_.NoteTold(user, now_, told);
    const double seconds = static_cast<double>(told.middle.count()) / 1e6;
    const double actual = seconds * std::exp(number_(random_));
    waiting_.push_back({.user = user,
                        .told_at = now_,
                        .at = now_ + Duration(static_cast<Duration::rep>(actual * 1e6)),
                        .wait = told.wait});
    last_ = told.wait;
  }

  WaitEstimator& estimator() { return estimator_; }
  Time now() const { return now_; }
  const WaitEstimate& last() const { return last_; }
  int counted() const { return counted_; }
  double before() const { return static_cast<double>(before_) / counted_; }
  double after() const { return static_cast<double>(after_) / counted_; }

 private:
  struct Waiting {
    UserId user;
    Time told_at;
    Time at;
    WaitEstimate wait;
  };

  WaitEstimator estimator_{2min};
  std::mt19937_64 random_{7};
  std::normal_distribution<double> number_;
  std::deque<Waiting> waiting_;
  Time now_ = kStart;
  std::uint64_t users_ = 0;
  int counted_ = 0;
  int before_ = 0;
  int after_ = 0;
  WaitEstimate last_;
};

// 30 seconds at the pace.
constexpr WaitEstimator::Ahead kAhead = {.people = 3'000,
                                         .units_unclaimed = 1'000'000,
                                         .max_in_flight = 1'000'000,
                                         .admissions_per_second = 100};

TEST_CASE("whatever the model is worth, a tenth comes before the interval and a tenth after it") {
  for (const double bias : {-0.7, 0.0, 0.4}) {
    for (const double scatter : {0.01, 0.1, 0.6}) {
      CAPTURE(bias);
      CAPTURE(scatter);
      ToldWaits queue(bias, scatter);
      for (int second = 0; second < 40'000; ++second) queue.Step(kAhead);
      REQUIRE(queue.counted() > 30'000);
      CHECK(queue.before() == doctest::Approx(0.1).epsilon(0.15));
      CHECK(queue.after() == doctest::Approx(0.1).epsilon(0.15));
      // The quantiles of that distribution.
      const double middle = std::exp(bias) * 30;
      const auto seconds = [](Duration d) { return static_cast<double>(d.count()) / 1e6; };
      CHECK(seconds(queue.last().expected) == doctest::Approx(middle).epsilon(0.1 + scatter / 4));
      CHECK(seconds(queue.last().latest) ==
            doctest::Approx(middle * std::exp(1.28 * scatter)).epsilon(0.1 + scatter / 4));
      CHECK(queue.last().earliest <= queue.last().expected);
      CHECK(queue.last().expected <= queue.last().latest);
    }
  }
}

TEST_CASE("an interval is a guess until it has been learned") {
  ToldWaits queue(0, 0.05);
  int second = 0;
  while (!queue.last().is_measured && second < 1'000) {
    queue.Step(kAhead);
    ++second;
  }
  // The first is let in after about 30 seconds, and twenty have to be.
  CHECK(second >= 45);
  CHECK(second <= 60);
  // Other kinds of waits are not known by that.
  WaitEstimator::Ahead far = kAhead;
  far.people *= 100;
  CHECK_FALSE(queue.estimator().Estimate(far).wait.is_measured);
  // Nor is when the sale will open, for who is told before.
  WaitEstimator::Ahead early = kAhead;
  early.until_open = 1h;
  const WaitEstimate wait = queue.estimator().Estimate(early).wait;
  CHECK_FALSE(wait.is_measured);
  CHECK(wait.earliest > 1h);
}

TEST_CASE("who waits longer than they were told is learned from before they are let in") {
  WaitEstimator estimator(2min);
  const Duration before = estimator.Estimate(kAhead).wait.latest;
  Time now = kStart;
  for (std::uint64_t i = 1; i <= 30; ++i) {
    now += 1s;
    estimator.NoteTold(UserId::FromInteger(2'000'000 + i), now, estimator.Estimate(kAhead));
  }
  estimator.NoteWaiting(now);
  CHECK(estimator.Estimate(kAhead).wait.latest == before);
  estimator.NoteWaiting(now + 1min);
  const Duration after = estimator.Estimate(kAhead).wait.latest;
  CHECK(after > before);
  // Once each.
  estimator.NoteWaiting(now + 2min);
  const Duration once_more = estimator.Estimate(kAhead).wait.latest;
  estimator.NoteWaiting(now + 2min);
  CHECK(estimator.Estimate(kAhead).wait.latest == once_more);
}

TEST_CASE("where units have to come back, only those who are let in count") {
  WaitEstimator estimator(2min);
  const WaitEstimator::Ahead ahead = {
      .people = 100, .units_held = 1'000, .max_in_flight = 1'000'000, .admissions_per_second = 100};
  const Duration before = estimator.Estimate(ahead).wait.latest;
  for (std::uint64_t i = 1; i <= 30; ++i) {
    const Time now = kStart + i * 10s;
    estimator.NoteTold(UserId::FromInteger(3'000'000 + i), now, estimator.Estimate(ahead));
  }
  estimator.NoteWaiting(kStart + 100h);
  CHECK(estimator.Estimate(ahead).wait.latest == before);
  for (const UserId& user : estimator.Remembered()) NoteAdmitted(estimator, user, kStart + 100h);
  CHECK(estimator.Estimate(ahead).wait.latest > before);
}

TEST_CASE("whoever gives up is forgotten, and only a bounded crowd is remembered") {
  WaitEstimator estimator(2min);
  Time now = kStart;
  for (std::uint64_t i = 1; i <= 100'000; ++i) {
    now += 10ms;
    WaitEstimator::Ahead ahead = kAhead;
    ahead.people = 1 + i * 7'919 % 10'000'000;
    estimator.NoteTold(UserId::FromInteger(4'000'000 + i), now, estimator.Estimate(ahead));
  }
  const std::vector<UserId> remembered = estimator.Remembered();
  CHECK(remembered.size() > 100);
  CHECK(remembered.size() < 2'000);
  const Duration before = estimator.Estimate(kAhead).wait.latest;
  std::vector<WaitEstimator::Ended> gone;
  gone.reserve(remembered.size());
  for (const UserId& user : remembered) gone.push_back({.user = user});
  estimator.NoteEnded(gone);
  CHECK(estimator.Remembered().empty());
  estimator.NoteWaiting(now + 100h);
  CHECK(estimator.Estimate(kAhead).wait.latest == before);
}

// A queue whose shop is full: those inside stay for a minute each.
TEST_CASE("how long people stay inside is measured") {
  WaitEstimator estimator(2min);
  QueueState state;
  state.pace = {.admissions_per_second = 100, .max_in_flight = 600};
  const WaitEstimator::Ahead ahead = {.people = 300,
                                      .units_unclaimed = 1'000'000,
                                      .in_flight = 600,
                                      .max_in_flight = 600,
                                      .admissions_per_second = 100};
  // A third of the window is what is guessed.
  const auto seconds = [](Duration d) { return static_cast<double>(d.count()) / 1e6; };
  CHECK(seconds(estimator.Estimate(ahead).middle) == doctest::Approx(18).epsilon(0.01));
  state.waiting = {300};
  state.in_flight = 600;
  state.admitted = 600;
  const Time full = kStart;
  Time now = full;
  for (int second = 0; second < 1'200; ++second) {
    now += 1s;
    state.admitted += 10;  // as many leave
    estimator.NoteTurn(now, Limit::kSlots, state, 0);
  }
  CHECK(seconds(estimator.Estimate(ahead).middle) == doctest::Approx(30).epsilon(0.02));
}

TEST_CASE("nobody waits for longer than the windows of those ahead, whatever the rates are") {
  WaitEstimator estimator(2min);
  QueueState state;
  state.pace = {.admissions_per_second = 10, .max_in_flight = 5};
  state.waiting = {50};
  state.in_flight = 5;
  state.admitted = 5;
  const auto told = [&](Time now, std::uint64_t people) {
    return estimator
        .Estimate({.people = people,
                   .units_unclaimed = 1'000,
                   .in_flight = 5,
                   .max_in_flight = 5,
                   .admissions_per_second = 10,
                   .now = now})
        .wait;
  };
  for (Time now = kStart; now < kStart + 119s; now += 1s) {
    estimator.NoteTurn(now, Limit::kSlots, state, 0);
    for (std::uint64_t people = 1; people <= 50; ++people) {
      const WaitEstimate wait = told(now, people);
      const auto groups = static_cast<Duration::rep>((people + 4) / 5);
      CHECK(wait.expected <= wait.latest);
      // And what the pace takes, and a turn for each group.
      CHECK(wait.latest <= groups * (2min + 100ms) + people * 100ms);
    }
  }
  // In a second those who came at the start are gone.
  CHECK(told(kStart + 119s, 1).latest < 2s);
  CHECK(told(kStart + 119s, 6).latest < 2min + 3s);
  // While the sale is paused their windows stand still.
  estimator.NotePause();
  estimator.NoteTurn(kStart + 219s, Limit::kSlots, state, 0);
  CHECK(told(kStart + 219s, 1).latest > 1s);
  CHECK(told(kStart + 219s, 1).latest < 4s);
}

TEST_CASE("whoever was told before a pause teaches nothing") {
  WaitEstimator estimator(2min);
  estimator.NoteTurn(kStart, Limit::kPace, {}, 0);
  estimator.NoteTold(UserId::FromInteger(1), kStart, estimator.Estimate(kAhead));
  CHECK(estimator.Remembered().size() == 1);
  estimator.NotePause();
  CHECK(estimator.Remembered().empty());
}

TEST_CASE("whoever waits for a start teaches nothing about those who come later") {
  WaitEstimator estimator(2min);
  WaitEstimator::Ahead early = kAhead;
  early.until_open = 1min;
  estimator.NoteTold(UserId::FromInteger(1), kStart, estimator.Estimate(early));
  CHECK(estimator.Remembered().empty());
}

TEST_CASE("what the pace has saved is let in at once") {
  WaitEstimator estimator(2min);
  WaitEstimator::Ahead ahead = kAhead;
  ahead.at_once = 10;
  ahead.people = 10;
  CHECK(estimator.Estimate(ahead).wait.expected == Duration(0));
  CHECK(estimator.Estimate(ahead).wait.is_told());
  ahead.people = 15;
  const Duration expected = estimator.Estimate(ahead).wait.expected;
  CHECK(expected > 49ms);
  CHECK(expected <= 50ms);
}

}  // namespace
}  // namespace flashsale
