#include "examples/flashsale_audit/sale_meter.h"

#include <algorithm>
#include <chrono>
#include <span>

#include "flashsale/repository/snapshot.h"

namespace flashsale::audit {
namespace {

using std::chrono::milliseconds;

// Quicker than somebody who reads what they click on.
constexpr Duration kQuick = milliseconds{250};
constexpr Duration kAtOnce = milliseconds{100};
constexpr std::size_t kSharedBy = 3;
constexpr std::size_t kTopBuyers = 10;

// Who bought how much.
class Buyers final : public SnapshotVisitor {
 public:
  explicit Buyers(SaleFigures& figures) : figures_(figures) {}

  void OnSale(const Sale& /*sale*/) override {}
  void OnUser(const UserId& user, const Tally& tally,
              std::span<const Reservation> records) override {
    ++figures_.users;
    for (const Reservation& record : records) {
      if (record.state == ReservationState::kActive) ++figures_.holds_open;
    }
    if (tally.bought == 0) return;
    ++figures_.buyers_by_units[tally.bought];
    auto& top = figures_.top_buyers;
    const auto more = [](const auto& a, const auto& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    };
    const std::pair<UserId, std::uint64_t> buyer(user, tally.bought);
    if (top.size() == kTopBuyers && !more(buyer, top.back())) return;
    top.insert(std::upper_bound(top.begin(), top.end(), buyer, more), buyer);
    if (top.size() > kTopBuyers) top.pop_back();
  }
  void OnKey(const TallyKey& /*key*/, const Tally& /*tally*/) override {}

 private:
  SaleFigures& figures_;
};

}  // namespace

SaleMeter::SaleMeter(const SaleTerms& terms, FlowSeries& series)
    : series_(series), started_(terms.start), keys_(terms.key_limits.size()) {
  figures_.terms = terms;
  figures_.hints.since_admission = terms.requires_admission;
  series_.CutAt(SaturatingAdd(terms.end, terms.longest_hold.value_or(terms.hold)));
}

void SaleMeter::Add(const Event& event, const Reservation* before) {
  EventCount& count = figures_.by_type[static_cast<std::size_t>(event.type)];
  ++count.events;
  count.units += event.units;
  if (!figures_.first.has_value()) figures_.first = event.at;
  figures_.last = std::max(event.at, figures_.last.value_or(event.at));
  if (event.edges.Has(Edge::kSoldOut) && !figures_.sold_out_at.has_value()) {
    figures_.sold_out_at = event.at;
  }
  if (event.type == EventType::kStartedEarly) started_ = event.at;
  if (event.type == EventType::kConfirmed && before != nullptr) {
    const Duration held = std::max(event.at - before->reserved_at, Duration{0});
    figures_.hold_until_confirm.Record(
        static_cast<std::uint64_t>(std::chrono::floor<milliseconds>(held).count()));
  }
  AddUnits(event);
  if (event.type == EventType::kReserved) LookForBots(event);
}

void SaleMeter::AddUnits(const Event& event) {
  const std::int64_t units = event.units;
  const std::int64_t returned = event.returned;
  const std::int64_t held_before = held_;
  const std::int64_t sold_before = sold_;
  Flow flow;
  switch (event.type) {
    case EventType::kReserved:
      flow.reserved = units;
      held_ += units;
      break;
    case EventType::kConfirmed:
      flow.sold = units;
      flow.back = returned;
      held_ -= units + returned;
      sold_ += units;
      figures_.returned += event.returned;
      break;
    case EventType::kRevived:
      flow.sold = units;
      sold_ += units;
      break;
    case EventType::kCancelled:
    case EventType::kExpired:
      flow.back = units;
      held_ -= units;
      break;
    case EventType::kVoided:
      flow.back = units;
      sold_ -= units;
      break;
    case EventType::kReleased:
      flow.released_change = units;
      break;
    default:
      return;
  }
  flow.held_change = held_ - held_before;
  flow.sold_change = sold_ - sold_before;
  figures_.most_units_at_once =
      std::max(figures_.most_units_at_once,
               static_cast<std::uint64_t>(std::max<std::int64_t>(held_ + sold_, 0)));
  series_.At(event.at) += flow;
}

void SaleMeter::LookForBots(const Event& event) {
  // An admission's number is the microsecond in which it was given, or a little more.
  const Time since =
      event.admission != 0 ? Time(Duration(static_cast<Duration::rep>(event.admission))) : started_;
  if (event.at >= since && event.at - since < kAtOnce) ++figures_.hints.at_once;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const LimitKey& key = event.keys[i];
    if (key.is_nil()) continue;
    figures_.hints.keys.resize(keys_.size());
    BotHints::Key& hint = figures_.hints.keys[i];
    const auto [found, is_new] = keys_[i].try_emplace(key);
    KeyUse& use = found->second;
    if (is_new) {
      ++hint.keys;
    } else if (event.at >= use.last && event.at - use.last < kQuick) {
      ++hint.quick;
    }
    use.last = event.at;
    if (use.users.size() == kMostUsers ||
        std::find(use.users.begin(), use.users.end(), event.user) != use.users.end()) {
      continue;
    }
    use.users.push_back(event.user);
    if (use.users.size() == kSharedBy) ++hint.shared;
    if (use.users.size() <= hint.most_users) continue;
    hint.most_users = use.users.size();
    hint.busiest = key.ToString();
  }
}

SaleFigures SaleMeter::Figures(const EventFold& fold, bool with_ids) const {
  SaleFigures figures = figures_;
  figures.lines.assign(fold.lines().begin(), fold.lines().end());
  Buyers buyers(figures);
  fold.Show(buyers);
  for (std::size_t i = 0; i < figures.hints.keys.size(); ++i) {
    figures.hints.keys[i].name = figures.terms.key_limits[i].name;
    if (!with_ids) figures.hints.keys[i].busiest.clear();
  }
  if (!with_ids) {
    for (auto& [user, units] : figures.top_buyers) user = {};
  }
  return figures;
}

}  // namespace flashsale::audit
