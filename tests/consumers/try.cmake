# Configures, builds and runs the project in the folder CONSUMER, from scratch, as its user would.
# SPDX-License-Identifier: BSD-3-Clause
cmake_minimum_required(VERSION 3.25)

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGV " " command)
    message(FATAL_ERROR "${command}\n${output}\nfailed: ${result}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

set(build ${WORK}/${CONSUMER})
file(REMOVE_RECURSE ${build})

set(arguments -D CMAKE_CXX_COMPILER=${COMPILER} -D CMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER})
if(CONSUMER STREQUAL "find_package")
  set(prefix ${WORK}/prefix)
  file(REMOVE_RECURSE ${prefix})
  run(${CMAKE_COMMAND} --install ${TAPIR_BUILD} --prefix ${prefix})
  list(APPEND arguments -D CMAKE_PREFIX_PATH=${prefix} -D CMAKE_BUILD_TYPE=Release)
else()
  # The library is built anew: without optimisation, which is not what is tested here.
  list(APPEND arguments -D TAPIR_SOURCE=${TAPIR_SOURCE} -D CMAKE_BUILD_TYPE=Debug -D CMAKE_CXX_FLAGS_DEBUG=-O0)
  set(ENV{CCACHE_BASEDIR} ${build})
  set(ENV{CCACHE_NOHASHDIR} 1)
endif()

set(source ${CMAKE_CURRENT_LIST_DIR}/${CONSUMER})
run(${CMAKE_COMMAND} -S ${source} -B ${build} -G ${GENERATOR} ${arguments})
run(${CMAKE_COMMAND} --build ${build} --target consumer)
run(${build}/consumer)
message(STATUS "${CONSUMER}: ${output}")
