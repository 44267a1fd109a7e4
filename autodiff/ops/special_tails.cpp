// The rows of the logarithms of the incomplete gamma and beta functions.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/special_tails.hpp>

#include <string>
#include <utility>

#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/scalar_functions.hpp>
#include <tapir/autodiff/ops/scalar_rule.hpp>
#include <tapir/autodiff/ops/shape_rows.hpp>
#include <tapir/autodiff/ops/special.hpp>

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
constexpr Domain positive{0.3, 3};
constexpr Domain logits{-2, 2};

// ---- gamma: Sign is 1 for P, -1 for Q ----

using Elasticity = Var (*)(Arg, Arg);

template <int Sign, Elasticity Of>
Row log_gamma_row(std::string name) {
  return once_in_shapes(elementwise(std::move(name),
                                    {[](const Recorded& r, const Var& g) {
                                       const Var &a = r.inputs[0], &x = r.inputs[1];
                                       return -Sign * g * Of(a, x) * log_gamma_slope(a, log(x));
                                     },
                                     [](const Recorded& r, const Var& g) {
                                       return Sign * g * Of(r.inputs[0], r.inputs[1]) / r.inputs[1];
                                     }},
                                    {shape, positive}),
                        1);
}

const Op log_gamma_p_op{by_scalar<scalar::log_gamma_p>(log_gamma_row<1, gamma_p_elasticity>("log_gamma_p"))};
const Op log_gamma_q_op{by_scalar<scalar::log_gamma_q>(log_gamma_row<-1, gamma_q_elasticity>("log_gamma_q"))};

template <int Sign>
Row gamma_elasticity_row(std::string name) {
  return once_in_shapes(
      elementwise(std::move(name),
                  {[](const Recorded& r, const Var& g) {
                     const Var &a = r.inputs[0], &h = r.outputs[0], log_x = log(r.inputs[1]);
                     return g * h * (log_x - digamma(a) + Sign * h * log_gamma_slope(a, log_x));
                   },
                   [](const Recorded& r, const Var& g) {
                     const Var &a = r.inputs[0], &x = r.inputs[1], &h = r.outputs[0];
                     return g * h * (a - x - Sign * h) / x;
                   }},
                  {shape, positive}),
      1);
}

const Op gamma_p_elasticity_op{
    by_scalar<scalar::gamma_p_elasticity>(gamma_elasticity_row<1>("gamma_p_elasticity"))};
const Op gamma_q_elasticity_op{
    by_scalar<scalar::gamma_q_elasticity>(gamma_elasticity_row<-1>("gamma_q_elasticity"))};

// ---- beta ----

struct Beta {
  explicit Beta(const Recorded& r) : a(r.inputs[0]), b(r.inputs[1]), t(r.inputs[2]) {}
  Var elasticity() const { return betainc_elasticity(a, b, t); }
  /// How the logit moves with the shapes, I staying.
  Var slope_a() const { return beta_logit_slope(a, b, t); }
  Var slope_b() const { return -beta_logit_slope(b, a, -t); }
  /// The derivatives of the log density of the logit.
  Var score_a() const { return log_sigmoid(t) + digamma_difference(a, b); }
  Var score_b() const { return log_sigmoid(-t) + digamma_difference(b, a); }
  Var score_t() const { return a * sigmoid(-t) - b * sigmoid(t); }

  Var a, b, t;
};

const Op log_betainc_op{by_scalar<scalar::log_betainc>(once_in_shapes(
    elementwise(
        "log_betainc",
        {[](const Recorded& r, const Var& g) { return -g * Beta(r).elasticity() * Beta(r).slope_a(); },
         [](const Recorded& r, const Var& g) { return -g * Beta(r).elasticity() * Beta(r).slope_b(); },
         [](const Recorded& r, const Var& g) { return g * Beta(r).elasticity(); }},
        {shape, shape, logits}),
    2))};

const Op betainc_elasticity_op{by_scalar<scalar::betainc_elasticity>(
    once_in_shapes(elementwise("betainc_elasticity",
                               {[](const Recorded& r, const Var& g) {
                                  const Var& h = r.outputs[0];
                                  return g * h * (Beta(r).score_a() + h * Beta(r).slope_a());
                                },
                                [](const Recorded& r, const Var& g) {
                                  const Var& h = r.outputs[0];
                                  return g * h * (Beta(r).score_b() + h * Beta(r).slope_b());
                                },
                                [](const Recorded& r, const Var& g) {
                                  const Var& h = r.outputs[0];
                                  return g * h * (Beta(r).score_t() - h);
                                }},
                               {shape, shape, logits}),
                   2))};

const Op beta_logit_slope_op{by_scalar<scalar::beta_logit_slope>(
    slope_row("beta_logit_slope",
              {refused("beta_logit_slope", "a"), refused("beta_logit_slope", "b"),
               [](const Recorded& r, const Var& g) {
                 return -g * (Beta(r).score_a() + r.outputs[0] * Beta(r).score_t());
               }},
              {shape, shape, logits}))};

}  // namespace

Var log_gamma_p(Arg a, Arg x) { return broadcasting(log_gamma_p_op, {a, x}); }
Var log_gamma_q(Arg a, Arg x) { return broadcasting(log_gamma_q_op, {a, x}); }
Var gamma_p_elasticity(Arg a, Arg x) { return broadcasting(gamma_p_elasticity_op, {a, x}); }
Var gamma_q_elasticity(Arg a, Arg x) { return broadcasting(gamma_q_elasticity_op, {a, x}); }

Var log_betainc(Arg a, Arg b, Arg logit_x) { return broadcasting(log_betainc_op, {a, b, logit_x}); }
Var betainc_elasticity(Arg a, Arg b, Arg logit_x) {
  return broadcasting(betainc_elasticity_op, {a, b, logit_x});
}
Var beta_logit_slope(Arg a, Arg b, Arg logit_x) { return broadcasting(beta_logit_slope_op, {a, b, logit_x}); }

}  // namespace tapir
