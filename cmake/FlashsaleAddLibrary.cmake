include(GenerateExportHeader)

# flashsale_add_library(<component>
#                       FOLDERS <folder>...         e.g. base backend/memory
#                       [HEADERS <header>...]       public headers outside the folders
#                       [REQUIRES <component>...]   components of ours that its headers use
#                       [PRIVATE_LINKS <target>...] what its sources use, see FlashsaleDependencies)
#
# Declares the component in one go: target flashsale_<component>, alias flashsale::<component>, export
# header, visibility, warnings, header set, install rules and its place in the package files.
#
# A folder f owns include/flashsale/f.h, include/flashsale/f/*.h and src/f/*.{h,cc}.
function(flashsale_add_library component)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "FOLDERS;HEADERS;REQUIRES;PRIVATE_LINKS")
  set(target flashsale_${component})
  set(include_dir "${PROJECT_SOURCE_DIR}/include")
  set(generated_dir "${PROJECT_BINARY_DIR}/include")

  set(headers ${arg_HEADERS})
  list(TRANSFORM headers PREPEND "${include_dir}/flashsale/")
  set(sources "")
  foreach(folder IN LISTS arg_FOLDERS)
    file(GLOB found CONFIGURE_DEPENDS "${include_dir}/flashsale/${folder}.h"
         "${include_dir}/flashsale/${folder}/*.h")
    list(APPEND headers ${found})
    file(GLOB found CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${folder}/*.h"
         "${PROJECT_SOURCE_DIR}/src/${folder}/*.cc")
    list(APPEND sources ${found})
  endforeach()

  flashsale_find_dependencies(${arg_PRIVATE_LINKS})

  add_library(${target} ${sources})
  add_library(flashsale::${component} ALIAS ${target})
  flashsale_configure_target(${target})
  set_target_properties(
    ${target}
    PROPERTIES EXPORT_NAME ${component}
               VERSION ${PROJECT_VERSION}
               SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
               LINKER_LANGUAGE CXX
               CXX_VISIBILITY_PRESET hidden
               VISIBILITY_INLINES_HIDDEN ON
               # One export header serves all components.
               DEFINE_SYMBOL flashsale_EXPORTS)

  get_target_property(type ${target} TYPE)
  # The export header is core's; the others reach it through core.
  if(component STREQUAL "core")
    if(NOT type STREQUAL "STATIC_LIBRARY")
      # GCC does not take the generated __attribute__ beside [[nodiscard]].
      string(CONCAT attribute "\n#ifndef FLASHSALE_STATIC_DEFINE\n" "#  undef FLASHSALE_EXPORT\n"
                    "#  define FLASHSALE_EXPORT [[gnu::visibility(\"default\")]]\n" "#endif\n")
    endif()
    generate_export_header(
      ${target} BASE_NAME flashsale EXPORT_FILE_NAME "${generated_dir}/flashsale/export.h"
      CUSTOM_CONTENT_FROM_VARIABLE attribute)
    list(APPEND headers "${generated_dir}/flashsale/export.h")
  endif()

  if(type STREQUAL "STATIC_LIBRARY")
    target_compile_definitions(${target} PUBLIC FLASHSALE_STATIC_DEFINE)
  elseif(FLASHSALE_HAS_VERSION_SCRIPT)
    target_link_options(${target} PRIVATE "-Wl,--version-script=${FLASHSALE_SYMBOL_MAP}")
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS "${FLASHSALE_SYMBOL_MAP}")
    if(NOT FLASHSALE_SANITIZE)
      # What a component takes from another must be exported there: found here, not by a user.
      target_link_options(${target} PRIVATE "-Wl,-z,defs")
    endif()
  endif()

  target_sources(
    ${target} PUBLIC FILE_SET HEADERS BASE_DIRS "${include_dir}" "${generated_dir}" FILES ${headers})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/src")

  list(TRANSFORM arg_REQUIRES PREPEND flashsale:: OUTPUT_VARIABLE required_targets)
  target_link_libraries(${target} PUBLIC ${required_targets})
  set(modules "")
  set(packages "")
  foreach(dependency IN LISTS arg_PRIVATE_LINKS)
    get_property(header_only GLOBAL PROPERTY FLASHSALE_DEPENDENCY_${dependency}_HEADER_ONLY)
    if(header_only)
      target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:${dependency}>)
      continue()
    endif()
    target_link_libraries(${target} PRIVATE ${dependency})
    get_property(package GLOBAL PROPERTY FLASHSALE_DEPENDENCY_OF_${dependency})
    get_property(module GLOBAL PROPERTY FLASHSALE_DEPENDENCY_${dependency}_MODULE)
    list(APPEND packages ${package})
    list(APPEND modules ${module})
  endforeach()
  list(REMOVE_DUPLICATES packages)

  # What tests and benchmarks of the insides need beyond the public interface.
  if(NOT TARGET flashsale_insides)
    add_library(flashsale_insides INTERFACE)
    target_include_directories(flashsale_insides INTERFACE "${PROJECT_SOURCE_DIR}/src")
  endif()
  target_link_libraries(flashsale_insides INTERFACE ${target} ${arg_PRIVATE_LINKS})

  set_property(GLOBAL APPEND PROPERTY FLASHSALE_COMPONENTS ${component})
  set_property(GLOBAL PROPERTY FLASHSALE_${component}_REQUIRES "${arg_REQUIRES}")
  set_property(GLOBAL PROPERTY FLASHSALE_${component}_PACKAGES "${packages}")
  set_property(GLOBAL PROPERTY FLASHSALE_${component}_MODULES "${modules}")
endfunction()
