#include "examples/flashsale_audit/input_file.h"

#include <array>
#include <cstddef>
#include <fstream>

#include <fmt/format.h>

#include "examples/flashsale_sim/output.h"

namespace flashsale::audit {

Result<std::string> ReadAll(const InputFile& file) {
  std::ifstream stream(file.path, std::ios::binary);
  return ReadAll(file, stream);
}

Result<std::string> ReadAll(const InputFile& file, std::istream& stream) {
  std::string text;
  std::array<char, std::size_t{1} << 16> part{};
  const bool is_open = stream.good();
  // An iterator would throw where this sets the bad bit.
  while (stream.good()) {
    stream.read(part.data(), part.size());
    text.append(part.data(), static_cast<std::size_t>(stream.gcount()));
  }
  if (is_open && !stream.bad()) return text;
  return Status(StatusCode::kInvalidArgument,
                fmt::format("{}: '{}', expected a file that can be read: {}", file.option,
                            file.path, sim::LastSystemError()));
}

}  // namespace flashsale::audit
