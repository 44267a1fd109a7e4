# Finds what tapir stands on, and names in one error every Debian package that is missing.
# SPDX-License-Identifier: BSD-3-Clause
#
# The `DEBIAN` names below are the only list of those packages: cmake/setup.sh reads it from this file.

set_property(GLOBAL PROPERTY tapir_missing_packages "")

# tapir_require(DEBIAN <package> <find_package arguments...>)
macro(tapir_require keyword debian_package)
  find_package(${ARGN} QUIET)
  if(NOT ${ARGV2}_FOUND)
    set_property(GLOBAL APPEND PROPERTY tapir_missing_packages ${debian_package})
  endif()
endmacro()

tapir_require(DEBIAN libxtensor-dev xtensor 0.24)
tapir_require(DEBIAN libxsimd-dev xsimd 8.1)
tapir_require(DEBIAN libboost-dev Boost 1.74)
tapir_require(DEBIAN libopenblas-dev OpenBLAS 0.3 MODULE)
tapir_require(DEBIAN libc6-dev Threads)

# Products of f32 are faster with it, and bf16 needs it: DEBIAN_OPTIONAL libdnnl-dev
set(TAPIR_HAS_ONEDNN FALSE)
if(TAPIR_ONEDNN)
  find_package(OneDNN 2.6 QUIET MODULE)
  set(TAPIR_HAS_ONEDNN ${OneDNN_FOUND})
  if(NOT OneDNN_FOUND AND NOT TAPIR_ONEDNN STREQUAL "AUTO")
    set_property(GLOBAL APPEND PROPERTY tapir_missing_packages libdnnl-dev)
  endif()
endif()

# xtensor-blas brings in whichever BLAS it finds first; only its headers are wanted, OpenBLAS does the work.
find_path(TAPIR_XTENSOR_BLAS_INCLUDE_DIR xtensor-blas/xlinalg.hpp)
mark_as_advanced(TAPIR_XTENSOR_BLAS_INCLUDE_DIR)
if(TAPIR_XTENSOR_BLAS_INCLUDE_DIR)
  if(NOT TARGET tapir_xtensor_blas)
    add_library(tapir_xtensor_blas INTERFACE IMPORTED)
    target_include_directories(tapir_xtensor_blas SYSTEM INTERFACE ${TAPIR_XTENSOR_BLAS_INCLUDE_DIR})
  endif()
else()
  set_property(GLOBAL APPEND PROPERTY tapir_missing_packages libxtensor-blas-dev) # DEBIAN libxtensor-blas-dev
endif()

if(TAPIR_BUILD_EXAMPLES OR TAPIR_BUILD_TESTS OR TAPIR_BUILD_BENCHMARKS)
  tapir_require(DEBIAN zlib1g-dev ZLIB)
  tapir_require(DEBIAN libpng-dev PNG)
  tapir_require(DEBIAN libcli11-dev CLI11 2.1)
  tapir_require(DEBIAN nlohmann-json3-dev nlohmann_json 3.11)
  tapir_require(DEBIAN libfmt-dev fmt 9.1)
endif()
if(TAPIR_BUILD_TESTS)
  tapir_require(DEBIAN doctest-dev doctest 2.4)
endif()
# Only who measures needs these: cmake/setup.sh reads them where its `also` says so.
if(TAPIR_BUILD_BENCHMARKS)
  tapir_require(DEBIAN_BENCHMARK libbenchmark-dev benchmark 1.7)
  # Taken where they are found, the last two with --compare only:
  #   DEBIAN_BENCHMARK libdnnl-dev
  #   DEBIAN_COMPARE libtorch-dev
  #   DEBIAN_COMPARE libopenblas0-openmp
endif()

get_property(tapir_missing GLOBAL PROPERTY tapir_missing_packages)
if(tapir_missing)
  list(JOIN tapir_missing " " tapir_missing)
  message(FATAL_ERROR "tapir: not found, or too old: ${tapir_missing} (names of Debian packages).\n"
    "On Debian 12, type: apt-get install ${tapir_missing}")
endif()
