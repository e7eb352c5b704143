# cmake -D PROGRAM=flashsale_bench -D JSON=FILE -P rows_test.cmake
# Runs every question with a small crowd and reads the file it writes.
set(folder "${JSON}.files")
file(REMOVE_RECURSE "${folder}")
file(MAKE_DIRECTORY "${folder}")
execute_process(COMMAND "${PROGRAM}" --list --users 10000 --folder "${folder}" OUTPUT_VARIABLE listed
                COMMAND_ERROR_IS_FATAL ANY)
# A name, and below it, indented, what it asks.
string(REGEX MATCHALL "\n    [A-Z]" questions "${listed}")
list(LENGTH questions question_count)

file(REMOVE "${JSON}")
execute_process(COMMAND "${PROGRAM}" --users 10000 --folder "${folder}" --json "${JSON}"
                COMMAND_ERROR_IS_FATAL ANY)
file(READ "${JSON}" rows)

# What is durable is gone when nobody asks about it any more.
file(GLOB left "${folder}/*")
if(left)
  message(FATAL_ERROR "files were left: ${left}")
endif()

string(JSON row_count LENGTH "${rows}")
if(row_count EQUAL 0 OR NOT row_count EQUAL question_count)
  message(FATAL_ERROR "${row_count} rows for ${question_count} questions")
endif()

set(types
    name=STRING
    ours=NUMBER
    unit=STRING
    reference=NUMBER
    reference_name=STRING
    ratio=NUMBER
    target=STRING|NULL
    holds=BOOLEAN|NULL)
set(names "")
math(EXPR last "${row_count} - 1")
foreach(row RANGE ${last})
  string(JSON name GET "${rows}" ${row} name)
  list(APPEND names "${name}")
  foreach(member IN LISTS types)
    string(REGEX MATCH "^(.+)=(.+)$" matched "${member}")
    set(expected "${CMAKE_MATCH_2}")
    string(JSON type TYPE "${rows}" ${row} "${CMAKE_MATCH_1}")
    if(NOT type MATCHES "^(${expected})$")
      message(FATAL_ERROR "${name}: ${CMAKE_MATCH_1} is ${type}, expected ${expected}")
    endif()
  endforeach()
endforeach()
list(REMOVE_DUPLICATES names)
list(LENGTH names name_count)
if(NOT name_count EQUAL row_count)
  message(FATAL_ERROR "two rows have the same name: ${names}")
endif()
