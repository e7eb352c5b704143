#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_COPY_FILE_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_COPY_FILE_H_

#include <string>

#include "flashsale/backend/journal.h"
#include "flashsale/backend/journal/journal_tools.h"
#include "flashsale/base/status.h"

namespace flashsale::audit {

// Copies a journal, or a sale of it, into a new file.  It is written as `to` + "-part", and gets
// its name when it is whole and on the disk: whatever a crash leaves, nothing by the name of `to`
// is a part of a journal.  After an error nothing is left.
//
// Errors: those of CopyJournal and of the media; InvalidArgument, naming --to, where anything of
// that name is there already, a part of before or a link to nothing included; Unavailable for what
// the system says.
Result<JournalCopyReport> CopyToFile(JournalMedium& from, const std::string& to,
                                     const JournalCopyOptions& options);

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_COPY_FILE_H_
