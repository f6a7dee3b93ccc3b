# A file of 441 lines, a compile flag for OpenMP and a loop that is serial without it must be reported; 440 lines must
# pass.
include(${CMAKE_CURRENT_LIST_DIR}/support.cmake)

string(REPEAT "x\n" 440 longest)
string(CONCAT openmp_flag "-f" "openmp")

file(REMOVE_RECURSE "${SCRATCH}")
file(WRITE "${SCRATCH}/good/common/core/a.cpp" "${longest}")
file(WRITE "${SCRATCH}/good/tests/golden/table.h" "${longest}${longest}")
run_check("${SCRATCH}/good")
if(NOT passed)
  message(SEND_ERROR "a tree in order was refused: ${output}")
endif()

file(WRITE "${SCRATCH}/long/common/core/a.cpp" "${longest}x\n")
run_check("${SCRATCH}/long")
if(passed OR NOT output MATCHES "common/core/a.cpp has 441 lines")
  message(SEND_ERROR "441 lines were not reported: ${output}")
endif()

file(WRITE "${SCRATCH}/openmp/CMakeLists.txt" "add_compile_options(${openmp_flag})\n")
run_check("${SCRATCH}/openmp")
if(passed OR NOT output MATCHES "CMakeLists.txt mentions ${openmp_flag}")
  message(SEND_ERROR "the flag for OpenMP was not reported: ${output}")
endif()

string(CONCAT serial_loop "at::" "parallel_for(")
file(WRITE "${SCRATCH}/loop/common/nn/a.cpp" "${serial_loop}0, n, 1, body);\n")
run_check("${SCRATCH}/loop")
if(passed OR NOT output MATCHES "common/nn/a.cpp mentions")
  message(SEND_ERROR "the serial loop was not reported: ${output}")
endif()
