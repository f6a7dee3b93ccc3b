# OpenCV by its own configuration file where there is one, else by headers and libraries.
#
# Debian and Ubuntu keep the configuration file in libopencv-dev, which brings every module and with them VTK, GTK and
# a hundred packages more; the packages of the single modules hold headers and libraries only.
#
# Gives, as OpenCV's own file does: the targets opencv_<module>, OpenCV_LIBS, OpenCV_VERSION.

find_package(OpenCV ${OpenCV_FIND_VERSION} CONFIG QUIET COMPONENTS ${OpenCV_FIND_COMPONENTS})
if(OpenCV_FOUND)
  return()
endif()

find_path(OpenCV_INCLUDE_DIR opencv2/core/version.hpp PATH_SUFFIXES opencv4)
mark_as_advanced(OpenCV_INCLUDE_DIR)
if(OpenCV_INCLUDE_DIR)
  file(STRINGS "${OpenCV_INCLUDE_DIR}/opencv2/core/version.hpp" _lines REGEX "define CV_VERSION_(MAJOR|MINOR|REVISION) ")
  string(REGEX REPLACE ".*MAJOR +([0-9]+).*MINOR +([0-9]+).*REVISION +([0-9]+).*" "\\1.\\2.\\3" OpenCV_VERSION "${_lines}")
endif()

foreach(_module IN LISTS OpenCV_FIND_COMPONENTS)
  find_library(OpenCV_${_module}_LIBRARY opencv_${_module})
  mark_as_advanced(OpenCV_${_module}_LIBRARY)
  set(OpenCV_${_module}_FOUND FALSE)
  if(OpenCV_${_module}_LIBRARY AND EXISTS "${OpenCV_INCLUDE_DIR}/opencv2/${_module}.hpp")
    set(OpenCV_${_module}_FOUND TRUE)
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenCV REQUIRED_VARS OpenCV_INCLUDE_DIR VERSION_VAR OpenCV_VERSION HANDLE_COMPONENTS)

if(OpenCV_FOUND)
  set(OpenCV_LIBS "")
  foreach(_module IN LISTS OpenCV_FIND_COMPONENTS)
    if(NOT TARGET opencv_${_module})
      add_library(opencv_${_module} SHARED IMPORTED)
      set_target_properties(opencv_${_module} PROPERTIES
        IMPORTED_LOCATION "${OpenCV_${_module}_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${OpenCV_INCLUDE_DIR}")
    endif()
    list(APPEND OpenCV_LIBS opencv_${_module})
  endforeach()
endif()
