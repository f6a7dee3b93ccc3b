# What the libraries are built on. Read when vitral is built, and again by projects that use an installed vitral.

find_package(Threads REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
if(VITRAL_TORCH)
  include(${CMAKE_CURRENT_LIST_DIR}/libtorch.cmake)
endif()
if(VITRAL_MEDIA)
  find_package(OpenCV 4.6 REQUIRED COMPONENTS core imgproc imgcodecs videoio)
endif()
