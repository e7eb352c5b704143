# Runs our port with plain CMake: a script that gives the helpers of vcpkg the meaning that matters
# to a port, for one build type, and then includes the portfile as it is.
#
#   cmake -D PORT_DIR=... -D VERSION=... -D FEATURES=... -D CURRENT_PACKAGES_DIR=...
#         -D CURRENT_BUILDTREES_DIR=... -D CONFIGURE_ARGUMENTS=... -P run_port.cmake
cmake_minimum_required(VERSION 3.24)
set(PORT flashsale)

function(run_cmake)
  execute_process(COMMAND "${CMAKE_COMMAND}" ${ARGN} COMMAND_ECHO STDOUT COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(vcpkg_from_github)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "OUT_SOURCE_PATH;REPO;REF;SHA512;HEAD_REF" "")
  message(FATAL_ERROR "would fetch ${arg_REPO} ${arg_REF}")
endfunction()

function(vcpkg_check_features)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "OUT_FEATURE_OPTIONS" "FEATURES")
  set(options "")
  while(arg_FEATURES)
    list(POP_FRONT arg_FEATURES feature option)
    if(feature IN_LIST FEATURES)
      list(APPEND options "-D${option}=ON")
    else()
      list(APPEND options "-D${option}=OFF")
    endif()
  endwhile()
  set(${arg_OUT_FEATURE_OPTIONS} "${options}" PARENT_SCOPE)
endfunction()

function(vcpkg_cmake_configure)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH" "OPTIONS")
  run_cmake(-S "${arg_SOURCE_PATH}" -B "${CURRENT_BUILDTREES_DIR}" ${CONFIGURE_ARGUMENTS}
            ${arg_OPTIONS} -DBUILD_SHARED_LIBS=OFF
            "-DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR}" -DCMAKE_INSTALL_LIBDIR=lib)
endfunction()

function(vcpkg_cmake_install)
  run_cmake(--build "${CURRENT_BUILDTREES_DIR}" --target install)
endfunction()

# The package moves from CONFIG_PATH, lib/cmake/flashsale, to share/flashsale, one folder less deep.
function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "CONFIG_PATH" "")
  set(moved "${CURRENT_PACKAGES_DIR}/share/${PORT}")
  file(GLOB files "${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH}/*")
  file(COPY ${files} DESTINATION "${moved}")
  cmake_path(GET arg_CONFIG_PATH PARENT_PATH parent)
  file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/${parent}")
  file(GLOB files "${moved}/*.cmake")
  foreach(file IN LISTS files)
    file(READ "${file}" text)
    set(up "get_filename_component(_IMPORT_PREFIX \"\${_IMPORT_PREFIX}\" PATH)\n")
    string(REPLACE "${up}${up}${up}" "${up}${up}" text "${text}")
    string(REPLACE "CURRENT_LIST_DIR}/../../../\"" "CURRENT_LIST_DIR}/../../\"" text "${text}")
    file(WRITE "${file}" "${text}")
  endforeach()
endfunction()

# What it corrects are absolute paths, of which our files have none: see consumer.py.
function(vcpkg_fixup_pkgconfig)
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FILE_LIST")
  file(INSTALL ${arg_FILE_LIST} DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}"
       RENAME copyright)
endfunction()

include("${PORT_DIR}/portfile.cmake")
