// First and second derivatives, through recorded programs, where a formula would give NaN or forget a term.
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/random.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

#include "derivative_rule.hpp"

namespace tapir::test {
namespace {

template <class F>
Tensor gradient(const F& f, const Tensor& x) {
  return compile([f](Var v) { return grad(f(v), v); })(x)[0];
}

template <class F>
Tensor hessian_of(const F& f, const Tensor& x) {
  return compile([f](Var v) { return hessian(f(v), v); })(x)[0];
}

}  // namespace

TEST_CASE("pow with whole exponents has both derivatives at 0 and below") {
  const auto power = [](double b) { return [b](const Var& x) { return sum(pow(x, Var(b) * 1)); }; };
  const Tensor x = column({0, -2});
  check_close(gradient(power(0), x), {0, 0});
  check_close(gradient(power(1), x), {1, 1});
  check_close(gradient(power(2), x), {0, -4});
  check_close(gradient(power(3), x), {0, 12}, 1e-15);
  check_close(hessian_of(power(0), x), {0, 0, 0, 0});
  check_close(hessian_of(power(1), x), {0, 0, 0, 0});
  check_close(hessian_of(power(2), x), {2, 0, 0, 2}, 1e-15);
  check_close(hessian_of(power(3), x), {0, 0, 0, -12}, 1e-15);
}

TEST_CASE("pow: the mixed derivative at exponent 0 is 1 / a") {
  // f = a^b: f_ab = a^(b-1) (1 + b log a).
  const auto f = [](const Var& x) { return sum(pow(slice(x, 0, 0, 1), slice(x, 0, 1, 2))); };
  const double log_4 = std::log(4.0);
  check_close(hessian_of(f, column({4, 0})), {0, 0.25, 0.25, log_4 * log_4}, 1e-15);
}

TEST_CASE("prod has the right Hessian with no zero, one and two") {
  const auto f = [](const Var& x) { return prod(x); };
  for (const Tensor& x : {column({2, 3, 4, 5, 7}), column({2, 0, 4, 5, 7}), column({2, 0, 4, 0, 7})}) {
    std::vector<double> expected;
    for (Index i = 0; i < 5; ++i)
      for (Index j = 0; j < 5; ++j) {
        double product = i == j ? 0 : 1;
        for (Index k = 0; k < 5; ++k)
          if (k != i && k != j) product *= x.at(k);
        expected.push_back(product);
      }
    check_close(hessian_of(f, x), expected, 1e-15);
  }
}

TEST_CASE("var has the Hessian 2 (I - 1/n) / (n - correction)") {
  const auto f = [](const Var& x) { return var(x, Axes::all(), 1); };
  const Tensor h = hessian_of(f, column({1, 5, 6, 2}));
  for (Index i = 0; i < 4; ++i)
    for (Index j = 0; j < 4; ++j) CHECK(std::abs(h.at(i * 4 + j) - 2.0 / 3 * ((i == j) - 0.25)) < 1e-15);
}

TEST_CASE("norm has finite derivatives at 0") {
  const auto f = [](const Var& x) { return norm(x); };
  check_close(gradient(f, column({0, 0})), {0, 0});
  check_close(hessian_of(f, column({0, 0})), {0, 0, 0, 0});
  check_close(hessian_of(f, column({3, 4})), {16.0 / 125, -12.0 / 125, -12.0 / 125, 9.0 / 125}, 1e-14);
}

TEST_CASE("logsumexp and logaddexp have the covariance of the shares as Hessian, and zero at -inf") {
  const auto f = [](const Var& x) { return logsumexp(x); };
  const auto g = [](const Var& x) { return sum(logaddexp(slice(x, 0, 0, 1), slice(x, 0, 1, 2))); };
  const Tensor x = column({0, std::log(3.0)});
  const std::vector<double> covariance = {3.0 / 16, -3.0 / 16, -3.0 / 16, 3.0 / 16};
  check_close(hessian_of(f, x), covariance, 1e-14);
  check_close(hessian_of(g, x), covariance, 1e-14);
  const Tensor nothing = column({-infinity, -infinity});
  for (const Tensor& h : {hessian_of(f, nothing), hessian_of(g, nothing)}) check_close(h, {0, 0, 0, 0});
  check_close(gradient(f, nothing), {0, 0});
  check_close(gradient(g, nothing), {0, 0});
}

TEST_CASE("where keeps NaN of the side that is not taken out of both derivatives") {
  const auto f = [](const Var& x) {
    const Var positive = x > 0;
    return sum(where(positive, log(where(positive, x, 1)), 0));
  };
  check_close(gradient(f, column({-1, 0, 2})), {0, 0, 0.5});
  check_close(hessian_of(f, column({0, 2})), {0, 0, 0, -0.25});
}

TEST_CASE("sort and top_k send gradients to where the elements came from") {
  const Tensor weights = column({1, 10, 100});
  const Tensor x = column({5, 3, 4});
  check_close(gradient([&](const Var& v) { return sum(sort(v) * weights); }, x), {100, 1, 10});
  check_close(gradient(
                  [&](const Var& v) {
                    return sum(top_k(v, 2).values * column({1, 10}));
                  },
                  x),
              {1, 0, 10});
  check_close(hessian_of([&](const Var& v) { return sum(square(sort(v)) * weights); }, x),
              {200, 0, 0, 0, 2, 0, 0, 0, 20});
  const Tensor table({2, 3}, {1.0, 9.0, 3.0, 7.0, 2.0, 5.0});
  check_close(gradient(
                  [](const Var& v) {
                    return sum(sort(v, 0) * Tensor({2, 1}, {1.0, 2.0}));
                  },
                  table),
              {1, 2, 1, 2, 1, 2});
}

TEST_CASE("clamp: nothing outside, half at a bound, all inside") {
  const auto f = [](const Var& x) { return sum(clamp(x, -1, 1) * 4); };
  check_close(gradient(f, column({-2, -1, 0, 1, 2})), {0, 2, 4, 2, 0});
}

TEST_CASE("a replay draws from the counter that it is given") {
  auto draws = compile([](Var counter) { return normal(Key(counter, f32) / "z", {4}); });
  for (Index step : {0, 1, 2}) {
    const Tensor counter({2}, {Index{9}, step});
    CHECK(identical(draws(counter)[0], normal(Key(Var(counter), f32) / "z", {4}).tensor()));
  }
}

}  // namespace tapir::test
