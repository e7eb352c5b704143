#ifndef FLASHSALE_TESTS_AUDIT_AUDITED_H_
#define FLASHSALE_TESTS_AUDIT_AUDITED_H_

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "examples/flashsale_audit/journal_audit.h"
#include "examples/flashsale_audit/options.h"
#include "flashsale/backend/journal/journal_reader.h"

namespace flashsale::audit_test {

using audit::AuditOptions;
using audit::AuditReport;
using audit::Claim;

inline AuditReport AuditOf(JournalMedium& medium, AuditOptions options = {}) {
  audit::JournalAudit journal(std::move(options));
  const Result<JournalSummary> read = ReadJournal(medium, journal);
  return journal.Finish(read.ok() ? Status() : read.status());
}

inline std::vector<Claim> ClaimsOf(const AuditReport& report) {
  std::vector<Claim> claims = report.claims;
  for (const audit::SaleReport& sale : report.sales) {
    claims.insert(claims.end(), sale.claims.begin(), sale.claims.end());
  }
  return claims;
}

// "name: counterexample" of all that was refuted, a line each.
inline std::string Refuted(const AuditReport& report) {
  std::string all;
  for (const Claim& claim : ClaimsOf(report)) {
    if (!claim.refuted()) continue;
    all += std::string(claim.name()) + ": " + claim.counterexample() + "\n";
  }
  return all;
}

// What one claim looked at, over all sales.
inline std::uint64_t LookedAt(const AuditReport& report, std::string_view name) {
  std::uint64_t count = 0;
  for (const Claim& claim : ClaimsOf(report)) {
    if (claim.name() == name) count += claim.looked_at();
  }
  return count;
}

// The program, as it is called.
struct Ran {
  int code = 0;
  std::string out;
  std::string errors;
};
inline Ran Run(std::vector<const char*> arguments, const std::string& input = {}) {
  arguments.insert(arguments.begin(), "flashsale_audit");
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream errors;
  const audit::Streams streams{.in = in, .out = out, .errors = errors};
  struct Carry {
    const audit::Streams& streams;
    int operator()(int code) const { return code; }
    int operator()(const audit::CheckOptions& options) const { return Check(options, streams); }
    int operator()(const audit::CopyOptions& options) const { return Copy(options, streams); }
    int operator()(const audit::EraseOptions& options) const { return Erase(options, streams); }
    int operator()(const audit::ReconcileOptions& options) const {
      return Reconcile(options, streams);
    }
  };
  const int code = std::visit(
      Carry{streams},
      audit::ParseCommandLine(static_cast<int>(arguments.size()), arguments.data(), streams));
  return {.code = code, .out = out.str(), .errors = errors.str()};
}

}  // namespace flashsale::audit_test

#endif  // FLASHSALE_TESTS_AUDIT_AUDITED_H_
