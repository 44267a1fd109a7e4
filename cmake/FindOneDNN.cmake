# Finds oneDNN built for OpenMP or for one thread: target OneDNN::OneDNN, OneDNN_VERSION.
# SPDX-License-Identifier: BSD-3-Clause
#
# oneDNN's own package asks for OpenCL, which nothing here uses.

find_path(OneDNN_INCLUDE_DIR oneapi/dnnl/dnnl.hpp)
find_library(OneDNN_LIBRARY dnnl)
mark_as_advanced(OneDNN_INCLUDE_DIR OneDNN_LIBRARY)

set(OneDNN_VERSION "")
set(OneDNN_RUNTIME "")
if(OneDNN_INCLUDE_DIR)
  file(STRINGS ${OneDNN_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h onednn_lines REGEX "DNNL_VERSION_(MAJOR|MINOR|PATCH) ")
  foreach(line ${onednn_lines})
    if(line MATCHES "(MAJOR|MINOR|PATCH) +([0-9]+)")
      set(onednn_${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
    endif()
  endforeach()
  set(OneDNN_VERSION ${onednn_MAJOR}.${onednn_MINOR}.${onednn_PATCH})
  # Its threads have to be kept to one, which is known for these.
  file(STRINGS ${OneDNN_INCLUDE_DIR}/oneapi/dnnl/dnnl_config.h onednn_line
    REGEX "define DNNL_CPU_THREADING_RUNTIME DNNL_RUNTIME_(OMP|SEQ)$")
  if(onednn_line MATCHES "(OMP|SEQ)$")
    set(OneDNN_RUNTIME ${CMAKE_MATCH_1})
  endif()
  if(OneDNN_RUNTIME STREQUAL "OMP")
    find_package(OpenMP QUIET COMPONENTS CXX)
    if(NOT OpenMP_CXX_FOUND)
      set(OneDNN_RUNTIME "")
    endif()
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OneDNN
  REQUIRED_VARS OneDNN_LIBRARY OneDNN_INCLUDE_DIR OneDNN_RUNTIME VERSION_VAR OneDNN_VERSION)

if(OneDNN_FOUND AND NOT TARGET OneDNN::OneDNN)
  add_library(OneDNN::OneDNN UNKNOWN IMPORTED)
  set_target_properties(OneDNN::OneDNN PROPERTIES
    IMPORTED_LOCATION ${OneDNN_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${OneDNN_INCLUDE_DIR})
  # The library alone: nothing of tapir is compiled with -fopenmp.
  if(OneDNN_RUNTIME STREQUAL "OMP")
    set_target_properties(OneDNN::OneDNN PROPERTIES INTERFACE_LINK_LIBRARIES "${OpenMP_CXX_LIBRARIES}")
  endif()
endif()
