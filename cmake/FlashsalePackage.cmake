include(CMakePackageConfigHelpers)

# Installs all declared components: libraries, headers, the CMake package and the pkg-config files.
# Call once, after the last flashsale_add_library.
function(flashsale_install_package)
  set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/flashsale")
  get_property(components GLOBAL PROPERTY FLASHSALE_COMPONENTS)

  set(FLASHSALE_CLOSURES "")
  set(FLASHSALE_COMPONENT_BLOCKS "")
  foreach(component IN LISTS components)
    install(
      TARGETS flashsale_${component}
      EXPORT flashsale_${component}
      RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT flashsale_Runtime
      LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
              COMPONENT flashsale_Runtime
              NAMELINK_COMPONENT flashsale_Development
      ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT flashsale_Development
      FILE_SET HEADERS
      DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
      COMPONENT flashsale_Development)
    install(
      EXPORT flashsale_${component}
      NAMESPACE flashsale::
      FILE flashsale-${component}-targets.cmake
      DESTINATION "${package_dir}"
      COMPONENT flashsale_Development)
    _flashsale_append_component_block(${component})
    _flashsale_install_pkgconfig(${component})
  endforeach()

  set(FLASHSALE_COMPONENTS "${components}")
  configure_package_config_file(
    "${PROJECT_SOURCE_DIR}/cmake/flashsaleConfig.cmake.in"
    "${PROJECT_BINARY_DIR}/flashsaleConfig.cmake"
    INSTALL_DESTINATION "${package_dir}"
    NO_SET_AND_CHECK_MACRO)
  # Before 1.0 a minor version may break source compatibility.
  write_basic_package_version_file("${PROJECT_BINARY_DIR}/flashsaleConfigVersion.cmake"
                                   COMPATIBILITY SameMinorVersion)
  install(
    FILES "${PROJECT_BINARY_DIR}/flashsaleConfig.cmake"
          "${PROJECT_BINARY_DIR}/flashsaleConfigVersion.cmake"
    DESTINATION "${package_dir}"
    COMPONENT flashsale_Development)
  install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}"
          COMPONENT flashsale_Development)
endfunction()

# The lines of the package configuration that describe and load one component.
function(_flashsale_append_component_block component)
  get_property(packages GLOBAL PROPERTY FLASHSALE_${component}_PACKAGES)
  _flashsale_closure(${component} closure)
  list(JOIN closure " " closure)

  set(block "if(\"${component}\" IN_LIST _flashsale_load)\n")
  get_target_property(type flashsale_${component} TYPE)
  if(type STREQUAL "STATIC_LIBRARY")
    foreach(package IN LISTS packages)
      get_property(find GLOBAL PROPERTY FLASHSALE_DEPENDENCY_${package}_FIND)
      list(JOIN find " " find)
      string(STRIP "${package} ${find}" find)
      string(APPEND block "  find_dependency(${find})\n")
    endforeach()
  endif()
  string(APPEND block
         "  include(\"\${CMAKE_CURRENT_LIST_DIR}/flashsale-${component}-targets.cmake\")\n"
         "  set(flashsale_${component}_FOUND TRUE)\n" "endif()\n")
  set(FLASHSALE_CLOSURES "${FLASHSALE_CLOSURES}set(_flashsale_closure_${component} ${closure})\n"
      PARENT_SCOPE)
  set(FLASHSALE_COMPONENT_BLOCKS "${FLASHSALE_COMPONENT_BLOCKS}${block}" PARENT_SCOPE)
endfunction()

# A component and all that it requires, directly or not.
function(_flashsale_closure component result)
  set(closure ${component})
  get_property(requires GLOBAL PROPERTY FLASHSALE_${component}_REQUIRES)
  foreach(required IN LISTS requires)
    _flashsale_closure(${required} more)
    list(APPEND closure ${more})
  endforeach()
  list(REMOVE_DUPLICATES closure)
  set(${result} "${closure}" PARENT_SCOPE)
endfunction()

# flashsale.pc for core, flashsale-<component>.pc for any other.
function(_flashsale_install_pkgconfig component)
  if(component STREQUAL "core")
    set(FLASHSALE_PC_NAME flashsale)
  else()
    set(FLASHSALE_PC_NAME flashsale-${component})
  endif()
  set(FLASHSALE_PC_LIBRARY flashsale_${component})

  set(FLASHSALE_PC_REQUIRES "")
  get_property(requires GLOBAL PROPERTY FLASHSALE_${component}_REQUIRES)
  foreach(required IN LISTS requires)
    if(required STREQUAL "core")
      list(APPEND FLASHSALE_PC_REQUIRES "flashsale = ${PROJECT_VERSION}")
    else()
      list(APPEND FLASHSALE_PC_REQUIRES "flashsale-${required} = ${PROJECT_VERSION}")
    endif()
  endforeach()
  list(JOIN FLASHSALE_PC_REQUIRES ", " FLASHSALE_PC_REQUIRES)

  # A shared library brings what it needs along; pkg-config would ask for it all the same.
  set(FLASHSALE_PC_REQUIRES_PRIVATE "")
  set(FLASHSALE_PC_LIBS_PRIVATE "")
  set(FLASHSALE_PC_CFLAGS "")
  get_target_property(type flashsale_${component} TYPE)
  if(type STREQUAL "STATIC_LIBRARY")
    set(FLASHSALE_PC_CFLAGS " -DFLASHSALE_STATIC_DEFINE")
    get_property(modules GLOBAL PROPERTY FLASHSALE_${component}_MODULES)
    foreach(module IN LISTS modules)
      if(module MATCHES "^-")
        list(APPEND FLASHSALE_PC_LIBS_PRIVATE ${module})
      else()
        list(APPEND FLASHSALE_PC_REQUIRES_PRIVATE ${module})
      endif()
    endforeach()
  endif()
  list(JOIN FLASHSALE_PC_REQUIRES_PRIVATE ", " FLASHSALE_PC_REQUIRES_PRIVATE)
  list(JOIN FLASHSALE_PC_LIBS_PRIVATE " " FLASHSALE_PC_LIBS_PRIVATE)

  # Relative to the file itself where possible, so that a moved prefix keeps working.
  if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}" OR IS_ABSOLUTE "${CMAKE_INSTALL_INCLUDEDIR}")
    set(FLASHSALE_PC_PREFIX "${CMAKE_INSTALL_PREFIX}")
    set(FLASHSALE_PC_LIBDIR "${CMAKE_INSTALL_FULL_LIBDIR}")
    set(FLASHSALE_PC_INCLUDEDIR "${CMAKE_INSTALL_FULL_INCLUDEDIR}")
  else()
    file(RELATIVE_PATH to_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
    string(REGEX REPLACE "/$" "" to_prefix "${to_prefix}")
    set(FLASHSALE_PC_PREFIX "\${pcfiledir}/${to_prefix}")
    set(FLASHSALE_PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
    set(FLASHSALE_PC_INCLUDEDIR "\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
  endif()

  configure_file("${PROJECT_SOURCE_DIR}/cmake/flashsale.pc.in"
                 "${PROJECT_BINARY_DIR}/${FLASHSALE_PC_NAME}.pc" @ONLY)
  install(
    FILES "${PROJECT_BINARY_DIR}/${FLASHSALE_PC_NAME}.pc"
    DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
    COMPONENT flashsale_Development)
endfunction()
