# run_check(ROOT): runs the check CHECK over ROOT; gives `passed` and `output`.
macro(run_check root)
  execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${root} -P ${CHECK}
    RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  string(COMPARE EQUAL "${code}" "0" passed)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")  # CMake wraps long lines of errors
endmacro()
