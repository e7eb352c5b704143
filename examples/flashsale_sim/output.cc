#include "examples/flashsale_sim/output.h"

#include <cerrno>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "examples/flashsale_sim/exit_code.h"
#include "examples/flashsale_sim/text.h"

namespace flashsale::sim {

std::string LastSystemError() { return std::generic_category().message(errno); }

bool OutputFile::Open(const Output& output) {
  if (!wanted()) return true;
  stream_.open(path_, std::ios::binary);
  if (stream_) return true;
  fmt::print(output.errors, "{} '{}': expected a file that can be written: {}\n", option_, path_,
             LastSystemError());
  return false;
}

bool OutputFile::Close(const Output& output) {
  if (!wanted()) return true;
  stream_.close();
  if (stream_) return true;
  fmt::print(output.errors, "{} '{}': not written whole: {}\n", option_, path_, LastSystemError());
  return false;
}

int RefuseBackend(const BackendName& backend, const Status& status, const Output& output) {
  fmt::print(output.errors, "--backend '{}': {}\n", ToString(backend), status.message());
  return kExitBadInput;
}

std::function<void(const Progress&)> ProgressLine(const Output& output, Duration open_for,
                                                  std::string_view waits_for) {
  if (!output.shows_progress) return {};
  return [&out = output.errors, open_for, waits_for](const Progress& progress) {
    fmt::print(out, "\r{} into the sale, {}, {} {}{}", FormatMoment(progress.since_opening),
               Counted(progress.calls, "call"), Counted(progress.events, "event"),
               progress.since_opening >= open_for ? "(after the end) " : "", waits_for);
    out.flush();
  };
}

void ClearProgressLine(const Output& output) {
  if (output.shows_progress) fmt::print(output.errors, "\r{:78}\r", "");
}

}  // namespace flashsale::sim
