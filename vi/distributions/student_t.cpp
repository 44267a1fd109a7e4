// StudentT: a Gaussian of unknown scale; heavy tails.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/student_t.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/special_tails.hpp>
#include <tapir/vi/distributions/forms.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double log_2 = 0.69314718055994530942;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// The probability of what lies nearer to loc than x, with the sign of x - loc: by z^2/(df + z^2) in the middle, by
// what lies further out in the tails; about 0, where that has no derivative, by the first terms of the series,
// whose next one is below 1e-13.
Var nearer(const StudentT& law, const Var& x) {
  const Var &df = law.df, z = (x - law.loc) / (sqrt(df) * law.scale), half = 0.5 * df;
  const Var far = abs(z) > 1, middle = abs(z) * sqrt(df + 1) < 1e-3;
  const Var near = where(middle, z, 0), outer = where(far, z, 2),
            inner = where(logical_or(middle, far), 0.5, z);
  const Var about = 2 * exp(-lbeta(half, 0.5)) * near * (1 - (df + 1) / 6 * square(near));
  const Var part = sign(inner) * betainc(0.5, half, square(inner) / (1 + square(inner)));
  const Var inverse = square(1 / outer);
  const Var beyond = betainc(half, 0.5, inverse / (1 + inverse));
  return where(far, sign(outer) * (1 - beyond), where(middle, about, part));
}

// The probability beyond x on one side of it, of which the nearer one is a beta probability of df/(df + z^2).
Var log_beyond(const StudentT& law, const Var& x, double side) {
  const Var distance = side * (x - law.loc), far = abs(distance) > 0.5 * law.scale;
  const Var log_odds = 2 * log_ratio(where(far, abs(distance), law.scale), sqrt(law.df) * law.scale);
  const Var tail = log_betainc(0.5 * law.df, 0.5, -log_odds) - log_2;
  const Var about = log1p(-side * nearer(law, where(far, law.loc, x))) - log_2;
  return where(far, where(distance > 0, tail, log1p(-exp(tail))), about);
}

}  // namespace

// 23 below the largest exponent: 10^10 leave room for a normal draw, for loc, and for the derivative by df.
Var StudentT::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), df, loc, scale}, [&] {
    const Key own = key_for(*this, key);
    const Var half = 0.5 * df;
    const Var widening = 0.5 * (log(half) - log_gamma_draw(own / "scale", half, shape, where));
    const Var room = largest_exponent(scale, widening.dtype()) - 23;
    return loc + scale * exp(minimum(widening, room)) * normal(own / "normal", shape);
  });
}

// The larger of |x - loc| and sqrt(df) scale is taken out of the square, which would leave the range.
Var StudentT::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, df, loc, scale}, [&] {
    const Var distance = x - loc, width = sqrt(df) * scale;
    const Var far = abs(distance) > width;
    const Var larger = where(far, abs(distance), width), ratio = where(far, width, distance) / larger;
    const Var tail = 2 * log_ratio(larger, width) + log1p(square(ratio));
    return -(0.5 * (df + 1)) * tail - (lbeta(0.5 * df, 0.5) + 0.5 * log(df)) - log(scale);
  });
}

Var StudentT::mean(Where where) const {
  return composed(where, name, {df, loc, scale}, [&] {
    return stretched(tapir::where(df > 1, loc, nan), batch_shape(*this, where), where);
  });
}

Var StudentT::variance(Where where) const {
  return composed(where, name, {df, loc, scale}, [&] {
    const Var exists = df > 2, n = tapir::where(exists, df, 3);
    const Var none = tapir::where(df > 1, infinity, nan);
    return stretched(tapir::where(exists, square(scale) * (n / (n - 2)), none), batch_shape(*this, where),
                     where);
  });
}

Var StudentT::entropy(Where where) const {
  return composed(where, name, {df, loc, scale}, [&] {
    const Var half = 0.5 * df;
    const Var shape = (half + 0.5) * digamma_difference(half, 0.5) + lbeta(half, 0.5) + 0.5 * log(df);
    return stretched(shape + log(scale), batch_shape(*this, where), where);
  });
}

Var StudentT::cdf(Arg x) const {
  return composed(x.where, name, {x.var, df, loc, scale}, [&] {
    const Var lower_tail = loc - x > scale;
    const Var tail = log_beyond(*this, where(lower_tail, x, loc - 2 * scale), -1);
    return where(lower_tail, exp(tail), 0.5 + 0.5 * nearer(*this, x));
  });
}

Var StudentT::within(Arg x) const {
  return composed(x.where, name, {x.var, df, loc, scale}, [&] { return nearer(*this, x); });
}

Var StudentT::icdf(Arg p) const {
  return composed(p.where, name, {p.var, df, loc, scale}, [&] {
    return loc + scale * student_t_distance(df, 2 * p.var - 1, 2 * minimum(p.var, 1 - p.var));
  });
}

Var StudentT::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, df, loc, scale}, [&] {
    return between_ends(x, -infinity, infinity, 0, log_cdf_ends,
                        [&](const Var& y) { return log_beyond(*this, y, -1); });
  });
}

Var StudentT::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, df, loc, scale}, [&] {
    return between_ends(x, -infinity, infinity, 0, log_sf_ends,
                        [&](const Var& y) { return log_beyond(*this, y, 1); });
  });
}

Var StudentT::isf(Arg q) const {
  return composed(q.where, name, {q.var, df, loc, scale}, [&] {
    return loc - scale * student_t_distance(df, 2 * q.var - 1, 2 * minimum(q.var, 1 - q.var));
  });
}

// Like cdf: about 0 by the first terms of the inverse series, whose next one is below 1e-13.
Var student_t_distance(const Var& df, const Var& part, const Var& rest) {
  const Var half = 0.5 * df;
  const Var y = 0.5 * part * exp(lbeta(half, 0.5)), curvature = (df + 1) / 6;
  const Var far = abs(part) > 0.5, middle = logical_and(abs(y) * sqrt(df + 1) < 1e-3, logical_not(far));
  const Var near = where(middle, y, 0), about = near * (1 + curvature * square(near));
  const Var u = betainc_inv(0.5, half, where(logical_or(middle, far), 0.25, abs(part)));
  const Var w = betainc_inv(half, 0.5, where(far, rest, 0.25));
  const Var size = where(far, sqrt((1 - w) / w), sqrt(u / (1 - u)));
  return sqrt(df) * where(middle, about, sign(part) * size);
}

}  // namespace tapir::vi
