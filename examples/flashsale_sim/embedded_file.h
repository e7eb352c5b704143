#ifndef FLASHSALE_EXAMPLES_FLASHSALE_SIM_EMBEDDED_FILE_H_
#define FLASHSALE_EXAMPLES_FLASHSALE_SIM_EMBEDDED_FILE_H_

#include <string_view>

namespace flashsale::sim {

// A file that the build put into the program; see cmake/FlashsaleEmbedFiles.cmake.
struct EmbeddedFile {
  std::string_view name;
  std::string_view text;
};

}  // namespace flashsale::sim

#endif  // FLASHSALE_EXAMPLES_FLASHSALE_SIM_EMBEDDED_FILE_H_
