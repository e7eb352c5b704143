#include "service/wait_estimator.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <new>
#include <utility>

namespace flashsale::inline v0 {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

// An end of an interval is passed by so many.
constexpr double kTail = (100 - WaitEstimate::kConfidencePercent) / 200.0;
constexpr std::array<double, 3> kBelow = {kTail, 0.5, 1 - kTail};
// Where the ends are before anything is learned: the quantiles of a normal distribution.
constexpr double kNormalEnd = 1.2816;
// Waits are taken as longer by this, so that those of an instant have a logarithm too.
constexpr double kGrainSeconds = 0.1;
// No wait is known better than to a turn in which people are let in.
constexpr double kTurnSeconds = 0.04;
// By how much of the interval what is learned moves an end: as a rule and, at the most, where a
// clock lets people in after a short wait; half of that at so many seconds.  Who waits long, or for
// what people inside do, waits with others: what moves one moves all who were told meanwhile.
constexpr double kStep = 0.045;
constexpr double kQuickStep = 0.2;
constexpr double kQuickSeconds = 8;
// The least interval for that, in widths.
constexpr double kLeastInterval = 0.02;
// No end is farther from the model, as a logarithm: a hundred times.
constexpr double kWorstRatio = 4.6;
// An interval is called measured once so many have been learned.
constexpr std::uint32_t kEnough = 20;
// And where people inside decide, once the shop has been full for so many windows: until the first
// are through, and those who came with them and did not reserve, it is filled in waves, and the
// rates forget those in as long again.
constexpr double kWindowsUntilMeasured = 3;
// When to remember somebody again after there was no memory for it.
constexpr Duration kAfterFailure = std::chrono::seconds{1};
// How long giving up is remembered.
constexpr double kGivingUpMemory = 60;
// Before it is known: so long people wait until they give up, a guess that is worth so much time.
constexpr double kPatience = 1800;
constexpr double kPatienceWorth = 5;
// Before it is known: of the units held, so many come back in the time that people may be inside;
// and so much of that time people stay.
constexpr double kReturns = 0.2;
constexpr double kStay = 0.3;
// How well the rate of giving up is known, and that of what people inside do.  The latter comes in
// waves: who was let in together is through together.
constexpr double kGivingUpError = 0.2;
constexpr double kInsideError = 0.7;

double Seconds(Duration d) { return static_cast<double>(d.count()) / 1e6; }
Duration OfSeconds(double seconds) {
  constexpr double kLongest = 3.0e9;  // about a century
  return Duration(static_cast<Duration::rep>(std::clamp(seconds, 0.0, kLongest) * 1e6));
}

double StepFor(Duration wait, bool by_clock) {
  if (!by_clock) return kStep;
  return std::max(kStep, kQuickStep / (1 + Seconds(wait) / kQuickSeconds));
}

// How fast people are let in.
struct Speed {
  double per_second = 1;
  bool by_chance = false;  // by what people inside do, and not by a clock
};

// How many are let in at the pace until the shop is full, while each who is inside leaves at a
// rate: d inside / dt = pace - each_leaves * inside.
double LetInUntilFull(double inside, double room, double pace, double each_leaves) {
  if (inside >= room) return 0;
  const double balance = pace / each_leaves;
  if (balance <= room) return std::numeric_limits<double>::infinity();
  return balance * std::log((balance - inside) / (balance - room));
}

// People who are let in one after the other, while those who wait give up.
class Drain {
 public:
  Drain(double people, double giving_up) : people_(people), giving_up_(giving_up) {}

  // Lets in so many in no time.
  void AtOnce(double most) { people_ = std::max(people_ - std::max(most, 0.0), 0.0); }
  // Lets in at most `most`.  d people / dt = -rate - giving_up * people.
  void Through(double most, const Speed& speed) {
    if (people_ <= 0 || most <= 0 || speed.per_second <= 0) return;
    const double rate = speed.per_second;
    const double before = people_;
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
    // Counts of what people do, each for themselves, vary by their root.
    const double let_in = rate * time;
    const double gave_up = std::max(before - people_ - let_in, 0.0);
    variance_ += (gave_up + (speed.by_chance ? let_in : 0)) / (rate * rate) +
                 Squared(kGivingUpError * gave_up / rate);
    if (speed.by_chance) by_chance_seconds_ += time;
  }
  // Lets in until then, by chance; from there on a clock rules again, and at that speed is made
  // good what is ahead of it by chance or behind.
  void ThroughUntil(double seconds, const Speed& speed, double afterwards) {
    const double time = seconds - seconds_;
    if (people_ <= 0 || time <= 0) return;
    if (speed.per_second <= 0) {
      people_ *= std::exp(-giving_up_ * time);
      seconds_ = seconds;
      return;
    }
    Through(speed.per_second * time, speed);
    if (people_ <= 0) return;
    by_chance_seconds_ = 0;
    variance_ += Squared(kInsideError * speed.per_second * time / afterwards);
  }
  // It has taken no longer than that.
  void NoLaterThan(double seconds) {
    const double time = seconds_ - seconds;
    if (time <= 0) return;
    seconds_ = seconds;
    by_chance_seconds_ = std::max(by_chance_seconds_ - time, 0.0);
  }
  double people() const { return people_; }
  double seconds() const { return seconds_; }
  double variance() const { return variance_ + Squared(kInsideError * by_chance_seconds_); }

 private:
  static double Squared(double x) { return x * x; }

  double people_;
  double giving_up_;
  double seconds_ = 0;
  double variance_ = 0;
  double by_chance_seconds_ = 0;
};

}  // namespace

void WaitEstimator::Rate::Guess(double rate, double weight) {
  count = weight;
  seconds = weight / rate;
  per_second.store(rate, kRelaxed);
}

void WaitEstimator::Rate::Add(double events, double exposure, double time, double memory_seconds) {
  const double keep = std::exp(-time / memory_seconds);
  count = count * keep + events;
  seconds = seconds * keep + exposure;
  per_second.store(count / seconds, kRelaxed);
}

WaitEstimator::WaitEstimator(Duration window) : window_seconds_(Seconds(window)), slots_(window) {
  leaving_.Guess(1 / (kStay * window_seconds_), 1);
  returns_.Guess(kReturns / window_seconds_, 1);
  gone_.Guess(1 / kPatience, kPatienceWorth / kPatience);
  for (Track& track : tracks_) {
    track.ends[kLow].store(-kNormalEnd, kRelaxed);
    track.ends[kMiddle].store(0, kRelaxed);
    track.ends[kHigh].store(kNormalEnd, kRelaxed);
  }
}

std::uint32_t WaitEstimator::TrackOf(std::uint8_t tier, Limit limit, Duration middle) {
  std::size_t span = 0;
  for (double longest = 1; span + 1 < kSpans && Seconds(middle) > longest; longest *= 4) ++span;
  const auto which = static_cast<std::size_t>(limit) - static_cast<std::size_t>(Limit::kPace);
  return static_cast<std::uint32_t>(tier * kTracksPerTier + which * kSpans + span);
}

double WaitEstimator::LongestThroughSlots(const Ahead& ahead, std::uint64_t people) const {
  const std::uint64_t room = ahead.max_in_flight;
  const double at_pace = static_cast<double>(people) / ahead.admissions_per_second;
  // So many have to leave before the last of them; where fewer may be inside than are, more.
  std::uint64_t leave = people + ahead.in_flight - std::min(people + ahead.in_flight, room);
  if (leave == 0) return at_pace;
  // Whoever comes into a slot leaves a window later.
  const std::uint64_t slots = std::max(room, ahead.in_flight);
  const std::uint64_t rounds = leave > slots ? (leave - slots + room - 1) / room : 0;
  leave -= rounds * room;
  const double out = leave <= ahead.in_flight
                         ? Seconds(slots_.OutBy(leave, ahead.in_flight, ahead.now) - ahead.now)
                         : window_seconds_;
  const auto times = static_cast<double>(rounds);
  return out + times * window_seconds_ + (times + 1) * kGrainSeconds + at_pace;
}

WaitEstimator::Told WaitEstimator::Estimate(const Ahead& ahead) const {
  const double pace = ahead.admissions_per_second;
  auto units = static_cast<double>(ahead.units_unclaimed);
  auto wave_units = static_cast<double>(ahead.wave_units);
  double at_once = ahead.at_once;
  Told told{.until_start = ahead.until_open};
  // Before the first are gone, as many will be in carts by then.
  double held = std::max(static_cast<double>(ahead.units_held), units);
  if (held <= 0) {
    if (wave_units <= 0) return told;
    // All begins with the wave.
    told.until_start += ahead.until_wave;
    held = units = std::exchange(wave_units, 0);
    at_once = ahead.most_at_once;
  }
  const auto room = static_cast<double>(ahead.max_in_flight);
  double inside = std::min(static_cast<double>(ahead.in_flight), room);
  // Nobody stays for longer than a window.
  const double each_leaves = std::max(leaving_.per_second.load(kRelaxed), 1 / window_seconds_);
  const std::uint64_t most = std::max(ahead.most_people, ahead.people);
  Drain drain(static_cast<double>(ahead.people), gone_.per_second.load(kRelaxed));
  Limit limit = Limit::kPace;
  at_once = std::max(std::min({at_once, room - inside, units}), 0.0);
  drain.AtOnce(at_once);
  inside += at_once;
  const double left = units - at_once;
  const double at_pace = std::min(left, LetInUntilFull(inside, room, pace, each_leaves));
  drain.Through(at_pace, {.per_second = pace});
  double longest = std::numeric_limits<double>::infinity();
  if (drain.people() > 0 && left > at_pace) {
    limit = Limit::kSlots;
    drain.Through(left - at_pace,
                  {.per_second = std::min(each_leaves * room, pace), .by_chance = true});
    const bool suffices = static_cast<double>(most) <= units;
    const double through =
        LongestThroughSlots(ahead, suffices ? most : static_cast<std::uint64_t>(units));
    drain.NoLaterThan(through);
    if (suffices) longest = through;
  }
  if (drain.people() > 0 && wave_units > 0) {
    const Speed returns = {.per_second = std::min(returns_.per_second.load(kRelaxed) * held, pace),
                           .by_chance = true};
    drain.ThroughUntil(Seconds(ahead.until_wave), returns, pace);
    if (drain.people() <= 0) limit = Limit::kUnits;
    drain.Through(wave_units, {.per_second = pace});
    held += wave_units;
  }
  if (drain.people() > 0) {
    limit = Limit::kUnits;
    drain.Through(drain.people(),
                  {.per_second = std::min(returns_.per_second.load(kRelaxed) * held, pace),
                   .by_chance = true});
  }
  told.middle = OfSeconds(drain.seconds());
  told.track = TrackOf(ahead.tier, limit, told.middle);
  // Evenly spread over a turn of the other tiers.
  const double turn = std::min(static_cast<double>(ahead.turn), static_cast<double>(ahead.people));
  const double turn_seconds = turn / static_cast<double>(ahead.people) * drain.seconds();
  told.width =
      std::sqrt(drain.variance() + kTurnSeconds * kTurnSeconds + turn_seconds * turn_seconds / 12) /
      (drain.seconds() + kGrainSeconds);
  const Track& track = tracks_[told.track];
  const auto at = [&](std::size_t end) {
    const double ratio = std::exp(
        std::clamp(track.ends[end].load(kRelaxed) * told.width, -kWorstRatio, kWorstRatio));
    const double seconds = (drain.seconds() + kGrainSeconds) * ratio - kGrainSeconds;
    return told.until_start + OfSeconds(std::min(seconds, longest));
  };
  WaitEstimate wait{.earliest = at(kLow), .expected = at(kMiddle), .latest = at(kHigh)};
  told.is_too_late = wait.earliest >= ahead.until_end;
  if (told.is_too_late) return told;
  wait.latest = std::min(std::max(wait.earliest, wait.latest), ahead.until_end);
  wait.expected = std::clamp(wait.expected, wait.earliest, wait.latest);
  wait.latest = std::max(wait.latest, Duration(1));
  wait.is_measured = told.until_start == Duration(0) &&
                     track.learned[kHigh].load(kRelaxed) >= kEnough &&
                     (limit != Limit::kSlots || is_through_.load(kRelaxed));
  told.wait = wait;
  return told;
}

void WaitEstimator::NoteTold(const UserId& user, Time now, const Told& told) {
  // What becomes of a crowd at the start is not what becomes of those who come later.
  if (told.until_start > Duration(0) || !mutex_.TryLock()) return;
  Samples& samples = samples_[told.track];
  if (now >= samples.next && samples.of.size() < kRememberedPerTrack) {
    try {
      samples.of.push_back({.user = user, .told_at = now, .told = told});
      // So that there is room until these are let in.
      samples.next = SaturatingAdd(now, told.middle / (kRememberedPerTrack / 2));
    } catch (const std::bad_alloc&) {
      samples.next = SaturatingAdd(now, kAfterFailure);  // one less to learn from
    }
  }
  mutex_.Unlock();
}

void WaitEstimator::NoteTurn(Time now, Limit limit, const QueueState& state,
                             std::uint64_t units_held) {
  const std::uint64_t left = state.left + state.fell_silent;
  if (!last_turn_.has_value()) slots_.NoteLetIn(now, state.in_flight);
  if (is_paused_) {
    is_paused_ = false;
    slots_.NotePause(std::max(now - *last_turn_, Duration(0)));
  } else if (last_turn_.has_value() && now > *last_turn_) {
    const double time = Seconds(now - *last_turn_);
    // It lasts until those who come first are through.
    if (admitted_ == 0) {
      leaving_.Guess(1 / (kStay * window_seconds_), static_cast<double>(state.pace.max_in_flight));
    }
    const std::uint64_t let_in = state.admitted - admitted_;
    const std::uint64_t were_inside = in_flight_ + let_in;
    const std::uint64_t came_out = were_inside - std::min(were_inside, state.in_flight);
    leaving_.Add(static_cast<double>(came_out), time * static_cast<double>(in_flight_), time,
                 window_seconds_);
    if (limit_ == Limit::kUnits) {
      returns_.Add(static_cast<double>(let_in), time * static_cast<double>(units_held), time,
                   window_seconds_);
    }
    std::uint64_t waiting = 0;
    for (const std::uint64_t line : state.waiting) waiting += line;
    if (waiting != 0 && limit_ != Limit::kNobodyWaits) {
      gone_.Add(static_cast<double>(left - left_) / static_cast<double>(waiting), time, time,
                kGivingUpMemory);
    }
  }
  if (last_turn_.has_value()) slots_.NoteLetIn(now, state.admitted - admitted_);
  if (limit == Limit::kSlots) {
    if (!full_since_.has_value()) full_since_ = now;
    if (Seconds(now - *full_since_) >= kWindowsUntilMeasured * window_seconds_) {
      is_through_.store(true, kRelaxed);
    }
  }
  last_turn_ = now;
  limit_ = limit;
  admitted_ = state.admitted;
  left_ = left;
  in_flight_ = state.in_flight;
}

void WaitEstimator::NotePause() {
  if (!last_turn_.has_value() || std::exchange(is_paused_, true)) return;
  const MutexLock lock(mutex_);
  for (Samples& samples : samples_) {
    samples.of.clear();
    samples.next = kMinTime;
  }
}

void WaitEstimator::NoteEnded(std::span<Ended> ended) {
  if (ended.empty()) return;
  const auto before = [](const Ended& a, const Ended& b) { return a.user < b.user; };
  std::sort(ended.begin(), ended.end(), before);
  const MutexLock lock(mutex_);
  for (Samples& samples : samples_) {
    for (std::size_t i = 0; i < samples.of.size();) {
      Sample& sample = samples.of[i];
      const auto found =
          std::lower_bound(ended.begin(), ended.end(), Ended{.user = sample.user}, before);
      if (found == ended.end() || found->user != sample.user) {
        ++i;
        continue;
      }
      Sample of_theirs = std::exchange(sample, samples.of.back());
      samples.of.pop_back();
      if (found->admitted_at.has_value()) Learn(of_theirs, *found->admitted_at, true);
    }
  }
}

std::vector<UserId> WaitEstimator::Remembered() {
  std::vector<UserId> users;
  const MutexLock lock(mutex_);
  for (const Samples& samples : samples_) {
    for (const Sample& sample : samples.of) users.push_back(sample.user);
  }
  return users;
}

void WaitEstimator::NoteWaiting(Time now) {
  const MutexLock lock(mutex_);
  for (std::size_t track = 0; track < kTracks; ++track) {
    // Where units must come back, most are never let in, and the promise is to those who are.
    if (LimitOf(track) == Limit::kUnits) continue;
    for (Sample& sample : samples_[track].of) Learn(sample, now, false);
  }
}

void WaitEstimator::Learn(Sample& sample, Time at, bool is_in) {
  const Told& told = sample.told;
  Track& track = tracks_[told.track];
  const Duration waited = at - sample.told_at;
  const double actual = Seconds(std::max(waited, Duration(0)));
  const double widths =
      std::log((actual + kGrainSeconds) / (Seconds(told.middle) + kGrainSeconds)) / told.width;
  const bool is_by_clock = LimitOf(told.track) == Limit::kPace;
  for (std::size_t i = 0; i < track.ends.size(); ++i) {
    const double end = track.ends[i].load(kRelaxed);
    const bool is_below = widths <= end;
    // Who waits still may yet come after it or not.
    if (sample.has_moved[i] || (is_below && !is_in)) continue;
    sample.has_moved[i] = true;
    track.learned[i].fetch_add(1, kRelaxed);
    const double interval = track.ends[kHigh].load(kRelaxed) - track.ends[kLow].load(kRelaxed);
    const double step = StepFor(told.middle, is_by_clock) * std::max(interval, kLeastInterval);
    const double moved = end + step * (kBelow[i] - (is_below ? 1.0 : 0.0));
    const double worst = kWorstRatio / told.width;
    track.ends[i].store(std::clamp(moved, -worst, worst), kRelaxed);
  }
}

}  // namespace flashsale::inline v0
