# What our libraries use, privately: a table.  A package is looked for when the first component that
# links one of its targets is declared, and by an installed static build for its users.

# flashsale_dependency(<package>
#                      [HEADER_ONLY]                  never needed by the users of the library
#                      [FIND <arguments>...]          of find_package, besides the name
#                      TARGETS <target>=<module>...)  the module's name in pkg-config, or a link flag
function(flashsale_dependency package)
  cmake_parse_arguments(PARSE_ARGV 1 arg "HEADER_ONLY" "" "FIND;TARGETS")
  set_property(GLOBAL PROPERTY FLASHSALE_DEPENDENCY_${package}_FIND "${arg_FIND}")
  foreach(entry IN LISTS arg_TARGETS)
    string(REGEX MATCH "^([^=]+)=(.*)$" matched "${entry}")
    set(target "${CMAKE_MATCH_1}")
    set_property(GLOBAL PROPERTY FLASHSALE_DEPENDENCY_OF_${target} "${package}")
    set_property(GLOBAL PROPERTY FLASHSALE_DEPENDENCY_${target}_MODULE "${CMAKE_MATCH_2}")
    set_property(GLOBAL PROPERTY FLASHSALE_DEPENDENCY_${target}_HEADER_ONLY "${arg_HEADER_ONLY}")
  endforeach()
endfunction()

# Abseil's version file accepts only the exact version, so none is asked for.
flashsale_dependency(absl FIND CONFIG
                     TARGETS absl::hash=absl_hash absl::flat_hash_map=absl_flat_hash_map)
flashsale_dependency(fmt FIND 9 CONFIG TARGETS fmt::fmt=fmt)
flashsale_dependency(Boost HEADER_ONLY FIND 1.74 TARGETS Boost::headers=)
flashsale_dependency(OpenSSL FIND 3.0 COMPONENTS Crypto TARGETS OpenSSL::Crypto=libcrypto)
# 3.37 has STRICT tables.
flashsale_dependency(SQLite3 FIND 3.37 TARGETS SQLite::SQLite3=sqlite3)
flashsale_dependency(Threads TARGETS Threads::Threads=-pthread)

# Finds the packages of these targets.  A macro, so that the imported targets are seen by the caller.
macro(flashsale_find_dependencies)
  foreach(_flashsale_target ${ARGN})
    get_property(_flashsale_package GLOBAL PROPERTY FLASHSALE_DEPENDENCY_OF_${_flashsale_target})
    if(NOT _flashsale_package)
      message(FATAL_ERROR "flashsale: ${_flashsale_target} is not in cmake/FlashsaleDependencies.cmake")
    endif()
    get_property(_flashsale_find GLOBAL PROPERTY FLASHSALE_DEPENDENCY_${_flashsale_package}_FIND)
    find_package(${_flashsale_package} ${_flashsale_find} REQUIRED)
  endforeach()
endmacro()
