#ifndef FLASHSALE_BASE_ID_TEXT_H_
#define FLASHSALE_BASE_ID_TEXT_H_

#include <optional>
#include <string_view>

#include "flashsale/base/id.h"
#include "flashsale/base/status.h"
#include "flashsale/export.h"

namespace flashsale::inline v0 {

namespace id_internal {

struct WrittenId {
  Bytes16 bytes{};
  // What stands behind "text:"; then there are no bytes yet.
  std::optional<std::string_view> name;
};
FLASHSALE_EXPORT Result<WrittenId> ParseWritten(std::string_view text);

}  // namespace id_internal

// An id as people and tables write it:
//   a UUID, 36 characters, or its 32 hex digits alone, in either case
//   int:NUMBER     OpaqueId::FromInteger, from 0 to 2^64 - 1; integer:NUMBER is the same
//   text:ANYTHING  OpaqueId::FromText; one character at least
//
// Errors: InvalidArgument, with the text and what was expected, for whoever calls to put the field
// in front; nil is none.  Thread safety: any thread.
template <typename Id>
Result<Id> ParseId(std::string_view text) {
  const Result<id_internal::WrittenId> written = id_internal::ParseWritten(text);
  if (!written.ok()) return written.status();
  return written->name.has_value() ? Id::FromText(*written->name) : Id::FromBytes(written->bytes);
}

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_BASE_ID_TEXT_H_
