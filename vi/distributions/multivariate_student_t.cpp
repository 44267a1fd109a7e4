// MultivariateStudentT: Gaussian vectors of one unknown scale; heavy tails.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/multivariate_student_t.hpp>

#include <cmath>
#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/distributions/vectors.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

double half_of(Index n) { return static_cast<double>(n) / 2; }

// What the density at loc is divided by, but for the determinant.
Var log_volume(const Var& df, Index n) {
  static const double log_pi = std::log(std::acos(-1.0));
  return lbeta(0.5 * df, half_of(n)) - std::lgamma(half_of(n)) + half_of(n) * (log(df) + log_pi);
}

// log(1 + |z|^2/df). Far out the largest |z| is taken out of the square, which would leave the range; it is a
// constant, because the result does not depend on it.
Var log_tail(const Var& z, const Var& df) {
  const Var size = stop_gradient(max(abs(z), -1)), far = size > 1e6 * sqrt(df);
  const Var near = where(expand_dims(far, -1), 0, z) / expand_dims(sqrt(df), -1);
  const Var unit = where(far, size, 1), outer = z / expand_dims(where(far, size, 1e30), -1);
  const Var rest = df / unit / unit;
  const Var beyond = 2 * log(unit) - log(df) + log(where(far, sum(square(outer), -1), 1) + rest);
  return where(far, beyond, log1p(sum(square(near), -1)));
}

}  // namespace

Index MultivariateStudentT::count(Where where) const {
  (void)batch_shape(*this, where);
  const Index n = loc.shape().back();
  if (scale_tril.shape()[-1] != n || scale_tril.shape()[-2] != n)
    throw Error(name,
                "loc is " + loc.type().str() + ", scale_tril is " + scale_tril.type().str() +
                    "; it has to be of " + std::to_string(n) + " rows and columns",
                where);
  return n;
}

// 23 below the largest exponent: 10^10 leave room for a normal draw, for loc, and for the derivative by df.
Var MultivariateStudentT::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), df, loc, scale_tril}, [&] {
    const Key own = key_for(*this, key);
    const Var half = 0.5 * df;
    const Var widening = 0.5 * (log(half) - log_gamma_draw(own / "scale", half, shape, where));
    const Var z = normal(own / "normal", shape + Shape{count(where)});
    const Var gaussian = product(tril(scale_tril), z, false, where);
    const Var room = largest_exponent(max(abs(scale_tril), {-2, -1}), widening.dtype()) - 23;
    return loc + gaussian * expand_dims(exp(minimum(widening, room)), -1);
  });
}

Var MultivariateStudentT::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, df, loc, scale_tril}, [&] {
    const Index n = count(x.where);
    require_own(name, x, {n});
    const Var outside = max(abs(x), -1) == infinity;
    const Var centred = where(expand_dims(outside, -1), 0, x - loc);
    const Var tail = log_tail(solved(scale_tril, centred, false, x.where), df);
    const Var constant = log_volume(df, n) + half_log_det(scale_tril);
    return where(outside, -infinity, -(0.5 * df + half_of(n)) * tail - constant);
  });
}

Var MultivariateStudentT::mean(Where where) const {
  return composed(where, name, {df, loc, scale_tril}, [&] {
    const Var exists = expand_dims(df > 1, -1);
    return stretched(tapir::where(exists, loc, nan), batch_shape(*this, where) + own_shape(), where);
  });
}

Var MultivariateStudentT::variance(Where where) const {
  return composed(where, name, {df, loc, scale_tril}, [&] {
    const Var exists = df > 2, n = tapir::where(exists, df, 3);
    const Var widening = tapir::where(exists, n / (n - 2), tapir::where(df > 1, infinity, nan));
    const Var squares = sum(square(tril(scale_tril)), -1);
    return stretched(squares * expand_dims(widening, -1), batch_shape(*this, where) + own_shape(), where);
  });
}

Var MultivariateStudentT::entropy(Where where) const {
  return composed(where, name, {df, loc, scale_tril}, [&] {
    const Index n = count(where);
    const Var half = 0.5 * df;
    const Var shape = (half + half_of(n)) * digamma_difference(half, half_of(n)) + log_volume(df, n);
    return stretched(shape + half_log_det(scale_tril), batch_shape(*this, where), where);
  });
}

}  // namespace tapir::vi
