// Categorical: its row, its errors, excluded categories.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/vi/distributions/categorical.hpp>

#include <doctest/doctest.h>

#include <tapir/vi/distributions/distributions.hpp>
#include <tapir/vi/kl.hpp>

#include "law_suite.hpp"
#include "recorded_run.hpp"

namespace tapir::vi::test {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// logits[x] - log sum exp(logits), relative to the largest.
long double log_probability(const Parameters& p, long double x) {
  long double largest = -INFINITY, total = 0;
  for (double l : numbers(p[0])) largest = std::max<long double>(largest, l);
  for (double l : numbers(p[0])) total += std::exp(l - largest);
  return p[0].at(static_cast<Index>(x)) - largest - std::log(total);
}

Parameters parameters(const std::vector<double>& logits) { return {column(logits)}; }

const Listed row{{
    .name = "Categorical",
    .make = [](const std::vector<Var>& p) { return Categorical{.logits = p[0]}; },
    .cases = {parameters({0.1, -0.7, 1.1, 0.3, -1.2}), parameters({2, 1, 0.5, -3, 1.5}), parameters({0, 0, 0, 0, 0}),
              parameters({1000, 999, 990, 1001, 200}), parameters({-1000, -999, -1010, -2000, -1001}),
              parameters({-infinity, 0, 1, -infinity, -infinity})},
    .log_prob = log_probability,
    .points = [](const Parameters&) { return std::vector<double>{0, 1, 2, 3, 4}; },
    .outside = {-1, 5, 1e9},
}};

}  // namespace

TEST_CASE("Categorical: probabilities become logits, and need not sum to 1") {
  const Tensor all({3}, {Index{0}, Index{1}, Index{2}});
  const auto y = numbers(Categorical::probs(column({0.2, 0.6, 0.0})).log_prob(all));
  CHECK(y[0] == doctest::Approx(std::log(0.25)).epsilon(1e-14));
  CHECK(y[1] == doctest::Approx(std::log(0.75)).epsilon(1e-14));
  CHECK(y[2] == -infinity);
}

TEST_CASE("Categorical: bare numbers are categories if they are whole") {
  const Categorical law{.logits = column({0, 0})};
  CHECK(law.log_prob(1).item() == doctest::Approx(-std::log(2)).epsilon(1e-14));
  CHECK(law.log_prob(0.5).item() == -infinity);
  CHECK(law.log_prob(2).item() == -infinity);
}

TEST_CASE("Categorical: logits and values broadcast without the last axis of the logits") {
  const Categorical law{.logits = Tensor({2, 1, 3}, {1.0, 2.0, 3.0, 0.0, 0.0, 0.0})};
  const Distribution any = law;
  CHECK(any.batch_shape() == Shape{2, 1});
  const Var y = any.log_prob(Tensor({4}, {Index{0}, Index{1}, Index{2}, Index{0}}));
  CHECK(y.shape() == Shape{2, 4});
  CHECK(y.tensor().at(0) == doctest::Approx(1 - std::log(std::exp(1) + std::exp(2) + std::exp(3))).epsilon(1e-14));
  CHECK(y.tensor().at(5) == doctest::Approx(-std::log(3)).epsilon(1e-14));
  CHECK(any.sample(Key(1), {5, 2, 4}).type() == Type{i64, {5, 2, 4}});
  CHECK(law.entropy().shape() == Shape{2, 1});
}

TEST_CASE("Categorical: the gradient of log_prob by the logits is one_hot(x) - softmax(logits)") {
  const auto results = value_and_gradients({column({0.5, -1, 2})}, [](const std::vector<Var>& v) {
    return Categorical{.logits = v[0]}.log_prob(Tensor(Index{2}));
  });
  const double total = std::exp(0.5) + std::exp(-1) + std::exp(2);
  CHECK(results[1].at(0) == doctest::Approx(-std::exp(0.5) / total).epsilon(1e-14));
  CHECK(results[1].at(2) == doctest::Approx(1 - std::exp(2) / total).epsilon(1e-14));
}

TEST_CASE("Categorical: errors name the law, the types and the line") {
  const std::string file = "categorical_test.cpp";
  CHECK(error_of([&] { Categorical::probs(column({-0.5, 1, 0.5})); }) ==
        "[Categorical] probs is -0.5 at [0] of f64[3], needs to lie in [0, 1]" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { Distribution(Categorical{.logits = column({0, INFINITY})}).check(); }) ==
        "[Categorical] logits is inf at [1] of f64[2], needs to be a number below inf" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { Categorical{.logits = Tensor(0.5)}.log_prob(0); }) ==
        "[Categorical] logits f64[] has no axis to consume; a value needs 1" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { Categorical{.logits = Tensor(Type{f64, {2, 3}})}.log_prob(Tensor(Type{i64, {4}})); }) ==
        "[Categorical] shapes do not broadcast: x i64[4] and logits f64[2,3]" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { kl(Categorical{.logits = column({0, 0, 0})}, Categorical{.logits = column({0, 0, 0, 0})}); }) ==
        "[kl] categoricals over 3 and 4 categories" + line(__LINE__ - 1, file));
  CHECK(error_of([&] { Categorical{.logits = column({0, 0})}.log_prob(column({0, 1})); }) ==
        "[take] indices are f64[2]; they have to be i64" + line(__LINE__ - 1, file));
}

TEST_CASE(
    "weights of categories: all of them 0 is an error of every law that has them, where it is made or used") {
  const Where at{"model.cpp", 7};
  const Tensor none = column({0, 0}), logits = column({-INFINITY, -INFINITY});
  const auto text = [](const char* law, const char* parameter) {
    return "[" + std::string(law) + "] " + parameter +
           " is -inf throughout, needs to be above -inf somewhere (at model.cpp:7)";
  };
  CHECK(error_of([&] { Categorical::probs({none, at}); }) == text("Categorical", "log probs"));
  CHECK(error_of([&] { OneHotCategorical::probs({none, at}); }) == text("OneHotCategorical", "log probs"));
  CHECK(error_of([&] { Multinomial::probs(3, {none, at}); }) == text("Multinomial", "log probs"));
  const auto error = [&](const Distribution& law) { return error_of([&] { law.check(at); }); };
  CHECK(error(Categorical{logits}) == text("Categorical", "logits"));
  CHECK(error(OneHotCategorical{logits}) == text("OneHotCategorical", "logits"));
  CHECK(error(Multinomial{3, logits}) == text("Multinomial", "logits"));
  CHECK(error(Mixture(Categorical{logits}, {Normal{}, Cauchy{}})) == text("Mixture", "weights.logits"));
  CHECK(error(Empirical(column({1, 2}), Categorical{logits})) == text("Empirical", "weights"));
  const double excluded = -INFINITY;
  const Tensor rows({2, 2}, {0.0, 1.0, excluded, excluded});
  CHECK(error(HiddenMarkov(Categorical{column({0, 1})}, Categorical{rows}, Normal{column({0, 1})}, 3)) ==
        "[HiddenMarkov] transition.logits is -inf throughout at [1] of f64[2,2], needs to be above -inf "
        "somewhere "
        "(at model.cpp:7)");
  CHECK(error(RelaxedOneHotCategorical{1, logits}) ==
        "[RelaxedOneHotCategorical] logits is -inf at [0] of f64[2], needs to be finite (at model.cpp:7)");
  CHECK(error_of([&] { (void)Distribution(Categorical{logits}).sample(Key(1), {}, at); }) ==
        text("Categorical", "logits"));
}

}  // namespace tapir::vi::test
