// The rows of special functions of one operand, of polygamma, xlogy and xlog1py.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/special.hpp>

#include <string>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/scalar_functions.hpp>
#include <tapir/autodiff/ops/scalar_rule.hpp>
#include <tapir/autodiff/ops/special_laws.hpp>

namespace tapir {
namespace {

using ops::broadcasting;
using ops::by_scalar;
using ops::Domain;
using ops::elementwise;
using ops::unary;

constexpr double inverse_sqrt_2pi = 0.39894228040143267794;

// ---- the gamma function's logarithm and its derivatives ----

constexpr Domain positive{0.3, 3};

const Op lgamma_op{unary(
    "lgamma", [](Var x, Var) { return digamma(x); }, positive)};
const Op digamma_op{unary(
    "digamma", [](Var x, Var) { return trigamma(x); }, positive)};
const Op trigamma_op{by_scalar<ops::scalar::trigamma>(unary(
    "trigamma", [](Var x, Var) { return polygamma(2, x); }, positive))};

const Op stirling_rest_op{unary(
    "stirling_rest", [](Var x, Var) { return log_minus_digamma(x); }, positive)};
const Op log_minus_digamma_op{unary(
    "log_minus_digamma", [](Var x, Var) { return -trigamma_excess(x); }, positive)};
const Op factorial_rest_op{unary(
    "factorial_rest",
    [](Var k, Var) {
      const Var some = where(k, k, 1);
      return where(k, log_minus_digamma(some) - 1 / some, 0);
    },
    positive)};

extern const Op polygamma_op;

Var next_polygamma(const Recorded& r, const Var& g) {
  return g * broadcasting(polygamma_op, {r.inputs[0] + 1, r.inputs[1]});
}

// The order is an operand, the same for all elements: a tile knows nothing but its operands.
Row polygamma_row() {
  Row row =
      by_scalar<ops::scalar::polygamma>(elementwise("polygamma", {nullptr, next_polygamma}, {{}, {0.6, 3}}));
  for (Sample& sample : row.samples) {
    const Shape shape = sample.operands[0].shape;
    sample.operands[0] = {shape, 1, 4, Operand::Fill::whole};
  }
  return row;
}

const Op polygamma_op{polygamma_row()};

// ---- inverses ----

constexpr double half_sqrt_pi = 0.88622692545275801365;
constexpr double sqrt_2pi = 2.50662827463100050242;

const Op erf_inv_op{by_scalar<ops::scalar::erf_inv>(
    unary("erf_inv", [](Var, Var y) { return half_sqrt_pi * exp(square(y)); }, {-0.8, 0.8}))};
const Op erfc_inv_op{by_scalar<ops::scalar::erfc_inv>(
    unary("erfc_inv", [](Var, Var y) { return -half_sqrt_pi * exp(square(y)); }, {0.2, 1.8}))};
const Op ndtri_op{by_scalar<ops::scalar::ndtri>(
    unary("ndtri", [](Var, Var y) { return sqrt_2pi * exp(0.5 * square(y)); }, {0.1, 0.9}))};
const Op lambert_w_op{by_scalar<ops::scalar::lambert_w>(
    unary("lambert_w", [](Var, Var y) { return exp(-y) / (1 + y); }, {-0.2, 3}))};

// ---- the normal distribution ----

const Op ndtr_op{unary("ndtr", [](Var x, Var) { return inverse_sqrt_2pi * exp(-0.5 * square(x)); })};
const Op log_ndtr_op{unary("log_ndtr", [](Var x, Var) { return normal_hazard(-x); })};
const Op normal_hazard_op{unary("normal_hazard", [](Var x, Var y) { return y * (y - x); })};

constexpr double inverse_2pi = 0.15915494309189533577;
constexpr double inverse_sqrt_2 = 0.70710678118654752440;

const Op owens_t_op{by_scalar<ops::scalar::owens_t>(elementwise(
    "owens_t",
    {[](const Recorded& r, const Var& g) {
       const Var &h = r.inputs[0], &a = r.inputs[1];
       return g * (-0.5 * inverse_sqrt_2pi) * exp(-0.5 * square(h)) * erf(inverse_sqrt_2 * (a * h));
     },
     [](const Recorded& r, const Var& g) {
       const Var &h = r.inputs[0], spread = 1 + square(r.inputs[1]);
       return g * inverse_2pi * exp(-0.5 * square(h) * spread) / spread;
     }},
    {{-2, 2}, {-2, 2}}))};

// ---- the exponential integral ----

const Op exp_e1_op{
    by_scalar<ops::scalar::exp_e1>(unary("exp_e1", [](Var x, Var y) { return y - 1 / x; }, {0.3, 3}))};

// ---- logarithms ----

// Not 1 / expm1(x), whose own derivative is 0 times infinity for large x.
const Op log1mexp_op{unary("log1mexp", [](Var x, Var) { return exp(-x) / -expm1(-x); }, {0.3, 3})};
/// (x - y)/y, and by what it is taken: x, or -y.
Var relative_excess(const Recorded& r) { return (r.inputs[0] - r.inputs[1]) / r.inputs[1]; }

const Op log_ratio_op{elementwise("log_ratio",
                                  {[](const Recorded& r, const Var& g) { return g / r.inputs[0]; },
                                   [](const Recorded& r, const Var& g) { return -g / r.inputs[1]; }},
                                  {{0.3, 3}, {0.3, 3}})};
const Op itakura_saito_op{
    elementwise("itakura_saito",
                {[](const Recorded& r, const Var& g) { return g * (relative_excess(r) / r.inputs[0]); },
                 [](const Recorded& r, const Var& g) { return -g * (relative_excess(r) / r.inputs[1]); }},
                {{0.3, 3}, {0.3, 3}})};
const Op exp_remainder_op{unary("exp_remainder", [](Var x, Var) { return expm1(x); })};

const Op log_hypot_op{
    elementwise("log_hypot",
                {[](const Recorded& r, const Var& g) { return g * reciprocal_re(r.inputs[0], r.inputs[1]); },
                 [](const Recorded& r, const Var& g) { return g * reciprocal_re(r.inputs[1], r.inputs[0]); }},
                {{-3, 3}, {0.3, 3}})};

// 1/(x + iy) = u - iv has the derivative -(u - iv)^2, and i times that by y.
const Op reciprocal_re_op{
    elementwise("reciprocal_re",
                {[](const Recorded& r, const Var& g) {
                   const Var &u = r.outputs[0], v = reciprocal_re(r.inputs[1], r.inputs[0]);
                   return g * ((v - u) * (v + u));
                 },
                 [](const Recorded& r, const Var& g) {
                   return g * (-2 * r.outputs[0] * reciprocal_re(r.inputs[1], r.inputs[0]));
                 }},
                {{-3, 3}, {0.3, 3}})};

const Op logit_op{elementwise(
    "logit", {[](const Recorded& r, const Var& g) { return g / (r.inputs[0] * (1 - r.inputs[0])); }},
    {{0.2, 0.8}})};

// x / y, and 0 / 1 where both are 0; its derivative by x at 0 is still 1 / y.
Var share(const Var& x, const Var& y) { return x / where(logical_or(x, y), y, 1); }

const Op xlogy_op{
    elementwise("xlogy",
                {[](const Recorded& r, const Var& g) { return g * log(r.inputs[1]); },
                 [](const Recorded& r, const Var& g) { return g * share(r.inputs[0], r.inputs[1]); }},
                {{-2, 2}, {0.3, 3}})};
const Op xlog1py_op{
    elementwise("xlog1py",
                {[](const Recorded& r, const Var& g) { return g * log1p(r.inputs[1]); },
                 [](const Recorded& r, const Var& g) { return g * share(r.inputs[0], 1 + r.inputs[1]); }},
                {{-2, 2}, {-0.7, 3}})};

// ---- modified Bessel functions ----

const Op i0e_op{unary("i0e", [](Var x, Var y) { return i1e(x) - sign(x) * y; })};
const Op i1e_op{unary("i1e", [](Var x, Var y) {
  const Var over_x = where(x, y / where(x, x, 1), 0.5);
  return i0e(x) - sign(x) * y - over_x;
})};
const Op log_i0_op{unary("log_i0", [](Var x, Var) { return i1e(x) / i0e(x); })};

}  // namespace

Var lgamma(Arg x) { return broadcasting(lgamma_op, {x}); }
Var digamma(Arg x) { return broadcasting(digamma_op, {x}); }
Var stirling_rest(Arg a) { return broadcasting(stirling_rest_op, {a}); }
Var factorial_rest(Arg k) { return broadcasting(factorial_rest_op, {k}); }
Var log_minus_digamma(Arg a) { return broadcasting(log_minus_digamma_op, {a}); }
Var trigamma(Arg x) { return broadcasting(trigamma_op, {x}); }
Var polygamma(Index order, Arg x) {
  if (order < 0 || order > 10000)
    throw Error("polygamma", "the order is " + std::to_string(order) + "; it has to be from 0 to 10000",
                x.where);
  if (order == 0) return digamma(x);
  if (order == 1) return trigamma(x);
  return broadcasting(polygamma_op, {Arg(static_cast<double>(order), x.where), x});
}

Var erf_inv(Arg y) { return broadcasting(erf_inv_op, {y}); }
Var erfc_inv(Arg y) { return broadcasting(erfc_inv_op, {y}); }
Var ndtri(Arg p) { return broadcasting(ndtri_op, {p}); }
Var lambert_w(Arg x) { return broadcasting(lambert_w_op, {x}); }

Var ndtr(Arg x) { return broadcasting(ndtr_op, {x}); }
Var log_ndtr(Arg x) { return broadcasting(log_ndtr_op, {x}); }
Var normal_hazard(Arg x) { return broadcasting(normal_hazard_op, {x}); }
Var owens_t(Arg h, Arg a) { return broadcasting(owens_t_op, {h, a}); }

Var exp_e1(Arg x) { return broadcasting(exp_e1_op, {x}); }

Var log1mexp(Arg x) { return broadcasting(log1mexp_op, {x}); }
Var log_ratio(Arg x, Arg y) { return broadcasting(log_ratio_op, {x, y}); }
Var itakura_saito(Arg x, Arg y) { return broadcasting(itakura_saito_op, {x, y}); }
Var exp_remainder(Arg x) { return broadcasting(exp_remainder_op, {x}); }
Var log_hypot(Arg x, Arg y) { return broadcasting(log_hypot_op, {x, y}); }
Var reciprocal_re(Arg x, Arg y) { return broadcasting(reciprocal_re_op, {x, y}); }
Var logit(Arg p) { return broadcasting(logit_op, {p}); }
Var xlogy(Arg x, Arg y) { return broadcasting(xlogy_op, {x, y}); }
Var xlog1py(Arg x, Arg y) { return broadcasting(xlog1py_op, {x, y}); }

Var i0e(Arg x) { return broadcasting(i0e_op, {x}); }
Var i1e(Arg x) { return broadcasting(i1e_op, {x}); }
Var log_i0(Arg x) { return broadcasting(log_i0_op, {x}); }

}  // namespace tapir
