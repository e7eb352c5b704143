#include "examples/flashsale_audit/sale_audit.h"

#include <map>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "flashsale/repository/snapshot.h"

namespace flashsale::audit {
namespace {

// Adds up what is held and bought, record by record.
class RecordSum final : public SnapshotVisitor {
 public:
  struct Units2 {
    std::uint64_t held = 0;
    std::uint64_t bought = 0;
    friend bool operator==(const Units2&, const Units2&) = default;
  };

  void OnSale(const Sale& sale) override {
    lines.resize(sale.lines.size());
    stock.assign(sale.lines.begin(), sale.lines.end());
  }
  void OnUser(const UserId& /*user*/, const Tally& tally,
              std::span<const Reservation> records) override {
    Units2 sum;
    for (const Reservation& record : records) {
      const bool held = record.state == ReservationState::kActive;
      if (!held && record.state != ReservationState::kPurchased) continue;
      (held ? sum.held : sum.bought) += record.units;
      (held ? lines[record.line].held : lines[record.line].bought) += record.units;
      for (std::size_t i = 0; i < record.keys.size(); ++i) {
        if (record.keys[i].is_nil()) continue;
        Units2& key = keys[TallyKey::Of(i, record.keys[i])];
        (held ? key.held : key.bought) += record.units;
      }
    }
    ++tallies;
    if (sum != Units2{tally.held, tally.bought}) ++wrong_tallies;
  }
  void OnKey(const TallyKey& key, const Tally& tally) override {
    ++tallies;
    told[key] = {tally.held, tally.bought};
  }

  std::vector<Units2> lines;
  std::vector<Stock> stock;
  std::map<TallyKey, Units2> keys;
  std::map<TallyKey, Units2> told;
  std::uint64_t tallies = 0;
  std::uint64_t wrong_tallies = 0;
};

}  // namespace

SaleAudit::SaleAudit(const SaleTerms& terms)
    : fold_(terms),
      oversold_("oversold", "at no instant more units were promised than were released", "event"),
      stock_("stock", "I1, I5: available, held and sold units add up to those released", "event"),
      limits_("limits", "I3: nobody, and no limit key, ever had more than their limit", "take"),
      transitions_("transitions",
                   "I4: every event was lawful when it happened: phase, deadline, state", "event"),
      admissions_("admission numbers", "I6: a user's admissions only grow, and none is left out",
                  "reserve"),
      numbers_("numbers", "I7: events are numbered without a gap", "event"),
      edges_("edges", "start, end, sold out and restocked are told once, where they occurred",
             "event"),
      counters_("counters", "I2: at the end all counters agree with the records", "counter"),
      settled_("settled", "a settled sale holds nothing, and nothing is sold in it", "event") {
  for (const SaleLine& line : terms.lines) {
    sums_.push_back({.released = line.released_at_first.value_or(line.units)});
  }
}

Claim& SaleAudit::ClaimOf(std::string_view complaint) {
  struct Named {
    std::string_view prefix;
    Claim& claim;
  };
  // "seq 7: I4: ..."
  const std::size_t colon = complaint.find(": ");
  const std::string_view what = colon == complaint.npos ? complaint : complaint.substr(colon + 2);
  for (const auto& [prefix, claim] :
       {Named{"I1", stock_}, Named{"I5", stock_}, Named{"I3", limits_}, Named{"I6", admissions_},
        Named{"I7", numbers_}, Named{"edges", edges_}}) {
    if (what.starts_with(prefix)) return claim;
  }
  return transitions_;
}

void SaleAudit::Add(std::uint64_t commit, const Event& event) {
  last_commit_ = commit;
  AddUp(commit, event);
  if (fold_.marks().settled) settled_.Look();
  // A purchase may be refunded, an id never seen be cancelled, whenever.
  if (fold_.marks().settled && event.type != EventType::kVoided &&
      event.type != EventType::kTombstoned && event.type != EventType::kClock) {
    settled_.Refute(fmt::format("commit {}, seq {}: {} after the settlement", commit, event.seq,
                                Name(event.type)));
  }
  if (!lawful_) return;
  stock_.Look();
  transitions_.Look();
  numbers_.Look();
  edges_.Look();
  if (event.type == EventType::kReserved || event.type == EventType::kRevived) limits_.Look();
  if (event.type == EventType::kReserved) admissions_.Look();
  const std::optional<std::string> complaint = fold_.Add(event);
  if (!complaint.has_value()) return;
  lawful_ = false;
  ClaimOf(*complaint).Refute(fmt::format("commit {}, {}", commit, *complaint));
  for (Claim* const claim : {&stock_, &limits_, &transitions_, &admissions_, &numbers_, &edges_}) {
    if (!claim->refuted()) {
      claim->Miss(
          fmt::format("looked at up to seq {}, the first event that is not lawful", event.seq));
    }
  }
}

void SaleAudit::AddUp(std::uint64_t commit, const Event& event) {
  if (event.line >= sums_.size()) return;  // EventFold says so
  oversold_.Look();
  Sum& sum = sums_[event.line];
  const std::int64_t units = event.units;
  switch (event.type) {
    case EventType::kReserved:
    case EventType::kRevived:
      sum.promised += units;
      break;
    case EventType::kConfirmed:
      sum.promised -= event.returned;
      break;
    case EventType::kCancelled:
    case EventType::kExpired:
    case EventType::kVoided:
      sum.promised -= units;
      break;
    case EventType::kReleased:
      sum.released += units;
      break;
    default:
      return;
  }
  if (sum.promised <= sum.released) return;
  oversold_.Refute(fmt::format("commit {}, seq {}: {} units of line {} promised, {} released",
                               commit, event.seq, sum.promised, event.line, sum.released));
}

void SaleAudit::CompareCounters() {
  RecordSum sum;
  fold_.Show(sum);
  counters_.Look(sum.tallies + sum.lines.size());
  for (std::size_t i = 0; i < sum.lines.size(); ++i) {
    const RecordSum::Units2 told{sum.stock[i].reserved, sum.stock[i].sold};
    if (sum.lines[i] == told) continue;
    counters_.Refute(
        fmt::format("line {}: {} held and {} sold by the counters, {} and {} by the "
                    "records",
                    i, told.held, told.bought, sum.lines[i].held, sum.lines[i].bought));
  }
  std::erase_if(sum.keys, [](const auto& key) { return key.second == RecordSum::Units2{}; });
  if (sum.wrong_tallies != 0) {
    counters_.Refute(fmt::format("{} users' tallies differ from their records", sum.wrong_tallies));
  }
  if (sum.keys != sum.told) counters_.Refute("a limit key's tally differs from its records");
}

void SaleAudit::Finish() {
  CompareCounters();
  if (!fold_.marks().settled) return;
  settled_.Look();
  for (std::size_t i = 0; i < fold_.lines().size(); ++i) {
    const Units held = fold_.lines()[i].reserved;
    if (held == 0) continue;
    settled_.Refute(
        fmt::format("commit {}: settled with {} units of line {} held", last_commit_, held, i));
  }
}

std::vector<Claim> SaleAudit::Claims() const {
  std::vector<Claim> claims = {oversold_,   stock_,   limits_, transitions_,
                               admissions_, numbers_, edges_,  counters_};
  if (settled_.looked_at() != 0) claims.push_back(settled_);
  return claims;
}

}  // namespace flashsale::audit
