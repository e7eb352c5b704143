#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_OUTPUT_CHECK_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_OUTPUT_CHECK_H_

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "flashsale/base/status.h"

namespace flashsale::audit {

// What lies beside a journal's database, by what is behind its name: docs/journal.md, and what
// SQLite and the library make for a moment.
inline constexpr std::array<std::string_view, 7> kBesideJournal = {
    "-wal", "-shm", "-lock", "-head", "-reserve", "-journal", "-new"};

// A file that an option names.  No path: none.
struct NamedFile {
  std::string_view option;
  std::string path;
};

// What is to be written, and what must not be written over.
struct OutputCheck {
  std::string journal;
  std::vector<NamedFile> inputs = {};
  std::vector<NamedFile> outputs = {};
};

// Looks whether each output may be written: it is neither the journal nor one of the files beside
// it, no input and no other output, by whatever name, and could be opened.  Nothing is opened or
// changed.  Errors: InvalidArgument, naming the option, the path and what is in its way.
Status CheckOutputs(const OutputCheck& check);

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_OUTPUT_CHECK_H_
