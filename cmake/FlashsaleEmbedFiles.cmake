# flashsale_embed_files(<target>
#                       FUNCTION <name>
#                       FILES <file>...
#                       [HEADER <header>]        that has EmbeddedFile, by default base/embedded_file.h
#                       [NAMESPACE <namespace>]  of both, by default flashsale::inline v0)
#
# Puts files into the target, so that scripts, SQL and Lua are real files to editors and linters.
# The target gets the function, declared by whoever calls it:
#
#   std::span<const EmbeddedFile> <name>();   // sorted by name
#
# This file is also the script that the build runs to write the source.
if(CMAKE_SCRIPT_MODE_FILE)
  set(entries "")
  foreach(file IN LISTS FILES)
    cmake_path(GET file FILENAME name)
    file(READ "${file}" text)
    # In pieces, because compilers bound the length of one literal.
    string(LENGTH "${text}" size)
    string(APPEND entries "    {\"${name}\",")
    set(at 0)
    while(at LESS size)
      string(SUBSTRING "${text}" ${at} 8000 piece)
      string(APPEND entries "\n     R\"~~~~(${piece})~~~~\"")
      math(EXPR at "${at} + 8000")
    endwhile()
    string(APPEND entries "},\n")
  endforeach()
  file(
    WRITE "${RESULT}"
    "// Written by FlashsaleEmbedFiles.cmake.\n"
    "#include <span>\n\n"
    "#include \"${HEADER}\"\n\n"
    "namespace ${NAMESPACE} {\n"
    "std::span<const EmbeddedFile> ${FUNCTION}();\n"
    "std::span<const EmbeddedFile> ${FUNCTION}() {\n"
    "  static constexpr EmbeddedFile kFiles[] = {\n${entries}  };\n"
    "  return kFiles;\n"
    "}\n"
    "}  // namespace ${NAMESPACE}\n")
  return()
endif()

set(FLASHSALE_EMBED_FILES "${CMAKE_CURRENT_LIST_FILE}")

function(flashsale_embed_files target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FUNCTION;HEADER;NAMESPACE" "FILES")
  if(NOT arg_HEADER)
    set(arg_HEADER base/embedded_file.h)
  endif()
  if(NOT arg_NAMESPACE)
    set(arg_NAMESPACE "flashsale::inline v0")
  endif()
  list(SORT arg_FILES)
  set(result "${CMAKE_CURRENT_BINARY_DIR}/${target}_${arg_FUNCTION}.cc")
  add_custom_command(
    OUTPUT "${result}"
    COMMAND "${CMAKE_COMMAND}" -D "RESULT=${result}" -D "FUNCTION=${arg_FUNCTION}" -D
            "HEADER=${arg_HEADER}" -D "NAMESPACE=${arg_NAMESPACE}" -D "FILES=${arg_FILES}" -P "${FLASHSALE_EMBED_FILES}"
    DEPENDS ${arg_FILES} "${FLASHSALE_EMBED_FILES}"
    COMMENT "Embedding the files of ${arg_FUNCTION}()"
    VERBATIM)
  target_sources(${target} PRIVATE "${result}")
endfunction()
