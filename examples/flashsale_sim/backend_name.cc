#include "examples/flashsale_sim/backend_name.h"

#include <fmt/format.h>

namespace flashsale::sim {

std::string ToString(const BackendName& name) {
  if (name.kind == BackendKind::kMemory) return std::string(Name(name.kind));
  return fmt::format("{}:{}", Name(name.kind), name.path);
}

Result<BackendName> ParseBackendName(std::string_view text) {
  if (text == "memory") return BackendName{};
  static constexpr std::string_view kSqlite = "sqlite:";
  if (text.starts_with(kSqlite) && text.size() > kSqlite.size()) {
    return BackendName{.kind = BackendKind::kSqlite,
                       .path = std::string(text.substr(kSqlite.size()))};
  }
  return Status(StatusCode::kInvalidArgument,
                fmt::format("'{}': expected {}", text, kBackendNames));
}

}  // namespace flashsale::sim
