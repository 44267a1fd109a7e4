// Logarithms of the incomplete gamma and beta functions: values and derivatives against mpmath, ends, errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/special_tails.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

#include "derivative_rule.hpp"

namespace tapir::test {
namespace {

double at(const Var& v) { return v.tensor().at(0); }

// Of numbers below the least normal one, nothing.
void check(double actual, double expected, double relative) {
  CAPTURE(actual);
  CAPTURE(expected);
  CHECK((std::abs(expected) < 1e-290 ? std::abs(actual) < 1e-289 : close(actual, expected, relative)));
}

}  // namespace

// mpmath, 60 digits: a log x - x - loggamma(a + 1) + log of the series of 1F1(1; a + 1; x), for x > a + 1 that of 1 - P by
// the continued fraction DLMF 8.9.2; differences by a and by log x with h = 1e-20.
TEST_CASE("log_gamma_p, log_gamma_q and their slopes agree with mpmath, however small the probability") {
  constexpr double points[][8] = {
      {1e-3, 1e-5, -0.0109365418566719115, -4.52110892008017846, -10.9373635131650127, 994.61641576220439,
       0.000999990010039885057, 0.0909365843410708599},
      {1e-3, 700, 0, -713.453132238345458, 0, 1007.12807677894493, 0, 700.997578933883388},
      {0.5, 1e-300, -345.266981711471607, -1.12837916709551259e-150, -690.812017872192282,
       7.79497889346194683e-148, 0.5, 5.64189583547756294e-151},
      {2.5, 1500, 0, -1489.313852456615, 0, 6.61073063481594681, 0, 1498.50099966633433},
      {7, 7, -0.597311785702830562, -0.799150000565054235, -0.27730308439908897, 0.339321925799426241,
       1.89540325824461503, 2.31931024188847052},
      {30, 0.02, -192.038281155201186, -3.97039924962447571e-84, -7.32981529528942568,
       2.91022931483031406e-83, 29.9806455517302005, 1.19035132601846964e-82},
      {200, 1000, -1.60654418034141366e-210, -483.068784128563354, -2.591654760867257e-210,
       1.61318611251418758, 1.28723977978186897e-207, 801.247669085771466},
      {1e4, 5e3, -1936.30297533159758, 0, -0.693297099830415656, 0, 5000.99940075857148, 0},
      {1e6, 9e5, -5366.03985660768705, 0, -0.105370013858579392, 0, 100008.998290794153, 0},
      {1e6, 1.1e6, 0, -4695.34441444853138, 0, 0.0953206776055842634, 0, 100010.997691234324},
  };
  for (const auto& [a, x, log_p, log_q, p_by_a, q_by_a, p_by_log_x, q_by_log_x] : points) {
    CAPTURE(a);
    CAPTURE(x);
    check(at(log_gamma_p(a, x)), log_p, 3e-13);
    check(at(log_gamma_q(a, x)), log_q, 3e-13);
    check(at(gamma_p_elasticity(a, x)), p_by_log_x, 3e-13);
    check(at(gamma_q_elasticity(a, x)), q_by_log_x, 3e-13);
    check(at(-gamma_p_elasticity(a, x) * log_gamma_slope(a, std::log(x))), p_by_a, 3e-13);
    check(at(gamma_q_elasticity(a, x) * log_gamma_slope(a, std::log(x))), q_by_a, 3e-13);
  }
}

// mpmath, 60 digits, with x = 1/(1 + e^-t): a log x + b log(1 - x) - log a - log B(a, b) + log of the series of
// 2F1(1, a + b; a + 1; x), for t > log(a/b) its mirror image; differences by a, b and t with h = 1e-20.
TEST_CASE("log_betainc and its slopes agree with mpmath, however small the probability") {
  constexpr double points[][8] = {
      {1e-3, 1e-3, -0.5, -0.693646603065977099, -0.692648007352253029, -500.499954962106651,
       500.001108946343147, 0.000999053359418573175},
      {0.005, 0.5, -1300, -6.50689064661985164, -0.00149423094257820511, -1301.37002345416847,
       0.0244656605085666978, 0.005},
      {2, 3, -0.25, -0.52939370328734503, -0.889069482744278522, -0.385812085123679571, 0.269871776580424229,
       0.693921285540873366},
      {2, 3, -400, -798.208240530771945, 0, -399.416666666666667, 0.583333333333333333, 2},
      {30, 0.5, 9, -0.0707301827612270988, -2.6840395357982492, -0.00122869271477162129, 0.413141788240664751,
       0.0365539396750294003},
      {300, 200, -20, -5667.7236704363445, 0, -19.4918404523746597, 0.917792479814774193,
       299.999998972847034},
      {5, 1000, -60, -270.238730314626268, -4.33321889098123855e-118, -54.7938724428826357,
       0.00499002990035270487, 5},
      {1e6, 2e6, -1.5, -194704.56601859241, 0, -0.602802461876809551, 0.204052316407635522,
       452724.416903484386},
  };
  for (const auto& [a, b, t, log_p, log_rest, by_a, by_b, by_t] : points) {
    CAPTURE(a);
    CAPTURE(t);
    check(at(log_betainc(a, b, t)), log_p, 3e-13);
    check(at(log_betainc(b, a, -t)), log_rest, 3e-13);
    check(at(betainc_elasticity(a, b, t)), by_t, 3e-13);
    check(at(-betainc_elasticity(a, b, t) * beta_logit_slope(a, b, t)), by_a, 3e-13);
    check(at(betainc_elasticity(a, b, t) * beta_logit_slope(b, a, -t)), by_b, 3e-13);
  }
}

TEST_CASE("betaincc_inv is the inverse from above, to the last digits where it is small") {
  for (double a : {1e-3, 0.4, 2.0, 300.0})
    for (double b : {0.3, 5.0, 1e5})
      for (double q : {1e-200, 1e-20, 0.01, 0.5, 0.7, 0.999}) {
        CAPTURE(a);
        CAPTURE(b);
        CAPTURE(q);
        const double x = at(betaincc_inv(a, b, q));
        if (x < 1e-290 || x > 0.999) continue;
        const double slope = at(betainc_elasticity(b, a, -at(logit(x)))) / (1 - x);
        CHECK(std::abs(at(log_betainc(b, a, -at(logit(x)))) - std::log(q)) <=
              1e-12 * std::abs(std::log(q)) + 1e-15 * slope);
      }
  CHECK(at(betaincc_inv(2, 3, 0)) == 1);
  CHECK(at(betaincc_inv(2, 3, 1)) == 0);
  CHECK(std::isnan(at(betaincc_inv(2, 3, 1.5))));
}

TEST_CASE("logarithms of incomplete functions: the ends of their domains, and what is outside") {
  CHECK(at(log_gamma_p(2, 0)) == -infinity);
  CHECK(at(log_gamma_p(2, infinity)) == 0);
  CHECK(at(log_gamma_q(2, 0)) == 0);
  CHECK(at(log_gamma_q(2, infinity)) == -infinity);
  CHECK(at(log_betainc(2, 3, -infinity)) == -infinity);
  CHECK(at(log_betainc(2, 3, infinity)) == 0);
  for (double outside : {at(log_gamma_p(-1, 2)), at(log_gamma_q(2, -1)), at(log_betainc(0, 3, 0.5)),
                         at(betainc_elasticity(2, -1, 0.5)), at(beta_logit_slope(-2, 1, 0.5))})
    CHECK(std::isnan(outside));
}

TEST_CASE("logarithms of incomplete functions: a second derivative by a shape is an error") {
  const auto gamma = [](const Var& v) { return sum(log_gamma_p(v, 2)); };
  const auto beta = [](const Var& v) { return sum(log_betainc(v, 2, 0.3)); };
  CHECK_THROWS_WITH_AS(
      compile([&](Var v) { return hessian(gamma(v), v); })(column({1.5})),
      doctest::Contains(
          "[log_gamma_slope] has no derivative by the shape a: second derivatives by shapes are not there"),
      Error);
  CHECK_THROWS_WITH_AS(
      compile([&](Var v) { return hessian(beta(v), v); })(column({1.5})),
      doctest::Contains(
          "[beta_logit_slope] has no derivative by the shape a: second derivatives by shapes are not there"),
      Error);
}

}  // namespace tapir::test
