#ifndef FLASHSALE_SRC_BASE_EMBEDDED_FILE_H_
#define FLASHSALE_SRC_BASE_EMBEDDED_FILE_H_

#include <string_view>

namespace flashsale::inline v0 {

// A file of the source tree that the build put into the library; see
// cmake/FlashsaleEmbedFiles.cmake.
struct EmbeddedFile {
  std::string_view name;
  std::string_view text;
};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_SRC_BASE_EMBEDDED_FILE_H_
