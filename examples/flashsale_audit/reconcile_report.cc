#include "examples/flashsale_audit/reconcile_report.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include "examples/flashsale_audit/wording.h"
#include "examples/flashsale_sim/text.h"
#include "flashsale/base/outcome.h"

namespace flashsale::audit {
namespace {

using Json = nlohmann::ordered_json;

struct Goods {
  Units units;
  std::uint16_t line;
};
// "2 of thing".
std::string TextOf(const ReconcileReport& report, const Goods& goods) {
  return fmt::format("{} of {}", sim::Grouped(goods.units),
                     report.terms.lines[goods.line].product.view());
}

std::string ShopText(const ReconcileReport& report, const Discrepancy& one) {
  if (one.difference == Difference::kExtra) return "-";
  return TextOf(report, {.units = one.order.units, .line = one.order.line});
}

std::string_view Participle(ReservationState state) {
  switch (state) {
    case ReservationState::kActive:
      return "held";
    case ReservationState::kPurchased:
      return "bought";
    case ReservationState::kCancelled:
      return "given back";
    case ReservationState::kExpired:
      return "lapsed";
    case ReservationState::kNone:
      break;
  }
  return "-";
}

// "held 2 of thing, reserved 2026-11-28 13:52:01.250 UTC".
std::string LedgerText(const ReconcileReport& report, const Reservation& ledger) {
  std::string text(Participle(ledger.state));
  if (ledger.state == ReservationState::kNone) return text;
  if (ledger.is_tombstone()) return text + " before it was reserved";
  return fmt::format("{} {}, reserved {}", text,
                     TextOf(report, {.units = ledger.units, .line = ledger.line}),
                     FormatTime(ledger.reserved_at));
}

std::string AnswerText(const Discrepancy& one) {
  return std::string(one.outcome.has_value() ? Name(one.outcome->code) : "-");
}

// The discrepancies as a table, its columns as wide as they have to be.
void WriteDiscrepancies(const ReconcileReport& report, std::size_t most, std::ostream& out) {
  const std::vector<Discrepancy>& all = report.found.discrepancies;
  std::vector<std::vector<std::string>> rows = {
      {"orders", "difference", "shop", "journal", "remedy"}};
  if (report.applied) rows.front().emplace_back("answer");
  if (report.with_ids) rows.front().insert(rows.front().end(), {"user", "id"});
  for (std::size_t i = 0; i < std::min(most, all.size()); ++i) {
    const Discrepancy& one = all[i];
    std::vector<std::string> row = {
        one.order.table_line == 0 ? "-" : fmt::format("line {}", one.order.table_line),
        std::string(Name(one.difference)), ShopText(report, one), LedgerText(report, one.ledger),
        std::string(Name(one.remedy))};
    if (report.applied) row.push_back(AnswerText(one));
    if (report.with_ids) {
      row.insert(row.end(), {one.order.user.ToString(), one.order.id.ToString()});
    }
    rows.push_back(std::move(row));
  }
  std::vector<std::size_t> widths(rows.front().size());
  for (const std::vector<std::string>& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  fmt::print(out, "\n");
  for (const std::vector<std::string>& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += fmt::format("  {:<{}}", row[i], i + 1 < row.size() ? widths[i] : 0);
    }
    fmt::print(out, "{}\n", line);
  }
  if (all.size() > most) {
    fmt::print(out, "  and {} more, which --all tells, and --json\n",
               sim::Grouped(all.size() - most));
  }
}

// What came of it, in a sentence.
std::string Verdict(const ReconcileReport& report) {
  const std::size_t count = report.found.discrepancies.size();
  const std::string differences = sim::Counted(count, "difference");
  if (count == 0) return "AGREES: the journal has what the shop has";
  if (report.applied && report.found.agrees()) {
    return fmt::format("SETTLED: {}, and the journal has what the shop has", differences);
  }
  if (report.applied) {
    return fmt::format("DIFFERS: {}, {} of them settled", differences,
                       sim::Grouped(report.found.settled));
  }
  const std::size_t with_remedy = report.with_remedy();
  if (with_remedy == 0) return fmt::format("DIFFERS: {}, to be settled by hand", differences);
  return fmt::format("DIFFERS: {}; --apply would try to settle {} of them", differences,
                     sim::Grouped(with_remedy));
}

Json JsonOf(const ReconcileReport& report, const Discrepancy& one) {
  const auto product = [&report](std::uint16_t line) {
    return report.terms.lines[line].product.ToString();
  };
  Json json = Json::object();
  if (one.order.table_line != 0) json["orders_line"] = one.order.table_line;
  json["difference"] = Name(one.difference);
  if (one.difference != Difference::kExtra) {
    json["shop"] = {{"product", product(one.order.line)}, {"units", one.order.units}};
  }
  if (one.ledger.state != ReservationState::kNone) {
    Json ledger = {{"state", Name(one.ledger.state)}};
    if (!one.ledger.is_tombstone()) {
      ledger["product"] = product(one.ledger.line);
      ledger["units"] = one.ledger.units;
      ledger["reserved_us"] = one.ledger.reserved_at.time_since_epoch().count();
    }
    json["journal"] = std::move(ledger);
  }
  json["remedy"] = Name(one.remedy);
  if (one.outcome.has_value()) json["answer"] = Name(one.outcome->code);
  json["settled"] = one.is_settled;
  if (report.with_ids) {
    json["user"] = one.order.user.ToString();
    json["id"] = one.order.id.ToString();
  }
  return json;
}

}  // namespace

std::size_t ReconcileReport::with_remedy() const {
  return static_cast<std::size_t>(
      std::count_if(found.discrepancies.begin(), found.discrepancies.end(),
                    [](const Discrepancy& one) { return one.remedy != Remedy::kByHand; }));
}

void WriteText(const ReconcileReport& report, std::size_t most, std::ostream& out) {
  const Reconciliation& found = report.found;
  fmt::print(out, "{}, {}, against {}\n\n", report.file, report.terms.id.view(), report.orders);
  const auto row = [&out](std::string_view name, std::string_view value) {
    fmt::print(out, "  {:<36} {}\n", name, value);
  };
  row("orders of the shop", sim::Grouped(found.orders));
  row("purchases in the journal", sim::Grouped(found.purchases));
  row("matching", sim::Grouped(found.matching));
  row("purchases too new to be compared",
      report.as_of
          ? fmt::format("{}, after {}", sim::Grouped(found.too_new), FormatTime(*report.as_of))
          : "none: all of them are compared");
  row("differences", sim::Grouped(found.discrepancies.size()));
  if (!found.discrepancies.empty()) WriteDiscrepancies(report, most, out);
  fmt::print(out, "\n{}\n", Verdict(report));
}

void WriteJson(const ReconcileReport& report, std::ostream& out) {
  const Reconciliation& found = report.found;
  Json discrepancies = Json::array();
  for (const Discrepancy& one : found.discrepancies) discrepancies.push_back(JsonOf(report, one));
  Json json = {{"version", 1},
               {"file", report.file},
               {"orders_file", report.orders},
               {"sale", report.terms.id.ToString()},
               {"applied", report.applied},
               {"agrees", found.agrees()}};
  if (report.as_of) json["as_of_us"] = report.as_of->time_since_epoch().count();
  json["orders"] = found.orders;
  json["purchases"] = found.purchases;
  json["matching"] = found.matching;
  json["too_new"] = found.too_new;
  json["differences"] = found.discrepancies.size();
  json["with_remedy"] = report.with_remedy();
  json["settled"] = found.settled;
  json["discrepancies"] = std::move(discrepancies);
  // Whatever a file is called, this is text.
  out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace flashsale::audit
