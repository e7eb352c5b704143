#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "examples/flashsale_audit/head_file.h"
#include "examples/flashsale_audit/input_file.h"
#include "examples/flashsale_audit/journal_audit.h"
#include "examples/flashsale_audit/kept_hash.h"
#include "examples/flashsale_audit/options.h"
#include "examples/flashsale_audit/output_check.h"
#include "examples/flashsale_audit/reports.h"
#include "examples/flashsale_sim/output.h"
#include "flashsale/backend/sqlite.h"
#include "flashsale/base/status.h"

namespace flashsale::audit {
namespace {

Result<DrawRecord> ReadDraw(const std::string& path) {
  const Result<std::string> text = ReadAll({.option = "--draw", .path = path});
  if (!text.ok()) return text.status();
  Result<DrawRecord> record = DrawRecord::FromJson(*text);
  if (record.ok()) return record;
  return Status(StatusCode::kInvalidArgument,
                fmt::format("--draw: '{}', {}", path, record.status().message()));
}

Result<AuditOptions> OptionsOf(const CheckOptions& options) {
  AuditOptions audit{.with_ids = options.with_ids};
  if (!options.sale.empty()) {
    audit.only = SaleId(options.sale);
    if (!audit.only->valid()) {
      return Status(
          StatusCode::kInvalidArgument,
          fmt::format("--sale: '{}', expected 1 to 64 of `A-Z a-z 0-9 . _ -`", options.sale));
    }
  }
  struct Kept {
    std::string_view option;
    const std::vector<std::string>& texts;
    std::vector<KeptHash>& hashes;
  };
  for (const auto& [option, texts, hashes] :
       {Kept{"--hash", options.hashes, audit.hashes},
        Kept{"--names-hash", options.names_hashes, audit.names_hashes}}) {
    for (const std::string& text : texts) {
      const Result<KeptHash> kept = KeptHash::Parse({.name = option, .text = text});
      if (!kept.ok()) return kept.status();
      hashes.push_back(*kept);
    }
  }
  for (const std::string& path : options.draws) {
    Result<DrawRecord> record = ReadDraw(path);
    if (!record.ok()) return record.status();
    audit.draws.push_back(*std::move(record));
  }
  return audit;
}

OutputCheck OutputsOf(const CheckOptions& options) {
  OutputCheck check{.journal = options.file};
  for (const std::string& draw : options.draws) check.inputs.push_back({"--draw", draw});
  check.outputs = {{"--json", options.json}, {"--csv", options.csv}, {"--html", options.html}};
  return check;
}

// Whether a status says that the journal is not what it was, and not that it cannot be read.
bool IsDamage(const Status& status) { return status.code() == StatusCode::kDataLoss; }

}  // namespace

int Check(const CheckOptions& options, const Streams& streams) {
  const auto bad = [&streams](const std::string& what) {
    fmt::print(streams.errors, "{}\n", what);
    return kExitBadInput;
  };
  Result<AuditOptions> audit_options = OptionsOf(options);
  if (!audit_options.ok()) return bad(audit_options.status().message());
  if (Status status = CheckOutputs(OutputsOf(options)); !status.ok()) return bad(status.message());

  const auto begun = std::chrono::steady_clock::now();
  JournalAudit audit(*std::move(audit_options));
  Status read;
  auto medium = OpenSqliteMedium(
      {.path = options.file, .check_pages = !options.without_pages, .read_only = true});
  if (medium.ok()) {
    const Result<JournalSummary> summary = ReadJournal(**medium, audit);
    read = summary.ok() ? Status() : summary.status();
  } else {
    read = medium.status();
  }
  if (!read.ok() && !IsDamage(read)) return bad(read.message());
  const std::optional<std::string> unused = audit.UnusedOption();
  if (read.ok() && unused.has_value()) return bad(*unused);
  AuditReport report = audit.Finish(read);
  report.path = options.file;
  const std::optional<std::string> remark = RemarkOnHead(options.file);
  if (remark.has_value() && report.journal.summary.commits != 0) report.remarks.push_back(*remark);
  report.took = std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begun);

  WriteText(report, streams.out);
  const sim::Output output{.report = streams.out, .errors = streams.errors};
  struct Wanted {
    sim::OutputFile file;
    void (*write)(const AuditReport&, std::ostream&);
  };
  for (auto& [file, write] : std::to_array<Wanted>({{{"--json", options.json}, WriteJson},
                                                    {{"--csv", options.csv}, WriteCsv},
                                                    {{"--html", options.html}, WriteHtml}})) {
    if (!file.Open(output)) return kExitBadInput;
    if (file.wanted()) write(report, file.stream());
    if (!file.Close(output)) return kExitBadInput;
  }
  return report.held() ? kExitHeld : kExitRefuted;
}

}  // namespace flashsale::audit
