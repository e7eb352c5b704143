#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_JOURNAL_FILE_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_JOURNAL_FILE_H_

#include <memory>
#include <string>

#include "flashsale/backend/journal.h"
#include "flashsale/base/status.h"

namespace flashsale::audit {

// Opens a journal that is there to be changed.  It is looked at before, so that what is none, or
// not there, is refused without a file being made beside it.  Errors: OpenSqliteMedium's.
Result<std::unique_ptr<JournalMedium>> OpenToChange(const std::string& path);

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_JOURNAL_FILE_H_
