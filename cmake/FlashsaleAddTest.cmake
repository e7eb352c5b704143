# The tests use doctest (header only).
find_package(doctest CONFIG QUIET)
if(NOT TARGET doctest::doctest)
  find_path(FLASHSALE_DOCTEST_INCLUDE_DIR doctest/doctest.h REQUIRED)
  mark_as_advanced(FLASHSALE_DOCTEST_INCLUDE_DIR)
  add_library(doctest::doctest INTERFACE IMPORTED)
  target_include_directories(doctest::doctest INTERFACE "${FLASHSALE_DOCTEST_INCLUDE_DIR}")
endif()

set(FLASHSALE_DISCOVER_TESTS "${CMAKE_CURRENT_LIST_DIR}/FlashsaleDiscoverTests.cmake")

# flashsale_add_test(<folder>
#                    [LABEL <label>]       of its cases, by default unit
#                    [LINKS <target>...])  besides flashsale::core and flashsale::testing
#
# Makes one program of tests/<folder>/*.{h,cc} and one ctest entry of each of its test cases,
# named "<folder>/<file>: <test case>".  A case inside TEST_SUITE("<label>") carries that label
# instead of the folder's.  Labels: unit, conformance, contention, long.
#
# Not doctest_discover_tests, because that one runs the program once more for every case to learn its
# suite, loses the suite of names with a comma, and lets a name that matches nothing pass.
function(flashsale_add_test folder)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABEL" "LINKS")
  if(NOT arg_LABEL)
    set(arg_LABEL unit)
  endif()
  string(REPLACE "/" "_" name "flashsale_${folder}_test")
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/${folder}/*.cc"
       "${PROJECT_SOURCE_DIR}/tests/${folder}/*.h")

  if(TARGET flashsale::testing)
    list(APPEND arg_LINKS flashsale::testing)
  endif()
  flashsale_add_program(${name} INSIDES SOURCES ${sources} LINKS flashsale_test_main ${arg_LINKS})
  # What doctest's assertions expand to takes twice as long to compile well, and runs once.
  target_compile_options(${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O1;-g1>)

  set(tests_file "${CMAKE_CURRENT_BINARY_DIR}/${name}.tests.cmake")
  add_custom_command(
    TARGET ${name}
    POST_BUILD
    BYPRODUCTS "${tests_file}"
    COMMAND "${CMAKE_COMMAND}" -D "PROGRAM=$<TARGET_FILE:${name}>" -D "FOLDER=${folder}"
            -D "LABEL=${arg_LABEL}" -D "RESULT=${tests_file}" -P "${FLASHSALE_DISCOVER_TESTS}"
    VERBATIM)
  set(include_file "${CMAKE_CURRENT_BINARY_DIR}/${name}.include.cmake")
  file(
    WRITE "${include_file}"
    "if(EXISTS \"${tests_file}\")\n  include(\"${tests_file}\")\nelse()\n  add_test(${name}_NOT_BUILT ${name}_NOT_BUILT)\nendif()\n"
  )
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${include_file}")
endfunction()
