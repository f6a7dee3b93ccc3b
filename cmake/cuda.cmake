# VITRAL_CUDA=ON: the CUDA language, for the kernels in .cu files. The GPUs from Ampere (80) on, unless told otherwise.

include(CheckLanguage)
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  message(FATAL_ERROR "VITRAL_CUDA=ON needs the compiler of the CUDA toolkit, and no nvcc was found: put it on the PATH or "
                      "set CUDACXX=/path/to/nvcc. Without -DVITRAL_CUDA=ON everything but the CUDA kernels is built.")
endif()
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80 86 89 90)
endif()
enable_language(CUDA)
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
