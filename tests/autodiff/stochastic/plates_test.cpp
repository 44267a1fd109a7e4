// Latents in plates, against enumeration: credit per element where paths keep elements apart, N/n once.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <numeric>

#include <doctest/doctest.h>

#include <tapir/autodiff/ops/ops.hpp>

#include "expectation.hpp"

// Seeds are fixed: a test passes or fails for ever. A newly chosen seed would fail this file with probability 1 %
// (about 150 scores, each outside of +-4 with probability 6.3e-5).
namespace tapir::test {
namespace {

const Numbers x{-1.0, 0.5, 2.0, 0.3};
const Numbers y{1.2, -0.4, 0.7, 2.0};

Var data(const Numbers& numbers) {
  return Tensor({static_cast<Index>(numbers.size())}, std::span<const double>(numbers));
}

double square_of(double a) { return a * a; }

// A draw function with the estimator of its sites left open, tried with baselines of every kind.
using Opened = std::function<Drawn(const Key&, std::span<const Var>, const Estimator&)>;

Problem with(const Opened& draw, const Numbers& at, const Expectation& objective,
             const Estimator& estimator) {
  return {.draw = [=](const Key& key, std::span<const Var> p) { return draw(key, p, estimator); },
          .at = at,
          .objective = objective};
}

void check_all(const std::string& name, const Opened& draw, const Numbers& at, const Expectation& objective,
               Index draws = 10000) {
  for (const Baseline& baseline : {Baseline::none(), Baseline::running_mean(), Baseline::leave_one_out(3)})
    check_unbiased(name + ", " + baseline.name, with(draw, at, objective, ScoreFunction{baseline}), draws);
}

double total_variance(const Opened& draw, const Numbers& at) {
  const Estimates found = estimate(with(draw, at, nullptr, ScoreFunction{Baseline::none()}), 4000);
  return std::accumulate(found.variance.begin(), found.variance.end(), 0.0);
}

// ---- one plate: z_i ~ Bernoulli(a + b x_i), cost_i = (c z_i - y_i)^2 + log q_i ----

Opened independent(const Plates& cost_plates, Index size = 4) {
  return [=](const Key& key, std::span<const Var> p, const Estimator& estimator) {
    Drawn drawn;
    const Plates rows{{"rows", size, 4}};
    const Var z = bernoulli(drawn, key, "z", p[0] + p[1] * data(x), estimator, rows);
    const Var cost = square(p[2] * z - data(y)) + drawn.sites[0].log_density;
    drawn.costs = {{"x", cost_plates.empty() ? sum(cost) : cost, cost_plates, here()}};
    return drawn;
  };
}

Expectation expected_independent(double scale) {
  return [scale](const Numbers& p) {
    double total = 0;
    for (std::size_t i = 0; i < 4; ++i)
      total += over_bits(1, [&](const Numbers& z) {
        const double q = bernoulli_probability(z[0], p[0] + p[1] * x[i]);
        return q * (square_of(p[2] * z[0] - y[i]) + std::log(q));
      });
    return scale * total;
  };
}

const Numbers at_three{0.4, -0.7, 1.3};

// ---- a mean over the plate ----

enum class Mixing { mean_only, mean_and_element };

Opened mixed_model(Mixing mixing, Index size) {
  return [=](const Key& key, std::span<const Var> p, const Estimator& estimator) {
    Drawn drawn;
    const Plates rows{{"rows", size, 4}};
    const Var z = bernoulli(drawn, key, "z", p[0] + p[1] * data(x), estimator, rows);
    const Var centre = mixing == Mixing::mean_only ? broadcast_to(mean(z), {4}) : z - mean(z);
    drawn.costs = {{"x", square(p[2] * centre - data(y)), rows, here()}};
    return drawn;
  };
}

Expectation expected_mixed(Mixing mixing, double scale) {
  return [=](const Numbers& p) {
    return scale * over_bits(4, [&](const Numbers& z) {
             double q = 1;
             for (std::size_t i = 0; i < 4; ++i) q *= bernoulli_probability(z[i], p[0] + p[1] * x[i]);
             const double centre = std::accumulate(z.begin(), z.end(), 0.0) / 4;
             double cost = 0;
             for (std::size_t i = 0; i < 4; ++i)
               cost += square_of(p[2] * (mixing == Mixing::mean_only ? centre : z[i] - centre) - y[i]);
             return q * cost;
           });
  };
}

// ---- nested plates: z_i in a, w_ij in a and b, given z_i; costs in both ----

Opened nested(Index outer_size, Index inner_size) {
  return [=](const Key& key, std::span<const Var> p, const Estimator& estimator) {
    Drawn drawn;
    const Plate a{"a", outer_size, 2};
    const Plate b{"b", inner_size, 3};
    const Var z = bernoulli(drawn, key, "z", p[0] + p[1] * data({0.3, -0.8}), estimator, {a});
    const Var logits = expand_dims(p[2] * z, 1) + p[0] * data({1.0, -0.5, 0.2});
    const Var w = bernoulli(drawn, key, "w", logits, estimator, {a, b});
    drawn.costs = {{"inner", square(w - 0.3 * expand_dims(z, 1) - p[1]), {a, b}, here()},
                   {"outer", z * p[2] + drawn.sites[0].log_density, {a}, here()}};
    return drawn;
  };
}

Expectation expected_nested(double outer_scale, double inner_scale) {
  return [=](const Numbers& p) {
    const Numbers u{0.3, -0.8};
    const Numbers v{1.0, -0.5, 0.2};
    double total = 0;
    for (std::size_t i = 0; i < 2; ++i)
      total += over_bits(4, [&](const Numbers& bits) {
        const double z = bits[0];
        double q = bernoulli_probability(z, p[0] + p[1] * u[i]);
        double cost = z * p[2] + std::log(q);
        for (std::size_t j = 0; j < 3; ++j) {
          q *= bernoulli_probability(bits[j + 1], p[2] * z + p[0] * v[j]);
          cost += inner_scale * square_of(bits[j + 1] - 0.3 * z - p[1]);
        }
        return q * cost;
      });
    return outer_scale * total;
  };
}

// ---- sibling plates: z_i in a, w_j in b, given the mean of z; costs in each, in both, and over all ----

Drawn draw_siblings(const Key& key, std::span<const Var> p, const Estimator& estimator) {
  Drawn drawn;
  const Plate a{"a", 3, 3};
  const Plate b{"b", 4, 2};
  const Var z = bernoulli(drawn, key, "z", p[0] * data({1.0, -0.5, 0.2}), estimator, {a});
  const Var w = bernoulli(drawn, key, "w", p[1] + p[2] * mean(z) * data({0.3, -0.8}), estimator, {b});
  drawn.costs = {{"of a", z * data({0.3, 0.1, -1.0}) * p[1], {a}, here()},
                 {"of b", square(w - p[2]), {b}, here()},
                 {"of pairs", expand_dims(z, 1) * w * p[0], {a, b}, here()},
                 {"of all", square(sum(z) - 1.0), {}, here()}};
  return drawn;
}

double expected_siblings(const Numbers& p) {
  const Numbers u{1.0, -0.5, 0.2}, v{0.3, -0.8}, weight{0.3, 0.1, -1.0};
  return over_bits(5, [&](const Numbers& z) {
    const double* w = z.data() + 3;
    const double all = z[0] + z[1] + z[2];
    double q = 1, cost = square_of(all - 1);
    for (std::size_t i = 0; i < 3; ++i) {
      q *= bernoulli_probability(z[i], p[0] * u[i]);
      cost += z[i] * weight[i] * p[1];
    }
    for (std::size_t j = 0; j < 2; ++j) {
      q *= bernoulli_probability(w[j], p[1] + p[2] * all / 3 * v[j]);
      cost += 2 * (square_of(w[j] - p[2]) + all * w[j] * p[0]);
    }
    return q * cost;
  });
}

// ---- a global latent with local latents and costs in a subsampled plate ----

Drawn draw_global(const Key& key, std::span<const Var> p, const Estimator& estimator) {
  Drawn drawn;
  const Plates rows{{"rows", 10, 4}};
  const Var g = bernoulli(drawn, key, "g", p[0], estimator);
  const Var z = bernoulli(drawn, key, "z", p[1] * data(x) + p[2] * g, estimator, rows);
  drawn.costs = {{"of g", p[0] * g, {}, here()}, {"x", square(z + 0.5 * g * p[1] - data(y)), rows, here()}};
  return drawn;
}

double expected_global(const Numbers& p) {
  return over_bits(5, [&](const Numbers& z) {
    const double g = z[4];
    double q = bernoulli_probability(g, p[0]);
    double cost = p[0] * g;
    for (std::size_t i = 0; i < 4; ++i) {
      q *= bernoulli_probability(z[i], p[1] * x[i] + p[2] * g);
      cost += 2.5 * square_of(z[i] + 0.5 * g * p[1] - y[i]);
    }
    return q * cost;
  });
}

// ---- costs whose plates stand in the other order; vectors of one's own ----

Drawn draw_transposed(const Key& key, std::span<const Var> p, const Estimator& estimator) {
  Drawn drawn;
  const Plate a{"a", 2, 2};
  const Plate b{"b", 3, 3};
  const Var z =
      bernoulli(drawn, key, "z", expand_dims(p[0] * data({1.0, -2.0}), 1) + p[1] * data({1.0, -0.5, 0.2}),
                estimator, {a, b});
  drawn.costs = {{"x", square(transpose(z) - p[2] * data({0.4, 0.9})), {b, a}, here()}};
  return drawn;
}

double expected_transposed(const Numbers& p) {
  const Numbers u{1.0, -2.0}, v{1.0, -0.5, 0.2}, t{0.4, 0.9};
  double total = 0;
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      total += over_bits(1, [&](const Numbers& z) {
        return bernoulli_probability(z[0], p[0] * u[i] + p[1] * v[j]) * square_of(z[0] - p[2] * t[i]);
      });
  return total;
}

Drawn draw_vectors(const Key& key, std::span<const Var> p, const Estimator& estimator) {
  Drawn drawn;
  const Plates rows{{"rows", 4, 4}};
  const Var logits = expand_dims(p[0] * data(x), 1) + p[1] * data({1.0, -0.5});
  const Var z = place_site("z", uniform(key / "z", {4, 2}) < sigmoid(logits), estimator);
  drawn.sites = {{"z", z, sum(bernoulli_log_prob(z, logits), -1), estimator, rows, here()}};
  drawn.costs = {{"x", square(sum(z * stack({p[2], Var(0.7)}), -1) - data(y)), rows, here()}};
  return drawn;
}

double expected_vectors(const Numbers& p) {
  const Numbers v{1.0, -0.5};
  double total = 0;
  for (std::size_t i = 0; i < 4; ++i)
    total += over_bits(2, [&](const Numbers& z) {
      const double q = bernoulli_probability(z[0], p[0] * x[i] + p[1] * v[0]) *
                       bernoulli_probability(z[1], p[0] * x[i] + p[1] * v[1]);
      return q * square_of(z[0] * p[2] + z[1] * 0.7 - y[i]);
    });
  return total;
}

}  // namespace

TEST_CASE("a plate: per-element costs are unbiased, and vary less than their sum as one cost") {
  const Opened apart = independent({{"rows", 4, 4}});
  const Opened together = independent({});
  check_all("plate", apart, at_three, expected_independent(1));
  check_all("plate, one cost", together, at_three, expected_independent(1));
  // The ratio is about 3; at 4000 draws each variance is known to a few percent.
  CHECK(total_variance(apart, at_three) < 0.6 * total_variance(together, at_three));
}

TEST_CASE("a subsampled plate: N/n multiplies values and gradients once") {
  check_all("subsampled", independent({{"rows", 12, 4}}, 12), at_three, expected_independent(3));
}

TEST_CASE("a mean over the plate: every element pays the whole cost") {
  for (Mixing mixing : {Mixing::mean_only, Mixing::mean_and_element}) {
    check_all("mean", mixed_model(mixing, 4), at_three, expected_mixed(mixing, 1));
    check_all("mean, subsampled", mixed_model(mixing, 12), at_three, expected_mixed(mixing, 3));
  }
}

TEST_CASE("nested plates: costs of the inner plate are summed for sites of the outer one") {
  check_all("nested", nested(2, 3), at_three, expected_nested(1, 1));
  check_all("nested, subsampled", nested(5, 12), at_three, expected_nested(2.5, 4));
}

TEST_CASE("sibling plates: costs in one, in both, and over all") {
  check_all("siblings", draw_siblings, at_three, expected_siblings);
}

TEST_CASE("a global latent above a subsampled plate of local latents") {
  check_all("global", draw_global, at_three, expected_global);
}

TEST_CASE("costs may carry a site's plates in another order") {
  check_all("transposed", draw_transposed, at_three, expected_transposed);
}

TEST_CASE("sites may be vectors: the plates come first") {
  check_all("vectors", draw_vectors, at_three, expected_vectors);
}

TEST_CASE("a learned baseline per element of a subsampled plate, fitted in the scale of the loss") {
  const Problem problem{
      .draw =
          [](const Key& key, std::span<const Var> p) {
            return independent({{"rows", 12, 4}}, 12)(key, p, ScoreFunction{p[3] + p[4] * data(x)});
          },
      .at = {0.4, -0.7, 1.3, 0.5, 0.2},
      .objective = expected_independent(3),
      .fit =
          [](const Numbers& p) {
            double total = 0;
            for (std::size_t i = 0; i < 4; ++i)
              total += over_bits(1, [&](const Numbers& z) {
                const double q = bernoulli_probability(z[0], p[0] + p[1] * x[i]);
                return q * square_of(p[3] + p[4] * x[i] - square_of(p[2] * z[0] - y[i]) - std::log(q));
              });
            return 3 * total;
          },
      .fitted = 2};
  check_unbiased("learned per element", problem);
}

}  // namespace tapir::test
