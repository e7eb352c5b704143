#include "flashsale/service/reconciliation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <new>
#include <optional>
#include <set>
#include <utility>

namespace flashsale::inline v0 {
namespace {

// Whose reservation it is, and which.
using Key = std::pair<UserId, ReservationId>;

// Every reservation of a sale.
class Ledger final : public SnapshotVisitor {
 public:
  void OnSale(const Sale& sale) override {
    seq_ = sale.seq;
    terms_ = sale.terms;
  }
  void OnUser(const UserId& user, const Tally& tally,
              std::span<const Reservation> records) override {
    if (tally.limit > terms_.limit_per_user) raised_.emplace(user, tally.limit);
    for (const Reservation& record : records) records_.emplace(Key(user, record.id), record);
  }
  void OnKey(const TallyKey&, const Tally&) override {}

  std::uint64_t seq() const { return seq_; }
  const SaleTerms& terms() const { return terms_; }
  const std::map<Key, Reservation>& records() const { return records_; }
  // The record, or one that says kNone.
  Reservation Find(const Key& key) const {
    const auto found = records_.find(key);
    return found == records_.end() ? Reservation{} : found->second;
  }

  // Whether a reserve of what was ordered may be accepted at all, whoever else has what.
  bool MayEverReserve(const ShopOrder& order) const {
    const Units ceiling = terms_.limit_ceiling.value_or(terms_.limit_per_user);
    const auto raised = raised_.find(order.user);
    const Units limit = raised == raised_.end() ? terms_.limit_per_user : raised->second;
    return !terms_.requires_admission && order.units <= limit &&
           order.units <= terms_.max_units_per_order.value_or(ceiling) &&
           order.units <= terms_.lines[order.line].units;
  }

 private:
  std::uint64_t seq_ = 0;
  SaleTerms terms_;
  std::map<UserId, Units> raised_;  // whose limit is above that of the terms
  std::map<Key, Reservation> records_;
};

// What was bought after `as_of`, of all that the ledger knows.
Result<std::set<Key>> BoughtAfter(InventoryRepository& inventory, const SaleRef& sale, Time as_of,
                                  std::uint64_t last_seq) {
  std::set<Key> bought;
  std::vector<Event> events(4'096);
  for (std::uint64_t after = 0; after < last_seq;) {
    const Result<EventPage> page = inventory.ReadEvents(sale, after, events);
    if (!page.ok()) return page.status();
    if (page->lost.has_value()) {
      return Status(StatusCode::kFailedPrecondition,
                    fmt::format("as_of: the log does not tell any more when event {} was, expected "
                                "one that is whole",
                                page->lost->from));
    }
    if (page->count == 0) break;
    for (const Event& event : std::span(events).first(page->count)) {
      const bool buys = event.type == EventType::kConfirmed || event.type == EventType::kRevived;
      if (buys && event.at > as_of) bought.emplace(event.user, event.id);
    }
    after = page->cursor;
  }
  return bought;
}

Remedy RemedyForMissing(const Reservation& ledger) {
  switch (ledger.state) {
    case ReservationState::kNone:
      return Remedy::kReserveAndConfirm;
    case ReservationState::kActive:
    case ReservationState::kExpired:
      return Remedy::kConfirm;
    default:
      return Remedy::kByHand;
  }
}

// The difference between an order and what the ledger has of it; nothing where they agree.
std::optional<Discrepancy> Compare(const ShopOrder& order, const Ledger& all) {
  const Reservation ledger = all.Find(Key(order.user, order.id));
  Discrepancy found{.order = order, .ledger = ledger};
  if (ledger.state == ReservationState::kPurchased) {
    if (ledger.line == order.line && ledger.units == order.units) return std::nullopt;
    found.difference = Difference::kDiffers;
    return found;
  }
  found.difference = Difference::kMissing;
  found.remedy = RemedyForMissing(ledger);
  // A confirm buys what was held, or less of it.
  if (found.remedy == Remedy::kConfirm &&
      (ledger.line != order.line || ledger.units < order.units)) {
    found.remedy = Remedy::kByHand;
  }
  if (found.remedy == Remedy::kReserveAndConfirm && !all.MayEverReserve(order)) {
    found.remedy = Remedy::kByHand;
  }
  return found;
}

Status CheckOrders(std::span<const ShopOrder> orders, std::size_t lines) {
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const ShopOrder& order = orders[i];
    const auto wrong = [i](const char* field, const std::string& value, const std::string& due) {
      return Status(StatusCode::kInvalidArgument,
                    fmt::format("orders[{}].{}: {}, expected {}", i, field, value, due));
    };
    if (order.user.is_nil()) return wrong("user", "nil", "an id");
    if (order.id.is_nil()) return wrong("id", "nil", "an id");
    if (order.units == 0) return wrong("units", "0", "1 or more");
    if (order.line >= lines) {
      return wrong("line", fmt::format("{}", order.line), fmt::format("below {}", lines));
    }
  }
  return {};
}

Result<Outcome> Send(InventoryRepository& inventory, const SaleRef& sale, Time now,
                     const Command& command) {
  Outcome outcome;
  Status status = inventory.Apply(sale, now, {&command, 1}, {&outcome, 1});
  if (!status.ok()) return status;
  return outcome;
}

bool IsDone(const Outcome& outcome) {
  return outcome.code == Code::kDone || outcome.code == Code::kAlreadyDone ||
         outcome.code == Code::kRevived;
}

// Carries out a remedy.
Status Settle(InventoryRepository& inventory, const SaleRef& sale, Time now, Discrepancy& found) {
  if (found.remedy == Remedy::kByHand) return {};
  Command command{.verb = found.remedy == Remedy::kVoid ? Verb::kVoid : Verb::kConfirm,
                  .user = found.order.user,
                  .id = found.order.id};
  if (found.remedy == Remedy::kReserveAndConfirm) {
    Command reserve = command;
    reserve.verb = Verb::kReserve;
    reserve.line = found.order.line;
    reserve.units = found.order.units;
    const Result<Outcome> reserved = Send(inventory, sale, now, reserve);
    if (!reserved.ok()) return reserved.status();
    found.outcome = *reserved;
    if (!IsDone(*reserved)) return {};
  }
  if (command.verb == Verb::kConfirm) command.units = found.order.units;
  const Result<Outcome> answer = Send(inventory, sale, now, command);
  if (!answer.ok()) return answer.status();
  found.outcome = *answer;
  found.is_settled = IsDone(*answer);
  return {};
}

Result<Reconciliation> ReconcileOrThrow(InventoryRepository& inventory, const SaleRef& sale,
                                        std::span<const ShopOrder> orders,
                                        const ReconciliationOptions& options) {
  Ledger ledger;
  Status status = inventory.Snapshot(sale, ledger);
  if (status.ok()) status = CheckOrders(orders, ledger.terms().lines.size());
  if (!status.ok()) return status;
  std::set<Key> too_new;
  if (options.as_of < kMaxTime) {
    auto bought = BoughtAfter(inventory, sale, options.as_of, ledger.seq());
    if (!bought.ok()) return bought.status();
    too_new = *std::move(bought);
  }

  Reconciliation result{.orders = orders.size()};
  std::map<Key, Discrepancy> found;
  std::set<Key> ordered;
  for (const ShopOrder& order : orders) {
    const Key key(order.user, order.id);
    const bool is_first = ordered.insert(key).second;
    std::optional<Discrepancy> discrepancy = Compare(order, ledger);
    if (!is_first) {
      discrepancy =
          Discrepancy{.difference = Difference::kTwice, .order = order, .ledger = ledger.Find(key)};
      const auto before = found.find(key);
      if (before == found.end()) --result.matching;
    }
    if (discrepancy.has_value()) {
      found[key] = *discrepancy;
    } else {
      ++result.matching;
    }
  }
  for (const auto& [key, record] : ledger.records()) {
    if (record.state != ReservationState::kPurchased) continue;
    ++result.purchases;
    if (ordered.count(key) != 0) continue;
    if (too_new.count(key) != 0) {
      ++result.too_new;
      continue;
    }
    found[key] = {.difference = Difference::kExtra,
                  .remedy = Remedy::kVoid,
                  .order = {.user = key.first, .id = key.second},
                  .ledger = record};
  }
  for (auto& [key, discrepancy] : found) {
    if (options.apply) {
      status = Settle(inventory, sale, options.now, discrepancy);
      if (!status.ok()) return status;
    }
    result.settled += discrepancy.is_settled ? 1U : 0U;
    result.discrepancies.push_back(discrepancy);
  }
  return result;
}

}  // namespace

std::string_view Name(Difference difference) {
  switch (difference) {
    case Difference::kMissing:
      return "missing";
    case Difference::kExtra:
      return "extra";
    case Difference::kDiffers:
      return "differs";
    case Difference::kTwice:
      return "twice";
  }
  return "unknown";
}

std::string_view Name(Remedy remedy) {
  switch (remedy) {
    case Remedy::kByHand:
      return "by hand";
    case Remedy::kConfirm:
      return "confirm";
    case Remedy::kReserveAndConfirm:
      return "reserve and confirm";
    case Remedy::kVoid:
      return "void";
  }
  return "unknown";
}

Result<Reconciliation> Reconcile(InventoryRepository& inventory, const SaleRef& sale,
                                 std::span<const ShopOrder> orders,
                                 const ReconciliationOptions& options) {
  struct Named {
    const char* name;
    Time value;
  };
  for (const auto& [name, value] : {Named{"now", options.now}, Named{"as_of", options.as_of}}) {
    if (IsValid(value)) continue;
    return Status(
        StatusCode::kInvalidArgument,
        fmt::format("{}: {} us, expected 0 to 2^53 - 1", name, value.time_since_epoch().count()));
  }
  try {
    return ReconcileOrThrow(inventory, sale, orders, options);
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::kResourceExhausted, "out of memory");
  }
}

}  // namespace flashsale::inline v0
