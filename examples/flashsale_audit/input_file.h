#ifndef FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_INPUT_FILE_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_INPUT_FILE_H_

#include <istream>
#include <string>

#include "flashsale/base/status.h"

namespace flashsale::audit {

// What an option names to be read.
struct InputFile {
  const char* option;
  const std::string& path;
};

// All of a file, or of `stream`, which is the one that it names.
// Errors: InvalidArgument, naming the option, where it cannot be read, as a folder cannot.
Result<std::string> ReadAll(const InputFile& file);
Result<std::string> ReadAll(const InputFile& file, std::istream& stream);

}  // namespace flashsale::audit

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_AUDIT_INPUT_FILE_H_
