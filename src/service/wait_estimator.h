#ifndef FLASHSALE_SRC_SERVICE_WAIT_ESTIMATOR_H_
#define FLASHSALE_SRC_SERVICE_WAIT_ESTIMATOR_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "flashsale/base/id.h"
#include "flashsale/base/time.h"
#include "flashsale/domain/queue_entry.h"
#include "flashsale/repository/queue_repository.h"
#include "flashsale/service/queue_place.h"
#include "service/slot_bound.h"

namespace flashsale::inline v0 {

// How long those who wait are going to wait.
//
// People are let in as fast as the pace allows, until the shop is full; then as fast as those
// inside are through; and once all units are claimed, as fast as units come back.  The last two
// rates are measured, and so is how many of those ahead give up.  That gives the middle of the
// estimate and a width: as far as chance moves the counts behind it, and as well as the rates are
// known.  Some is certain and bounds both: a slot is free again a window after it was given at the
// latest, nobody is let in before the sale opens or, where nothing can come back, before the next
// wave, and nobody after the end.
//
// Both are then corrected by what people lived to see.  Of those who were told an interval some are
// remembered, spread evenly over time, and each moves the ends, which are measured in such widths:
// down once they are let in before it, up once they wait still, by steps in the ratio at which a
// tenth remains beyond each end (stochastic approximation of a quantile,
// H. Robbins and S. Monro, 1951; its use for intervals over time: A. Angelopoulos, E. Candes and
// R. Tibshirani, "Conformal PID Control for Time Series Prediction", 2023).  So a tenth is beyond
// each end in the long run whatever the model is worth.  Each tier, short waits and long ones,
// and the three ways to wait are learned by themselves.
//
// Thread safety: Estimate and NoteTold: any thread; the others one at a time.  Blocking: never, but
// for the few instructions under a lock that NoteTold does not wait for.
class WaitEstimator {
 public:
  // What the queue looks like to somebody who is told.
  struct Ahead {
    std::uint8_t tier = 0;  // < kMaxTiers
    // Who is let in up to them, themselves included.
    std::uint64_t people = 0;
    // The most that these may be; 0: `people`.
    std::uint64_t most_people = 0;
    // How many of other tiers are let in between two turns of their own: so well `people` is known.
    std::uint64_t turn = 0;
    std::uint64_t units_unclaimed = 0;
    // That may come back: in carts, or spoken for.
    std::uint64_t units_held = 0;
    std::uint64_t in_flight = 0;  // inside, of so many who may be
    std::uint64_t max_in_flight = 1;
    std::uint32_t admissions_per_second = 1;
    // How many may be let in at once when it opens, or now: what the pace has saved, a part of a
    // person included; and the most that it saves.
    double at_once = 0;
    double most_at_once = 0;
    Time now{};
    Duration until_open{0};
    // When more units come after that, and how many; 0: none do.
    Duration until_wave{0};
    std::uint64_t wave_units = 0;
    // Nobody is let in from then on.
    Duration until_end = Duration::max();
  };

  // `window`: how long somebody may be inside.
  explicit WaitEstimator(Duration window);

  // An estimate, and what has to be known to learn from it.
  struct Told {
    // None where nothing is there or known to come, or it comes too late.
    WaitEstimate wait;
    bool is_too_late = false;
    std::uint32_t track = 0;
    Duration until_start{0};  // nobody is let in before
    Duration middle{0};       // of the model, from there on
    double width = 0;         // one standard deviation of it, of the logarithm
  };
  Told Estimate(const Ahead& ahead) const;
  // That somebody was told it.  Who waits for a start that is known teaches nothing.  REQUIRES:
  // there is a wait.
  void NoteTold(const UserId& user, Time now, const Told& told) FLASHSALE_EXCLUDES(mutex_);

  // What held people back since the last turn.
  enum class Limit : std::uint8_t { kNobodyWaits, kPace, kSlots, kUnits };
  // Once a turn, after people were let in.
  void NoteTurn(Time now, Limit limit, const QueueState& state, std::uint64_t units_held)
      FLASHSALE_EXCLUDES(mutex_);
  // Instead, while the sale is paused: whoever was told something before learns nothing by it.
  void NotePause() FLASHSALE_EXCLUDES(mutex_);
  // Those who were told something, and of whom nothing was noted since, wait still.
  void NoteWaiting(Time now) FLASHSALE_EXCLUDES(mutex_);
  // Of people who waited: let in at an instant, or gone.
  struct Ended {
    UserId user;
    std::optional<Time> admitted_at;
  };
  // Of whom nothing was told is left alone.  Sorts them.
  void NoteEnded(std::span<Ended> ended) FLASHSALE_EXCLUDES(mutex_);
  // Of whom it would like to know.
  std::vector<UserId> Remembered() FLASHSALE_EXCLUDES(mutex_);

 private:
  static constexpr std::size_t kLimits = 3;
  static constexpr std::size_t kSpans = 8;  // of waits: each four times as long as the one before
  static constexpr std::size_t kTracksPerTier = kLimits * kSpans;
  static constexpr std::size_t kTracks = kMaxTiers * kTracksPerTier;
  static constexpr std::size_t kRememberedPerTrack = 64;

  // Where the ends of an interval and its middle lie: the logarithm of their ratio to the model's
  // middle, in widths.  Relaxed: each is read on its own.
  static constexpr std::size_t kLow = 0;
  static constexpr std::size_t kMiddle = 1;
  static constexpr std::size_t kHigh = 2;
  struct Track {
    std::array<std::atomic<double>, 3> ends;
    std::array<std::atomic<std::uint32_t>, 3> learned{};
  };
  struct Sample {
    UserId user;
    Time told_at;
    Told told;
    std::array<bool, 3> has_moved{};  // each end
  };
  // How fast something happens, the last few seconds counting most.
  struct Rate {
    double count = 0;
    double seconds = 0;
    std::atomic<double> per_second{0};  // 0: not measured yet
    void Guess(double rate, double weight);
    void Add(double events, double exposure, double time, double memory_seconds);
  };

  static std::uint32_t TrackOf(std::uint8_t tier, Limit limit, Duration middle);
  static Limit LimitOf(std::size_t track) {
    const std::size_t which = track % kTracksPerTier / kSpans;
    return static_cast<Limit>(which + static_cast<std::size_t>(Limit::kPace));
  }
  // How long it takes at the most until so many are let in, if there are units for them.
  double LongestThroughSlots(const Ahead& ahead, std::uint64_t people) const;
  // Moves the ends that are due.
  void Learn(Sample& sample, Time at, bool is_in) FLASHSALE_REQUIRES(mutex_);

  const double window_seconds_;
  std::array<Track, kTracks> tracks_;
  // The shop has been full for long enough to tell how long it takes.
  std::atomic<bool> is_through_{false};
  SlotBound slots_;

  // Of NoteTurn.
  Rate leaving_;  // of one who is inside
  Rate returns_;  // admissions for each unit that is held
  Rate gone_;     // the part of those who wait that gives up
  std::optional<Time> last_turn_;
  bool is_paused_ = false;
  std::optional<Time> full_since_;
  Limit limit_ = Limit::kNobodyWaits;
  std::uint64_t admitted_ = 0;
  std::uint64_t left_ = 0;
  std::uint64_t in_flight_ = 0;

  Mutex mutex_;
  struct Samples {
    std::vector<Sample> of;
    Time next = kMinTime;  // when the next one is remembered
  };
  std::array<Samples, kTracks> samples_ FLASHSALE_GUARDED_BY(mutex_);
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_WAIT_ESTIMATOR_H_
