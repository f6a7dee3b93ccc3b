# Installs BUILD into SCRATCH, then configures, builds and runs CONSUMER against what was installed.

function(must_run what)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${what} failed (${code}):\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE "${SCRATCH}")
set(prefix "${SCRATCH}/prefix")
must_run("installing" ${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
must_run("configuring the consumer" ${CMAKE_COMMAND} -S ${CONSUMER} -B ${SCRATCH}/build -G ${GENERATOR}
  -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_BUILD_TYPE=${BUILD_TYPE})
must_run("building the consumer" ${CMAKE_COMMAND} --build ${SCRATCH}/build)
must_run("running the consumer" ${SCRATCH}/build/consumer)
message(STATUS "consumer: ${output}")

if(EXISTS ${prefix}/bin/vitral)
  must_run("running the installed program" ${prefix}/bin/vitral version)
  message(STATUS "installed program: ${output}")
endif()

# Nothing of the sources or of the build folder may be needed by what was installed.
file(GLOB configs ${prefix}/lib*/cmake/vitral/vitralTargets*.cmake ${prefix}/lib/*/cmake/vitral/vitralTargets*.cmake)
if(NOT configs)
  message(FATAL_ERROR "no vitralTargets.cmake under ${prefix}")
endif()
foreach(config IN LISTS configs)
  file(STRINGS ${config} leaks REGEX "${BUILD}")
  if(leaks)
    message(FATAL_ERROR "${config} names the build folder: ${leaks}")
  endif()
endforeach()
