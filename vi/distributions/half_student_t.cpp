// HalfStudentT: the size of a centred StudentT; a prior of scales.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/half_student_t.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/special_tails.hpp>
#include <tapir/vi/distributions/forms.hpp>
#include <tapir/vi/distributions/student_t.hpp>
#include <tapir/vi/kl.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double half_euler_and_log_2 = 0.63518142273073908502;
constexpr double pi_squared_over_8 = 1.23370055013616982735;
constexpr double log_2 = 0.69314718055994530942;

StudentT whole(const HalfStudentT& law) { return {.df = law.df, .loc = 0.0, .scale = law.scale}; }

// log(x^2 / (df scale^2)), of whose inverse logit |x| is a beta probability.
Var log_odds(const HalfStudentT& law, const Var& x) { return 2 * log_ratio(x, sqrt(law.df) * law.scale); }

// In units of scale, df > 1.
Var unit_mean(const Var& df) { return 2 * sqrt(df) / (df - 1) * exp(-lbeta(0.5 * df, 0.5)); }

// Of a half-normal variable over the root of a Gamma one of mean 1.
std::optional<Var> moment_of(const HalfStudentT& law, Moment which) {
  const Var half = 0.5 * law.df;
  switch (which) {
    case Moment::log: return log(law.scale) - half_euler_and_log_2 + 0.5 * log_minus_digamma(half);
    case Moment::log_variance: return pi_squared_over_8 + 0.25 * trigamma(half);
    case Moment::inverse: return Var(infinity);
    default: return std::nullopt;
  }
}

const MomentRow<HalfStudentT, moment_of> half_student_t_moments;

}  // namespace

Var HalfStudentT::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), df, scale},
                  [&] { return abs(whole(*this).sample(key, shape, where)); });
}

Var HalfStudentT::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, df, scale}, [&] {
    const Var outside = x < 0;
    return unless(outside, log_2 + whole(*this).log_prob(where(outside, 0, x)));
  });
}

Var HalfStudentT::mean(Where where) const {
  return composed(where, name, {df, scale}, [&] {
    const Var exists = df > 1;
    return tapir::where(exists, scale * unit_mean(tapir::where(exists, df, 2)), infinity);
  });
}

Var HalfStudentT::variance(Where where) const {
  return composed(where, name, {df, scale}, [&] {
    const Var exists = df > 2, n = tapir::where(exists, df, 3);
    return tapir::where(exists, square(scale) * (n / (n - 2) - square(unit_mean(n))), infinity);
  });
}

Var HalfStudentT::entropy(Where where) const {
  return composed(where, name, {df, scale}, [&] { return whole(*this).entropy(where) - log_2; });
}

Var HalfStudentT::cdf(Arg x) const {
  return composed(x.where, name, {x.var, df, scale}, [&] {
    const Var outside = x <= 0;
    return where(outside, 0, whole(*this).within(where(outside, 1, x)));
  });
}

Var HalfStudentT::icdf(Arg p) const {
  return composed(p.where, name, {p.var, df, scale},
                  [&] { return scale * student_t_distance(df, p.var, 1 - p.var); });
}

Var HalfStudentT::log_cdf(Arg x) const {
  return composed(x.where, name, {x.var, df, scale}, [&] {
    return between_ends(x, log_cdf_ends,
                        [&](const Var& y) { return log_betainc(0.5, 0.5 * df, log_odds(*this, y)); });
  });
}

Var HalfStudentT::log_sf(Arg x) const {
  return composed(x.where, name, {x.var, df, scale}, [&] {
    return between_ends(x, log_sf_ends,
                        [&](const Var& y) { return log_betainc(0.5 * df, 0.5, -log_odds(*this, y)); });
  });
}

Var HalfStudentT::isf(Arg q) const {
  return composed(q.where, name, {q.var, df, scale},
                  [&] { return scale * student_t_distance(df, 1 - q.var, q.var); });
}

}  // namespace tapir::vi
