#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_AS_READ_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_AS_READ_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "flashsale/backend/journal.h"
#include "flashsale/base/status.h"

namespace flashsale::audit {

// A journal as it was when it was read first: a shop that has it open goes on meanwhile, and what
// is appended here is forgotten, so that a storage can be opened on a journal that stays as it is.
// Contract: JournalMedium, but for that.  Thread safety: one thread.
class AsRead final : public JournalMedium {
 public:
  explicit AsRead(std::unique_ptr<JournalMedium> medium);

  Status Append(const JournalCommit& commit) override;
  Status Read(std::uint64_t after, Reader& reader) override;
  bool IsNearlyFull() override { return false; }

 private:
  const std::unique_ptr<JournalMedium> medium_;
  std::optional<std::uint64_t> last_;  // the commit that it ends with, once it is known
};

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_AS_READ_H_
