// Gaussian: what divergences of Gaussian vectors need, however their covariance is given.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/gaussian.hpp>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/vi/distributions/multivariate_normal.hpp>
#include <tapir/vi/distributions/vectors.hpp>

namespace tapir::vi {
namespace {

Var vectors_of(const Var& x, Index n) {
  return broadcast_to(x, x.rank() == 0 ? Shape{n} : leading(x, 1) + Shape{n});
}

}  // namespace

Gaussian gaussian_of(const Normal& law, Index n) {
  const Var scale = vectors_of(law.scale, n);
  return {.count = n,
          .loc = vectors_of(law.loc, n),
          .deviation = scale,
          .factor = std::nullopt,
          .half_log_det = sum(log(scale), -1),
          .of_diagonal = [scale](const Var& d) { return sum(square(d / scale), -1); },
          .of_columns =
              [scale](const Var& m) {
                return sum(square(m / expand_dims(scale, -1)), {-2, -1});
              }};
}

Gaussian gaussian_of(const MultivariateNormal& law) {
  const Var l = law.scale_tril;
  const auto of_columns = [l](const Var& m) {
    const Shape lead = joined("kl", leading(l, 2), leading(m, 2), here());
    return sum(square(triangular_solve(factor(l, lead), factor(m, lead))), {-2, -1});
  };
  return {.count = law.count(),
          .loc = law.loc,
          .deviation = std::nullopt,
          .factor = tril(l),
          .half_log_det = half_log_det(l),
          .of_diagonal = [of_columns](const Var& d) { return of_columns(diag_embed(d)); },
          .of_columns = of_columns};
}

Var kl(const Gaussian& p, const Gaussian& q, Where where) {
  if (p.count != q.count)
    throw Error("kl",
                "vectors of " + std::to_string(p.count) + " and " + std::to_string(q.count) + " elements",
                where);
  Var trace = q.of_columns(expand_dims(p.loc - q.loc, -1));
  if (p.deviation) trace = trace + (q.of_diagonal(*p.deviation) - static_cast<double>(p.count));
  if (p.factor)
    trace = trace + (q.of_columns(*p.factor) - (p.deviation ? 0.0 : static_cast<double>(p.count)));
  return 0.5 * trace + (q.half_log_det - p.half_log_det);
}

}  // namespace tapir::vi
