# Whether this LibTorch has the process group of NCCL, and the headers for it are here: those of NCCL and of the CUDA
# toolkit (no nvcc). VITRAL_NCCL says so, vitral::nccl is what the module is linked with; without it the gradients of a GPU
# go through the host's memory.
include(CheckCXXSourceCompiles)
find_path(VITRAL_NCCL_INCLUDE nccl.h HINTS ${VITRAL_LIBTORCH}/../nvidia/nccl/include ${VITRAL_LIBTORCH}/../nvidia/cu13/include
  PATHS /usr/local/cuda/include)
find_path(VITRAL_CUDA_INCLUDE cublas_v2.h HINTS ${VITRAL_LIBTORCH}/../nvidia/cu13/include PATHS /usr/local/cuda/include)
mark_as_advanced(VITRAL_NCCL_INCLUDE VITRAL_CUDA_INCLUDE)
if(NOT VITRAL_NCCL_INCLUDE OR NOT VITRAL_CUDA_INCLUDE OR NOT EXISTS "${VITRAL_LIBTORCH}/lib/libtorch_cuda.so")
  return()
endif()

add_library(vitral::nccl INTERFACE IMPORTED)
target_include_directories(vitral::nccl INTERFACE ${VITRAL_NCCL_INCLUDE} ${VITRAL_CUDA_INCLUDE})
target_compile_definitions(vitral::nccl INTERFACE USE_C10D_NCCL)
target_link_libraries(vitral::nccl INTERFACE "${VITRAL_LIBTORCH}/lib/libtorch_cuda.so" "${VITRAL_LIBTORCH}/lib/libc10_cuda.so"
  vitral::torch)
# What libtorch_cuda.so itself needs is looked for where a GPU is.
target_link_options(vitral::nccl INTERFACE "LINKER:--unresolved-symbols=ignore-in-shared-libs")

set(CMAKE_REQUIRED_LIBRARIES vitral::nccl)
set(CMAKE_REQUIRED_FLAGS -std=c++20)
check_cxx_source_compiles("
#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
int main() {
  c10d::ProcessGroupNCCL group(c10::make_intrusive<c10d::HashStore>(), 0, 1);
  return group.getSize() - 1;
}" VITRAL_NCCL)
unset(CMAKE_REQUIRED_LIBRARIES)
unset(CMAKE_REQUIRED_FLAGS)
