// Wrong estimators, planted: the checks that pass the right ones notice them.
// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include <doctest/doctest.h>

#include <tapir/autodiff/ops/ops.hpp>

#include "expectation.hpp"

// Each mistake deviates by more than 6 standard errors; the checks elsewhere allow 4. The scores of the mistakes below
// are 12 and more at their seed: that a new seed would bring one below 6 has a probability of less than 1e-8.
namespace tapir::test {
namespace {

Var numbers(std::initializer_list<double> values) {
  return Tensor({static_cast<Index>(values.size())}, values);
}

Estimator seeded(std::function<Var(const Trial&)> seed) {
  return {.name = "planted", .surrogate = [seed = std::move(seed)](const Trial& trial) -> Surrogate {
            return {stop_gradient(seed(trial)) * trial.log_density};
          }};
}

// z1 ~ Bernoulli(a), z2 ~ Bernoulli(b + c z1), costs 2 z1 and (z1 - 2 z2)^2 + 1. Both sites are estimated alike; what
// `first` and `second` give is told the two costs.
using Planted = std::function<Estimator(const Var& first_cost, const Var& second_cost)>;

Problem chain(const Planted& first, const Planted& second) {
  return {.draw =
              [=](const Key& key, std::span<const Var> p) {
                Drawn drawn;
                const Estimator cut = ScoreFunction{Baseline::none()};
                const Var z1 = bernoulli(drawn, key, "z1", p[0], cut);
                const Var z2 = bernoulli(drawn, key, "z2", p[1] + p[2] * z1, cut);
                const Var cost1 = 2.0 * z1;
                const Var cost2 = square(z1 - 2.0 * z2) + 1.0;
                drawn.sites[0].estimator = first(cost1, cost2);
                drawn.sites[1].estimator = second(cost1, cost2);
                drawn.costs = {{"first", cost1, {}, here()}, {"second", cost2, {}, here()}};
                return drawn;
              },
          .at = {0.3, -0.6, 0.8},
          .objective =
              [](const Numbers& p) {
                return over_bits(2, [&](const Numbers& z) {
                  const double q =
                      bernoulli_probability(z[0], p[0]) * bernoulli_probability(z[1], p[1] + p[2] * z[0]);
                  return q * (2 * z[0] + std::pow(z[0] - 2 * z[1], 2) + 1);
                });
              }};
}

Planted always(const Estimator& estimator) {
  return [estimator](const Var&, const Var&) { return estimator; };
}

// z_i ~ Bernoulli(a x_i) in a plate of 4 of `size`, cost_i = (b mean z - y_i)^2.
Problem batch_mean(Index size, const std::function<Estimator(const Var& cost)>& planted) {
  static const Numbers x{-1.0, 0.5, 2.0, 0.3}, y{1.2, -0.4, 0.7, 2.0};
  const double scale = static_cast<double>(size) / 4;
  return {.draw =
              [=](const Key& key, std::span<const Var> p) {
                Drawn drawn;
                const Plates rows{{"rows", size, 4}};
                const Var z = bernoulli(drawn, key, "z", p[0] * numbers({-1.0, 0.5, 2.0, 0.3}),
                                        ScoreFunction{Baseline::none()}, rows);
                const Var cost = square(p[1] * mean(z) - numbers({1.2, -0.4, 0.7, 2.0}));
                drawn.sites[0].estimator = planted(cost);
                drawn.costs = {{"x", cost, rows, here()}};
                return drawn;
              },
          .at = {1.0, 1.5},
          .objective =
              [=](const Numbers& p) {
                return scale * over_bits(4, [&](const Numbers& z) {
                         double q = 1, cost = 0;
                         for (std::size_t i = 0; i < 4; ++i) {
                           q *= bernoulli_probability(z[i], p[0] * x[i]);
                           cost += std::pow(p[1] * (z[0] + z[1] + z[2] + z[3]) / 4 - y[i], 2);
                         }
                         return q * cost;
                       });
              }};
}

const Planted right = always(seeded([](const Trial& trial) { return trial.cost; }));

}  // namespace

TEST_CASE("without a mistake, the problems below pass") {
  check_unbiased("no mistake", chain(right, right));
  for (Index size : {4, 12})
    check_unbiased("no mistake in a plate",
                   batch_mean(size, [](const Var& cost) { return right(cost, cost); }), 200000);
}

TEST_CASE("a baseline that contains the current draw is caught") {
  Estimator mean_of_all = ScoreFunction{Baseline::leave_one_out(3)};
  mean_of_all.surrogate = seeded([](const Trial& t) { return t.cost - mean(t.cost, 0, true); }).surrogate;
  check_biased("mean of all copies", chain(always(mean_of_all), always(mean_of_all)));

  const Baseline updated_first{"updated first", 1, [](const Trial& t) -> BaselineValue {
                                 BaselineValue b = Baseline::running_mean(0.6).value(t);
                                 b.value = 0.6 * b.value + 0.4 * t.cost;
                                 return b;
                               }};
  check_biased("running mean updated before it is used", chain(always(ScoreFunction{updated_first}), right));
}

TEST_CASE("plate-wise costs across a mean are caught") {
  const auto elementwise = [](const Var& cost) {
    return seeded([cost](const Trial&) { return expand_dims(cost, 0); });
  };
  check_biased("plate-wise across a mean", batch_mean(4, elementwise));
}

TEST_CASE("a dropped term is caught: what lies behind a later site") {
  const Planted without_second = [](const Var& first, const Var&) {
    return seeded([first](const Trial&) { return expand_dims(first, 0); });
  };
  check_biased("dropped term", chain(without_second, right));
}

TEST_CASE("a missing site is caught") {
  check_biased("missing site", chain(right, always(Estimator{.name = "nothing"})));
}

TEST_CASE("a wrong sign is caught") {
  check_biased("sign", chain(right, always(seeded([](const Trial& t) { return -t.cost; }))));
}

TEST_CASE("N/n taken twice is caught") {
  const auto twice = [](const Var&) { return seeded([](const Trial& t) { return 3.0 * t.cost; }); };
  check_biased("scale twice", batch_mean(12, twice), 200000);
}

TEST_CASE("a mean over the plate instead of the sum is caught") {
  const auto averaged = [](const Var&) { return seeded([](const Trial& t) { return 0.25 * t.cost; }); };
  check_biased("mean over the plate", batch_mean(4, averaged));
}

}  // namespace tapir::test
