// Drawing the problem, and integrating by quadrature.
// SPDX-License-Identifier: BSD-3-Clause
#include "log_derivative/problem.hpp"

#include <cmath>
#include <numbers>

#include "support/random.hpp"

namespace tapir::examples {
namespace {

double log_sigmoid(double x) { return x < 0 ? x - std::log1p(std::exp(x)) : -std::log1p(std::exp(-x)); }
double sigmoid(double x) { return std::exp(log_sigmoid(x)); }

// The trapezoidal rule on the whole line: for a smooth function times exp(-e^2 / 2) its error vanishes faster than any
// power of the step; this one leaves rounding.
template <class F>
void over_standard_normal(const F& f) {
  constexpr double end = 9.5, step = 0.125;
  for (double e = -end; e <= end; e += step)
    f(e, step * std::exp(-e * e / 2) / std::sqrt(2 * std::numbers::pi));
}

}  // namespace

Problem make_problem(ProblemSize size, std::uint64_t seed) {
  const auto [images, latents, pixels] = size;
  Problem problem{.size = size,
                  .x = Tensor({f64, {images, latents, pixels}}),
                  .loc = Tensor({f64, {images, latents}}),
                  .log_scale = Tensor::full({f64, {images, latents}}, std::log(0.5)),
                  .weights = Tensor({f64, {pixels}})};
  const auto x = problem.x.mutable_view<double>();
  const auto loc = problem.loc.mutable_view<double>();
  const auto weights = problem.weights.mutable_view<double>();
  const auto count = [](Index number) { return static_cast<std::size_t>(number); };
  Random of_weights(random_key({seed, 0}));
  for (double& weight : weights) weight = of_weights.uniform(-2.0, 2.0);
  for (Index i = 0; i < images; ++i) {
    const double flipped = 0.5 * static_cast<double>(i) / static_cast<double>(images);
    for (Index d = 0; d < latents; ++d) {
      Random random(random_key({seed, 1, count(i), count(d)}));
      const double t = random.bell();
      loc[count(i * latents + d)] = 0.5 * t + 0.3 * random.bell();
      for (Index p = 0; p < pixels; ++p) {
        const bool ink = random.uniform() < sigmoid(weights[count(p)] * t);
        x[count((i * latents + d) * pixels + p)] = ink != (random.uniform() < flipped) ? 1 : 0;
      }
    }
  }
  return problem;
}

ExactGradients exact_gradients(const Problem& problem) {
  const auto [images, latents, pixels] = problem.size;
  const auto count = [](Index number) { return static_cast<std::size_t>(number); };
  ExactGradients exact{.weights = std::vector<double>(count(pixels)),
                       .loc = std::vector<double>(count(images * latents)),
                       .log_scale = std::vector<double>(count(images * latents)),
                       .value = std::vector<double>(count(images))};
  const auto x = problem.x.view<double>(), w = problem.weights.view<double>();
  for (Index unit = 0; unit < images * latents; ++unit) {  // a latent variable of an image
    const double m = problem.loc.at(unit), s = std::exp(problem.log_scale.at(unit));
    over_standard_normal([&](double e, double mass) {
      const double t = m + s * e;
      double log_p = 0;
      for (Index p = 0; p < pixels; ++p) {
        const double ink = x[count(unit * pixels + p)], logit = w[count(p)] * t;
        log_p += log_sigmoid(ink > 0 ? logit : -logit);
        exact.weights[count(p)] += mass * t * (ink - sigmoid(logit));
      }
      // the integral of grad q times log p: grad_m q = q e / s, grad_log_s q = q (e^2 - 1)
      exact.loc[count(unit)] += mass * e / s * log_p;
      exact.log_scale[count(unit)] += mass * (e * e - 1) * log_p;
      exact.value[count(unit / latents)] += mass * log_p;
    });
  }
  return exact;
}

}  // namespace tapir::examples
