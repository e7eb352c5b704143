# Run after a test program was built: asks it for its test cases and writes them down for ctest.
# Arguments: PROGRAM, FOLDER, LABEL, RESULT; see flashsale_add_test.
cmake_minimum_required(VERSION 3.24)

execute_process(
  COMMAND "${PROGRAM}" --list-test-cases --no-skip=true --reporters=xml
  OUTPUT_VARIABLE listing
  RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "${PROGRAM} could not list its test cases (${result}):\n${listing}")
endif()

# Characters that mean something in a CMake list stand aside while the lines are one.
string(ASCII 1 semicolon)
string(ASCII 2 opening)
string(ASCII 3 closing)
string(REPLACE ";" "${semicolon}" listing "${listing}")
string(REPLACE "[" "${opening}" listing "${listing}")
string(REPLACE "]" "${closing}" listing "${listing}")
string(REGEX MATCHALL "<TestCase [^\n]*" cases "${listing}")

set(script "")
set(seen "")
foreach(case IN LISTS cases)
  if(NOT case MATCHES "name=\"([^\"]*)\"( testsuite=\"([^\"]*)\")? .*filename=\"([^\"]*)\"")
    message(FATAL_ERROR "${PROGRAM}: cannot read ${case}")
  endif()
  set(name "${CMAKE_MATCH_1}")
  set(label "${CMAKE_MATCH_3}")
  set(file "${CMAKE_MATCH_4}")
  if(label STREQUAL "")
    set(label "${LABEL}")
  endif()
  if(NOT label MATCHES "^(unit|conformance|contention|long)$")
    message(FATAL_ERROR "${file}: the test suite \"${label}\" of \"${name}\" is not one of "
                        "unit, conformance, contention, long")
  endif()
  cmake_path(GET file STEM LAST_ONLY file)
  string(REGEX REPLACE "_test$" "" file "${file}")

  string(REPLACE "${semicolon}" ";" name "${name}")
  string(REPLACE "&lt;" "<" name "${name}")
  string(REPLACE "&gt;" ">" name "${name}")
  string(REPLACE "&quot;" "\"" name "${name}")
  string(REPLACE "&amp;" "&" name "${name}")
  string(REPLACE "${opening}" "[" name "${name}")
  string(REPLACE "${closing}" "]" name "${name}")

  # doctest selects by name, without regard to its file.
  string(SHA1 key "${name}")
  if(key IN_LIST seen)
    message(FATAL_ERROR "${PROGRAM}: two test cases are named \"${name}\"")
  endif()
  list(APPEND seen ${key})

  string(REPLACE "," "\\," filter "${name}")
  set(properties "LABELS ${label} SKIP_RETURN_CODE 4")
  if(label STREQUAL "contention")
    # Has threads of its own: not beside another one.
    string(APPEND properties " PROCESSORS 2")
  endif()
  set(id "[==[${FOLDER}/${file}: ${name}]==]")
  string(APPEND script "add_test(${id} [==[${PROGRAM}]==] --case-sensitive=true "
                       "[==[--test-case=${filter}]==])\n"
                       "set_tests_properties(${id} PROPERTIES ${properties})\n")
endforeach()
file(WRITE "${RESULT}" "${script}")
