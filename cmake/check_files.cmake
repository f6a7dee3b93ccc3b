# House rules that a grep can see, for the sources under ROOT:
#   - no file is much longer than 400 lines (tables of golden numbers are data, and exempt);
#   - nothing is compiled with OpenMP: LibTorch brings a runtime of its own, and two in one process deadlock or crash;
#   - so LibTorch's parallel loop, a template that is serial without OpenMP, is not called: common/nn/parallel.h is.
#
#   cmake -DROOT=<repository> -P cmake/check_files.cmake

cmake_minimum_required(VERSION 3.25)

set(max_lines 440)
set(folders common vit swin text cnn detr datasets train video export apps bench tests cmake tools)
set(names *.h *.cpp *.cu *.cuh *.py *.sh *.cmake CMakeLists.txt)
string(CONCAT openmp_flag "-f" "openmp")
string(CONCAT serial_loop "at::" "parallel_for(")

set(globs "")
foreach(folder IN LISTS folders)
  foreach(name IN LISTS names)
    list(APPEND globs "${ROOT}/${folder}/${name}")
  endforeach()
endforeach()
file(GLOB_RECURSE files RELATIVE "${ROOT}" ${globs})
list(FILTER files EXCLUDE REGEX "^tests/golden/")
file(GLOB top RELATIVE "${ROOT}" "${ROOT}/CMakeLists.txt" "${ROOT}/CMakePresets.json" "${ROOT}/run")
list(APPEND files ${top})

set(violations "")
foreach(file IN LISTS files)
  file(READ "${ROOT}/${file}" text)
  string(REGEX MATCHALL "\n" newlines "${text}")
  list(LENGTH newlines lines)
  if(lines GREATER max_lines)
    list(APPEND violations "${file} has ${lines} lines (at most ${max_lines}): it holds more than one idea")
  endif()
  foreach(word IN ITEMS "${openmp_flag}" "${serial_loop}")
    string(FIND "${text}" "${word}" found)
    if(NOT found EQUAL -1)
      list(APPEND violations "${file} mentions ${word}")
    endif()
  endforeach()
endforeach()

list(LENGTH files checked)
if(checked EQUAL 0)
  message(FATAL_ERROR "no sources under '${ROOT}'")
endif()
if(violations)
  list(JOIN violations "\n  " text)
  message(FATAL_ERROR "files:\n  ${text}\n")
endif()
message(STATUS "files: ${checked} checked")
