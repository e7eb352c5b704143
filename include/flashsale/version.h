#ifndef FLASHSALE_VERSION_H_
#define FLASHSALE_VERSION_H_

// The version of these headers.  The only place where it is written: the build, the package files
// and the tests read it from here.  Semantic Versioning 2.0.0; before 1.0 a new minor version may
// break source compatibility.
#define FLASHSALE_VERSION_MAJOR 0
#define FLASHSALE_VERSION_MINOR 1
#define FLASHSALE_VERSION_PATCH 0

// For the preprocessor: #if FLASHSALE_VERSION >= 1'02'03 means "1.2.3 or later".
#define FLASHSALE_VERSION \
  (FLASHSALE_VERSION_MAJOR * 10000 + FLASHSALE_VERSION_MINOR * 100 + FLASHSALE_VERSION_PATCH)

namespace flashsale::inline v0 {

struct Version {
  int major_number;
  int minor_number;
  int patch_number;
};

inline constexpr Version kVersion{.major_number = FLASHSALE_VERSION_MAJOR,
                                  .minor_number = FLASHSALE_VERSION_MINOR,
                                  .patch_number = FLASHSALE_VERSION_PATCH};

}  // namespace flashsale::inline v0

#endif  // FLASHSALE_VERSION_H_
