// By rows: a result is a row times the vector. By columns: rows, weighted by the vector, add up to the result.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/vector_product.hpp>

#include <algorithm>
#include <memory>
#include <vector>

#include <tapir/autodiff/exec/pool.hpp>
#include <tapir/autodiff/ops/kernels/table.hpp>
#include <tapir/autodiff/ops/reduction.hpp>

namespace tapir::ops {
namespace {

/// The matrix as it lies in memory, and what it is multiplied with.
struct Matrix {
  Index rows, columns;
  int matrix, vector;  // operands
  bool by_rows;
  Index item;
  kernels::VectorKernels kernels;

  explicit Matrix(const Product& p)
      : item(static_cast<Index>(size_of(p.dtype))), kernels(kernels::find_vector(p.dtype)) {
    matrix = p.n == 1 ? 0 : 1;
    vector = 1 - matrix;
    by_rows = (p.n == 1 && p.m == 1) || (p.n == 1 ? !p.transpose_a : p.transpose_b);
    const Index results = p.n == 1 ? p.m : p.n;
    rows = by_rows ? results : p.k;
    columns = by_rows ? p.k : results;
  }

  Index size() const { return rows * columns; }
  Index results() const { return by_rows ? rows : columns; }
  const std::byte* row(const void* of, Index i) const {
    return static_cast<const std::byte*>(of) + i * columns * item;
  }

  // Rows [from, to), by rows.
  void multiply(const void* of, const void* by, void* out, Index from, Index to) const {
    kernels.dot(row(of, from), row(of, rows), by, out, to - from, columns);
  }
  // Rows [from, to), by columns, weighted by the numbers at `by`.
  void add(const void* of, const void* by, void* sums, Index from, Index to) const {
    kernels.add_rows(row(of, from), row(of, rows), by, sums, to - from, columns);
  }
};

/// The sums of one piece: whole vectors, and 0 at first.
struct Sums {
  Index count;
  Index item;
  kernels::ReduceKernel sum;

  Sums(const Matrix& m, DType dtype)
      : count(m.columns), item(m.item), sum(kernels::find_reduce("sum", dtype)) {}

  std::size_t bytes() const { return static_cast<std::size_t>((count + 15) / 16 * 16 * item); }
  std::size_t partial_bytes() const { return static_cast<std::size_t>(count * item); }
  void start(void* state) const { std::fill_n(static_cast<std::byte*>(state), bytes(), std::byte{}); }
  void finish(const void* state, void* partial) const {
    std::copy_n(static_cast<const std::byte*>(state), partial_bytes(), static_cast<std::byte*>(partial));
  }
  void combine(const void* partials, Index pieces, void* out) const {
    sum(partials, out, 0, 1, pieces, count);
  }
};

struct TakesVector {
  Matrix m;
  Sums sums;

  void start(void* state) const { sums.start(state); }
  void take(void* state, const void* const* in, const void* tile, Index from, Index to, void*) const {
    m.add(in[m.matrix], tile, state, from, to);
  }
  void finish(void* state, void* partial) const { sums.finish(state, partial); }
  void combine(const void* partials, Index pieces, void* out) const { sums.combine(partials, pieces, out); }
};

Index pieces_of(Index size, Index piece) { return (size + piece - 1) / piece; }

// Elements of the matrix that are worth a thread.
constexpr Index worth_a_thread = 1 << 16;

/// `job(i)` for i < count, each for `size` elements; small ones go to a thread in groups.
template <class F>
void run_grouped(Pool& pool, Index count, Index size, const F& job) {
  const Index groups =
      std::clamp<Index>(count * std::max<Index>(size, 1) / worth_a_thread, 1, std::max<Index>(count, 1));
  pool.run(groups, [&](Index group, int) {
    for (Index i = count * group / groups; i < count * (group + 1) / groups; ++i) job(i);
  });
}

// Operand i of the product number `number`, and its result.
struct Each {
  const Products& products;
  const Buffers& buffers;
  Index item;

  const std::byte* operand(int i, Index number) const {
    const Product& p = products.each;
    const Index count = i == 0 ? products.count_a : products.count_b;
    return buffers.input<std::byte>(i) + number % count * (i == 0 ? p.m : p.n) * p.k * item;
  }
  std::byte* result(Index number) const {
    return buffers.output<std::byte>(0) + number * products.each.m * products.each.n * item;
  }
};

Kernel by_rows(const Products& products, const Matrix& m) {
  const Index cut = std::max<Index>(16, (worth_a_thread / std::max<Index>(m.columns, 1) + 15) / 16 * 16);
  return Kernel([=](const Buffers& buffers) {
    const Each each{products, buffers, m.item};
    const Index cuts = pieces_of(m.rows, cut);
    run_grouped(buffers.pool, products.count * cuts, std::min(m.rows, cut) * m.columns, [&](Index piece) {
      const Index number = piece / cuts, from = piece % cuts * cut;
      m.multiply(each.operand(m.matrix, number), each.operand(m.vector, number),
                 each.result(number) + from * m.item, from, std::min(m.rows, from + cut));
    });
  });
}

Kernel by_columns(const Products& products, const Matrix& m) {
  const Sums sums(m, products.each.dtype);
  const Index length = std::max<Index>(1, summed_piece(m.rows, 1));
  const Index cuts = std::max<Index>(1, pieces_of(m.rows, length));
  const auto total = static_cast<std::size_t>(products.count * cuts);
  struct Memory {
    std::vector<std::byte> states, partials;
  };
  const auto memory = std::make_shared<Memory>();
  memory->states.resize(total * sums.bytes());
  if (cuts > 1) memory->partials.resize(total * sums.partial_bytes());
  return Kernel([=](const Buffers& buffers) {
    const Each each{products, buffers, m.item};
    run_grouped(buffers.pool, products.count * cuts, std::min(m.rows, length) * m.columns, [&](Index piece) {
      const Index number = piece / cuts, from = piece % cuts * length;
      std::byte* state = memory->states.data() + static_cast<std::size_t>(piece) * sums.bytes();
      sums.start(state);
      m.add(each.operand(m.matrix, number), each.operand(m.vector, number) + from * m.item, state, from,
            std::min(m.rows, from + length));
      sums.finish(state, cuts == 1 ? each.result(number)
                                   : memory->partials.data() +
                                         static_cast<std::size_t>(piece) * sums.partial_bytes());
    });
    for (Index number = 0; cuts > 1 && number < products.count; ++number)
      sums.combine(memory->partials.data() + static_cast<std::size_t>(number * cuts) * sums.partial_bytes(),
                   cuts, each.result(number));
  });
}

}  // namespace

Kernel vector_kernel_of(const Products& products) {
  const Matrix m(products.each);
  return m.by_rows ? by_rows(products, m) : by_columns(products, m);
}

std::optional<Prologue> vector_prologue_of(const Product& product) {
  if (!is_vector_product(product)) return std::nullopt;
  const Matrix m(product);
  if (!m.by_rows) return std::nullopt;
  return Prologue(m.columns * m.item, [m](const void* const* in, void* out, Index from, Index to) {
    m.multiply(in[m.matrix], in[m.vector], out, from, to);
  });
}

std::optional<Epilogue> vector_epilogue_of(const Product& product) {
  if (!is_vector_product(product)) return std::nullopt;
  const Matrix m(product);
  if (m.by_rows) return std::nullopt;
  const Sums sums(m, product.dtype);
  return Epilogue({.operand = m.vector,
                   .multiple = 8,
                   .piece = summed_piece(m.rows, 1),
                   .bytes = m.columns * m.item,
                   .state = sums.bytes(),
                   .partial = sums.partial_bytes()},
                  TakesVector{m, sums});
}

}  // namespace tapir::ops
