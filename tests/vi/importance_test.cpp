// Importance-weighted bounds: against sums over draws by hand, exact evidences, and the order of bounds.
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <tapir/vi/particles.hpp>
#include <tapir/vi/vi.hpp>

#include "recording.hpp"

namespace tapir::vi::test {
namespace {

const Normal standard{0, 1};
const Tensor data = irregular({3, 4}, 0.7);

// z_i ~ N(0, 1) for each row, x_ij ~ N(z_i, 0.8); the guide is N(loc_i, 0.7), not the posterior.
void rows_guide(Context& c) {
  const auto rows = c.plate("rows", 3);
  (void)c.sample("z", Normal{c.param("loc", Tensor({3}, {0.1, -0.2, 0.3})), 0.7});
}
void rows_model(Context& c) {
  const auto rows = c.plate("rows", 3);
  const Var z = c.sample("z", standard);
  const auto columns = c.plate("columns", 4);
  c.observe("x", Normal{z, 0.8}, data);
}
double log_weight(Index row, double z) {
  const double loc[] = {0.1, -0.2, 0.3};
  double total = log_normal(z, 0, 1) - log_normal(z, loc[row], 0.7);
  for (Index j = 0; j < 4; ++j) total += log_normal(data.at(4 * row + j), z, 0.8);
  return total;
}
// One observation after the other.
double log_evidence(Index row) {
  double total = 0;
  double loc = 0;
  double variance = 1;
  for (Index j = 0; j < 4; ++j) {
    const double x = data.at(4 * row + j);
    total += log_normal(x, loc, std::sqrt(variance + 0.64));
    const double gain = variance / (variance + 0.64);
    loc += gain * (x - loc);
    variance *= 1 - gain;
  }
  return total;
}

}  // namespace

TEST_CASE("importance: the bound is the log of the mean weight, by hand, per element of the latent values' "
          "plates") {
  Recording r;
  const Pair pair(r, rows_guide, rows_model);
  constexpr Index K = 6;
  const ImportanceBound bound = importance_weighted(pair.guide, pair.model, K);
  CHECK(bound.plates == Plates{{"rows", 3, 3}});
  const Var z = *pair.guide.find("z")->value;
  const auto draws = over_draws(std::vector<Var>{z}, K, {});
  const auto values = r.run({bound.value, draws[0]});
  REQUIRE(values[0].shape() == Shape{3});
  for (Index row = 0; row < 3; ++row) {
    double largest = -1e300;
    for (Index k = 0; k < K; ++k) largest = std::max(largest, log_weight(row, values[1].at(3 * k + row)));
    double total = 0;
    for (Index k = 0; k < K; ++k) total += std::exp(log_weight(row, values[1].at(3 * k + row)) - largest);
    CHECK(near(values[0].at(row), largest + std::log(total / K), 1e-13));
    for (Index k = 1; k < K; ++k) CHECK(values[1].at(3 * k + row) != values[1].at(row));
  }
}

TEST_CASE("importance: the mean bound rises with the number of draws, towards the evidence, and its weights "
          "are unbiased") {
  // 4000 bounds each: the means rise by many standard errors. The mean weight is the evidence: one two-sided
  // z test per row at 4.5 standard errors, 2e-5 false alarms.
  Recording r;
  const Pair pair(r, rows_guide, rows_model);
  std::vector<Var> bounds;
  for (const Index particles : {1, 4, 32})
    bounds.push_back(importance_weighted(pair.guide, pair.model, particles).value);
  Program program = r.program(bounds);
  Moments mean[3][3];
  Moments weight[3];
  for (Index draw = 0; draw < 4000; ++draw) {
    const auto values = Recording::run(program, draw);
    for (std::size_t b = 0; b < 3; ++b)
      for (std::size_t row = 0; row < 3; ++row) mean[b][row].add(values[b].at(static_cast<Index>(row)));
    for (std::size_t row = 0; row < 3; ++row)
      weight[row].add(std::exp(values[2].at(static_cast<Index>(row))));
  }
  for (std::size_t row = 0; row < 3; ++row) {
    const double evidence = log_evidence(static_cast<Index>(row));
    CHECK(mean[0][row].mean() < mean[1][row].mean());
    CHECK(mean[1][row].mean() < mean[2][row].mean());
    CHECK(mean[2][row].mean() < evidence);
    CHECK(evidence - mean[2][row].mean() < 0.05);
    CHECK(std::abs(weight[row].z(std::exp(evidence))) < 4.5);
  }
}

TEST_CASE("importance: discrete and continuous sites, and those that depend on one another") {
  Recording r;
  const auto guide = [](Context& c) {
    const Var k = c.sample("k", Bernoulli{0.4}, ScoreFunction{Baseline::none()});
    (void)c.sample("z", Normal{k, 0.5});
  };
  const auto model = [](Context& c) {
    const Var k = c.sample("k", Bernoulli{0.0});
    const Var z = c.sample("z", Normal{0.5 * k, 1});
    c.observe("x", Normal{z, 1}, 0.7);
  };
  const Pair pair(r, guide, model);
  Program program = r.program({importance_weighted(pair.guide, pair.model, 20).value});
  // The mean of 4000 mean weights against the evidence: a two-sided z test at 4.5 standard errors, 7e-6 false
  // alarms.
  Moments weight;
  for (Index draw = 0; draw < 4000; ++draw) weight.add(std::exp(Recording::run(program, draw)[0].item()));
  double evidence = 0;
  for (const double k : {0.0, 1.0}) evidence += 0.5 * std::exp(log_normal(0.7, 0.5 * k, std::sqrt(2.0)));
  CHECK(std::abs(weight.z(evidence)) < 4.5);
}

TEST_CASE("importance: without latent sites it is the log likelihood, per element") {
  Recording r;
  const auto guide = [](Context&) {};
  const auto model = [](Context& c) {
    const Var loc = c.param("loc", 0.3);
    const auto rows = c.plate("rows", 60, 3);
    c.observe("x", Normal{loc, 1}, Tensor({3}, {0.1, 0.2, 0.3}));
  };
  const Pair pair(r, guide, model);
  const auto values = r.run({importance_weighted(pair.guide, pair.model, 5).value});
  REQUIRE(values[0].shape() == Shape{3});
  for (Index i = 0; i < 3; ++i)
    CHECK(near(values[0].at(i), log_normal(0.1 * static_cast<double>(i + 1), 0.3, 1), 1e-14));
}

TEST_CASE("importance: a term outside of the latent values' plates belongs to all of them") {
  // Counting it once per row would be wrong: the bound is then for everything at once.
  Recording r;
  const auto model = [](Context& c) {
    rows_model(c);
    c.observe("y", standard, 1.5);
  };
  const Pair pair(r, rows_guide, model);
  const ImportanceBound bound = importance_weighted(pair.guide, pair.model, 1);
  CHECK(bound.plates.empty());
  const Var z = *pair.guide.find("z")->value;
  const auto draws = over_draws(std::vector<Var>{z}, 1, {});
  const auto values = r.run({bound.value, draws[0]});
  double expected = log_normal(1.5, 0, 1);
  for (Index row = 0; row < 3; ++row) expected += log_weight(row, values[1].at(row));
  CHECK(near(values[0].item(), expected, 1e-13));
}

TEST_CASE("importance: masked elements have no weight") {
  Recording r;
  const auto model = [](Context& c) {
    const auto handled = c.with({mask(Tensor({3}, {1.0, 0.0, 1.0}))});
    rows_model(c);
  };
  const Pair pair(r, rows_guide, model);
  const auto values = r.run({importance_weighted(pair.guide, pair.model, 4).value});
  CHECK(values[0].at(0) != 0);
  CHECK(near(values[0].at(1), 0, 1e-15));
}

}  // namespace tapir::vi::test
