// The incomplete gamma and beta functions, log B and inverses: values and derivatives against mpmath, errors.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/special.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/reduce.hpp>
#include <tapir/autodiff/ops/structure.hpp>
#include <tapir/autodiff/transforms/grad.hpp>

#include "derivative_rule.hpp"

namespace tapir::test {
namespace {

double at(const Var& v) { return v.tensor().at(0); }

void check(double actual, double expected, double relative) {
  CAPTURE(actual);
  CAPTURE(expected);
  CHECK(close(actual, expected, relative));
}

}  // namespace

// mpmath, 40 digits: loggamma(a) + loggamma(b) - loggamma(a + b), psi(0, a + b) - psi(0, a).
TEST_CASE("lbeta and digamma_difference agree with mpmath from 1e-3 to 1e8") {
  constexpr double points[][4] = {
      {1e-3, 1e-3, 7.60090081700834738, 500.001641335456869},
      {0.5, 3, 0.0645385211375711717, 3.06666666666666667},
      {2, 15, -5.4806389233419913, 2.38072899322899323},
      {1e-3, 1e6, 6.89336337532538947, 1014.39108199077447},
      {20, 30, -33.968820791977383, 0.931465681185743146},
      {1e6, 1e6, -1386300.00336292112, 0.693147430560007809},
      {12, 1e8, -203.545861741554475, 15.9780191789765468},
  };
  for (const auto& [a, b, value, difference] : points) {
    // Between 0 and 1 it is a difference of numbers about 1.
    check(at(lbeta(a, b)), value, std::abs(value) < 1 ? 1e-14 : 2e-15);
    check(at(lbeta(b, a)), value, std::abs(value) < 1 ? 1e-14 : 2e-15);
    check(at(digamma_difference(a, b)), difference, 2e-15);
  }
  check(at(digamma_difference(1e6, 1e-3)), 1.00000049950016619e-9, 1e-15);
  CHECK(at(lbeta(0, 2)) == infinity);
  CHECK(std::isnan(at(lbeta(-1, 2))));
}

// mpmath, 40 digits: gammainc(a, 0, x, regularized), gammainc(a, x, inf, regularized), diff of the first by a.
TEST_CASE("gamma_p, gamma_q and their derivative by the shape agree with mpmath") {
  constexpr double points[][5] = {
      {1e-3, 1e-5, 0.989123044695782669, 0.0108769553042173311, -10.8183982990863394},
      {1e-3, 0.3, 0.999094161911693353, 0.000905838088306646987, -0.905998951557281273},
      {1e-3, 5, 0.999998849018660269, 1.15098133973086088e-6, -0.00115366929131365502},
      {0.1, 1.5, 0.988655983362194729, 0.0113440166378052706, -0.12692088009905802},
      {0.7, 0.7, 0.65658906025950414, 0.34341093974049586, -0.530516562868614845},
      {1, 3, 0.950212931632136057, 0.049787068367863943, -0.0964829419913463526},
      {5, 2, 0.0526530173437111567, 0.947346982656288843, -0.0569132506445710452},
      {5, 12, 0.992399609318933005, 0.00760039068106699547, -0.00823276917208863541},
      {30, 30, 0.524283013893680069, 0.475716986106319931, -0.0730393707725807788},
      {200, 180, 0.0748580349841595819, 0.925141965015840418, -0.0101775987206685747},
      {1e4, 10100, 0.841348750447179622, 0.158651249552820378, -0.00241568800317636667},
      {1e4, 9950, 0.309417884861182594, 0.690582115138817406, -0.00352803790348944506},
  };
  for (const auto& [a, x, p, q, by_shape] : points) {
    CAPTURE(a);
    CAPTURE(x);
    check(at(gamma_p(a, x)), p, 1e-13);
    check(at(gamma_q(a, x)), q, 1e-13);
    check(at(gamma_p_da(a, x)), by_shape, 1e-13);
  }
  // By quadrature with mpmath of (log t - psi(a)) times the density from x outwards.
  check(at(gamma_p_da(1e6, 1000300)), -0.000381334081724101722, 1e-12);
  check(at(gamma_p_da(1e6, 994000)), -5.66898081517256319e-12, 1e-12);
}

// mpmath, 40 digits: betainc(a, b, 0, x, regularized), and diff by a and by b.
TEST_CASE("betainc and its derivatives by the shapes agree with mpmath") {
  constexpr double points[][6] = {
      {1e-3, 1e-3, 0.3, 0.499576962139676466, -250.211534539774559, 249.789106613990147},
      {0.1, 5, 1e-4, 0.487001722350928101, -3.53509995124418894, 0.0106569471917067606},
      {2, 3, 0.4, 0.524800000000000038, -0.240869376087556572, 0.156344336413598775},
      {2, 3, 0.9, 0.996300000000000002, -0.00372068174989234157, 0.00761956484407796491},
      {30, 0.5, 0.99, 0.439334368905251012, -0.00768933686123452553, 0.767312891008096158},
      {5, 100, 0.06, 0.754304944483287386, -0.13550440251477282, 0.00743122539418787198},
      {300, 200, 0.62, 0.81906998815779615, -0.00940581846103403788, 0.0147174526326180741},
      {1e-3, 200, 0.01, 0.999951364170023306, -0.0487114871899020252, 6.758075576299935e-7},
  };
  for (const auto& [a, b, x, value, by_a, by_b] : points) {
    CAPTURE(a);
    CAPTURE(b);
    CAPTURE(x);
    check(at(betainc(a, b, x)), value, 1e-13);
    check(at(betainc_da(a, b, x)), by_a, 1e-13);
    check(at(betainc_db(a, b, x)), by_b, 1e-13);
  }
  // By quadrature with mpmath of the scores times the density from x outwards.
  check(at(betainc_da(1e6, 1e6, 0.5001)), -0.000271006653264950603, 1e-12);
  check(at(betainc_db(1e6, 1e6, 0.5001)), 0.000271060860012122451, 1e-12);
  check(at(betainc_da(1, 1e6, 1e-6)), -0.431729420522245762, 1e-12);
  check(at(betainc_db(1, 1e6, 1e-6)), 3.67879441171396337e-7, 1e-12);
}

// mpmath, 50 digits: loggamma, and quadrature of the tail.
TEST_CASE("betainc of large shapes and its density keep their digits up to shapes of 1e12") {
  constexpr double points[][5] = {
      {1e5, 1e5, 0.5, 0.5, 356.82437719980395585},
      {1e5, 1e5, 0.503, 0.9963550476352860037, 9.7494894468507431089},
      {1e6, 3e6, 0.2502, 0.822201827766859585, 1202.1946083946759735},
      {1e6, 3e6, 0.2482, 4.144910139903611757e-17, 1.6217560021679733306e-12},
      {1e9, 2e9, 0.33333, 0.3492690329805951655, 43003.809249676878372},
      {1e9, 2e9, 0.3335, 1, 1.7754856166214498216e-77},
      {3e3, 1e7, 3.1e-4, 0.96628507250727631045, 13388.346631105215638},
      {1e3, 9e3, 0.05, 4.7650985443421112868e-92, 5.0253706536999174451e-88},
      {1e12, 1e12, 0.5000003, 0.80192804538704521843, 787243.43180300400194},
  };
  for (const auto& [a, b, x, probability, density] : points) {
    CAPTURE(a);
    CAPTURE(x);
    check(at(betainc(a, b, x)), probability, 1e-14);
    check(at(betainc_dx(a, b, x)), density, 5e-14);
  }
  CHECK(at(betainc(1e6, 1e6, 0)) == 0);
  CHECK(at(betainc(1e6, 1e6, 1)) == 1);
}

// mpmath, 40 digits: bisection, -diff by the shapes over the density, 1 over it.
TEST_CASE("gamma_p_inv, gamma_q_inv, betainc_inv and their derivatives agree with mpmath") {
  constexpr double gamma[][5] = {
      {0.1, 0.3, 3.58608601841094721e-6, 0.000434444879468204034, 0.000119536590311725268},
      {2.5, 1e-06, 0.00644808010324854818, 0.0158854859241791005, 2583.99059946531273},
      {2.5, 0.7, 3.03221499207745219, 1.17533364929460241, 5.22240384780016098},
      {30.0, 0.99, 44.1897094507246591, 1.21280908212664016, 265.199411279892534},
      {1000.0, 0.2, 973.293038491621074, 0.986690462157577311, 110.934504813891642},
  };
  for (const auto& [a, p, x, by_a, by_p] : gamma) {
    CAPTURE(a);
    check(at(gamma_p_inv(a, p)), x, 1e-13);
    check(at(gamma_q_inv(a, 1 - p)), x, 1e-9);
    const auto slopes = compile([](Var shape, Var share) {
      return grad(gamma_p_inv(shape, share), std::vector<Var>{shape, share});
    })(Tensor(a), Tensor(p));
    check(slopes[0].at(0), by_a, 1e-12);
    check(slopes[1].at(0), by_p, 1e-12);
  }
  constexpr double beta[][7] = {
      {2.0, 3.0, 0.4, 0.329166503378407882, 0.140580935626857811, -0.0788546488418680552,
       0.562566205617298729},
      {0.3, 0.7, 0.01, 3.58408449948880266e-7, 0.0000182186374792119766, -7.67959101131001667e-7,
       0.000119469473435013654},
      {30.0, 4.0, 0.9, 0.946071956946055969, 0.00166782201442960666, -0.0192795912937893484,
       0.194428302914614482},
      {5.0, 200.0, 1e-05, 0.00134855401470316391, 0.00084734890753436909, -6.67184835633679199e-6,
       28.2267663995213134},
  };
  for (const auto& [a, b, p, x, by_a, by_b, by_p] : beta) {
    CAPTURE(a);
    check(at(betainc_inv(a, b, p)), x, 1e-13);
    const auto slopes = compile([](Var c, Var d, Var share) {
      return grad(betainc_inv(c, d, share), std::vector<Var>{c, d, share});
    })(Tensor(a), Tensor(b), Tensor(p));
    check(slopes[0].at(0), by_a, 1e-12);
    check(slopes[1].at(0), by_b, 1e-12);
    check(slopes[2].at(0), by_p, 1e-12);
  }
  CHECK(at(gamma_p_inv(2, 0)) == 0);
  CHECK(at(gamma_p_inv(2, 1)) == infinity);
  CHECK(at(betainc_inv(2, 3, 1)) == 1);
  for (double outside : {at(gamma_p_inv(2, 1.5)), at(gamma_q_inv(-1, 0.5)), at(betainc_inv(2, 3, -0.5))})
    CHECK(std::isnan(outside));
}

TEST_CASE("incomplete functions: the ends of their domains, and what is outside") {
  CHECK(at(gamma_p(2, 0)) == 0);
  CHECK(at(gamma_p(2, infinity)) == 1);
  CHECK(at(gamma_q(2, infinity)) == 0);
  CHECK(at(gamma_p_da(2, 0)) == 0);
  CHECK(at(gamma_p_da(2, infinity)) == 0);
  CHECK(at(gamma_p_dx(0.5, 0)) == infinity);
  CHECK(at(betainc(2, 3, 0)) == 0);
  CHECK(at(betainc(2, 3, 1)) == 1);
  CHECK(at(betainc_da(2, 3, 1)) == 0);
  for (double outside : {at(gamma_p(-1, 2)), at(gamma_q(0, 2)), at(gamma_p(2, -1)), at(gamma_p_da(2, -1)),
                         at(betainc(2, 3, 1.5)), at(betainc(-2, 3, 0.5)), at(betainc_db(2, 0, 0.5))})
    CHECK(std::isnan(outside));
}

TEST_CASE("incomplete functions: a second derivative by a shape is an error") {
  const Tensor x = column({1.5, 0.5});
  const auto gamma = [](const Var& v) { return sum(gamma_p(slice(v, 0, 0, 1), slice(v, 0, 1, 2))); };
  const auto beta = [](const Var& v) { return sum(betainc(slice(v, 0, 0, 1), 2, slice(v, 0, 1, 2))); };
  CHECK_THROWS_WITH_AS(
      compile([&](Var v) { return hessian(gamma(v), v); })(x),
      doctest::Contains(
          "[gamma_p_da] has no derivative by the shape a: second derivatives by shapes are not there"),
      Error);
  CHECK_THROWS_WITH_AS(
      compile([&](Var v) { return hessian(beta(v), v); })(x),
      doctest::Contains(
          "[betainc_da] has no derivative by the shape a: second derivatives by shapes are not there"),
      Error);
}

// mpmath, 400 digits: -sqrt(2) erfinv(1 - 2 p), erfinv(y), erfinv(1 - y), lambertw(x).
TEST_CASE("inverses agree with mpmath, in the tails too") {
  check_close(ndtri(column({0, 1e-300, 1e-20, 0.02, 0.5, 0.7, 1 - 0x1p-53, 1, 1.5})),
              {-infinity, -37.0470962993611992, -9.26234008979840758, -2.05374891063182304, 0,
               0.524400512708040656, 8.20953615160138686, infinity, nan},
              1e-15);
  check_close(erf_inv(column({-1, -0.999, 1e-10, 0.3, 1, 2})),
              {-infinity, -2.32675376551352449, 8.86226925452758046e-11, 0.272462714726754345, infinity, nan},
              1e-15);
  check_close(erfc_inv(column({0, 1e-200, 1.5, 2, -1})),
              {infinity, 21.3747830490262576, -0.476936276204469873, -infinity, nan}, 1e-15);
  check_close(lambert_w(column({-0.367, -1e-10, 0, 0.5, 3, 1e10, 1e300, infinity, -1})),
              {-0.932399184747928217, -1.00000000010000004e-10, 0, 0.351733711249195826, 1.04990889496403996,
               20.0286854133049508, 684.247208629760849, infinity, nan},
              1e-14);
}

}  // namespace tapir::test
