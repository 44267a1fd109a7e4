// HiddenMarkov: against the sum over all paths of states.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/hidden_markov.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <tapir/vi/distributions/distributions.hpp>

#include "matrices.hpp"
#include "recorded_run.hpp"
#include "recording.hpp"
#include "vector_suite.hpp"

namespace tapir::vi::test {
namespace {

using Vars = std::vector<Var>;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int states = 3;
constexpr Index length = 4;

// initial [3], transition [3,3], loc [3], scale [3]
const std::vector<Tensor> parameters{column({0.2, -0.4, 0.1}),
                                     Tensor({3, 3}, {1.0, 0.2, -1.0, 0.3, 0.8, 0.1, -0.6, 0.4, 1.5}),
                                     column({-2, 0.3, 1.7}), column({0.5, 0.8, 1.1})};

HiddenMarkov chain(const Vars& p, Index steps = length) {
  return {Categorical{p[0]}, Categorical{p[1]}, Normal{.loc = p[2], .scale = p[3]}, steps};
}

HiddenMarkov plain(Index steps = length) { return chain({parameters.begin(), parameters.end()}, steps); }

const std::vector<double> seen{-1.5, 0.4, 2.0, 0.9};

long double probability(const Tensor& logits, int row, int state) {
  long double total = 0;
  for (int k = 0; k < states; ++k) total += std::exp(static_cast<long double>(logits.at(states * row + k)));
  return std::exp(static_cast<long double>(logits.at(states * row + state))) / total;
}

long double density(const std::vector<Tensor>& p, double x, int state) {
  const long double scale = p[3].at(state), z = (x - static_cast<long double>(p[2].at(state))) / scale;
  return std::exp(-z * z / 2) / (scale * std::sqrt(2 * 3.14159265358979323846264338327950288L));
}

// f(path, its probability with what is seen) for all 81 paths.
template <class F>
void for_each_path(const std::vector<Tensor>& p, const std::vector<double>& x, bool with_density,
                   const F& f) {
  const int steps = static_cast<int>(x.size());
  const auto count = static_cast<int>(std::pow(states, steps));
  for (int code = 0; code < count; ++code) {
    std::vector<int> path;
    for (int t = 0, rest = code; t < steps; ++t, rest /= states) path.push_back(rest % states);
    long double joint = probability(p[0], 0, path[0]);
    for (std::size_t t = 0; t < path.size(); ++t) {
      if (t > 0) joint *= probability(p[1], path[t - 1], path[t]);
      if (with_density) joint *= density(p, x[t], path[t]);
    }
    f(path, joint);
  }
}

long double oracle(const std::vector<Tensor>& p, const std::vector<double>& x) {
  long double total = 0;
  for_each_path(p, x, true, [&](const std::vector<int>&, long double joint) { total += joint; });
  return std::log(total);
}

std::vector<double> doubles(const Point& x) { return {x.begin(), x.end()}; }

Tensor random_logits(const Shape& shape, std::mt19937_64& noise) {
  std::normal_distribution<double> normal_number;
  std::vector<double> x;
  for (Index i = 0; i < shape.size(); ++i) x.push_back(4 * normal_number(noise));
  return {shape, std::span<const double>(x)};
}

// Two steps, so that integrals over all sequences are done with; longer sequences are further below.
const ListedVector row{
    {.name = "HiddenMarkov of Normals",
     .make = [](const Vars& p) { return chain(p, 2); },
     .cases = {parameters,
               {column({1, 0, -0.5}), square_of(3, {0, 1, 0.5, -0.5, 0, 0.2, 1, 1, 0}), column({0.5, -1, 1}),
                column({0.7, 0.9, 0.6})},
               {column({-40, 0, 30}), square_of(3, {0, 20, 0, 0, 0, -50, 0, 0, 0}), column({-4, 0, 3}),
                column({0.1, 3, 0.4})}},
     .extremes = {{column({0, -60, 1}), square_of(3, {0, -500, 0, -300, 0, 0, 0, 0, 800}),
                   column({0, 1e3, -1e3}), column({1e-30, 1e30, 1})},
                  {column({0, 0, 0}), square_of(3, {0, 0, 0, 0, 0, 0, 0, 0, 0}), column({0, 0, 0}),
                   column({1e30, 1e30, 1e30})}},
     .log_prob = [](const Parameters& p, const Point& x) { return oracle(p, doubles(x)); },
     .points =
         [](const Parameters& p) {
           std::vector<Point> points;
           for (int k = 0; k < 20; ++k) {
             const auto size = static_cast<long double>(k < 12 ? k * 0.25 : std::exp(0.5 * (k - 12)));
             const Index state = k % 3, other = (k / 3) % 3;
             points.push_back({p[2].at(state) + size * p[3].at(state) * std::sin(1.0L + k),
                               p[2].at(other) - size * p[3].at(other) * std::cos(2.0L * k)});
           }
           return points;
         },
     .outside = {{0, infinity}, {-infinity, 1}},
     .projections = {{[](const Parameters&, const Point& x) { return static_cast<double>(x[0]); },
                      [](const Parameters& p, double x) {
                        long double total = 0;
                        for (int k = 0; k < states; ++k)
                          total += probability(p[0], 0, k) *
                                   std::erfc((p[2].at(k) - static_cast<long double>(x)) /
                                             (p[3].at(k) * std::sqrt(2.0L))) /
                                   2;
                        return total;
                      }}},
     .random =
         [](std::mt19937_64& noise) {
           return Parameters{
               random_logits({3}, noise), random_logits({3, 3}, noise), random_vector(3, noise),
               column({random_positive(noise), random_positive(noise), random_positive(noise)})};
         }}};

}  // namespace

TEST_CASE("HiddenMarkov: log_prob and its gradients are those of the sum over all paths") {
  CHECK(near(plain().log_prob(column(seen)).item(), oracle(parameters, seen), 1e-13));
  CHECK(near(plain(1).log_prob(column({0.4})).item(), oracle(parameters, {0.4}), 1e-13));
  auto inputs = parameters;
  inputs.push_back(column(seen));
  const auto results = value_and_gradients(inputs, [](const Vars& v) { return chain(v).log_prob(v[4]); });
  CHECK(near(results[0].item(), oracle(parameters, seen), 1e-13));
  for (std::size_t k = 0; k < inputs.size(); ++k)
    for (Index i = 0; i < inputs[k].size(); ++i) {
      const long double expected = central_difference(
          [&](long double to) {
            auto at = inputs;
            at[k].mutable_view<double>()[static_cast<std::size_t>(i)] = static_cast<double>(to);
            return oracle(at, numbers(at[4]));
          },
          inputs[k].at(i), 0x1p-10L);
      CHECK(near(results[k + 1].at(i), expected, 1e-8));
    }
}

TEST_CASE("HiddenMarkov: in f32, in far tails, and over long sequences the recursion keeps its digits") {
  Vars single;
  for (const Tensor& p : parameters) single.emplace_back(p.cast(f32));
  const Var y = chain(single).log_prob(column(seen).cast(f32));
  CHECK(y.type() == Type{f32, {}});
  CHECK(near(y.item(), oracle(parameters, seen), 1e-5));
  CHECK(near(plain().log_prob(column({-1.5, 60, 2, 0.9})).item(), -1371.7, 1));
  const Var long_one = plain(3000).log_prob(Tensor(Type{f64, {3000}}));
  CHECK(std::isfinite(long_one.item()));
  CHECK(long_one.item() < -3000);
}

TEST_CASE("HiddenMarkov: states given the whole sequence, mean and variance are sums over paths") {
  std::vector<long double> posterior(static_cast<std::size_t>(length * states)), prior = posterior;
  for (const bool with_density : {true, false})
    for_each_path(parameters, seen, with_density, [&](const std::vector<int>& path, long double joint) {
      for (std::size_t t = 0; t < path.size(); ++t)
        (with_density ? posterior : prior)[t * states + static_cast<std::size_t>(path[t])] += joint;
    });
  const long double evidence = std::exp(oracle(parameters, seen));
  const Tensor log_p = plain().state_log_probs(column(seen)).tensor();
  CHECK(log_p.shape() == Shape{length, states});
  for (std::size_t i = 0; i < posterior.size(); ++i)
    CHECK(near(log_p.at(static_cast<Index>(i)), std::log(posterior[i] / evidence), 1e-12));
  const Tensor alone = plain(1).state_log_probs(column({0.4})).tensor();
  CHECK(alone.shape() == Shape{1, states});
  const Tensor mean = plain().mean()->tensor(), variance = plain().variance()->tensor();
  for (Index t = 0; t < length; ++t) {
    long double first = 0, second = 0;
    for (int s = 0; s < states; ++s) {
      const long double p = prior[static_cast<std::size_t>(t * states + s)], m = parameters[2].at(s);
      first += p * m;
      second += p * (m * m + std::pow(static_cast<long double>(parameters[3].at(s)), 2));
    }
    CHECK(near(mean.at(t), first, 1e-13));
    CHECK(near(variance.at(t), second - first * first, 1e-13));
  }
}

// 7 comparisons; a new seed fails in 1 of 2000.
TEST_CASE("HiddenMarkov: draws have its moments, those of neighbours too, plain and recorded") {
  constexpr Index n = 40000;
  const Tensor z = plain().sample(Key(4), {n}).tensor();
  CHECK(z.shape() == Shape{n, length});
  const auto recorded =
      run_recorded(parameters, [](const Vars& p) -> Vars { return {chain(p).sample(Key(4), {n})}; });
  CHECK(identical(recorded[0], z));
  const Tensor mean = plain().mean()->tensor();
  for (Index t = 0; t < length; ++t) {
    Moments draws;
    for (Index i = 0; i < n; ++i) draws.add(z.at(length * i + t));
    CHECK(std::abs(draws.z(mean.at(t))) < 4);
  }
  for (std::size_t t = 0; t + 1 < static_cast<std::size_t>(length); ++t) {
    long double product = 0;
    for_each_path(parameters, seen, false, [&](const std::vector<int>& path, long double joint) {
      product += joint * parameters[2].at(path[t]) * parameters[2].at(path[t + 1]);
    });
    Moments draws;
    for (Index i = 0; i < n; ++i)
      draws.add(z.at(length * i + static_cast<Index>(t)) * z.at(length * i + static_cast<Index>(t) + 1));
    CHECK(std::abs(draws.z(static_cast<double>(product))) < 4);
  }
}

TEST_CASE("HiddenMarkov: excluded states and transitions, batches, and states seen through several laws") {
  const Tensor left_to_right({2, 2}, {0.0, 0.0, -infinity, 0.0});
  const HiddenMarkov law(Categorical{column({0, -infinity})}, Categorical{left_to_right},
                         {Bernoulli{.logits = infinity}, Bernoulli{.logits = -infinity}}, 3);
  CHECK(law.is_atomic());
  const Tensor x({4, 3}, {1., 1., 1., 1., 1., 0., 1., 0., 0., 1., 0., 1.});
  const auto p = numbers(law.log_prob(x));
  CHECK(near(p[0], std::log(0.25L), 1e-14));
  CHECK(near(p[1], std::log(0.25L), 1e-14));
  CHECK(near(p[2], std::log(0.5L), 1e-14));
  CHECK(p[3] == -infinity);
  const Distribution batch =
      HiddenMarkov(Categorical{column({0, 0})}, Categorical{Tensor({2, 2}, {1., 0., 0., 1.})},
                   Normal{.loc = irregular({5, 2}), .scale = 1}, 3);
  CHECK(batch.batch_shape() == Shape{5});
  CHECK(batch.own_shape() == Shape{3});
  const Var draws = batch.sample(Key(1), {7, 5});
  CHECK(draws.shape() == Shape{7, 5, 3});
  CHECK(batch.log_prob(draws).shape() == Shape{7, 5});
}

TEST_CASE("HiddenMarkov: vectors may be seen of each state") {
  const Tensor loc({2, 2}, {0., 1., 5., 6.});
  const Distribution law =
      HiddenMarkov(Categorical{column({0, 0})}, Categorical{Tensor({2, 2}, {1., 0., 0., 1.})},
                   Independent(Normal{.loc = loc, .scale = 0.5}, 1), 3);
  CHECK(law.own_shape() == Shape{3, 2});
  const Var x = law.sample(Key(2), {4});
  CHECK(x.shape() == Shape{4, 3, 2});
  CHECK(law.log_prob(x).shape() == Shape{4});
  CHECK(law.mean()->shape() == Shape{3, 2});
}

TEST_CASE("HiddenMarkov: errors") {
  const Where at{"model.cpp", 7};
  const Categorical three{column({0, 0, 0})};
  const Normal family{.loc = column({0, 1, 2})};
  CHECK(error_of([&] {
          HiddenMarkov(three, Categorical{Tensor(Type{f64, {2, 3}})}, family, 4, at);
        }) ==
        "[HiddenMarkov] transitions are f64[2,3]; over 3 states they have to be [..,3,3] (at model.cpp:7)");
  CHECK(
      error_of([&] {
        HiddenMarkov(three, Categorical{Tensor(Type{f64, {3, 3}})}, Normal{column({0, 1})}, 4, at);
      }) ==
      "[HiddenMarkov] components of Normal have batch shape [2]; its last axis has to be 3 (at model.cpp:7)");
  CHECK(error_of([&] {
          HiddenMarkov(three, Categorical{Tensor(Type{f64, {3, 3}})}, family, 0, at);
        }) == "[HiddenMarkov] the length is 0, needs to be at least 1 (at model.cpp:7)");
  CHECK(error_of([&] {
          plain().log_prob({column({1, 2}), at});
        }) == "[HiddenMarkov] x is f64[2]; its last axes have to be [4] (at model.cpp:7)");
}

}  // namespace tapir::vi::test
