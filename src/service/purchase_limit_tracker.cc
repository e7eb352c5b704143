#include "flashsale/service/purchase_limit_tracker.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/field_check.h"
#include "flashsale/domain/reservation.h"

namespace flashsale::inline v0 {
namespace {

Status Check(const PurchaseLimitTracker::Query& query, const SaleTerms& terms) {
  const std::size_t most_holds = query.key.kind == 0 ? kMaxRecordsPerUser : 0;
  FieldCheck check;
  check.InRange<std::size_t>("key.kind", query.key.kind, 0, terms.key_limits.size())
      .InRange<std::size_t>("holds.size", query.holds.size(), 0, most_holds);
  if (!check.ok()) return check.status();
  check.That(IsValid(query.now), "now", fmt::format("{} us", query.now.time_since_epoch().count()),
             "0 to 2^53 - 1");
  return check.status();
}

// How often the holds are looked at again because the user's tally changed meanwhile.
constexpr int kMostLooks = 4;

// Units held by a user, as far as the holds were looked at one by one.
struct HoldsSeen {
  std::uint64_t live = 0;
  std::uint64_t lapsed = 0;
};

Result<HoldsSeen> LookAt(InventoryRepository& inventory, const PurchaseLimitTracker::Query& query) {
  HoldsSeen seen;
  for (const ReservationId& id : query.holds) {
    const Result<std::optional<Reservation>> found =
        inventory.Find(query.sale, UserId::FromBytes(query.key.bytes), id);
    if (!found.ok()) return found.status();
    if (!found->has_value() || (*found)->state != ReservationState::kActive) continue;
    // The cut was looked at before: nothing lives beyond it.
    (IsLive((*found)->deadline, kMaxTime, query.now) ? seen.live : seen.lapsed) += (*found)->units;
  }
  return seen;
}

}  // namespace

LimitUsage PurchaseLimitTracker::Judge(const SaleTerms& terms, const SaleMarks& marks,
                                       const TallyKey& key, const Tally& tally, Time now) {
  LimitUsage usage{.limit = key.kind == 0 ? std::max(tally.limit, terms.limit_per_user)
                                          : terms.key_limits[key.kind - 1U].limit,
                   .held = tally.held,
                   .bought = tally.bought};
  if (marks.cancelled || now >= CutOf(marks, terms.end_policy, terms.end)) {
    usage.lapsed = usage.held;
    usage.held = 0;
  }
  usage.exact = usage.held == 0;
  return usage;
}

Result<LimitUsage> PurchaseLimitTracker::Read(const Query& query) const {
  const Result<FlashSale> sale = sales_.Get(query.sale.id());
  if (!sale.ok()) return sale.status();
  return Read(query, sale->terms);
}

Result<LimitUsage> PurchaseLimitTracker::Read(const Query& query, const SaleTerms& terms) const {
  Status valid = Check(query, terms);
  if (!valid.ok()) return valid;

  Result<Tally> tally = inventory_.ReadTally(query.sale, query.key);
  if (!tally.ok()) return tally.status();
  SaleMarks marks;
  if (tally->held != 0) {  // otherwise nothing can lapse, whatever the marks
    const Result<SaleStock> stock = inventory_.ReadStock(query.sale, query.now);
    if (!stock.ok()) return stock.status();
    marks = stock->marks;
  }
  for (int look = 0; look < kMostLooks; ++look) {
    LimitUsage usage = Judge(terms, marks, query.key, *tally, query.now);
    if (usage.exact || query.holds.empty()) return usage;
    const Result<HoldsSeen> seen = LookAt(inventory_, query);
    if (!seen.ok()) return seen.status();
    // The same tally before and after: every new hold adds a record and every end of one changes
    // the sums, so the holds seen are part of what the tally counts.
    Result<Tally> after = inventory_.ReadTally(query.sale, query.key);
    if (!after.ok()) return after.status();
    if (*after == *tally && seen->live + seen->lapsed <= usage.held) {
      usage.exact = seen->live + seen->lapsed == usage.held;
      usage.lapsed = static_cast<Units>(seen->lapsed);
      usage.held -= usage.lapsed;
      return usage;
    }
    tally = std::move(after);
  }
  return Judge(terms, marks, query.key, *tally, query.now);
}

}  // namespace flashsale::inline v0
