// Special functions of double, by Boost.Math.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/scalar_functions.hpp>

#include <cmath>
#include <limits>

#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/expint.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/special_functions/lambert_w.hpp>
#include <boost/math/special_functions/owens_t.hpp>
#include <boost/math/special_functions/polygamma.hpp>
#include <boost/math/special_functions/trigamma.hpp>

#include <tapir/autodiff/ops/incomplete_parts.hpp>

namespace tapir::ops::scalar {
namespace {

namespace policies = boost::math::policies;

// Errors are NaN or an infinity, never an exception; all is computed in double.
using Policy = policies::policy<
    policies::promote_double<false>, policies::domain_error<policies::ignore_error>,
    policies::pole_error<policies::ignore_error>, policies::overflow_error<policies::ignore_error>,
    policies::underflow_error<policies::ignore_error>, policies::denorm_error<policies::ignore_error>,
    policies::rounding_error<policies::ignore_error>, policies::evaluation_error<policies::ignore_error>,
    policies::indeterminate_result_error<policies::ignore_error>>;
constexpr Policy policy;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double no_value = std::numeric_limits<double>::quiet_NaN();

}  // namespace

double lgamma(double x) { return boost::math::lgamma(x, policy); }
double digamma(double x) { return boost::math::digamma(x, policy); }
double polygamma(double order, double x) {
  constexpr double most = 10000;
  if (!(order >= 1 && order <= most) || std::floor(order) != order) return no_value;
  const bool odd = std::fmod(order, 2) == 1;
  if (x == infinity) return 0;
  // Near 0 the first term, (-1)^(n+1) n! / x^(n+1), is all there is: infinite with its sign.
  if (x == 0) return odd || std::signbit(x) ? infinity : -infinity;
  if (x < 0 && std::floor(x) == x) return odd ? infinity : no_value;
  return order == 1 ? boost::math::trigamma(x, policy)
                    : boost::math::polygamma(static_cast<int>(order), x, policy);
}

double trigamma(double x) { return polygamma(1, x); }

double erf_inv(double x) { return boost::math::erf_inv(x, policy); }
double erfc_inv(double x) { return boost::math::erfc_inv(x, policy); }
double ndtri(double p) { return -1.41421356237309504880 * boost::math::erfc_inv(2 * p, policy); }
double lambert_w(double x) { return x == infinity ? x : boost::math::lambert_w0(x, policy); }

// By the continued fraction of DLMF 6.9.1 beyond 20, its even part 1/(x+1 - 1/(x+3 - 4/(x+5 - ..))).
double exp_e1(double x) {
  if (x < 0) return no_value;
  if (x < 20) return std::exp(x) * boost::math::expint(1, x, policy);
  double y = 0;
  for (int k = 24; k >= 1; --k) y = k * k / (x + 2 * k + 1 - y);
  return 1 / (x + 1 - y);
}

double owens_t(double h, double a) { return boost::math::owens_t(h, a, policy); }

// ---- the incomplete gamma function ----

namespace {

bool in_gamma_domain(double a, double x) { return a > 0 && a < infinity && x >= 0; }

}  // namespace

double gamma_p(double a, double x) {
  if (!in_gamma_domain(a, x)) return no_value;
  return x == infinity ? 1 : boost::math::gamma_p(a, x, policy);
}

double gamma_q(double a, double x) {
  if (!in_gamma_domain(a, x)) return no_value;
  return x == infinity ? 0 : boost::math::gamma_q(a, x, policy);
}

double gamma_p_dx(double a, double x) {
  if (!in_gamma_domain(a, x)) return no_value;
  return x == infinity ? 0 : boost::math::gamma_p_derivative(a, x, policy);
}

double gamma_p_inv(double a, double p) {
  return in_gamma_domain(a, p) && p <= 1 ? boost::math::gamma_p_inv(a, p, policy) : no_value;
}

double gamma_q_inv(double a, double q) {
  return in_gamma_domain(a, q) && q <= 1 ? boost::math::gamma_q_inv(a, q, policy) : no_value;
}

double gamma_p_da(double a, double x) {
  if (!in_gamma_domain(a, x)) return no_value;
  if (x == 0 || x == infinity) return 0;
  const double density = x * gamma_p_dx(a, x);
  return density == 0 ? 0 : -density * log_gamma_slope(a, std::log(x));
}

// ---- the incomplete beta function ----

namespace {

bool in_beta_domain(double a, double b, double x) {
  return a > 0 && a < infinity && b > 0 && b < infinity && x >= 0 && x <= 1;
}

}  // namespace

namespace {

using Wide = long double;

// Both shapes are large: the law is nearly a normal one.
bool is_smooth(double a, double b) { return a + b >= 1e4 && std::min(a, b) >= 1e3; }

/// a log a - a - log Gamma(a)
Wide power_rest(Wide a) {
  const Wide t = 1 / a, w = t * t;
  return (std::log(a) - 1.83787706640934548356L) / 2 - t * (1 / 12.0L - w * (1 / 360.0L - w / 1260));
}

/// The density at x = 1 - y: what is lost to the mean's, which is the rests', is not a difference of large
/// terms.
Wide smooth_density(Wide a, Wide b, Wide x, Wide y) {
  const Wide d = (a + b) * x - a, by_x = d / a, by_y = -d / b;
  const Wide loss = a * (by_x - std::log1p(by_x)) + b * (by_y - std::log1p(by_y));
  return std::exp(power_rest(a) + power_rest(b) - power_rest(a + b) - loss) / (x * y);
}

/// The mass above x: the density there times the integral of its ratio to that, by Gauss's rule up to where
/// it is e^-45.
Wide smooth_tail(Wide a, Wide b, Wide x, Wide y) {
  const Wide density = smooth_density(a, b, x, y);
  if (density == 0) return 0;
  const Wide deviation = std::sqrt(a * b / (a + b)) / (a + b), fall = ((b - 1) / y - (a - 1) / x) * deviation;
  const auto ratio = [&](Wide d) {
    return std::exp((a - 1) * std::log1p(d / x) + (b - 1) * std::log1p(-d / y));
  };
  const Wide reach = deviation * 90 / (std::sqrt(fall * fall + 90) + fall);
  return density * boost::math::quadrature::gauss<Wide, 30>::integrate(ratio, 0.0L, std::min(reach, y));
}

}  // namespace

// Boost loses (a + b) 3e-17 to the powers in front of its fraction: beyond 1e4 that is more than 3e-13.
double betainc(double a, double b, double x) {
  if (!in_beta_domain(a, b, x)) return no_value;
  if (x == 0 || x == 1) return x;
  if (a + b < 1e4) return boost::math::ibeta(a, b, x, policy);
  const Wide wide_a = a, wide_b = b, wide_x = x, y = 1 - wide_x;
  if (!is_smooth(a, b)) return static_cast<double>(boost::math::ibeta(wide_a, wide_b, wide_x, policy));
  const bool above = (wide_a + wide_b) * wide_x > wide_a;
  return static_cast<double>(above ? 1 - smooth_tail(wide_a, wide_b, wide_x, y)
                                   : smooth_tail(wide_b, wide_a, y, wide_x));
}

double betaincc(double a, double b, double x) {
  if (!in_beta_domain(a, b, x)) return no_value;
  if (a + b < 1e4) return boost::math::ibetac(a, b, x, policy);
  return static_cast<double>(boost::math::ibetac(Wide{a}, Wide{b}, Wide{x}, policy));
}

double betainc_dx(double a, double b, double x) {
  if (!in_beta_domain(a, b, x)) return no_value;
  if (!is_smooth(a, b) || x == 0 || x == 1) return boost::math::ibeta_derivative(a, b, x, policy);
  return static_cast<double>(smooth_density(a, b, x, 1 - Wide{x}));
}

double betainc_da(double a, double b, double x) {
  if (!in_beta_domain(a, b, x)) return no_value;
  if (x == 0 || x == 1) return 0;
  const double density = betainc_dx(a, b, x);
  return density == 0 ? 0 : -density * x * (1 - x) * beta_logit_slope(a, b, at_number(x));
}

double betainc_db(double a, double b, double x) {
  if (!in_beta_domain(a, b, x)) return no_value;
  if (x == 0 || x == 1) return 0;
  const double density = betainc_dx(a, b, x);
  return density == 0 ? 0 : density * x * (1 - x) * beta_logit_slope(b, a, mirrored(at_number(x)));
}

}  // namespace tapir::ops::scalar
