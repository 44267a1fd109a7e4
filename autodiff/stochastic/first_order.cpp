// The rows behind first_order.
// SPDX-License-Identifier: BSD-3-Clause
#include <tapir/autodiff/stochastic/first_order.hpp>

#include <tapir/autodiff/exec/apply.hpp>
#include <tapir/autodiff/ops/rows.hpp>

namespace tapir {
namespace {

std::vector<Type> first_type(const Signature& s) { return {s[0]}; }

const std::string& reason_of(const Recorded& r) { return r.attrs.get<std::string>("reason"); }

// The derivative by x that passes through. It does not depend on x, but what it leads to does, and a second derivative
// has to come by here to be refused: hence x as an operand.
const Op derivative_op{
    {.name = "first_order_derivative",
     .kind = Kind::alias,
     .shape = first_type,
     .vjp = [](const Recorded& r, const Tangents&) -> Tangents { throw Error("grad", reason_of(r)); },
     .jvp = [](const Recorded& r, const Tangents&) -> Tangents { throw Error("jvp", reason_of(r)); }},
    Op::Unlisted{}};  // the suite would ask for its derivatives

const Op first_order_op{{.name = "first_order",
                         .kind = Kind::alias,
                         .shape = first_type,
                         .vjp = ops::pull([](const Recorded& r, const Var& g) {
                           return apply(derivative_op, {g, r.inputs[0]}, r.attrs);
                         }),
                         .jvp = [](const Recorded& r, const Tangents& t) -> Tangents {
                           return {apply(derivative_op, {*t[0], r.inputs[0]}, r.attrs)};
                         }},
                        Op::Unlisted{}};

}  // namespace

Var first_order(Arg x, std::string reason) {
  return apply(first_order_op, {std::move(x)}, {{"reason", std::move(reason)}});
}

}  // namespace tapir
