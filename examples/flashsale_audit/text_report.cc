#include <chrono>
#include <vector>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "examples/flashsale_audit/reports.h"
#include "examples/flashsale_audit/wording.h"
#include "examples/flashsale_sim/text.h"

namespace flashsale::audit {
namespace {

void WriteClaims(const std::vector<Claim>& claims, std::ostream& out) {
  for (const Claim& claim : claims) {
    fmt::print(out, "  {:<11} {:<32} {:>18}  {}\n",
               claim.refuted()              ? "REFUTED"
               : VerdictOf(claim) == "held" ? "held"
                                            : "not judged",
               claim.name(), LookedAt(claim), claim.promise());
    if (claim.refuted()) fmt::print(out, "  {:<11} {}\n", "", claim.counterexample());
    if (!claim.missing().empty()) fmt::print(out, "  {:<11} {}\n", "", claim.missing());
  }
}

void WriteTable(const Table& table, std::ostream& out) {
  fmt::print(out, "\n{}\n", table.heading);
  for (const Row& row : table.rows) fmt::print(out, "  {:<36} {}\n", row.name, row.value);
}

}  // namespace

void WriteText(const AuditReport& report, std::ostream& out) {
  fmt::print(out, "{}\n", report.path);
  WriteTable(JournalTable(report), out);
  fmt::print(out, "\nProofs about the journal\n");
  WriteClaims(report.claims, out);
  for (const std::string& remark : report.remarks)
    fmt::print(out, "  {:<11} {}\n", "remark", remark);
  for (const SaleReport& sale : report.sales) {
    fmt::print(out, "\n=== {} ===\n\nProofs\n", Heading(sale));
    WriteClaims(sale.claims, out);
    for (const Table& table : SaleTables(sale)) WriteTable(table, out);
  }
  const double seconds = std::chrono::duration<double>(report.took).count();
  fmt::print(out, "\n{}: {} in {:.2f} s, {} a second\n", report.held() ? "ALL HELD" : "REFUTED",
             sim::Counted(report.journal.summary.entries, "record"), seconds,
             sim::Grouped(seconds <= 0 ? 0
                                       : static_cast<std::uint64_t>(
                                             static_cast<double>(report.journal.summary.entries) /
                                             seconds)));
}

}  // namespace flashsale::audit
