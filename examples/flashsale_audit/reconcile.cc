// The ledger of a sale against the shop's own orders; all of it is the library's reconciliation.h.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "examples/flashsale_audit/as_read.h"
#include "examples/flashsale_audit/input_file.h"
#include "examples/flashsale_audit/journal_file.h"
#include "examples/flashsale_audit/options.h"
#include "examples/flashsale_audit/output_check.h"
#include "examples/flashsale_audit/reconcile_report.h"
#include "examples/flashsale_audit/time_text.h"
#include "examples/flashsale_sim/output.h"
#include "flashsale/backend/journal/journal_reader.h"
#include "flashsale/backend/sqlite.h"
#include "flashsale/base/status.h"
#include "flashsale/service/reconciliation.h"

namespace flashsale::audit {
namespace {

constexpr std::size_t kMostTold = 20;

Status Wrong(const std::string& what) { return {StatusCode::kInvalidArgument, what}; }

struct KnownSale {
  SaleTerms terms;
  bool is_ended = false;  // by an operator
};

// The sales that a journal has, and that were not forgotten.
class SaleList final : public JournalVisitor {
 public:
  Status OnEntry(const JournalEntry& entry) override {
    if (entry.kind == JournalEntry::Kind::kSaleCreated) sales_[entry.sale] = {*entry.terms};
    if (entry.kind == JournalEntry::Kind::kSaleForgotten) sales_.erase(entry.sale);
    if (entry.kind == JournalEntry::Kind::kEvent && Ends(entry.event.type)) {
      sales_[entry.sale].is_ended = true;
    }
    return {};
  }

  // The sale of that name, or the only one where there is no name.
  Result<KnownSale> Find(const std::string& sale) const {
    if (sales_.empty()) return Wrong("--sale: expected a journal that has one");
    if (sale.empty()) {
      if (sales_.size() == 1) return sales_.begin()->second;
      return Wrong("--sale: none, expected one of " + Names());
    }
    const auto found = sales_.find(SaleId(sale));
    if (found != sales_.end()) return found->second;
    return Wrong(fmt::format("--sale: '{}', expected one of {}", sale, Names()));
  }

 private:
  static bool Ends(EventType type) {
    return type == EventType::kClosed || type == EventType::kSaleCancelled ||
           type == EventType::kSettled;
  }
  std::string Names() const {
    std::string names;
    std::size_t told = 0;
    for (const auto& [id, sale] : sales_) {
      if (told++ == kMostTold)
        return names + fmt::format(", and {} more", sales_.size() - kMostTold);
      names += names.empty() ? "" : ", ";
      names += id.view();
    }
    return names;
  }

  std::map<SaleId, KnownSale> sales_;
};

Result<std::optional<Time>> AsOf(const ReconcileOptions& options) {
  if (options.as_of.empty()) return std::optional<Time>();
  const std::optional<Time> as_of = ParseTime(options.as_of);
  if (as_of.has_value()) return as_of;
  return Wrong(
      fmt::format("--as-of: '{}', expected seconds since 1970, or a time such as "
                  "2026-11-28T13:52:01Z or 2026-11-28T14:52:01+01:00",
                  options.as_of));
}

// The journal, to be written to where remedies are to be carried out.
Result<std::unique_ptr<JournalMedium>> OpenJournal(const ReconcileOptions& options) {
  if (!options.apply) {
    auto medium = OpenSqliteMedium({.path = options.file, .read_only = true});
    if (!medium.ok()) return medium.status();
    return std::unique_ptr<JournalMedium>(std::make_unique<AsRead>(*std::move(medium)));
  }
  return OpenToChange(options.file);
}

// The present time, or where the journal has come to, if that is later.
Time NowAfter(Time latest) {
  return std::max(std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()), latest);
}

// While a sale is not over, somebody may have bought since the orders were listed, and must not
// lose it.
Status CheckListed(const ReconcileOptions& options, const KnownSale& sale, Time latest) {
  if (!options.apply || !options.as_of.empty() || sale.is_ended) return {};
  if (NowAfter(latest) >= sale.terms.end) return {};
  return Wrong(
      "--as-of: none, expected the time when the orders were listed, for --apply to a sale that is "
      "not over: what was bought since would be taken back");
}

// Compares, and carries out what is wanted.
Result<Reconciliation> Compare(std::unique_ptr<JournalMedium> medium, const SaleId& sale,
                               const std::vector<ShopOrder>& orders,
                               ReconciliationOptions options) {
  const auto storage = OpenJournaledStorage(std::move(medium));
  if (!storage.ok()) return storage.status();
  options.now = NowAfter((*storage)->latest_time());
  Result<Reconciliation> found =
      flashsale::Reconcile((*storage)->inventory(), sale, orders, options);
  if (!found.ok()) return found;
  // As the shop has them; then what it does not have, by time.
  std::sort(found->discrepancies.begin(), found->discrepancies.end(),
            [](const Discrepancy& a, const Discrepancy& b) {
              const auto place = [](const Discrepancy& one) {
                return std::tuple(one.order.table_line == 0, one.order.table_line,
                                  one.ledger.reserved_at, one.order.user, one.order.id);
              };
              return place(a) < place(b);
            });
  return found;
}

Result<ReconcileReport> Report(const ReconcileOptions& options, const std::string& csv) {
  const Result<std::optional<Time>> as_of = AsOf(options);
  if (!as_of.ok()) return as_of.status();
  auto medium = OpenJournal(options);
  if (!medium.ok()) return medium.status();
  SaleList sales;
  const Result<JournalSummary> read = ReadJournal(**medium, sales);
  if (!read.ok()) return read.status();
  Result<KnownSale> sale = sales.Find(options.sale);
  if (!sale.ok()) return sale.status();
  const Result<std::vector<ShopOrder>> orders = ParseShopOrders(csv, sale->terms);
  if (!orders.ok()) {
    return Wrong(fmt::format("--orders: '{}', {}", options.orders, orders.status().message()));
  }
  if (Status status = CheckListed(options, *sale, read->latest); !status.ok()) return status;
  Result<Reconciliation> found =
      Compare(*std::move(medium), sale->terms.id, *orders,
              {.as_of = as_of->value_or(kMaxTime), .apply = options.apply});
  if (!found.ok()) return found.status();
  return ReconcileReport{.file = options.file,
                         .orders = options.orders,
                         .terms = std::move(sale->terms),
                         .as_of = *as_of,
                         .applied = options.apply,
                         .with_ids = options.with_ids,
                         .found = *std::move(found)};
}

}  // namespace

int Reconcile(const ReconcileOptions& options, const Streams& streams) {
  const auto bad = [&streams](const Status& status) {
    fmt::print(streams.errors, "{}\n", status.message());
    return kExitBadInput;
  };
  const InputFile orders{.option = "--orders", .path = options.orders};
  const Result<std::string> csv =
      options.orders == "-" ? ReadAll(orders, streams.in) : ReadAll(orders);
  if (!csv.ok()) return bad(csv.status());
  const NamedFile input{.option = "--orders", .path = options.orders};
  const Status outputs =
      CheckOutputs({.journal = options.file,
                    .inputs = options.orders == "-" ? std::vector<NamedFile>{} : std::vector{input},
                    .outputs = {{"--json", options.json}}});
  if (!outputs.ok()) return bad(outputs);
  const Result<ReconcileReport> report = Report(options, *csv);
  if (!report.ok()) return bad(report.status());
  WriteText(*report, options.all ? std::numeric_limits<std::size_t>::max() : kMostTold,
            streams.out);
  const sim::Output output{.report = streams.out, .errors = streams.errors};
  sim::OutputFile json("--json", options.json);
  if (!json.Open(output)) return kExitBadInput;
  if (json.wanted()) WriteJson(*report, json.stream());
  if (!json.Close(output)) return kExitBadInput;
  return report->found.agrees() ? kExitHeld : kExitRefuted;
}

}  // namespace flashsale::audit
