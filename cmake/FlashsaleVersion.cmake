# Reads the version out of the public header, the one place where it is written.
# Result: FLASHSALE_HEADER_VERSION, e.g. "0.1.0".

set(_flashsale_version_header "${CMAKE_CURRENT_LIST_DIR}/../include/flashsale/version.h")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${_flashsale_version_header}")
file(STRINGS "${_flashsale_version_header}" _flashsale_version_lines
     REGEX "^#define FLASHSALE_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+$")
list(TRANSFORM _flashsale_version_lines REPLACE "^#define FLASHSALE_VERSION_[A-Z]+ +" "")
list(LENGTH _flashsale_version_lines _flashsale_version_parts)
if(NOT _flashsale_version_parts EQUAL 3)
  message(FATAL_ERROR "flashsale: ${_flashsale_version_header} does not define "
                      "FLASHSALE_VERSION_MAJOR, _MINOR and _PATCH, in this order")
endif()
list(JOIN _flashsale_version_lines "." FLASHSALE_HEADER_VERSION)
unset(_flashsale_version_header)
unset(_flashsale_version_lines)
unset(_flashsale_version_parts)
