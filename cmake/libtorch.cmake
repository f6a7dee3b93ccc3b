# Imported targets for LibTorch, from a `torch` wheel or an unpacked LibTorch folder.
#
# find_package(Torch) is not used: its configuration asks for a CUDA toolkit as soon as the wheel was built with CUDA,
# and it compiles and runs a probe. The CPU part of the libraries needs neither.
#
#   VITRAL_LIBTORCH   folder with include/ and lib/ (".../torch" of a wheel, or LibTorch). Default: what `./run setup` made.
#
# Gives: vitral::torch (headers, libc10, libtorch_cpu, run path) and VITRAL_LIBTORCH_VERSION.

if(TARGET vitral::torch)
  return()
endif()
if(NOT VITRAL_LIBTORCH)
  if(DEFINED ENV{VITRAL_LIBTORCH})
    set(VITRAL_LIBTORCH "$ENV{VITRAL_LIBTORCH}")
  else()
    set(VITRAL_LIBTORCH "${PROJECT_SOURCE_DIR}/.deps/python/torch")
  endif()
endif()
set(VITRAL_LIBTORCH "${VITRAL_LIBTORCH}" CACHE PATH "folder of LibTorch (include/ and lib/)")

if(NOT EXISTS "${VITRAL_LIBTORCH}/lib/libtorch_cpu.so")
  message(FATAL_ERROR "no LibTorch at ${VITRAL_LIBTORCH} (lib/libtorch_cpu.so is missing): run './run setup', or set "
                      "VITRAL_LIBTORCH to the 'torch' folder of a wheel or to an unpacked LibTorch >= 2.11")
endif()

file(STRINGS "${VITRAL_LIBTORCH}/include/torch/headeronly/version.h" _version_lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH)")
if(NOT _version_lines)
  file(STRINGS "${VITRAL_LIBTORCH}/include/torch/csrc/api/include/torch/version.h" _version_lines
       REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH)")
endif()
string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*PATCH ([0-9]+).*" "\\1.\\2.\\3" VITRAL_LIBTORCH_VERSION "${_version_lines}")
if(VITRAL_LIBTORCH_VERSION VERSION_LESS "2.11")
  message(FATAL_ERROR "LibTorch ${VITRAL_LIBTORCH_VERSION} at ${VITRAL_LIBTORCH} is too old: 2.11 or newer is needed")
endif()

# Libraries that libtorch_cpu.so itself needs lie beside it, or (wheels built with CUDA) in the nvidia packages next door.
set(_torch_lib_dirs "${VITRAL_LIBTORCH}/lib")
file(GLOB _nvidia_lib_dirs LIST_DIRECTORIES true "${VITRAL_LIBTORCH}/../nvidia/*/lib")
foreach(_dir IN LISTS _nvidia_lib_dirs)
  get_filename_component(_dir "${_dir}" ABSOLUTE)
  list(APPEND _torch_lib_dirs "${_dir}")
endforeach()

foreach(_name c10 torch_cpu)
  add_library(vitral::${_name} SHARED IMPORTED)
  set_target_properties(vitral::${_name} PROPERTIES IMPORTED_LOCATION "${VITRAL_LIBTORCH}/lib/lib${_name}.so")
endforeach()

# Imported, although there is no file: so it is written into an export by its name, and is found again by this very script.
add_library(vitral::torch INTERFACE IMPORTED)
target_include_directories(vitral::torch INTERFACE
  "${VITRAL_LIBTORCH}/include" "${VITRAL_LIBTORCH}/include/torch/csrc/api/include")
target_link_libraries(vitral::torch INTERFACE vitral::torch_cpu vitral::c10)
# A run path, not a runpath: it must also serve the libraries that libtorch_cpu.so loads in turn.
target_link_options(vitral::torch INTERFACE "LINKER:--disable-new-dtags")
foreach(_dir IN LISTS _torch_lib_dirs)
  target_link_options(vitral::torch INTERFACE "LINKER:-rpath,${_dir}" "LINKER:-rpath-link,${_dir}")
endforeach()
message(STATUS "LibTorch ${VITRAL_LIBTORCH_VERSION} at ${VITRAL_LIBTORCH}")
