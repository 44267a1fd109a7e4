# The form of source files: at most 600 lines, a first line that says what the file holds, the SPDX tag, #pragma once.
# SPDX-License-Identifier: BSD-3-Clause
cmake_minimum_required(VERSION 3.25)

set(limit 600)
set(failures "")
file(GLOB_RECURSE files RELATIVE ${ROOT}
  ${ROOT}/autodiff/* ${ROOT}/vi/* ${ROOT}/nn/* ${ROOT}/examples/* ${ROOT}/tests/* ${ROOT}/cmake/*)
list(FILTER files INCLUDE REGEX "\\.(hpp|cpp|inc|cmake|sh)$|CMakeLists\\.txt$|/run$")
list(APPEND files CMakeLists.txt)

foreach(file ${files})
  file(READ ${ROOT}/${file} content)
  string(REGEX REPLACE "[][;\\]" "_" content "${content}")
  string(REGEX MATCHALL "\n" lines "${content}")
  list(LENGTH lines count)
  if(count GREATER limit)
    string(APPEND failures "  ${file}: ${count} lines; at most ${limit}\n")
  endif()

  string(REGEX REPLACE "^#![^\n]*\n" "" content "${content}")
  if(NOT content MATCHES "^(//|#) [^\n]+\n(//|#) SPDX-License-Identifier: BSD-3-Clause\n")
    string(APPEND failures "  ${file}: starts with one line on what it holds, then the SPDX tag\n")
  endif()
  if(file MATCHES "\\.hpp$" AND NOT content MATCHES "^[^\n]+\n[^\n]+\n#pragma once\n")
    string(APPEND failures "  ${file}: the third line of a header is #pragma once\n")
  endif()
endforeach()

if(failures)
  message(FATAL_ERROR "\n${failures}")
endif()
list(LENGTH files count)
message(STATUS "${count} files are in form")
