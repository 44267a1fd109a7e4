// CorrelationCholesky: free vectors onto Cholesky factors of correlation matrices.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/bijectors/correlation_cholesky.hpp>

#include <tapir/autodiff/ops/ops.hpp>
#include <tapir/vi/bijectors/tanh.hpp>
#include <tapir/vi/bijectors/triangle.hpp>

namespace tapir::vi {
namespace {

// The last axis one element further on, a zero first: sums of all before an element.
Var shifted(const Var& x) {
  std::vector<std::pair<Index, Index>> widths(static_cast<std::size_t>(x.rank()));
  widths.back() = {1, 0};
  return slice(pad(x, widths), -1, 0, x.shape().back());
}

struct Breaks {
  Var z;           // matrices, zero outside the triangle
  Var log_cut;     // log(1 - z^2), likewise
  Var log_length;  // log r, before each element

  Breaks(const Var& x, Where where) {
    const auto triangle = Triangle::filled_by(x.shape(), false, CorrelationCholesky::name, where);
    z = triangle.matrix(tanh(x));
    log_cut = triangle.matrix(log_sech_squared(Arg(x, where)));
    log_length = 0.5 * shifted(cumsum(log_cut));
  }
  // A one on the diagonal: it takes what is left. Beyond it is 0.
  Var value() const {
    const Var ones = Var::open(eye(z.shape().back(), f64).tensor());
    return (z + ones) * exp(log_length);
  }
  Var log_det() const { return sum(log_cut + tril(log_length, -1), {-2, -1}); }
};

// Of a factor: what is left of a row's length, from each element on, and the elements themselves.
struct Rows {
  Triangle triangle;
  Var y, from_here, after;

  Rows(const Var& matrix, Where where)
      : triangle(Triangle::of(matrix.shape(), false, CorrelationCholesky::name, where)) {
    const Index n = triangle.rows();
    const Var squares = flip(cumsum(flip(square(tril(matrix)), -1)), -1);
    const Var lengths = concat({squares, squares}, -1);
    y = triangle.vector(matrix);
    from_here = sqrt(triangle.vector(squares));
    after = sqrt(triangle.vector(slice(lengths, -1, 1, n + 1)));
  }
  // asinh(y / after), whose sign is that of y, as log1p of what is positive.
  Var free() const {
    const Var side = where(y < 0, -1, 1);
    return side * log1p((side * y + square(y) / (from_here + after)) / after);
  }
  Var log_det() const { return sum(2 * log(after) - log(from_here), -1); }
};

}  // namespace

Shape CorrelationCholesky::forward_shape(const Shape& x, Where where) const {
  return Triangle::filled_by(x, false, name, where).matrix_shape();
}

Shape CorrelationCholesky::inverse_shape(const Shape& y, Where where) const {
  return Triangle::of(y, false, name, where).vector_shape();
}

Var CorrelationCholesky::forward(Arg x) const {
  return composed(x.where, name, {x.var}, [&] { return Breaks(x, x.where).value(); });
}

Var CorrelationCholesky::inverse(Arg y) const {
  return composed(y.where, name, {y.var}, [&] { return Rows(y, y.where).free(); });
}

ValueAndLogDet CorrelationCholesky::forward_and_log_det(Arg x) const {
  return composed(x.where, name, {x.var}, [&]() -> ValueAndLogDet {
    const Breaks breaks(x, x.where);
    return {breaks.value(), breaks.log_det()};
  });
}

ValueAndLogDet CorrelationCholesky::inverse_and_log_det(Arg y) const {
  return composed(y.where, name, {y.var}, [&]() -> ValueAndLogDet {
    const Rows rows(y, y.where);
    return {rows.free(), -rows.log_det()};
  });
}

}  // namespace tapir::vi
