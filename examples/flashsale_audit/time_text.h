#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_TIME_TEXT_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_TIME_TEXT_H_

#include <optional>
#include <string_view>

#include "flashsale/base/time.h"

namespace flashsale::audit {

// An instant as people and programs write it: seconds since 1970, "1795873921" or "1795873921.25",
// or a date-time of RFC 3339, "2026-11-28T13:52:01.25Z" or "2026-11-28 14:52:01+01:00".  What is
// below a microsecond is left out; a leap second is the second after it.  Nothing where `text` is
// neither, or an instant that is not valid.
std::optional<Time> ParseTime(std::string_view text);

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_TIME_TEXT_H_
