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

namespace flashsale::inline v0 {

// How long those who wait are going to wait.
//
// People are let in as fast as the pace allows, until the shop is full; then as fast as those
// inside are through; and once all units are claimed, as fast as units come back.  The last two
// rates are measured, and so is how many of those ahead give up.  That gives the middle of the
// estimate.  How far it may be wrong is learned from people: of those who were told an interval
// some are remembered, and when they are let in their ratio to the estimate joins the last hundred
// or so, whose quantiles are the ends of the next intervals; the level of each end moves with every
// miss, so that a tenth fall beyond it in the long run whatever the model is worth (I. Gibbs and
// E. Candes, "Adaptive Conformal Inference Under Distribution Shift", 2021).  Short waits and long
// ones, and the three ways to wait, are learned each by itself.
//
// Thread safety: Estimate and NoteTold: any thread; the others one at a time.  Blocking: never, but
// for the few instructions under a lock that NoteTold does not wait for.
class WaitEstimator {
 public:
  // What the queue looks like to somebody who is told.
  struct Ahead {
    // Who is let in up to them, themselves included.
    std::uint64_t people = 0;
    std::uint64_t units_unclaimed = 0;
    std::uint64_t units_held = 0;
    std::uint64_t slots = 0;  // how many more may be inside
    std::uint32_t admissions_per_second = 1;
    Duration until_open{0};
  };

  // `window`: how long somebody may be inside.
  explicit WaitEstimator(Duration window);

  // An estimate, and what has to be known to learn from it.
  struct Told {
    WaitEstimate wait;
    std::uint32_t track = 0;
    Duration middle{0};  // of the model, from the opening on
    Duration until_open{0};
  };
  Told Estimate(const Ahead& ahead) const;
  // That somebody was told it.
  void NoteTold(const UserId& user, Time now, const Told& told) FLASHSALE_EXCLUDES(mutex_);

  // What held people back since the last turn.
  enum class Limit : std::uint8_t { kNobodyWaits, kPace, kSlots, kUnits };
  // Once a turn, after people were let in.
  void NoteTurn(Time now, Limit limit, const QueueState& state);
  // Somebody who was told something was let in at that instant; or is gone.
  void NoteAdmitted(const UserId& user, Time at) FLASHSALE_EXCLUDES(mutex_);
  void NoteGone(const UserId& user) FLASHSALE_EXCLUDES(mutex_);
  // Of whom it would like to know.
  std::vector<UserId> Remembered() FLASHSALE_EXCLUDES(mutex_);

 private:
  static constexpr std::size_t kLimits = 3;
  static constexpr std::size_t kSpans = 8;  // of waits: each four times as long as the one before
  static constexpr std::size_t kTracks = kLimits * kSpans;
  static constexpr std::size_t kRememberedPerTrack = 64;
  static constexpr std::size_t kRatios = 128;

  // Where the ends of an interval and its middle lie, as logarithms of their ratio to the model's.
  // Relaxed: each is read on its own.
  struct Track {
    std::atomic<double> low{0};
    std::atomic<double> middle{0};
    std::atomic<double> high{0};
    std::atomic<std::uint64_t> learned{0};
    // Of the turn alone.
    std::array<double, kRatios> ratios{};
    double low_level = 0;
    double high_level = 0;
  };
  struct Sample {
    UserId user;
    Time told_at;
    Told told;
  };
  // How fast something happens, the last few seconds counting most.
  struct Rate {
    double count = 0;
    double seconds = 0;
    void Add(double events, double time, double memory_seconds);
  };

  static std::uint32_t TrackOf(Limit limit, Duration middle);
  void Learn(const Sample& sample, Time at);
  std::optional<Sample> Take(const UserId& user) FLASHSALE_EXCLUDES(mutex_);

  const double window_seconds_;
  std::array<Track, kTracks> tracks_;
  // Admissions a second; 0: not measured yet.
  std::atomic<double> slot_rate_{0};
  std::atomic<double> unit_rate_{0};
  // The part of those who wait that gives up in a second.
  std::atomic<double> giving_up_{0};

  // Of NoteTurn.
  Rate slots_;
  Rate units_;
  Rate gone_;
  std::optional<Time> last_turn_;
  Limit limit_ = Limit::kNobodyWaits;
  std::uint64_t admitted_ = 0;
  std::uint64_t left_ = 0;

  Mutex mutex_;
  std::array<std::vector<Sample>, kTracks> samples_ FLASHSALE_GUARDED_BY(mutex_);
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_SERVICE_WAIT_ESTIMATOR_H_
