// Products of a matrix and a vector: as kernels, and as the beginning or the end of a pass over the matrix' rows.
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>

#include <tapir/autodiff/ops/gemm.hpp>

namespace tapir::ops {

/// Whether it is one: m or n is 1.
inline bool is_vector_product(const Product& product) { return product.m == 1 || product.n == 1; }

/// A kernel with operands a, b and result c, all the products in a row.
///
///   cost  reads the matrix once. By rows a result is a sum over a row; by columns eight rows are added up at a time, in
///         pieces of `summed_piece(rows, 1)` rows
Kernel vector_kernel_of(const Products& products);
/// Results of a product by rows, some at a time.
std::optional<Prologue> vector_prologue_of(const Product& product);
/// A product by columns that takes the vector some entries at a time.
std::optional<Epilogue> vector_epilogue_of(const Product& product);

}  // namespace tapir::ops
