#include "examples/flashsale_audit/journal_file.h"

#include "flashsale/backend/sqlite.h"

namespace flashsale::audit {

Result<std::unique_ptr<JournalMedium>> OpenToChange(const std::string& path) {
  {
    const auto looked = OpenSqliteMedium({.path = path, .check_pages = false, .read_only = true});
    if (!looked.ok()) return looked.status();
  }
  return OpenSqliteMedium({.path = path, .reserved_bytes = 0, .checkpoint_thread = false});
}

}  // namespace flashsale::audit
