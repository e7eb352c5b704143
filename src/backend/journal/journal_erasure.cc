#include <absl/container/flat_hash_map.h>
#include <absl/hash/hash.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <random>
#include <vector>

#include "backend/journal/commit.h"
#include "base/sha256.h"
#include "flashsale/backend/journal/journal_tools.h"

namespace flashsale::inline v0 {
namespace {

using Name = std::array<std::uint8_t, 16>;

// So many commits at once are overwritten.
constexpr std::size_t kMostAtOnce = 256;

// By whom each name is replaced.
using Pseudonyms = absl::flat_hash_map<Name, Name>;

Name DrawName(std::random_device& device) {
  Name name;
  for (std::size_t i = 0; i < name.size(); i += sizeof(std::uint32_t)) {
    const std::uint32_t word = device();
    std::memcpy(&name[i], &word, sizeof(word));
  }
  return name;
}

// Looks for commits that mention one of the names, and writes their names anew.
class Search final : public JournalMedium::Reader {
 public:
  Search(const Pseudonyms& pseudonyms, JournalErasureReport& report)
      : pseudonyms_(pseudonyms), report_(report) {}

  // kConflict: these are enough for now.
  Status OnCommit(const JournalCommit& commit) override {
    if (found_.size() == kMostAtOnce) return {StatusCode::kConflict, "enough"};
    last_ = commit.number;
    journal::Bytes names;
    if (!journal::OpenNames(commit.names, hasher_, names) || names.size() % sizeof(Name) != 0) {
      return {StatusCode::kDataLoss,
              fmt::format("commit {}: its names are damaged", commit.number)};
    }
    std::vector<std::uint8_t> anew;
    for (std::size_t at = 0; at < names.size(); at += sizeof(Name)) {
      Name name;
      std::copy_n(names.begin() + static_cast<std::ptrdiff_t>(at), name.size(), name.begin());
      const auto pseudonym = pseudonyms_.find(name);
      if (pseudonym == pseudonyms_.end()) continue;
      if (anew.empty()) anew.assign(names.begin(), names.end());
      std::copy(pseudonym->second.begin(), pseudonym->second.end(),
                anew.begin() + static_cast<std::ptrdiff_t>(at));
      ++report_.names;
    }
    if (anew.empty()) return {};
    ++report_.commits;
    journal::SealNames(anew, hasher_, sealed_);
    found_.push_back(
        {.number = commit.number, .names = {sealed_.bytes().begin(), sealed_.bytes().end()}});
    return {};
  }

  // Overwrites what was found since.
  Status Overwrite(JournalMedium& medium) {
    std::vector<JournalCommit> commits;
    for (const Found& found : found_) {
      commits.push_back({.number = found.number, .records = {}, .names = found.names});
    }
    Status status = commits.empty() ? Status() : medium.OverwriteNames(commits);
    found_.clear();
    return status;
  }
  // The last commit that was looked at.
  std::uint64_t last() const { return last_; }

 private:
  struct Found {
    std::uint64_t number;
    std::vector<std::uint8_t> names;
  };

  const Pseudonyms& pseudonyms_;
  JournalErasureReport& report_;
  Sha256 hasher_;
  journal::ByteWriter sealed_;
  std::vector<Found> found_;
  std::uint64_t last_ = 0;
};

}  // namespace

Result<JournalErasureReport> EraseFromJournal(JournalMedium& medium,
                                              const JournalErasure& erasure) {
  try {
    std::random_device device;
    Pseudonyms pseudonyms;
    for (std::size_t i = 0; i < erasure.users.size(); ++i) {
      if (erasure.users[i].is_nil()) {
        return Status(StatusCode::kInvalidArgument,
                      fmt::format("users[{}]: nil, expected an id", i));
      }
      pseudonyms[erasure.users[i].bytes()] = DrawName(device);
    }
    for (std::size_t i = 0; i < erasure.keys.size(); ++i) {
      if (erasure.keys[i].is_nil()) {
        return Status(StatusCode::kInvalidArgument,
                      fmt::format("keys[{}]: nil, expected a key", i));
      }
      pseudonyms[erasure.keys[i].bytes()] = DrawName(device);
    }
    JournalErasureReport report;
    Search search(pseudonyms, report);
    for (;;) {
      Status read = medium.Read(search.last(), search);
      if (!read.ok() && read.code() != StatusCode::kConflict) return read;
      Status status = search.Overwrite(medium);
      if (!status.ok()) return status;
      if (read.ok()) return report;
    }
  } catch (const std::bad_alloc&) {
    return Status(StatusCode::kResourceExhausted, "out of memory");
  }
}

}  // namespace flashsale::inline v0
