# flashsale_add_program(<name>
#                       SOURCES <file>...
#                       [LINKS <target>...]  besides flashsale::core
#                       [INSIDES])           may include the private headers under src/
#
# Declares a program of ours (example, benchmark, test), built into bin/ of the build tree.  Its
# own headers are named from the root: "bench/measurement.h".
function(flashsale_add_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "INSIDES" "" "SOURCES;LINKS")
  add_executable(${name} ${arg_SOURCES})
  flashsale_configure_target(${name})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
  target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE flashsale::core ${arg_LINKS})
  if(arg_INSIDES)
    target_link_libraries(${name} PRIVATE flashsale_insides)
  endif()
endfunction()
