#include "flashsale/service/wave_schedule.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <limits>
#include <utility>
#include <vector>

#include "base/directory.h"
#include "base/mutex.h"
#include "flashsale/domain/flash_sale.h"
#include "flashsale/repository/command.h"

namespace flashsale::inline v0 {
namespace {

// How often a sale whose waves are to come is looked at: somebody else may have released, paused or
// resumed.  Also when what failed is tried again.
constexpr Duration kLookPeriod = std::chrono::seconds{1};

// Each member is read on their own: of two instants, perhaps.
class SharedOutlook {
 public:
  WavesToCome Read() const {
    // Relaxed: nothing is published with them.
    return {.next_at = Time(Duration(next_us_.load(std::memory_order_relaxed))),
            .next_units = next_units_.load(std::memory_order_relaxed),
            .units = units_.load(std::memory_order_relaxed)};
  }
  void Write(const WavesToCome& outlook) {
    next_us_.store(outlook.next_at.time_since_epoch().count(), std::memory_order_relaxed);
    next_units_.store(outlook.next_units, std::memory_order_relaxed);
    units_.store(outlook.units, std::memory_order_relaxed);
  }

 private:
  std::atomic<Duration::rep> next_us_{kMaxTime.time_since_epoch().count()};
  std::atomic<Units> next_units_{0};
  std::atomic<Units> units_{0};
};

// The waves of one sale.
class SaleWaves {
 public:
  explicit SaleWaves(const SaleTerms& terms)
      : id_(terms.id), waves_(terms.waves), lines_(terms.lines.size()) {
    std::vector<Units> released;
    released.reserve(terms.lines.size());
    for (const SaleLine& line : terms.lines) {
      released.push_back(line.released_at_first.value_or(line.units));
    }
    Look(released);
  }

  WavesToCome Read() const { return all_.Read(); }
  WavesToCome Read(std::size_t line) const {
    return line < lines_.size() ? lines_[line].Read() : WavesToCome();
  }
  Time due() const { return Time(Duration(due_us_.load(std::memory_order_relaxed))); }

  void Poll(InventoryRepository& inventory, Time now, WaveSchedule::Report& report)
      FLASHSALE_EXCLUDES(turn_mutex_) {
    Time next = SaturatingAdd(now, kLookPeriod);
    if (!turn_mutex_.TryLock()) {
      report.next_poll = std::min(report.next_poll, next);
      return;
    }
    try {
      const Status status = TakeTurn(inventory, now, next, report);
      if (!status.ok()) {
        ++report.failures;
        report.last_error = status;
      }
    } catch (const std::exception& error) {
      ++report.failures;
      report.last_error = Status(StatusCode::kResourceExhausted, error.what());
    }
    due_us_.store(next.time_since_epoch().count(), std::memory_order_relaxed);
    turn_mutex_.Unlock();
    report.next_poll = std::min(report.next_poll, next);
  }

 private:
  // Writes when to come again where it is not after the usual time.
  Status TakeTurn(InventoryRepository& inventory, Time now, Time& next,
                  WaveSchedule::Report& report) FLASHSALE_REQUIRES(turn_mutex_) {
    const Result<SaleStock> stock = inventory.ReadStock(id_, now);
    if (!stock.ok()) {
      // Forgotten: the host is about to remove it.
      return stock.status().code() == StatusCode::kNotFound ? Status() : stock.status();
    }
    std::vector<Units> released;
    released.reserve(stock->lines.size());
    for (const Stock& line : stock->lines) released.push_back(line.released);
    if (released.size() != lines_.size()) return {StatusCode::kInternal, "a sale of other lines"};
    Status status;
    switch (stock->phase) {
      case Phase::kScheduled:
      case Phase::kPaused:
        break;
      case Phase::kOpen:
        status = Release(inventory, now, released, report);
        break;
      case Phase::kClosed:
      case Phase::kCancelled:
      case Phase::kSettled:
        released.assign(lines_.size(), std::numeric_limits<Units>::max());  // none comes any more
        break;
    }
    Look(released);
    const Time next_wave = all_.Read().next_at;
    if (next_wave == kMaxTime) {
      next = kMaxTime;
    } else if (next_wave > now) {
      next = std::min(next, next_wave);
    }
    return status;
  }

  // The waves that are due, in their order.
  Status Release(InventoryRepository& inventory, Time now, std::vector<Units>& released,
                 WaveSchedule::Report& report) const {
    std::vector<Command> commands;
    for (const Wave& wave : waves_) {
      if (wave.at > now) break;
      if (wave.released <= released[wave.line]) continue;
      commands.push_back({.verb = Verb::kRelease, .line = wave.line, .units = wave.released});
    }
    if (commands.empty()) return {};
    std::vector<Outcome> outcomes(commands.size());
    Status status = inventory.Apply(id_, now, commands, outcomes);
    if (!status.ok()) return status;
    for (std::size_t i = 0; i < commands.size(); ++i) {
      const Code code = outcomes[i].code;
      if (code == Code::kDone) ++report.released;
      if (code != Code::kDone && code != Code::kAlreadyDone) continue;  // it is over by now
      released[commands[i].line] = std::max(released[commands[i].line], commands[i].units);
    }
    return {};
  }

  // Works out what is to come where so many units of each line have been released.
  void Look(const std::vector<Units>& released) {
    std::vector<WavesToCome> lines(lines_.size());
    WavesToCome all;
    for (const Wave& wave : waves_) {
      if (wave.released <= released[wave.line]) continue;
      WavesToCome& line = lines[wave.line];
      if (wave.at <= line.next_at) {
        line.next_at = wave.at;
        line.next_units = wave.released - released[wave.line];
      }
      line.units = wave.released - released[wave.line];  // those of a line grow
      all.next_at = std::min(all.next_at, wave.at);
    }
    std::uint64_t units = 0;
    std::uint64_t next_units = 0;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      lines_[i].Write(lines[i]);
      units += lines[i].units;
      if (lines[i].next_at == all.next_at) next_units += lines[i].next_units;
    }
    constexpr std::uint64_t kMost = std::numeric_limits<Units>::max();
    all.units = static_cast<Units>(std::min(units, kMost));
    all.next_units = static_cast<Units>(std::min(next_units, kMost));
    all_.Write(all);
  }

  const SaleId id_;
  const std::vector<Wave> waves_;
  SharedOutlook all_;
  std::vector<SharedOutlook> lines_;
  std::atomic<Duration::rep> due_us_{0};
  Mutex turn_mutex_;
};

}  // namespace

struct WaveSchedule::State {
  using Sales = Directory<SaleWaves>;

  explicit State(InventoryRepository& repository) : inventory(repository) {}

  InventoryRepository& inventory;
  Sales sales;
  Mutex mutex;
  std::vector<SaleId> ids FLASHSALE_GUARDED_BY(mutex);
};

WaveSchedule::WaveSchedule(InventoryRepository& inventory)
    : state_(std::make_unique<State>(inventory)) {}
WaveSchedule::~WaveSchedule() = default;

Status WaveSchedule::Add(const SaleTerms& terms) {
  if (terms.waves.empty()) return {};
  try {
    const MutexLock lock(state_->mutex);
    state_->ids.reserve(state_->ids.size() + 1);
    if (state_->sales.Add(terms.id, std::make_unique<SaleWaves>(terms))) {
      state_->ids.push_back(terms.id);
    }
    return {};
  } catch (const std::exception& error) {
    return Status(StatusCode::kResourceExhausted, error.what());
  }
}

void WaveSchedule::Remove(const SaleId& sale) {
  {
    const MutexLock lock(state_->mutex);
    std::erase(state_->ids, sale);
  }
  state_->sales.Remove(sale);
}

WavesToCome WaveSchedule::Read(const SaleId& sale) const {
  const State::Sales::Pinned waves(state_->sales, sale, 0);
  return waves.get() == nullptr ? WavesToCome() : waves->Read();
}

WavesToCome WaveSchedule::Read(const SaleId& sale, std::size_t line) const {
  const State::Sales::Pinned waves(state_->sales, sale, 0);
  return waves.get() == nullptr ? WavesToCome() : waves->Read(line);
}

WaveSchedule::Report WaveSchedule::Poll(Time now) {
  std::vector<SaleId> ids;
  {
    const MutexLock lock(state_->mutex);
    ids = state_->ids;
  }
  Report report;
  for (const SaleId& id : ids) {
    const State::Sales::Pinned waves(state_->sales, id, 0);
    if (waves.get() == nullptr) continue;
    if (waves->due() > now) {
      report.next_poll = std::min(report.next_poll, waves->due());
    } else {
      waves->Poll(state_->inventory, now, report);
    }
  }
  return report;
}

WaveSchedule::Report WaveSchedule::Poll(const SaleId& sale, Time now) {
  Report report;
  const State::Sales::Pinned waves(state_->sales, sale, 0);
  if (waves.get() != nullptr) waves->Poll(state_->inventory, now, report);
  return report;
}

}  // namespace flashsale::inline v0
