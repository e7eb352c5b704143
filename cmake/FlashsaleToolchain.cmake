# How flashsale's own targets are compiled.  Everything here is set on targets, never globally, and
# nothing of it reaches the code that links them.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
  message(FATAL_ERROR "flashsale needs GCC 12 or later, found ${CMAKE_CXX_COMPILER_VERSION}")
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 16)
  message(FATAL_ERROR "flashsale needs Clang 16 or later, found ${CMAKE_CXX_COMPILER_VERSION}")
endif()

# Compiling again what was compiled before: only in our own builds, a host decides for itself.
if(PROJECT_IS_TOP_LEVEL AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(FLASHSALE_CCACHE ccache)
  mark_as_advanced(FLASHSALE_CCACHE)
  if(FLASHSALE_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER "${FLASHSALE_CCACHE}")
  endif()
endif()

include(CheckLinkerFlag)
set(FLASHSALE_SYMBOL_MAP "${CMAKE_CURRENT_LIST_DIR}/flashsale.map")
check_linker_flag(CXX "-Wl,--version-script=${FLASHSALE_SYMBOL_MAP}" FLASHSALE_HAS_VERSION_SCRIPT)

set(FLASHSALE_WARNINGS
    -Wall
    -Wextra
    -Wpedantic
    -Wcast-align
    -Wcast-qual
    -Wconversion
    -Wdouble-promotion
    -Wextra-semi
    -Wformat=2
    -Wimplicit-fallthrough
    -Wnon-virtual-dtor
    -Wold-style-cast
    -Woverloaded-virtual
    -Wshadow
    -Wsign-conversion
    -Wswitch
    -Wundef
    -Wunused
    # A struct with defaults and designated initialisers is the calling convention of this library.
    -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND FLASHSALE_WARNINGS -Wduplicated-branches -Wduplicated-cond -Wlogical-op
       -Wsuggest-override)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # False alarms about std::string at -O3: https://gcc.gnu.org/bugzilla/show_bug.cgi?id=105651
    list(APPEND FLASHSALE_WARNINGS -Wno-restrict)
  endif()
elseif(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # The locking protocol is written down in annotations; a violation is an error everywhere.
  list(APPEND FLASHSALE_WARNINGS -Wthread-safety -Werror=thread-safety -Winconsistent-missing-override
       -Wunreachable-code)
endif()

# Clang's sanitizers as shared libraries, as GCC's are: the static ones do not let a test replace
# operator new.
set(FLASHSALE_SANITIZER_LINK_OPTIONS "")
if(FLASHSALE_SANITIZE)
  list(JOIN FLASHSALE_SANITIZE "," _flashsale_sanitizers)
  list(APPEND FLASHSALE_SANITIZER_LINK_OPTIONS -fsanitize=${_flashsale_sanitizers})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    execute_process(
      COMMAND "${CMAKE_CXX_COMPILER}" -print-file-name=libclang_rt.tsan-${CMAKE_SYSTEM_PROCESSOR}.so
      OUTPUT_VARIABLE _flashsale_runtime
      OUTPUT_STRIP_TRAILING_WHITESPACE)
    cmake_path(GET _flashsale_runtime PARENT_PATH _flashsale_runtime)
    list(APPEND FLASHSALE_SANITIZER_LINK_OPTIONS -shared-libsan
         "-Wl,-rpath,${_flashsale_runtime}")
  endif()
endif()

# Language, warnings and sanitizers of a target of ours.
function(flashsale_configure_target target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE ${FLASHSALE_WARNINGS})
  if(FLASHSALE_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(FLASHSALE_SANITIZE)
    list(JOIN FLASHSALE_SANITIZE "," sanitizers)
    target_compile_options(${target} PRIVATE -fsanitize=${sanitizers} -fno-sanitize-recover=all
                                             -fno-omit-frame-pointer)
    target_link_options(${target} PRIVATE ${FLASHSALE_SANITIZER_LINK_OPTIONS})
  endif()
endfunction()
