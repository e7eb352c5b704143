#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_BACKEND_NAME_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_BACKEND_NAME_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "flashsale/base/status.h"

namespace flashsale::sim {

// The backends of the library.
enum class BackendKind : std::uint8_t { kMemory = 0, kSqlite = 1 };

// "memory", "sqlite".
constexpr std::string_view Name(BackendKind kind) {
  switch (kind) {
    case BackendKind::kMemory:
      return "memory";
    case BackendKind::kSqlite:
      return "sqlite";
  }
  return "memory";
}

// Where a run keeps its sales, as --backend says it.
struct BackendName {
  BackendKind kind = BackendKind::kMemory;
  // kSqlite: its file.
  std::string path = {};
};

// What --backend takes, for people.
inline constexpr std::string_view kBackendNames = "memory or sqlite:PATH";

// "memory", "sqlite:PATH".
std::string ToString(const BackendName& name);

// The reverse.  Errors: InvalidArgument: "'redis': expected memory or sqlite:PATH".
Result<BackendName> ParseBackendName(std::string_view text);

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_BACKEND_NAME_H_
