# VITRAL_CUDA=ON: the CUDA language, for the kernels in .cu files. The GPUs from Ampere (80) to Blackwell (100, 120), as far as
# the toolkit knows them, unless told otherwise.

include(CheckLanguage)
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  message(FATAL_ERROR "VITRAL_CUDA=ON needs the compiler of the CUDA toolkit, and no nvcc was found: put it on the PATH or "
                      "set CUDACXX=/path/to/nvcc. Without -DVITRAL_CUDA=ON everything but the CUDA kernels is built.")
endif()
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 86-real 89-real 90)
  execute_process(COMMAND ${CMAKE_CUDA_COMPILER} --list-gpu-arch OUTPUT_VARIABLE _known ERROR_QUIET)
  if(_known MATCHES "compute_100" AND _known MATCHES "compute_120")
    set(CMAKE_CUDA_ARCHITECTURES 80-real 86-real 89-real 90-real 100-real 120)  # 120: code for newer ones too
  endif()
endif()
enable_language(CUDA)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know that nvcc 12 and newer can
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
endif()
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
# As the program says them: code for these GPUs (sm_), and code that newer ones can compile (compute_).
set(_architectures "")
foreach(_architecture IN LISTS CMAKE_CUDA_ARCHITECTURES)
  if(_architecture MATCHES "^([0-9a-z]+)-real$")
    list(APPEND _architectures sm_${CMAKE_MATCH_1})
  elseif(_architecture MATCHES "^([0-9a-z]+)-virtual$")
    list(APPEND _architectures compute_${CMAKE_MATCH_1})
  else()
    list(APPEND _architectures sm_${_architecture} compute_${_architecture})
  endif()
endforeach()
list(JOIN _architectures " " VITRAL_CUDA_NAMED_ARCHITECTURES)
