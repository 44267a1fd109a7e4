// Special functions: values against mpmath, derivatives at the ends of their domains, errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/special.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

#include "derivative_rule.hpp"

namespace tapir::test {
namespace {

double at(const Var& v, Index i = 0) { return v.tensor().at(i); }

/// f and its derivatives at x, as many as there are numbers.
void check_derivatives(Var (*f)(Arg), double x, const std::vector<double>& expected, double relative) {
  auto program = compile([&](Var v) {
    std::vector<Var> results = {f(v)};
    while (results.size() < expected.size()) results.push_back(grad(results.back(), v));
    return results;
  });
  CAPTURE(x);
  const std::vector<Tensor> results = program(Tensor(x));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CAPTURE(results[i].at(0));
    CHECK(close(results[i].at(0), expected[i], relative));
  }
}

}  // namespace

// mpmath, 40 digits: log(abs(gamma(x))), psi(0, x), psi(1, x), psi(2, x).
TEST_CASE("lgamma is differentiated through digamma, trigamma and polygamma") {
  check_derivatives(lgamma, 1e-3,
                    {6.90717888538385366, -1000.57557193181028, 1000001.64253319583, -2000000002.39763216},
                    2e-15);
  check_derivatives(lgamma, 0.7,
                    {0.260867246531666569, -1.22002355369793474, 2.83404915669461091, -6.43499287419092369},
                    2e-15);
  check_derivatives(
      lgamma, 12.5,
      {18.7343475119364457, 2.48519565127491205, 0.0832852246015783704, -0.00693243658578824079}, 2e-15);
  check_derivatives(lgamma, -2.25,
                    {0.555501545020647471, 4.15858356465797227, 19.3794105118691374, 123.896949774060166},
                    4e-15);
  check_derivatives(lgamma, 1e6,
                    {12815504.5691476117, 13.8155100579641908, 1.00000050000016667e-6, -1.0000010000005e-12},
                    2e-15);
}

// mpmath, 40 digits: psi(n, x).
TEST_CASE("polygamma agrees with mpmath, below 0 too") {
  CHECK(close(at(polygamma(5, 2.5)), 0.578569178567183485, 1e-14));
  CHECK(close(at(polygamma(20, 30)), -4.78608520457176351e-13, 1e-13));
  CHECK(close(at(polygamma(3, -1.5)), 194.594276219187622, 1e-14));
  CHECK(close(at(polygamma(2, 1e-3)), -2000000002.39763216, 1e-14));
  check_close(trigamma(column({0, -1, infinity})), {infinity, infinity, 0});
  check_close(polygamma(2, column({0, -0.0, -1, infinity})), {-infinity, infinity, nan, 0});
}

// mpmath, 40 digits: log(erfc(-x / sqrt(2)) / 2), differentiated.
TEST_CASE("log_ndtr has its derivatives far down the tail") {
  // The second one, y (y - x), has lost x^2 = 900 units in the last place for each that y errs.
  check_derivatives(log_ndtr, -30, {-454.321243956343197, 30.033259667433677, -0.998896228488109909}, 4e-13);
  check_derivatives(log_ndtr, -1e10, {-5e19, 1e10}, 1e-15);
  check_derivatives(log_ndtr, 40, {0, 0, 0}, 0);
}

// mpmath, 40 digits: exp(x) e1(x); quadrature of Owen's integral.
TEST_CASE("exp_e1 and owens_t agree with mpmath") {
  constexpr double integral[][2] = {
      {1e-10, 22.4486352673837875},  {0.1, 2.01464254470845163},        {1.0, 0.596347362323194074},
      {7.0, 0.126641096076632765},   {19.99, 0.0477413709735209724},    {20.01, 0.047695741872955345},
      {60.0, 0.0163977137080465268}, {1000.0, 0.000999001994023880715}, {10000000000.0, 9.999999999e-11},
  };
  for (const auto& [x, y] : integral) {
    CAPTURE(x);
    CHECK(close(at(exp_e1(x)), y, 1e-14));
  }
  CHECK(at(exp_e1(0)) == infinity);
  CHECK(at(exp_e1(infinity)) == 0);
  CHECK(std::isnan(at(exp_e1(-1))));
  constexpr double owen[][3] = {
      {0.0, 2.0, 0.176208191174783363},     {0.5, 1.0, 0.106671062961448516},
      {-1.2, 0.3, 0.0221113875232633691},   {2.0, -4.0, -0.0113750659740896026},
      {3.0, 0.001, 1.76804847042940337e-6}, {0.1, 50.0, 0.230086080937209612},
      {6.0, 0.5, 4.9224186091317393e-10},
  };
  for (const auto& [h, a, y] : owen) {
    CAPTURE(h);
    CHECK(close(at(owens_t(h, a)), y, 1e-14));
  }
}

TEST_CASE("xlogy: at 0 its gradient in y is 0, and the mixed derivative is 1 / y") {
  const auto f = [](const Var& v) { return sum(xlogy(slice(v, 0, 0, 1), slice(v, 0, 1, 2))); };
  auto gradient = compile([&](Var v) { return grad(f(v), v); });
  check_close(gradient(column({0, 4}))[0], {std::log(4.0), 0}, 1e-15);
  check_close(gradient(column({0, 0}))[0], {-infinity, 0});
  auto second = compile([&](Var v) { return hessian(f(v), v); });
  check_close(second(column({0, 4}))[0], {0, 0.25, 0.25, 0}, 1e-15);
}

TEST_CASE("log1mexp has finite derivatives for large x") {
  check_derivatives(log1mexp, 1000, {0, 0, 0}, 0);
  check_derivatives(log1mexp, 1e-3, {std::log(-std::expm1(-1e-3)), 1 / std::expm1(1e-3)}, 1e-15);
}

TEST_CASE("i1e has its derivative at 0") {
  check_derivatives(i1e, 0, {0, 0.5}, 0);
  check_derivatives(log_i0, 0, {0, 0, 0.5}, 0);
}

TEST_CASE("polygamma: an order below 0 is an error, orders 0 and 1 are digamma and trigamma") {
  CHECK_THROWS_WITH_AS(polygamma(-1, 1.5),
                       doctest::Contains("[polygamma] the order is -1; it has to be from 0 to 10000"), Error);
  CHECK(at(polygamma(0, 1.5)) == at(digamma(1.5)));
  CHECK(at(polygamma(1, 1.5)) == at(trigamma(1.5)));
}

}  // namespace tapir::test
