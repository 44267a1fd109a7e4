// The rows of what Stirling's rest at one place says of it at another: divergences of the gamma family.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/ops/elementwise.hpp>
#include <tapir/autodiff/ops/rows.hpp>
#include <tapir/autodiff/ops/special.hpp>
#include <tapir/autodiff/ops/special_laws.hpp>

namespace tapir {
namespace {

using ops::broadcasting;
using ops::Domain;
using ops::elementwise;
using ops::unary;

constexpr Domain positive{0.3, 3};

const Op excess_op{elementwise(
    "stirling_excess",
    {[](const Recorded& r, const Var& g) {
       const Var &a = r.inputs[0], &b = r.inputs[1];
       return g * (a - b) * trigamma_excess(a);
     },
     [](const Recorded& r, const Var& g) { return g * log_minus_digamma_fall(r.inputs[0], r.inputs[1]); }},
    {positive, positive})};

const Op fall_op{
    elementwise("log_minus_digamma_fall",
                {[](const Recorded& r, const Var& g) { return -g * trigamma_excess(r.inputs[0]); },
                 [](const Recorded& r, const Var& g) { return g * trigamma_excess(r.inputs[1]); }},
                {positive, positive})};

const Op trigamma_excess_op{unary(
    "trigamma_excess", [](Var a, Var) { return polygamma(2, a) + 1 / square(a); }, positive)};

}  // namespace

Var stirling_excess(Arg a, Arg b) { return broadcasting(excess_op, {a, b}); }
Var log_minus_digamma_fall(Arg a, Arg b) { return broadcasting(fall_op, {a, b}); }
Var trigamma_excess(Arg a) { return broadcasting(trigamma_excess_op, {a}); }

}  // namespace tapir
