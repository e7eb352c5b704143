# From a release, or from the working tree that FLASHSALE_SOURCE names:
#
#   export FLASHSALE_SOURCE=$PWD VCPKG_OVERLAY_PORTS=$PWD/cmake/vcpkg/ports
#   vcpkg install flashsale --no-binarycaching
#
# vcpkg recognizes a package by the files of its port, not by what FLASHSALE_SOURCE holds: to build
# the tree again after a change, `vcpkg remove flashsale` first.
if(NOT "$ENV{FLASHSALE_SOURCE}" STREQUAL "")
  set(SOURCE_PATH "$ENV{FLASHSALE_SOURCE}")
  message(STATUS "flashsale: building the working tree ${SOURCE_PATH}")
else()
  # A release writes the SHA512 of its archive here; vcpkg refuses 0 and prints the one it expects.
  vcpkg_from_github(
    OUT_SOURCE_PATH SOURCE_PATH
    REPO flashsale/flashsale
    REF "v${VERSION}"
    SHA512 0
    HEAD_REF main)
endif()

vcpkg_check_features(
  OUT_FEATURE_OPTIONS FEATURE_OPTIONS
  FEATURES
    runtime FLASHSALE_WITH_RUNTIME
    sqlite FLASHSALE_WITH_SQLITE
    testing FLASHSALE_WITH_TESTING)

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS
    -DFLASHSALE_BUILD_BENCH=OFF
    -DFLASHSALE_BUILD_EXAMPLES=OFF
    -DFLASHSALE_BUILD_TESTS=OFF
    -DFLASHSALE_INSTALL=ON
    ${FEATURE_OPTIONS})
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/flashsale)
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
