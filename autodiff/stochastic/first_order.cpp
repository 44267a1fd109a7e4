// The rows behind first_order.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/stochastic/first_order.hpp>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/rows.hpp>

namespace tapir {
namespace {

constexpr const char* reason =
    "a score-function surrogate gives first derivatives only; this estimator has no second-order form";

std::vector<Type> first_type(const Signature& s) { return {s[0]}; }

// The derivative by x that passes through. It does not depend on x, but what it leads to does, and a second derivative
// has to come by here to be refused: hence x as an operand.
const Op derivative_op{
    {.name = "first_order_derivative",
     .kind = Kind::alias,
     .shape = first_type,
     .vjp = [](const Recorded&, const Tangents&) -> Tangents { throw Error("grad", reason); },
     .jvp = [](const Recorded&, const Tangents&) -> Tangents { throw Error("jvp", reason); }},
    Op::Unlisted{}};  // the suite would ask for its derivatives

const Op first_order_op{{.name = "first_order",
                         .kind = Kind::alias,
                         .shape = first_type,
                         .vjp = ops::pull([](const Recorded& r, const Var& g) {
                           return apply(derivative_op, {g, r.inputs[0]});
                         }),
                         .jvp = [](const Recorded& r, const Tangents& t) -> Tangents {
                           return {apply(derivative_op, {*t[0], r.inputs[0]})};
                         }},
                        Op::Unlisted{}};

}  // namespace

Var first_order(Arg x) { return apply(first_order_op, {std::move(x)}); }

}  // namespace tapir
