#include "service/queue_view.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "service/spread.h"

namespace flashsale::inline v0 {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

Units Capped(std::uint64_t units) {
  return static_cast<Units>(std::min<std::uint64_t>(units, std::numeric_limits<Units>::max()));
}

double MostAtOnce(std::uint32_t per_second) {
  return RateOf({.admissions_per_second = per_second}).burst();
}

}  // namespace

QueueView::QueueView(const QueueTerms& terms, const CheckedStrategy& strategy,
                     const VirtualQueueOptions& options, const SaleWindow& window)
    : terms_(terms),
      strategy_(strategy),
      options_(options),
      window_(window),
      waits_(terms.admission_window),
      admissions_per_second_(terms.pace.admissions_per_second),
      max_in_flight_(terms.pace.max_in_flight) {
  for (auto& stage : stages_) stage.store(QueueStage::kGathering, kRelaxed);
}

void QueueView::NoteStock(const SaleStock& stock) {
  std::uint64_t left = 0;
  std::uint64_t held = 0;
  std::uint64_t to_come = 0;
  for (const Stock& line : stock.lines) {
    left += line.available();
    held += line.reserved;
    to_come += line.limit - line.released;
  }
  units_left_.store(left, kRelaxed);
  units_held_.store(held, kRelaxed);
  units_to_come_.store(to_come, kRelaxed);
  if (options_.outlook != nullptr) {
    units_claimed_.store(options_.outlook->Claimed(terms_.sale, stock), kRelaxed);
  }
  sale_state_.store(stock.state, kRelaxed);
  sold_out_for_good_.store(stock.sold_out_for_good, kRelaxed);
  is_paused_.store(stock.marks.paused, kRelaxed);
  knows_stock_.store(true, kRelaxed);
}

void QueueView::NoteState(const QueueState& state) {
  NotePace(state.pace);
  for (std::size_t tier = 0; tier < terms_.tiers; ++tier) {
    stages_[tier].store(state.stages[tier], kRelaxed);
    waiting_[tier].store(state.waiting[tier], kRelaxed);
  }
  unused_.store(state.unused, kRelaxed);
  in_flight_.store(state.in_flight, kRelaxed);
  restored_.store(state.restored != 0, kRelaxed);
  opened_at_us_.store(state.opened_at.time_since_epoch().count(), kRelaxed);
  next_room_us_.store(state.next_room.time_since_epoch().count(), kRelaxed);
}

std::uint64_t QueueView::waiting() const {
  std::uint64_t waiting = 0;
  for (const auto& tier : waiting_) waiting += tier.load(kRelaxed);
  return waiting;
}

std::uint64_t QueueView::units_spoken_for() const {
  return unused_.load(kRelaxed) + units_claimed_.load(kRelaxed);
}

std::uint64_t QueueView::units_unclaimed() const {
  const std::uint64_t left = units_left_.load(kRelaxed);
  return left - std::min(left, units_spoken_for());
}

std::uint64_t QueueView::units_out() const {
  return units_held_.load(kRelaxed) + std::min(units_left_.load(kRelaxed), units_spoken_for());
}

std::uint64_t QueueView::units_to_hope_for() const {
  return units_left_.load(kRelaxed) + units_held_.load(kRelaxed) + units_to_come_.load(kRelaxed);
}

void QueueView::DescribeSale(QueuePlace& place) const {
  place.sale_state = sale_state_.load(kRelaxed);
  place.units_left = Capped(units_left_.load(kRelaxed));
  place.units_held = Capped(units_held_.load(kRelaxed));
  place.units_to_come = Capped(units_to_come_.load(kRelaxed));
  place.sold_out_for_good = SoldOutForGood();
  if (options_.outlook != nullptr) {
    place.next_wave_at = options_.outlook->Waves(terms_.sale).next_at;
  }
}

void QueueView::Describe(const QueueAnswer& answer, Time now, QueuePlace& place) {
  place.entry = answer.entry;
  place.epoch = epoch();
  DescribeSale(place);
  if (answer.entry.state != TicketState::kWaiting) return;
  const std::uint8_t tier = answer.entry.tier;
  place.share = strategy_.ShareOf(tier);
  if (KnowsPlaces(tier, now)) {
    place.position = answer.ahead + 1;
    DescribeProspects(answer.entry.user, tier, now, place);
  }
  if (place.sold_out_for_good) place.outlook = Outlook::kSoldOut;
  place.next_poll_at = NextPoll(place, now);
}

void QueueView::DescribeProspects(const UserId& user, std::uint8_t tier, Time now,
                                  QueuePlace& place) {
  if (!knows_stock_.load(kRelaxed)) return;
  place.outlook = OutlookOf(tier, place.position, now);
  // It ends when the pause does, or when somebody is refunded: nobody knows when.
  if (is_paused_.load(kRelaxed) || place.sold_out_for_good) return;
  const WaitEstimator::Told told = WaitOf(tier, place.position, now);
  if (told.is_too_late) place.outlook = Outlook::kOutOfReach;
  if (!told.wait.is_told()) return;
  place.wait = told.wait;
  waits_.NoteTold(user, now, told);
}

bool QueueView::KnowsPlaces(std::uint8_t tier, Time now) const {
  if (stages_[tier].load(kRelaxed) == QueueStage::kRunning) return true;
  if (!strategy_.keeps_arrival_order() || restored_.load(kRelaxed)) return false;
  return !TakesBack(now);
}

Time QueueView::OpensAt(std::uint8_t tier, Time now) const {
  const bool runs = stages_[tier].load(kRelaxed) == QueueStage::kRunning;
  const Time gathers = runs ? now : std::max(now, GatheringEnd(terms_, tier, epoch()));
  if (sale_state_.load(kRelaxed) == SaleState::kNotStarted) {
    return std::max(gathers, window_.start);
  }
  // Started early, the lines that were to open first open at once.
  const Time first = *std::min_element(terms_.opens.begin(), terms_.opens.begin() + terms_.tiers);
  if (runs || terms_.opens[tier] != first) return gathers;
  return std::max(now, SaturatingAdd(epoch(), terms_.restore_window));
}

double QueueView::AtOnce(Time opens, Time now) const {
  const std::uint32_t per_second = admissions_per_second_.load(kRelaxed);
  const double most = MostAtOnce(per_second);
  if (opens > now) return most;
  const Time next(Duration(next_room_us_.load(kRelaxed)));
  const double saved = static_cast<double>((now - next).count()) / 1e6 * per_second;
  return std::clamp(1 + saved, 0.0, most);
}

std::uint64_t QueueView::LetInUntil(std::uint8_t tier, std::uint64_t position, Time now) const {
  // Those that run by the time that their own does.
  const Time opened = OpensAt(tier, now);
  std::uint64_t others = 0;
  for (std::size_t i = 0; i < terms_.tiers; ++i) {
    const bool runs = OpensAt(static_cast<std::uint8_t>(i), now) <= opened;
    if (i != tier && runs) others += waiting_[i].load(kRelaxed);
  }
  const TierShare share = strategy_.ShareOf(tier);
  if (share.weight == 0) return position + others;
  const std::uint64_t turns = (position + share.weight - 1) / share.weight;
  return position + std::min(others, turns * (share.total - share.weight));
}

WaitEstimator::Told QueueView::WaitOf(std::uint8_t tier, std::uint64_t position, Time now) const {
  const TierShare share = strategy_.ShareOf(tier);
  const std::uint64_t most = LetInUntil(tier, position, now);
  // That is where their own turn comes last and they are the last in it: half a turn of the others
  // too many in the mean.
  const std::uint64_t turn = share.weight == 0 ? 0 : share.total - share.weight;
  const WavesToCome waves =
      options_.outlook == nullptr ? WavesToCome() : options_.outlook->Waves(terms_.sale);
  const Time opens = OpensAt(tier, now);
  const std::uint32_t per_second = admissions_per_second_.load(kRelaxed);
  return waits_.Estimate({.tier = tier,
                          .people = most - std::min(turn / 2, most - position),
                          .most_people = most,
                          .turn = turn,
                          .units_unclaimed = units_unclaimed(),
                          .units_held = units_out(),
                          .in_flight = in_flight_.load(kRelaxed),
                          .max_in_flight = max_in_flight_.load(kRelaxed),
                          .admissions_per_second = per_second,
                          .at_once = AtOnce(opens, now),
                          .most_at_once = MostAtOnce(per_second),
                          .now = now,
                          .until_open = opens - now,
                          .until_wave = std::max(waves.next_at - opens, Duration(0)),
                          .wave_units = waves.next_units,
                          .until_end = window_.end - now});
}

Outlook QueueView::OutlookOf(std::uint8_t tier, std::uint64_t position, Time now) const {
  // More people than units ahead in their own tier is certain, whatever the others get.
  if (position > units_to_hope_for()) return Outlook::kOutOfReach;
  return LetInUntil(tier, position, now) <= units_unclaimed() ? Outlook::kInReach
                                                              : Outlook::kIfReturned;
}

Time QueueView::NextPoll(const QueuePlace& place, Time now) const {
  // Often enough to be heard of three times before they count as silent, however late by chance.
  constexpr int kLooksPerWait = 8;
  constexpr int kLooksPerTimeout = 4;
  const Duration latest = terms_.heartbeat_timeout / kLooksPerTimeout;
  const Duration longest = std::min(options_.longest_poll, latest * 4 / 5);
  const bool is_hopeless = place.outlook == Outlook::kSoldOut ||
                           place.outlook == Outlook::kOutOfReach || is_paused_.load(kRelaxed);
  Duration wait = longest * kLooksPerWait;
  if (place.wait.is_told()) {
    wait = place.wait.earliest;
  } else if (!is_hopeless) {
    wait = OpensAt(place.entry.tier, now) - now;
  }
  const Duration mean =
      std::clamp(wait / kLooksPerWait, std::min(options_.shortest_poll, longest), longest);
  return SaturatingAdd(now, mean - mean / 4 + SpreadOver(mean / 2, place.entry.user, now));
}

}  // namespace flashsale::inline v0
