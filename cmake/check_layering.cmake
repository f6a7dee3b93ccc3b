# Who may include whom: reads the #include lines of the sources under ROOT and fails on every line that the table forbids.
#
#   cmake -DROOT=<repository> -P cmake/check_layering.cmake
#
# The table is docs/architecture.md's. What a layer is not given here it may not include.

cmake_minimum_required(VERSION 3.25)

set(layers
  common/core common/kernels common/nn common/weights common/image common/runtime
  vit swin text cnn detr datasets train video apps bench)
set(below_families common/core common/kernels common/nn common/weights common/runtime)
set(all_of_common ${below_families} common/image)

# A layer may always include itself.
set(may_include_common/core "")
set(may_include_common/kernels common/core)
set(may_include_common/nn common/core common/kernels)
set(may_include_common/weights common/core)
set(may_include_common/image common/core common/kernels)
set(may_include_common/runtime ${all_of_common})
foreach(family vit swin text cnn detr)
  set(may_include_${family} ${below_families})
endforeach()
set(may_include_datasets ${all_of_common})
set(may_include_train ${all_of_common} datasets)
set(may_include_video ${all_of_common})
foreach(program apps bench)
  set(may_include_${program} ${all_of_common} vit swin text cnn detr datasets train video)
endforeach()

# Which files of a layer (a regular expression on the path) may include LibTorch, and which OpenCV.
set(torch_files "^((common/(nn|runtime)|vit|swin|text|cnn|detr|datasets|train|video|apps|bench)/.*|common/weights/state_dict[^/]*|common/image/tensor[^/]*)$")
set(opencv_files "^(common/image|video|apps|bench)/")
set(opencv_of_images "^opencv2/(core|imgproc|imgcodecs)([./]|$)")

set(violations "")

function(layer_of path result)
  foreach(layer IN LISTS layers)
    if("${path}" MATCHES "^${layer}/")
      set(${result} "${layer}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  set(${result} "" PARENT_SCOPE)
endfunction()

# Sets `reason` in the caller: why `file` may not include `header`, or empty.
function(judge file header quoted)
  layer_of("${file}" from)
  layer_of("${header}" to)
  set(why "")
  if(quoted AND NOT header MATCHES "/" OR header MATCHES "\\.\\./")
    set(why "headers of the project are named from its root")
  elseif(header MATCHES "^(torch|ATen|c10|caffe2)/")
    if(file MATCHES "\\.cuh?$")
      set(why "CUDA files include no header of LibTorch")
    elseif(NOT file MATCHES "${torch_files}")
      set(why "no LibTorch here")
    endif()
  elseif(header MATCHES "^opencv")
    if(NOT file MATCHES "${opencv_files}")
      set(why "no OpenCV here")
    elseif(from STREQUAL "common/image" AND NOT header MATCHES "${opencv_of_images}")
      set(why "of OpenCV only core, imgproc and imgcodecs here")
    endif()
  elseif(to AND NOT to STREQUAL from AND NOT to IN_LIST "may_include_${from}")
    set(why "${from} may not include ${to}")
  endif()
  set(reason "${why}" PARENT_SCOPE)
endfunction()

foreach(layer IN LISTS layers)
  file(GLOB_RECURSE files RELATIVE "${ROOT}"
    "${ROOT}/${layer}/*.h" "${ROOT}/${layer}/*.cpp" "${ROOT}/${layer}/*.cu" "${ROOT}/${layer}/*.cuh")
  foreach(file IN LISTS files)
    file(STRINGS "${ROOT}/${file}" lines REGEX "^[ \t]*#[ \t]*include[ \t]*[<\"]")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^[^<\"]*([<\"])([^>\"]*).*" "\\1;\\2" parts "${line}")
      list(POP_FRONT parts bracket header)
      string(COMPARE EQUAL "${bracket}" "\"" quoted)
      judge("${file}" "${header}" ${quoted})
      if(reason)
        list(APPEND violations "${file} includes ${header}: ${reason}")
      endif()
    endforeach()
  endforeach()
  list(LENGTH files count)
  math(EXPR checked "${checked} + ${count}")
endforeach()

if(checked EQUAL 0)
  message(FATAL_ERROR "no sources under '${ROOT}'")
endif()
if(violations)
  list(JOIN violations "\n  " text)
  message(FATAL_ERROR "layering:\n  ${text}\n")
endif()
message(STATUS "layering: ${checked} files, nothing forbidden")
