# tapir_room(<name> [PUBLIC targets...] [PRIVATE targets...]): one library out of every source below the current folder.
# SPDX-License-Identifier: BSD-3-Clause

# Instruction sets for which kernels are compiled: every `<file>.<set>.cpp` gets that set's flags.
set(tapir_isa_sse4_2 -msse4.2)
set(tapir_isa_avx2 -mavx2 -mfma)
set(tapir_isa_avx512 -march=x86-64-v4 -mprefer-vector-width=512)
# g++ 12 takes the undefined registers in its own AVX-512 header for a mistake (its bug 105593).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  list(APPEND tapir_isa_avx512 -Wno-uninitialized -Wno-maybe-uninitialized)
endif()

# Compile the kernel files in the list of that name for their instruction set, and drop them where the machine is another one.
# Each set sees xsimd under a name of its own: xsimd has functions that do not name their instruction set, and the
# linker, keeping one copy of each, would hand the AVX-512 copy to processors without it.
function(tapir_kernel_options list_name)
  set(kept ${${list_name}})
  set(optimisation -O3)
  if(TAPIR_SANITIZE)
    set(optimisation -O1)
  endif()
  foreach(set sse4_2 avx2 avx512)
    set(kernels ${kept})
    list(FILTER kernels INCLUDE REGEX "\\.${set}\\.cpp$")
    if(NOT kernels)
      continue()
    endif()
    if(TAPIR_X86_64)
      set_source_files_properties(${kernels} PROPERTIES
        COMPILE_DEFINITIONS xsimd=xsimd_${set}
        COMPILE_OPTIONS "${tapir_isa_${set}};-fvisibility=hidden;${optimisation}")
    else()
      list(REMOVE_ITEM kept ${kernels})
    endif()
  endforeach()
  set(${list_name} ${kept} PARENT_SCOPE)
endfunction()

function(tapir_room name)
  cmake_parse_arguments(PARSE_ARGV 1 room "" "" "PUBLIC;PRIVATE")
  set(target tapir_${name})

  # Headers lie beside their sources and are included as <tapir/...>: the same path in the build tree and installed.
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/include/tapir)
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/include/tapir/${name} SYMBOLIC)

  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  tapir_kernel_options(sources)
  if(sources)
    add_library(${target} STATIC ${sources})
    tapir_compile_options(${target})
    set(public PUBLIC)
    # Used inside only: an installed tapir asks its user for these as libraries at most, never as headers.
    target_link_libraries(${target} PRIVATE ${room_PRIVATE})
    target_link_options(${target} INTERFACE ${tapir_sanitize_flags})
  else()
    add_library(${target} INTERFACE)
    set(public INTERFACE)
  endif()
  add_library(tapir::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} ${public} cxx_std_20)
  target_include_directories(${target} ${public}
    $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target} ${public} ${room_PUBLIC})
endfunction()
