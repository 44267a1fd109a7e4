# Install rules: libraries, headers, and the package that find_package(tapir) reads.
# SPDX-License-Identifier: BSD-3-Clause
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tapir)

install(TARGETS tapir tapir_autodiff tapir_vi tapir_nn EXPORT tapirTargets)
install(EXPORT tapirTargets NAMESPACE tapir:: DESTINATION ${package_dir})
install(DIRECTORY autodiff vi nn DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tapir FILES_MATCHING PATTERN "*.hpp")

configure_package_config_file(cmake/tapirConfig.cmake.in ${PROJECT_BINARY_DIR}/tapirConfig.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/tapirConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/tapirConfig.cmake ${PROJECT_BINARY_DIR}/tapirConfigVersion.cmake
  cmake/FindOpenBLAS.cmake cmake/FindOneDNN.cmake DESTINATION ${package_dir})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
