#include "service/wait_estimator.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace flashsale::inline v0 {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

// An end of an interval is passed by so many.
constexpr double kTail = (100 - WaitEstimate::kConfidencePercent) / 200.0;
// Ratios are those of waits lengthened by this, so that those of an instant have one too.
constexpr double kGrainSeconds = 0.1;
// How far the level of an end moves with each that is learned.
constexpr double kLevelStep = 0.01;
constexpr double kLeastLevel = 0.01;
constexpr double kMostLevel = 0.3;
// An interval is called measured once so many have been learned.
constexpr std::uint64_t kEnough = 20;
// How long rates are remembered.
constexpr double kAdmissionMemory = 20;
constexpr double kGivingUpMemory = 60;
// Of the units held, how many come back in the time that people may be inside, before it is known.
constexpr double kReturns = 0.2;
// And how long of that time people stay inside.
constexpr double kStay = 0.3;

double Seconds(Duration d) { return static_cast<double>(d.count()) / 1e6; }
Duration OfSeconds(double seconds) {
  constexpr double kLongest = 3.0e9;  // about a century
  return Duration(static_cast<Duration::rep>(std::clamp(seconds, 0.0, kLongest) * 1e6));
}

// People who are let in one after the other at `rate`, while those who wait give up.
class Drain {
 public:
  Drain(double people, double giving_up) : people_(people), giving_up_(giving_up) {}

  // Lets in at most `most`.  d people / dt = -rate - giving_up * people.
  void Through(double most, double rate) {
    if (people_ <= 0 || most <= 0) return;
    const double all = giving_up_ * people_ < 1e-3 * rate
                           ? people_ / rate
                           : std::log1p(giving_up_ * people_ / rate) / giving_up_;
    const double time = std::min(all, most / rate);
    if (time == all) {
      people_ = 0;
    } else if (giving_up_ < 1e-9) {
      people_ -= most;
    } else {
      const double stay = std::exp(-giving_up_ * time);
      people_ = people_ * stay - rate / giving_up_ * (1 - stay);
    }
    seconds_ += time;
  }
  double people() const { return people_; }
  double seconds() const { return seconds_; }

 private:
  double people_;
  double giving_up_;
  double seconds_ = 0;
};

}  // namespace

void WaitEstimator::Rate::Add(double events, double time, double memory_seconds) {
  const double keep = std::exp(-time / memory_seconds);
  count = count * keep + events;
  seconds = seconds * keep + time;
}

WaitEstimator::WaitEstimator(Duration window) : window_seconds_(Seconds(window)) {
  for (std::size_t i = 0; i < kTracks; ++i) {
    const bool by_pace = i / kSpans == 0;
    tracks_[i].low.store(by_pace ? -0.2 : -0.7, kRelaxed);
    tracks_[i].high.store(by_pace ? 0.2 : 0.7, kRelaxed);
    tracks_[i].low_level = kTail;
    tracks_[i].high_level = kTail;
  }
}

std::uint32_t WaitEstimator::TrackOf(Limit limit, Duration middle) {
  std::size_t span = 0;
  for (double longest = 1; span + 1 < kSpans && Seconds(middle) > longest; longest *= 4) ++span;
  const auto which = static_cast<std::size_t>(limit) - static_cast<std::size_t>(Limit::kPace);
  return static_cast<std::uint32_t>(which * kSpans + span);
}

WaitEstimator::Told WaitEstimator::Estimate(const Ahead& ahead) const {
  const double pace = ahead.admissions_per_second;
  const auto units = static_cast<double>(ahead.units_unclaimed);
  const auto slots = static_cast<double>(ahead.slots);
  Drain drain(static_cast<double>(ahead.people), giving_up_.load(kRelaxed));
  Limit limit = Limit::kPace;
  drain.Through(std::min(slots, units), pace);
  if (drain.people() > 0 && units > slots) {
    limit = Limit::kSlots;
    const double measured = slot_rate_.load(kRelaxed);
    // Before it is known: those who fit in, each for a part of their time.
    const double guess = std::max(slots, 1.0) / (kStay * window_seconds_);
    drain.Through(units - slots, std::min(measured > 0 ? measured : guess, pace));
  }
  if (drain.people() > 0) {
    limit = Limit::kUnits;
    const double measured = unit_rate_.load(kRelaxed);
    const double guess =
        std::max(kReturns * static_cast<double>(ahead.units_held), 1.0) / window_seconds_;
    drain.Through(drain.people(), std::min(measured > 0 ? measured : guess, pace));
  }
  Told told{.middle = OfSeconds(drain.seconds()), .until_open = ahead.until_open};
  told.track = TrackOf(limit, told.middle);
  const Track& track = tracks_[told.track];
  const auto at = [&](double ratio) {
    return ahead.until_open +
           OfSeconds((drain.seconds() + kGrainSeconds) * std::exp(ratio) - kGrainSeconds);
  };
  told.wait = {
      .earliest = at(track.low.load(kRelaxed)),
      .expected = at(track.middle.load(kRelaxed)),
      .latest = at(track.high.load(kRelaxed)),
      .is_measured = ahead.until_open == Duration(0) && track.learned.load(kRelaxed) >= kEnough};
  told.wait.expected = std::clamp(told.wait.expected, told.wait.earliest,
                                  std::max(told.wait.earliest, told.wait.latest));
  return told;
}

void WaitEstimator::NoteTold(const UserId& user, Time now, const Told& told) {
  if (!mutex_.TryLock()) return;
  std::vector<Sample>& samples = samples_[told.track];
  if (samples.size() < kRememberedPerTrack) {
    try {
      samples.push_back({.user = user, .told_at = now, .told = told});
    } catch (const std::bad_alloc&) {
      // One less to learn from.
    }
  }
  mutex_.Unlock();
}

void WaitEstimator::NoteTurn(Time now, Limit limit, const QueueState& state) {
  const std::uint64_t left = state.left + state.fell_silent;
  if (last_turn_.has_value() && now > *last_turn_) {
    const double time = Seconds(now - *last_turn_);
    const auto let_in = static_cast<double>(state.admitted - admitted_);
    if (limit_ == Limit::kSlots) {
      slots_.Add(let_in, time, kAdmissionMemory);
      slot_rate_.store(slots_.count / slots_.seconds, kRelaxed);
    } else if (limit_ == Limit::kUnits) {
      units_.Add(let_in, time, kAdmissionMemory * 3);
      unit_rate_.store(units_.count / units_.seconds, kRelaxed);
    }
    std::uint64_t waiting = 0;
    for (const std::uint64_t line : state.waiting) waiting += line;
    if (waiting != 0 && limit_ != Limit::kNobodyWaits) {
      gone_.Add(static_cast<double>(left - left_) / static_cast<double>(waiting), time,
                kGivingUpMemory);
      giving_up_.store(gone_.count / gone_.seconds, kRelaxed);
    }
  }
  last_turn_ = now;
  limit_ = limit;
  admitted_ = state.admitted;
  left_ = left;
}

std::optional<WaitEstimator::Sample> WaitEstimator::Take(const UserId& user) {
  const MutexLock lock(mutex_);
  for (std::vector<Sample>& samples : samples_) {
    const auto found = std::find_if(samples.begin(), samples.end(),
                                    [&user](const Sample& sample) { return sample.user == user; });
    if (found == samples.end()) continue;
    const Sample sample = *found;
    samples.erase(found);
    return sample;
  }
  return std::nullopt;
}

void WaitEstimator::NoteAdmitted(const UserId& user, Time at) {
  // The same person may have been told more than once.
  for (std::optional<Sample> sample = Take(user); sample.has_value(); sample = Take(user)) {
    Learn(*sample, at);
  }
}

void WaitEstimator::NoteGone(const UserId& user) {
  while (Take(user).has_value()) {
  }
}

std::vector<UserId> WaitEstimator::Remembered() {
  std::vector<UserId> users;
  const MutexLock lock(mutex_);
  for (const std::vector<Sample>& samples : samples_) {
    for (const Sample& sample : samples) users.push_back(sample.user);
  }
  return users;
}

void WaitEstimator::Learn(const Sample& sample, Time at) {
  const Told& told = sample.told;
  Track& track = tracks_[told.track];
  const Duration waited = std::max(at - sample.told_at, Duration(0));
  const auto level = [](double& of, bool missed) {
    of = std::clamp(of + kLevelStep * (kTail - (missed ? 1.0 : 0.0)), kLeastLevel, kMostLevel);
  };
  level(track.low_level, waited < told.wait.earliest);
  level(track.high_level, waited > told.wait.latest);

  const double actual = Seconds(std::max(waited - told.until_open, Duration(0)));
  const std::uint64_t learned = track.learned.load(kRelaxed);
  track.ratios[learned % kRatios] =
      std::log((actual + kGrainSeconds) / (Seconds(told.middle) + kGrainSeconds));
  track.learned.store(learned + 1, kRelaxed);
  const std::uint64_t count = std::min<std::uint64_t>(learned + 1, kRatios);
  if (count < kEnough) return;
  std::array<double, kRatios> sorted = track.ratios;
  std::sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(count));
  const auto quantile = [&](double part) {
    const double place = part * static_cast<double>(count - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min<std::size_t>(below + 1, count - 1);
    return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
  };
  track.low.store(quantile(track.low_level), kRelaxed);
  track.middle.store(quantile(0.5), kRelaxed);
  track.high.store(quantile(1 - track.high_level), kRelaxed);
}

}  // namespace flashsale::inline v0
