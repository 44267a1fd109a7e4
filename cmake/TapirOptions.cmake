# Build type, compiler flags and sanitizers: what every target of the project is compiled with.
# SPDX-License-Identifier: BSD-3-Clause

if(PROJECT_IS_TOP_LEVEL)
  get_property(multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
  if(NOT multi_config AND NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
  endif()
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  find_program(TAPIR_CCACHE ccache)
  mark_as_advanced(TAPIR_CCACHE)
  if(TAPIR_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${TAPIR_CCACHE})
  endif()
endif()

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(TAPIR_X86_64 TRUE)
else()
  set(TAPIR_X86_64 FALSE)
endif()

# Sanitizers hold for everything below this directory, and for whoever links the libraries. They come after
# the build type's own flags, hence decide the optimisation level: -O1 keeps both compiler and tests fast.
set(tapir_sanitize_flags "")
if(TAPIR_SANITIZE)
  if(NOT TAPIR_SANITIZE MATCHES "^(address|undefined|address,undefined|undefined,address|thread)$")
    message(FATAL_ERROR "TAPIR_SANITIZE is \"${TAPIR_SANITIZE}\"; it can be \"address,undefined\" or \"thread\".")
  endif()
  set(tapir_sanitize_flags -fsanitize=${TAPIR_SANITIZE} -fno-sanitize-recover=all)
  add_compile_options(-O1 -g1 -fno-omit-frame-pointer ${tapir_sanitize_flags})
  add_link_options(${tapir_sanitize_flags})
endif()

# Compile `target` as this project compiles its own code. -ffp-contract=off: a product and a sum are fused only where
# the source says fma, so that fused and unfused programs agree to the last bit.
function(tapir_compile_options target)
  set_target_properties(${target} PROPERTIES
    CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  target_compile_options(${target} PRIVATE
    -ffp-contract=off -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
  if(TAPIR_X86_64)
    target_compile_options(${target} PRIVATE -march=x86-64-v2)
  endif()
  if(PROJECT_IS_TOP_LEVEL OR TAPIR_WERROR)
    target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wconversion)
    # g++ 12 sees overlapping copies in `"text" + std::string` where there are none (its bug 105651).
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
      target_compile_options(${target} PRIVATE -Wno-restrict)
      # Nor does it follow which member of a variant is there once the code is instrumented (its bug 105562).
      if(TAPIR_SANITIZE)
        target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
      endif()
    endif()
  endif()
  if(TAPIR_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()
