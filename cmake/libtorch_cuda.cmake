# Whether this LibTorch has its CUDA library, and the headers of the CUDA toolkit for it are here (no nvcc). vitral::libtorch_cuda
# is what the program's module for GPUs is linked with; without it a GPU runs LibTorch's operators one by one.
find_path(VITRAL_CUDA_INCLUDE cublas_v2.h HINTS ${VITRAL_LIBTORCH}/../nvidia/cu13/include PATHS /usr/local/cuda/include)
mark_as_advanced(VITRAL_CUDA_INCLUDE)
if(TARGET vitral::libtorch_cuda OR NOT VITRAL_CUDA_INCLUDE OR NOT EXISTS "${VITRAL_LIBTORCH}/lib/libtorch_cuda.so")
  return()
endif()

add_library(vitral::libtorch_cuda INTERFACE IMPORTED)
target_include_directories(vitral::libtorch_cuda INTERFACE ${VITRAL_CUDA_INCLUDE})
target_link_libraries(vitral::libtorch_cuda INTERFACE "${VITRAL_LIBTORCH}/lib/libtorch_cuda.so"
  "${VITRAL_LIBTORCH}/lib/libc10_cuda.so" vitral::torch)
# What libtorch_cuda.so itself needs is looked for where a GPU is.
target_link_options(vitral::libtorch_cuda INTERFACE "LINKER:--unresolved-symbols=ignore-in-shared-libs")
