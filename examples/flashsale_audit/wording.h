#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_WORDING_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_WORDING_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "examples/flashsale_audit/figures.h"
#include "flashsale/base/time.h"

namespace flashsale::audit {

// What all reports say alike.

// "2026-11-28 13:52:01.250 UTC".
std::string FormatTime(Time at);
// "12.3 %", or "-" where there is no whole.
std::string Percent(std::uint64_t part, std::uint64_t whole);
// "held", "refuted", "not judged", or "held as far as it was judged".
std::string VerdictOf(const Claim& claim);
// "1,234 commits".
std::string LookedAt(const Claim& claim);

// A report as rows of a name and a text, one table a heading.
struct Row {
  std::string name;
  std::string value;
};
struct Table {
  std::string heading;
  std::vector<Row> rows;
};
Table JournalTable(const AuditReport& report);
std::vector<Table> SaleTables(const SaleReport& sale);
// "drop, forgotten".
std::string Heading(const SaleReport& sale);

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_WORDING_H_
