#include "flashsale/policy/request_context.h"

#include "policy/ascii.h"

namespace flashsale::inline v0 {

std::optional<std::string_view> RequestContext::Header(std::string_view name) const {
  for (const HeaderField& field : headers) {
    if (EqualsIgnoringCase(field.name, name)) return field.value;
  }
  return std::nullopt;
}

}  // namespace flashsale::inline v0
