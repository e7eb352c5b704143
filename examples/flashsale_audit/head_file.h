#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_HEAD_FILE_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_HEAD_FILE_H_

#include <optional>
#include <string>

namespace flashsale::audit {

// What is to be remarked of the file beside a journal that tells where that ended (`-head`,
// docs/journal.md): it is not there, or tells nothing.  Nothing: it tells.
std::optional<std::string> RemarkOnHead(const std::string& journal);

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_HEAD_FILE_H_
