// SkewNormal: a Gaussian that leans to one side.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/skew_normal.hpp>

#include <limits>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/vi/distributions/forms.hpp>

namespace tapir::vi {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double log_2 = 0.69314718055994530942;
constexpr double half_log_2pi = 0.91893853320467274178;
constexpr double sqrt_2_over_pi = 0.79788456080286535588;

// d and sqrt(1 - d^2)
struct Share {
  explicit Share(const Var& skewness) : n(rsqrt(1 + square(skewness))), m(skewness * n) {}
  Var n, m;
};

}  // namespace

Var SkewNormal::sample(const Key& key, const Shape& shape, Where where) const {
  return composed(where, name, {key.counter(), loc, scale, skewness}, [&] {
    const Key own = key_for(*this, key);
    const Share share(skewness);
    const Var lean = share.m * abs(normal(own / "lean", shape));
    return loc + scale * (lean + share.n * normal(own / "normal", shape));
  });
}

Var SkewNormal::log_prob(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale, skewness}, [&] {
    const Var outside = abs(x) == infinity;
    const Var z = (where(outside, loc, x) - loc) / scale;
    return unless(outside, (log_2 - half_log_2pi) - log(scale) + (log_ndtr(skewness * z) - 0.5 * square(z)));
  });
}

Var SkewNormal::mean(Where where) const {
  return composed(where, name, {loc, scale, skewness},
                  [&] { return loc + scale * (sqrt_2_over_pi * Share(skewness).m); });
}

Var SkewNormal::variance(Where where) const {
  return composed(where, name, {loc, scale, skewness}, [&] {
    const Var mean = sqrt_2_over_pi * Share(skewness).m;
    return stretched(square(scale) * (1 - square(mean)), batch_shape(*this, where), where);
  });
}

Var SkewNormal::cdf(Arg x) const {
  return composed(x.where, name, {x.var, loc, scale, skewness}, [&] {
    const Var z = (x - loc) / scale;
    return clamp(ndtr(z) - 2 * owens_t(z, skewness), 0, 1);
  });
}

}  // namespace tapir::vi
