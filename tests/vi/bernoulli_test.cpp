// Bernoulli: its row, its errors, coins that always fall alike, and the size of its tape.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/bernoulli.hpp>

#include <boost/math/special_functions/log1p.hpp>
#include <doctest/doctest.h>

#include <tapir/vi/kl.hpp>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// log of 1 / (1 + exp(-s)), s the logit of the outcome.
long double log_probability(const Parameters& p, long double x) {
  const long double s = x == 1 ? p[0].item() : -p[0].item();
  return s < -11000 ? s : -boost::math::log1p(std::exp(-s));
}

Parameters parameters(double logits) { return {Tensor(logits)}; }

const Listed row{{
    .name = "Bernoulli",
    .make = [](const std::vector<Var>& p) { return Bernoulli{.logits = p[0]}; },
    .cases = {parameters(0.4), parameters(-1.3), parameters(0), parameters(40), parameters(-700), parameters(1e-9),
              parameters(infinity), parameters(-infinity)},
    .log_prob = log_probability,
    .cdf = [](const Parameters& p, long double x) { return x < 1 ? std::exp(log_probability(p, 0)) : 1; },
    .points = [](const Parameters&) { return std::vector<double>{0, 1}; },
    .outside = {-1, 0.5, 2, infinity, -infinity},
}};

}  // namespace

TEST_CASE("Bernoulli: small log probabilities keep their digits") {
  const auto y = numbers(Bernoulli{.logits = 50}.log_prob(Tensor({2}, {1.0, 0.0})));
  CHECK(std::abs(y[0] / -std::exp(-50.0) - 1) < 1e-12);
  CHECK(y[1] == -50);
  CHECK(Bernoulli{.logits = Tensor(-30.F)}.log_prob(0.0).item() / -std::exp(-30.0) == doctest::Approx(1).epsilon(1e-5));
}

TEST_CASE("Bernoulli: probabilities become logits, both ends included") {
  CHECK(Bernoulli::probs(0.25).log_prob(1.0).item() == doctest::Approx(std::log(0.25)).epsilon(1e-15));
  CHECK(Bernoulli::probs(1.0).log_prob(1.0).item() == 0);
  CHECK(Bernoulli::probs(1.0).log_prob(0.0).item() == -infinity);
  CHECK(Bernoulli::probs(0.0).log_prob(0.0).item() == 0);
  CHECK(numbers(Bernoulli::probs(column({0, 1})).entropy()) == std::vector<double>{0, 0});
  CHECK(numbers(Bernoulli::probs(column({0, 1})).sample(Key(1), {2})) == std::vector<double>{0, 1});
  CHECK(kl(Bernoulli::probs(1.0), Bernoulli::probs(0.5)).item() == doctest::Approx(std::log(2)).epsilon(1e-14));
  CHECK(kl(Bernoulli::probs(0.5), Bernoulli::probs(1.0)).item() == infinity);
}

TEST_CASE("Bernoulli: parameter errors name the law, the parameter, the value and the line") {
  const std::string file = "bernoulli_test.cpp";
  CHECK(error_of([&] { Bernoulli::probs(1.5); }) ==
        "[Bernoulli] probs is 1.5, needs to lie in [0, 1]" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { Bernoulli::probs(column({0.5, -0.25})); }) ==
        "[Bernoulli] probs is -0.25 at [1] of f64[2], needs to lie in [0, 1]" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { Distribution(Bernoulli{.logits = NAN}).check(); }) ==
        "[Bernoulli] logits is nan, needs to be a number" + line(__LINE__ - 1, file));
}

TEST_CASE("Bernoulli: a density of images and its gradient by the logits are a few elementwise nodes") {
  const auto tape = Tape::make();
  const Var x = tape->input({f32, {128, 784}});
  const Var logits = tape->input({f32, {128, 784}});
  const Var y = Bernoulli{.logits = logits}.log_prob(x);
  const auto computing = [&] {
    int count = 0;
    for (int i = 0; i < tape->size(); ++i) count += tape->node(i).op->kind() == Kind::elementwise;
    return count;
  };
  CHECK(computing() <= 6);
  (void)grad(sum(y), logits);
  CHECK(computing() <= 14);
}

}  // namespace tapir::vi::test
