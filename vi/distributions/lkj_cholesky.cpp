// LKJCholesky: correlation matrices, by their Cholesky factors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/lkj_cholesky.hpp>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/linalg.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/distributions/vectors.hpp>

namespace tapir::vi {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

void require_dimension(Index n, Where where) {
  if (n < 1)
    throw Error(LKJCholesky::name, "dimension is " + std::to_string(n) + "; it has to be at least 1", where);
}

// Of rows 1, 2, .. n - 1, along the last axis.
struct Rows {
  Var left;   // i/2: half the number of elements left of the diagonal
  Var right;  // b_i
  double constant = 0;

  explicit Rows(const LKJCholesky& law) {
    static const double log_pi = std::log(std::acos(-1.0));
    const Index n = law.dimension;
    std::vector<double> halves, rest;
    for (Index i = 1; i < n; ++i) {
      halves.push_back(0.5 * static_cast<double>(i));
      rest.push_back(0.5 * static_cast<double>(n - 1 - i));
      constant += std::lgamma(halves.back()) - halves.back() * log_pi;
    }
    left = Var::open(Tensor({n - 1}, std::span<const double>(halves)));
    right = expand_dims(law.concentration, -1) + Var::open(Tensor({n - 1}, std::span<const double>(rest)));
  }
  // The logarithm of what the density is divided by.
  Var log_volume() const { return sum(lbeta(right, left), -1) - constant; }
};

// A zero before the first of each row.
Var after_zero(const Var& rows) {
  std::vector<std::pair<Index, Index>> widths(static_cast<std::size_t>(rows.rank()));
  widths.back() = {1, 0};
  return pad(rows, widths);
}

// The identity's first row, and these below it.
Var below_first(const Var& rows) {
  const Index n = rows.shape().back();
  const Shape lead = leading(rows, 2);
  const Var first = slice(identity(n, rows), -2, 0, 1);
  return concat({broadcast_to(first, lead + Shape{1, n}), rows}, -2);
}

}  // namespace

Var LKJCholesky::sample(const Key& key, const Shape& shape, Where where) const {
  require_dimension(dimension, where);
  return composed(where, name, {key.counter(), concentration}, [&] {
    const Key own = key_for(*this, key);
    const Index n = dimension;
    const Rows rows(*this);
    const Var log_square =
        log_gamma_draw(own / "diagonal", rows.right, shape + Shape{n - 1}, where) + std::log(2);
    const Var z = tril(normal(own / "normal", shape + Shape{n - 1, n}));
    const Var squares = sum(square(z), -1);
    const Var log_norm = 0.5 * logaddexp(log(squares), log_square);
    const Var diagonal = scaled_exp(1, 0.5 * log_square - log_norm);
    const Var rest = after_zero(diag_embed(diagonal));
    return below_first(z * expand_dims(exp(-log_norm), -1) + rest);
  });
}

Var LKJCholesky::log_prob(Arg x) const {
  require_dimension(dimension, x.where);
  require_own(name, x, own_shape());
  return composed(x.where, name, {x.var, concentration}, [&] {
    const Var outside = Support::correlation_cholesky.excludes(x), unread = expand_dims(outside, -1);
    const Rows rows(*this);
    const TriangleRows of_x = triangle_rows(x);
    const Var missing = sum(isnan(of_x.left + abs(of_x.diagonal) + of_x.right), -1) > 0;
    const Var squares = where(unread, 0, of_x.left), few = squares < 0.5;
    const Var log_diagonal =
        where(few, 0.5 * log1p(-where(few, squares, 0)), log(where(few, 1, of_x.diagonal)));
    const Var density = sum(after_zero(2 * (rows.right - 1)) * log_diagonal, -1) - rows.log_volume();
    return where(missing, nan, unless(outside, density));
  });
}

// E L_ii = B(b + 1/2, i/2) / B(b, i/2); directions have mean 0.
Var LKJCholesky::mean(Where where) const {
  require_dimension(dimension, where);
  return composed(where, name, {concentration}, [&] {
    const Rows rows(*this);
    const Var diagonal = exp(lbeta(rows.right + 0.5, rows.left) - lbeta(rows.right, rows.left));
    return below_first(after_zero(diag_embed(diagonal)));
  });
}

// With E log L_ii^2 = digamma(b) - digamma(b + i/2).
Var LKJCholesky::entropy(Where where) const {
  require_dimension(dimension, where);
  return composed(where, name, {concentration}, [&] {
    const Rows rows(*this);
    return sum((rows.right - 1) * digamma_difference(rows.right, rows.left), -1) + rows.log_volume();
  });
}

}  // namespace tapir::vi
