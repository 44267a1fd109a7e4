// Discrete and continuous latents above and below each other, against enumeration and quadrature.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <doctest/doctest.h>

#include <tapir/autodiff/ops/ops.hpp>

#include "expectation.hpp"

// Seeds are fixed: a test passes or fails for ever. A newly chosen seed would fail this file with probability 0.6 %
// (about 90 scores, each outside of +-4 with probability 6.3e-5).
namespace tapir::test {
namespace {

const double log_root_two_pi = 0.5 * std::log(2 * 3.14159265358979323846);

Var normal_log_prob(const Var& x, const Var& loc, const Var& log_scale) {
  return -0.5 * square((x - loc) * exp(-log_scale)) - log_scale - log_root_two_pi;
}

// A normal site; the estimator decides whether the gradient flows through its value.
Var gaussian(Drawn& drawn, const Key& key, const std::string& name, const Var& loc, const Var& log_scale,
             const Estimator& estimator, const Plates& plates = {}) {
  const Var draw = loc + exp(log_scale) * normal(key / name, loc.shape());
  const Var x = place_site(name, draw, estimator);
  drawn.sites.push_back({name, x, normal_log_prob(x, loc, log_scale), estimator, plates, here()});
  return x;
}

using Opened = std::function<Drawn(const Key&, std::span<const Var>, const Estimator&)>;

void check_all(const std::string& name, const Opened& draw, const Numbers& at, const Expectation& objective) {
  for (const Baseline& baseline : {Baseline::none(), Baseline::constant(1.0), Baseline::running_mean(),
                                   Baseline::leave_one_out(2), Baseline::leave_one_out(4)}) {
    const Estimator estimator = ScoreFunction{baseline};
    const Problem problem{
        .draw = [&](const Key& key, std::span<const Var> p) { return draw(key, p, estimator); },
        .at = at,
        .objective = objective};
    check_unbiased(name + ", " + estimator.name, problem);
  }
}

double square_of(double a) { return a * a; }

// ---- z ~ Bernoulli(a), x ~ Normal(b + c z, exp d) ----

Drawn draw_discrete_above(const Key& key, std::span<const Var> p, const Estimator& estimator) {
  Drawn drawn;
  const Var z = bernoulli(drawn, key, "z", p[0], estimator);
  const Var x = gaussian(drawn, key, "x", p[1] + p[2] * z, p[3], Pathwise{});
  drawn.costs = {{"of z", p[2] * z, {}, here()},
                 {"of x", drawn.sites[1].log_density, {}, here()},
                 {"of both", square(x - 1.0) * (z + 1.0) + sin(x), {}, here()}};
  return drawn;
}

double expected_discrete_above(const Numbers& p) {
  return over_bits(1, [&](const Numbers& z) {
    return bernoulli_probability(z[0], p[0]) * over_normal([&](double noise) {
             const double x = p[1] + p[2] * z[0] + std::exp(p[3]) * noise;
             const double log_q = -noise * noise / 2 - p[3] - log_root_two_pi;
             return p[2] * z[0] + log_q + square_of(x - 1) * (z[0] + 1) + std::sin(x);
           });
  });
}

// ---- x ~ Normal(m, exp s), z ~ Bernoulli(k x + a): the gradient of log q(z) by its logits flows into the path ----

Drawn draw_continuous_above(const Key& key, std::span<const Var> p, const Estimator& estimator) {
  Drawn drawn;
  const Var x = gaussian(drawn, key, "x", p[0], p[1], Pathwise{});
  const Var z = bernoulli(drawn, key, "z", p[2] * x + p[3], estimator);
  drawn.costs = {{"of x", p[3] * x, {}, here()}, {"of both", square(2.0 * z - x), {}, here()}};
  return drawn;
}

double expected_continuous_above(const Numbers& p) {
  return over_normal([&](double noise) {
    const double x = p[0] + std::exp(p[1]) * noise;
    return over_bits(1, [&](const Numbers& z) {
      return bernoulli_probability(z[0], p[2] * x + p[3]) * (p[3] * x + square_of(2 * z[0] - x));
    });
  });
}

// ---- z1 ~ Bernoulli(a), x ~ Normal(b z1, exp c), z2 ~ Bernoulli(x - d z1), in a subsampled plate of two ----

const Numbers u{1.0, -0.7};

Drawn draw_between(const Key& key, std::span<const Var> p, const Estimator& estimator) {
  Drawn drawn;
  const Plates rows{{"rows", 6, 2}};
  const Var data = Tensor({2}, std::span<const double>(u));
  const Var z1 = bernoulli(drawn, key, "z1", p[0] * data, estimator, rows);
  const Var x = gaussian(drawn, key, "x", p[1] * z1, p[2], Pathwise{}, rows);
  const Var z2 = bernoulli(drawn, key, "z2", x - p[3] * z1, estimator, rows);
  drawn.costs = {{"all", square(z1 + x - 2.0 * z2) + drawn.sites[1].log_density, rows, here()}};
  return drawn;
}

double expected_between(const Numbers& p) {
  double total = 0;
  for (double data : u)
    total += over_bits(2, [&](const Numbers& z) {
      return bernoulli_probability(z[0], p[0] * data) * over_normal([&](double noise) {
               const double x = p[1] * z[0] + std::exp(p[2]) * noise;
               const double log_q = -noise * noise / 2 - p[2] - log_root_two_pi;
               return bernoulli_probability(z[1], x - p[3] * z[0]) * (square_of(z[0] + x - 2 * z[1]) + log_q);
             });
    });
  return 3 * total;
}

// ---- a normal latent under the score function ----

Drawn draw_cut_normal(const Key& key, std::span<const Var> p, const Estimator& estimator) {
  Drawn drawn;
  const Var x = gaussian(drawn, key, "x", p[0], p[1], estimator);
  drawn.costs = {{"x", square(x - 1.0) + sin(x) + drawn.sites[0].log_density, {}, here()}};
  return drawn;
}

double expected_cut_normal(const Numbers& p) {
  return over_normal([&](double noise) {
    const double x = p[0] + std::exp(p[1]) * noise;
    return square_of(x - 1) + std::sin(x) - noise * noise / 2 - p[1] - log_root_two_pi;
  });
}

}  // namespace

TEST_CASE("a discrete latent above a reparameterized one") {
  check_all("discrete above", draw_discrete_above, {0.4, -0.5, 0.9, -0.3}, expected_discrete_above);
}

TEST_CASE("a reparameterized latent above a discrete one: the score flows into the path") {
  check_all("continuous above", draw_continuous_above, {0.3, -0.4, 0.8, -0.2}, expected_continuous_above);
}

TEST_CASE("a reparameterized latent between two discrete ones, in a subsampled plate") {
  check_all("between", draw_between, {0.4, 0.7, -0.3, 0.5}, expected_between);
}

TEST_CASE("a normal latent under the score function") {
  check_all("cut normal", draw_cut_normal, {0.3, -0.4}, expected_cut_normal);
}

}  // namespace tapir::test
