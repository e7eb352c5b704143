// Any records at all, in commits that are sound otherwise, are read as a journal: nothing may go
// wrong, a refusal names its place, and what one reader takes the others take, too.
//
// A commit of the input: the size of its records, two bytes, the lowest first; how many names it
// has, one byte; the records; the names, 16 bytes each.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backend/journal/commit.h"
#include "base/sha256.h"
#include "flashsale/backend/journal.h"
#include "flashsale/backend/journal/journal_reader.h"
#include "flashsale/backend/journal/journal_tools.h"

namespace {

using flashsale::JournalCommit;
using flashsale::Sha256;
using flashsale::Sha256Hash;
using flashsale::Status;
using flashsale::StatusCode;
using flashsale::journal::ByteWriter;
using flashsale::journal::CommitHeader;

void Require(bool holds) {
  if (!holds) std::abort();
}

struct Kept {
  std::uint64_t number;
  std::vector<std::uint8_t> records;
  std::vector<std::uint8_t> names;
};

class Medium final : public flashsale::JournalMedium {
 public:
  explicit Medium(std::vector<Kept>& kept) : kept_(kept) {}
  Status Append(const JournalCommit& commit) override {
    kept_.push_back({.number = commit.number,
                     .records = {commit.records.begin(), commit.records.end()},
                     .names = {commit.names.begin(), commit.names.end()}});
    return {};
  }
  Status Read(std::uint64_t after, Reader& reader) override {
    for (const Kept& commit : kept_) {
      if (commit.number <= after) continue;
      Status status = reader.OnCommit(
          {.number = commit.number, .records = commit.records, .names = commit.names});
      if (!status.ok()) return status;
    }
    return {};
  }
  bool IsNearlyFull() override { return false; }

 private:
  std::vector<Kept>& kept_;
};

std::vector<Kept> CommitsOf(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kName = 16;
  std::vector<Kept> commits;
  Sha256 hasher;
  CommitHeader header;
  while (size >= 3) {
    const std::size_t records = std::min(data[0] + 256 * std::size_t{data[1]}, size - 3);
    const std::size_t names = std::min(data[2] * kName, size - 3 - records);
    ++header.number;
    ByteWriter sealed;
    header.previous = SealCommit(header, {data + 3, records}, hasher, sealed);
    ByteWriter sealed_names;
    SealNames({data + 3 + records, names}, hasher, sealed_names);
    commits.push_back({.number = header.number,
                       .records = {sealed.bytes().begin(), sealed.bytes().end()},
                       .names = {sealed_names.bytes().begin(), sealed_names.bytes().end()}});
    data += 3 + records + names;
    size -= 3 + records + names;
  }
  return commits;
}

class Everything final : public flashsale::JournalVisitor {
 public:
  Status OnEntry(const flashsale::JournalEntry& entry) override {
    Require(entry.commit != 0);
    return {};
  }
};

Status OpenOn(std::vector<Kept> kept) {
  flashsale::JournalOptions options;
  options.memory.hash_seed = 1;
  options.memory.events_per_sale = 1'024;
  options.memory.rate_keys = 1;
  options.memory.fingerprint_keys = 1;
  const auto storage = OpenJournaledStorage(std::make_unique<Medium>(kept), options);
  return storage.ok() ? Status() : storage.status();
}

void RequirePlace(const Status& status) {
  Require(status.code() == StatusCode::kDataLoss && status.message().find("commit ") == 0);
}

}  // namespace

// libFuzzer's entry.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<Kept> commits = CommitsOf(data, size);
  const Status opened = OpenOn(commits);
  if (!opened.ok()) RequirePlace(opened);
  Medium medium(commits);
  Everything visitor;
  const auto read = flashsale::ReadJournal(medium, visitor);
  if (!read.ok()) RequirePlace(read.status());
  Require(read.ok() || !opened.ok());
  std::vector<Kept> copied;
  Medium copy(copied);
  const auto report = flashsale::CopyJournal(medium, copy);
  if (!report.ok()) RequirePlace(report.status());
  if (opened.ok()) Require(report.ok() && OpenOn(copied).ok());
  return 0;
}
