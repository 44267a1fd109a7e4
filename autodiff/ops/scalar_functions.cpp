// Special functions of double, by Boost.Math.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/scalar_functions.hpp>

#include <cmath>
#include <limits>

#include <boost/math/special_functions/polygamma.hpp>
#include <boost/math/special_functions/trigamma.hpp>

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

}  // namespace tapir::ops::scalar
