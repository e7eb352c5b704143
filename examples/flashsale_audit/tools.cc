// What is done to journals beside looking at them; all of it is the library's journal_tools.h.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "examples/flashsale_audit/as_read.h"
#include "examples/flashsale_audit/copy_file.h"
#include "examples/flashsale_audit/journal_file.h"
#include "examples/flashsale_audit/options.h"
#include "examples/flashsale_audit/output_check.h"
#include "examples/flashsale_sim/text.h"
#include "flashsale/backend/journal/journal_tools.h"
#include "flashsale/backend/sqlite.h"
#include "flashsale/base/id_text.h"
#include "flashsale/base/status.h"

namespace flashsale::audit {
namespace {

int Bad(const Streams& streams, std::string_view what) {
  fmt::print(streams.errors, "{}\n", what);
  return kExitBadInput;
}

// The exit code of what a tool has refused: what is damaged was refuted.
int ExitOf(const Streams& streams, const Status& status) {
  Bad(streams, status.message());
  return status.code() == StatusCode::kDataLoss ? kExitRefuted : kExitBadInput;
}

template <typename Id>
Status ParseIds(std::string_view option, const std::vector<std::string>& texts,
                std::vector<Id>& ids) {
  for (const std::string& text : texts) {
    const Result<Id> id = ParseId<Id>(text);
    if (!id.ok()) {
      return {StatusCode::kInvalidArgument, fmt::format("{}: {}", option, id.status().message())};
    }
    ids.push_back(*id);
  }
  return {};
}

}  // namespace

int Copy(const CopyOptions& options, const Streams& streams) {
  std::optional<SaleId> only;
  if (!options.sale.empty()) {
    only = SaleId(options.sale);
    if (!only->valid()) {
      return Bad(streams, fmt::format("--sale: '{}', expected 1 to 64 of `A-Z a-z 0-9 . _ -`",
                                      options.sale));
    }
  }
  const Status outputs = CheckOutputs({.journal = options.file, .outputs = {{"--to", options.to}}});
  if (!outputs.ok()) return ExitOf(streams, outputs);
  auto from = OpenSqliteMedium({.path = options.file, .read_only = true});
  if (!from.ok()) return ExitOf(streams, from.status());
  AsRead source(*std::move(from));
  const Result<JournalCopyReport> report =
      CopyToFile(source, options.to, {.only = only, .without_forgotten = !only.has_value()});
  if (!report.ok()) return ExitOf(streams, report.status());
  fmt::print(streams.out, "{}: {} of {}, {} of {} bytes, {}\n", options.to,
             sim::Grouped(report->commits_written), sim::Counted(report->commits_read, "commit"),
             sim::Grouped(report->bytes_written), sim::Grouped(report->bytes_read),
             sim::Counted(report->sales, "sale"));
  return kExitHeld;
}

int Erase(const EraseOptions& options, const Streams& streams) {
  std::vector<UserId> users;
  std::vector<LimitKey> keys;
  Status status = ParseIds("--user", options.users, users);
  if (status.ok()) status = ParseIds("--key", options.keys, keys);
  if (!status.ok()) return ExitOf(streams, status);
  const auto medium = OpenToChange(options.file);
  if (!medium.ok()) return ExitOf(streams, medium.status());
  const Result<JournalErasureReport> report =
      EraseFromJournal(**medium, {.users = users, .keys = keys});
  if (!report.ok()) return ExitOf(streams, report.status());
  fmt::print(streams.out, "{}: {} overwritten in {}\n", options.file,
             sim::Counted(report->names, "name"), sim::Counted(report->commits, "commit"));
  return kExitHeld;
}

}  // namespace flashsale::audit
