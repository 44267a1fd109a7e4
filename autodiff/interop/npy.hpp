// Tensors in NumPy's .npy files.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>

#include <tapir/autodiff/tensor/tensor.hpp>

namespace tapir {

/// The array of an .npy file (versions 1 to 3, C or Fortran order, little-endian). Elements of float32 and
/// float64 are kept; bool and the integers of 8 to 64 bits become i64.
///
///   errors  "[load_npy] x.npy: not an .npy file"
///           "[load_npy] x.npy: truncated: the data takes 96 bytes, the file has 40 left"
///           "[load_npy] x.npy: 8 bytes follow the data of f64[3,4]"
///           "[load_npy] x.npy: elements of type '>f8' are big-endian"
///           "[load_npy] x.npy: elements of type '<f2' are not supported; float32, float64, bool and integers
///           are"
Tensor load_npy(const std::filesystem::path& path, Where where = here());

/// Writes `tensor` as an .npy file of version 1 in C order. An existing file is replaced when the new one is
/// complete.
///
///   errors  "[save_npy] out/x.npy: cannot be written: No such file or directory"
void save_npy(const std::filesystem::path& path, const Tensor& tensor, Where where = here());

}  // namespace tapir
