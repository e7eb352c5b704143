#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_KEPT_HASH_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_KEPT_HASH_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "examples/flashsale_audit/claim.h"
#include "flashsale/backend/journal/journal_reader.h"
#include "flashsale/base/status.h"

namespace flashsale::audit {

// "0f3a…", 64 digits.
std::string Hex(const JournalHash& hash);

// The hash of a commit, as somebody keeps it who does not trust whoever has the journal.
struct KeptHash {
  std::uint64_t commit = 0;
  JournalHash hash{};

  // "7:0f3a…", as the report tells it.
  std::string ToString() const;
  // Errors: InvalidArgument, naming the option.
  struct Option {
    std::string_view name;
    std::string_view text;
  };
  static Result<KeptHash> Parse(const Option& option);
};

// Compares the hashes of a journal's commits with those that were kept.  Thread safety: as an int.
class KeptHashCheck {
 public:
  KeptHashCheck(Claim claim, const std::vector<KeptHash>& kept);

  void OnCommit(std::uint64_t commit, const JournalHash& hash);
  // Nothing comes any more.  `why`: why what is missing cannot be judged; empty: all was read.
  // REQUIRES: once.
  void Finish(std::uint64_t commits, const std::string& why);

  bool wanted() const { return wanted_; }
  const Claim& claim() const { return claim_; }

 private:
  Claim claim_;
  std::multimap<std::uint64_t, JournalHash> due_;  // by commit
  const bool wanted_;
};

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_KEPT_HASH_H_
