# Finds OpenBLAS with its C interface (cblas.h) and LAPACK: target OpenBLAS::OpenBLAS, OpenBLAS_VERSION.
# SPDX-License-Identifier: BSD-3-Clause

find_path(OpenBLAS_INCLUDE_DIR openblas_config.h
  PATH_SUFFIXES openblas-pthread openblas-openmp openblas-serial openblas)
find_library(OpenBLAS_LIBRARY openblas
  PATH_SUFFIXES openblas-pthread openblas-openmp openblas-serial openblas)
mark_as_advanced(OpenBLAS_INCLUDE_DIR OpenBLAS_LIBRARY)

set(OpenBLAS_VERSION "")
if(OpenBLAS_INCLUDE_DIR)
  file(STRINGS ${OpenBLAS_INCLUDE_DIR}/openblas_config.h openblas_line REGEX "OPENBLAS_VERSION")
  if(openblas_line MATCHES "OpenBLAS ([0-9]+(\\.[0-9]+)*)")
    set(OpenBLAS_VERSION ${CMAKE_MATCH_1})
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenBLAS
  REQUIRED_VARS OpenBLAS_LIBRARY OpenBLAS_INCLUDE_DIR VERSION_VAR OpenBLAS_VERSION)

if(OpenBLAS_FOUND AND NOT TARGET OpenBLAS::OpenBLAS)
  add_library(OpenBLAS::OpenBLAS UNKNOWN IMPORTED)
  set_target_properties(OpenBLAS::OpenBLAS PROPERTIES
    IMPORTED_LOCATION ${OpenBLAS_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${OpenBLAS_INCLUDE_DIR})
endif()
