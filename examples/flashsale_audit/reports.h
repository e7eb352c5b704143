#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_REPORTS_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_REPORTS_H_

#include <ostream>

#include "examples/flashsale_audit/figures.h"

namespace flashsale::audit {

// For people.
void WriteText(const AuditReport& report, std::ostream& out);
// For programs: members keep their meaning, new ones may come.
void WriteJson(const AuditReport& report, std::ostream& out);
// Units over time: a row a span of time and sale.
void WriteCsv(const AuditReport& report, std::ostream& out);
// One page with pictures, which loads nothing.
void WriteHtml(const AuditReport& report, std::ostream& out);

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_REPORTS_H_
