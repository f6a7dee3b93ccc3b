# `cmake --install`: the libraries, their headers in the folders that they have here, the program, and what
# `find_package(vitral)` needs. Included last, when every target is known.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(_config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/vitral)
get_property(_modules GLOBAL PROPERTY VITRAL_MODULES)
foreach(_module IN LISTS _modules)
  string(REGEX REPLACE "^vitral_" "" _name ${_module})
  set_target_properties(${_module} PROPERTIES EXPORT_NAME ${_name})
endforeach()
install(TARGETS ${_modules} EXPORT vitral_targets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT vitral_targets NAMESPACE vitral:: FILE vitralTargets.cmake DESTINATION ${_config_dir})

foreach(_folder common vit swin text cnn detr datasets train video export)
  if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/${_folder})
    install(DIRECTORY ${_folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/vitral FILES_MATCHING PATTERN "*.h")
  endif()
endforeach()

if(TARGET vitral)
  # The run path to LibTorch is kept: where the libraries are does not change by installing.
  set_target_properties(vitral PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON)
  install(TARGETS vitral RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  # Where the program looks for the weights that travel with it (common/runtime/store.h).
  install(DIRECTORY models/ DESTINATION share/vitral/models)
  get_property(loadables GLOBAL PROPERTY VITRAL_LOADABLES)
  if(loadables)
    install(TARGETS ${loadables} LIBRARY DESTINATION lib/vitral)
  endif()
endif()

configure_package_config_file(cmake/vitralConfig.cmake.in ${PROJECT_BINARY_DIR}/vitralConfig.cmake
  INSTALL_DESTINATION ${_config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/vitralConfigVersion.cmake COMPATIBILITY SameMinorVersion)
file(GLOB _find_modules ${PROJECT_SOURCE_DIR}/cmake/Find*.cmake)
install(FILES ${PROJECT_BINARY_DIR}/vitralConfig.cmake ${PROJECT_BINARY_DIR}/vitralConfigVersion.cmake
  cmake/dependencies.cmake cmake/libtorch.cmake ${_find_modules} DESTINATION ${_config_dir})
