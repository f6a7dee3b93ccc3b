# Whether this LibTorch has the process group that joins processes over TCP (c10d with Gloo): wheels have it, some
# builds of plain LibTorch do not. VITRAL_GLOO says so; without it `vitral train` runs as one process.
include(CheckCXXSourceCompiles)
set(VITRAL_GLOO_INCLUDE ${CMAKE_CURRENT_LIST_DIR}/gloo)
set(CMAKE_REQUIRED_LIBRARIES vitral::torch)
set(CMAKE_REQUIRED_INCLUDES ${VITRAL_GLOO_INCLUDE})
set(CMAKE_REQUIRED_DEFINITIONS -DUSE_C10D_GLOO)
set(CMAKE_REQUIRED_FLAGS -std=c++20)
check_cxx_source_compiles("
#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
int main() {
  auto options = c10d::ProcessGroupGloo::Options::create_default(std::chrono::seconds(1));
  c10d::ProcessGroupGloo group(c10::make_intrusive<c10d::HashStore>(), 0, 1, options);
  return group.getSize() - 1;
}" VITRAL_GLOO)
unset(CMAKE_REQUIRED_LIBRARIES)
unset(CMAKE_REQUIRED_INCLUDES)
unset(CMAKE_REQUIRED_DEFINITIONS)
unset(CMAKE_REQUIRED_FLAGS)
