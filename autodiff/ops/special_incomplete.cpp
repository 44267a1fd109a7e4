// The rows of the beta function's logarithm, and of the incomplete gamma and beta functions.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/special.hpp>

#include <string>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/scalar_functions.hpp>
#include <tapir/autodiff/ops/scalar_rule.hpp>
#include <tapir/autodiff/ops/shape_rows.hpp>
#include <tapir/autodiff/ops/special_tails.hpp>

namespace tapir {
namespace {

using ops::broadcasting;
using ops::by_scalar;
using ops::Domain;
using ops::elementwise;
using ops::once_in_shapes;
using ops::refused;
using ops::slope_row;

namespace scalar = ops::scalar;

constexpr Domain shape{0.6, 3};

// ---- log B ----

const Op digamma_difference_op{by_scalar<scalar::digamma_difference>(
    elementwise("digamma_difference",
                {[](const Recorded& r, const Var& g) {
                   return g * (trigamma(r.inputs[0] + r.inputs[1]) - trigamma(r.inputs[0]));
                 },
                 [](const Recorded& r, const Var& g) { return g * trigamma(r.inputs[0] + r.inputs[1]); }},
                {shape}))};

const Op lbeta_op{by_scalar<scalar::lbeta>(elementwise(
    "lbeta",
    {[](const Recorded& r, const Var& g) { return -g * digamma_difference(r.inputs[0], r.inputs[1]); },
     [](const Recorded& r, const Var& g) { return -g * digamma_difference(r.inputs[1], r.inputs[0]); }},
    {shape}))};

// ---- incomplete gamma ----

constexpr Domain positive{0.3, 3};

template <int Sign>
Row gamma_row(std::string name) {
  return once_in_shapes(
      elementwise(
          std::move(name),
          {[](const Recorded& r, const Var& g) { return Sign * g * gamma_p_da(r.inputs[0], r.inputs[1]); },
           [](const Recorded& r, const Var& g) { return Sign * g * gamma_p_dx(r.inputs[0], r.inputs[1]); }},
          {shape, positive}),
      1);
}

const Op gamma_p_op{by_scalar<scalar::gamma_p>(gamma_row<1>("gamma_p"))};
const Op gamma_q_op{by_scalar<scalar::gamma_q>(gamma_row<-1>("gamma_q"))};

/// The derivative of the log density by the shape.
Var gamma_score(const Recorded& r) { return log(r.inputs[1]) - digamma(r.inputs[0]); }

const Op gamma_p_dx_op{by_scalar<scalar::gamma_p_dx>(
    elementwise("gamma_p_dx",
                {[](const Recorded& r, const Var& g) { return g * r.outputs[0] * gamma_score(r); },
                 [](const Recorded& r, const Var& g) {
                   return g * r.outputs[0] * ((r.inputs[0] - 1) / r.inputs[1] - 1);
                 }},
                {shape, positive}))};
const Op gamma_p_da_op{by_scalar<scalar::gamma_p_da>(
    slope_row("gamma_p_da",
              {refused("gamma_p_da", "a"),
               [](const Recorded& r, const Var& g) {
                 return g * gamma_p_dx(r.inputs[0], r.inputs[1]) * gamma_score(r);
               }},
              {shape, positive}))};

// The density of log x is x times that of x: its derivative by log x is a - x times itself.
const Op log_gamma_slope_op{by_scalar<scalar::log_gamma_slope>(
    slope_row("log_gamma_slope",
              {refused("log_gamma_slope", "a"),
               [](const Recorded& r, const Var& g) {
                 const Var &a = r.inputs[0], &log_x = r.inputs[1];
                 return g * (digamma(a) - log_x - r.outputs[0] * (a - exp(log_x)));
               }},
              {shape, {-2, 2}}))};

// ---- incomplete beta ----

constexpr Domain unit{0.2, 0.8};

/// The derivatives of the log density by the shapes.
Var beta_score_a(const Recorded& r) {
  return log(r.inputs[2]) + digamma_difference(r.inputs[0], r.inputs[1]);
}
Var beta_score_b(const Recorded& r) {
  return log1p(-r.inputs[2]) + digamma_difference(r.inputs[1], r.inputs[0]);
}

Var density(const Recorded& r) { return betainc_dx(r.inputs[0], r.inputs[1], r.inputs[2]); }

const Op betainc_op{by_scalar<scalar::betainc>(
    once_in_shapes(elementwise("betainc",
                               {[](const Recorded& r, const Var& g) {
                                  return g * betainc_da(r.inputs[0], r.inputs[1], r.inputs[2]);
                                },
                                [](const Recorded& r, const Var& g) {
                                  return g * betainc_db(r.inputs[0], r.inputs[1], r.inputs[2]);
                                },
                                [](const Recorded& r, const Var& g) { return g * density(r); }},
                               {shape, shape, unit}),
                   2))};
const Op betainc_dx_op{by_scalar<scalar::betainc_dx>(
    elementwise("betainc_dx",
                {[](const Recorded& r, const Var& g) { return g * r.outputs[0] * beta_score_a(r); },
                 [](const Recorded& r, const Var& g) { return g * r.outputs[0] * beta_score_b(r); },
                 [](const Recorded& r, const Var& g) {
                   const Var& x = r.inputs[2];
                   return g * r.outputs[0] * ((r.inputs[0] - 1) / x - (r.inputs[1] - 1) / (1 - x));
                 }},
                {shape, shape, unit}))};
const Op betainc_da_op{by_scalar<scalar::betainc_da>(
    slope_row("betainc_da",
              {refused("betainc_da", "a"), refused("betainc_da", "b"),
               [](const Recorded& r, const Var& g) { return g * density(r) * beta_score_a(r); }},
              {shape, shape, unit}))};
const Op betainc_db_op{by_scalar<scalar::betainc_db>(
    slope_row("betainc_db",
              {refused("betainc_db", "a"), refused("betainc_db", "b"),
               [](const Recorded& r, const Var& g) { return g * density(r) * beta_score_b(r); }},
              {shape, shape, unit}))};

// ---- their inverses ----

template <int Sign>
Row gamma_inverse(std::string name) {
  return once_in_shapes(elementwise(std::move(name),
                                    {[](const Recorded& r, const Var& g) {
                                       return g * r.outputs[0] *
                                              log_gamma_slope(r.inputs[0], log(r.outputs[0]));
                                     },
                                     [](const Recorded& r, const Var& g) {
                                       return Sign * g / gamma_p_dx(r.inputs[0], r.outputs[0]);
                                     }},
                                    {shape, unit}),
                        1);
}

const Op gamma_p_inv_op{by_scalar<scalar::gamma_p_inv>(gamma_inverse<1>("gamma_p_inv"))};
const Op gamma_q_inv_op{by_scalar<scalar::gamma_q_inv>(gamma_inverse<-1>("gamma_q_inv"))};

using Slope = Var (*)(Arg, Arg, Arg);

template <Slope By>
Var moved(const Recorded& r, const Var& g) {
  const Var &a = r.inputs[0], &b = r.inputs[1], &x = r.outputs[0];
  return -g * By(a, b, x) / betainc_dx(a, b, x);
}

template <int Sign>
Row beta_inverse(std::string name) {
  return once_in_shapes(elementwise(std::move(name),
                                    {moved<betainc_da>, moved<betainc_db>,
                                     [](const Recorded& r, const Var& g) {
                                       return Sign * g / betainc_dx(r.inputs[0], r.inputs[1], r.outputs[0]);
                                     }},
                                    {shape, shape, unit}),
                        2);
}

const Op betainc_inv_op{by_scalar<scalar::betainc_inv>(beta_inverse<1>("betainc_inv"))};
const Op betaincc_inv_op{by_scalar<scalar::betaincc_inv>(beta_inverse<-1>("betaincc_inv"))};

}  // namespace

Var digamma_difference(Arg a, Arg b) { return broadcasting(digamma_difference_op, {a, b}); }
Var lbeta(Arg a, Arg b) { return broadcasting(lbeta_op, {a, b}); }

Var gamma_p(Arg a, Arg x) { return broadcasting(gamma_p_op, {a, x}); }
Var gamma_q(Arg a, Arg x) { return broadcasting(gamma_q_op, {a, x}); }
Var gamma_p_dx(Arg a, Arg x) { return broadcasting(gamma_p_dx_op, {a, x}); }
Var gamma_p_da(Arg a, Arg x) { return broadcasting(gamma_p_da_op, {a, x}); }
Var log_gamma_slope(Arg a, Arg log_x) { return broadcasting(log_gamma_slope_op, {a, log_x}); }

Var betainc(Arg a, Arg b, Arg x) { return broadcasting(betainc_op, {a, b, x}); }
Var betainc_dx(Arg a, Arg b, Arg x) { return broadcasting(betainc_dx_op, {a, b, x}); }
Var betainc_da(Arg a, Arg b, Arg x) { return broadcasting(betainc_da_op, {a, b, x}); }
Var betainc_db(Arg a, Arg b, Arg x) { return broadcasting(betainc_db_op, {a, b, x}); }

Var gamma_p_inv(Arg a, Arg p) { return broadcasting(gamma_p_inv_op, {a, p}); }
Var gamma_q_inv(Arg a, Arg q) { return broadcasting(gamma_q_inv_op, {a, q}); }
Var betainc_inv(Arg a, Arg b, Arg p) { return broadcasting(betainc_inv_op, {a, b, p}); }
Var betaincc_inv(Arg a, Arg b, Arg q) { return broadcasting(betaincc_inv_op, {a, b, q}); }

}  // namespace tapir
